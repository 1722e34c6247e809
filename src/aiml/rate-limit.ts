/**
 * Limits the requests to upstream of each credential, in fixed windows. Counts in Redis if replicas share one, and in this
 * process if there is none or it is unavailable.
 */
import { LRUCache } from 'lru-cache';
import { RateLimiterRedis, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
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

export function createRateLimit({ requests, perSeconds }: RateLimitOptions, redis: RedisConnection | null): RateLimit {
  const own = new MemoryRateLimit({ requests, perSeconds });
  if (!redis) return own;
  let shared: RateLimiterRedis | null = null;
  return {
    take: async (tenant) =>
      (await redis.run((client) => {
        const keyPrefix = redis.key('rate-limit');
        shared ??= new RateLimiterRedis({ points: requests, duration: perSeconds, storeClient: client, keyPrefix });
        return take(shared, tenant);
      })) ?? own.take(tenant),
    accept: (tenant) => own.accept(tenant),
  };
}

/** Rejects with the errors of the limiter's store. */
async function take(limiter: RateLimiterAbstract, tenant: string): Promise<number> {
  try {
    await limiter.consume(tenant);
    return 0;
  } catch (reason) {
    if (reason instanceof RateLimiterRes) return Math.max(1, reason.msBeforeNext);
    throw reason;
  }
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
