/**
 * Limits the requests to upstream of each credential, in fixed windows. Counts in Redis if replicas share one, and in this
 * process if there is none or it is unavailable.
 */
import { LRUCache } from 'lru-cache';
import type { RedisConnection } from '../redis/connection.ts';

interface RateLimitOptions {
  readonly requests: number;
  readonly perSeconds: number;
}

export interface RateLimit {
  /**
   * Counts one request. Resolves to 0, or to the milliseconds until the next window if the limit is reached. Never rejects.
   */
  take(tenant: string): Promise<number>;
  /** Call it when upstream has accepted the tenant's credential. */
  accept(tenant: string): void;
}

/** Counts a request of a window, which the first one begins. Returns the count, and the milliseconds that are left. */
const COUNT = `
  redis.call('SET', KEYS[1], 0, 'PX', ARGV[1], 'NX')
  return { redis.call('INCR', KEYS[1]), redis.call('PTTL', KEYS[1]) }`;

export function createRateLimit(options: RateLimitOptions, redis: RedisConnection | null): RateLimit {
  const own = new MemoryRateLimit(options);
  if (!redis) return own;
  const windowMs = options.perSeconds * 1000;
  return {
    take: async (tenant) => {
      const replies = await redis.pipeline((pipeline) =>
        pipeline.eval(COUNT, 1, redis.key('rate-limit', tenant), windowMs),
      );
      if (!replies) return own.take(tenant);
      const [[used, leftMs]] = replies as [[number, number]];
      return used <= options.requests ? 0 : Math.max(1, leftMs);
    },
    accept: (tenant) => own.accept(tenant),
  };
}

/** Credentials that upstream has accepted, about 5 MB. The least recently used ones are evicted. */
const MAX_ACCEPTED = 20_000;
/** Clients can invent credentials, so those that upstream has not accepted never evict accepted ones. */
const MAX_UNVERIFIED = 1000;

interface Window {
  used: number;
  /** On the clock. */
  endsAt: number;
}

/** Counts in this process, with bounded memory. */
export class MemoryRateLimit implements RateLimit {
  readonly #requests: number;
  readonly #windowMs: number;
  readonly #now: () => number;
  readonly #accepted = new LRUCache<string, Window>({ max: MAX_ACCEPTED });
  readonly #unknown = new LRUCache<string, Window>({ max: MAX_UNVERIFIED });

  /** `now` is a monotonic clock in milliseconds. */
  constructor({ requests, perSeconds }: RateLimitOptions, now: () => number = () => performance.now()) {
    this.#requests = requests;
    this.#windowMs = perSeconds * 1000;
    this.#now = now;
  }

  /** The number of credentials in memory. */
  get size(): number {
    return this.#accepted.size + this.#unknown.size;
  }

  take(tenant: string): Promise<number> {
    const now = this.#now();
    let window = this.#accepted.get(tenant) ?? this.#unknown.get(tenant);
    if (!window) {
      window = { used: 0, endsAt: 0 };
      this.#unknown.set(tenant, window);
    }
    if (now >= window.endsAt) {
      window.used = 0;
      window.endsAt = now + this.#windowMs;
    }
    if (window.used >= this.#requests) return Promise.resolve(Math.max(1, Math.ceil(window.endsAt - now)));
    window.used += 1;
    return Promise.resolve(0);
  }

  accept(tenant: string): void {
    const window = this.#unknown.get(tenant);
    if (!window) return;
    this.#unknown.delete(tenant);
    this.#accepted.set(tenant, window);
  }
}
