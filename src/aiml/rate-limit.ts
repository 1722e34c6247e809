/**
 * How many requests to upstream one credential may cause: counted in fixed windows, in Redis where replicas share one,
 * and in this process where there is none or it is unavailable.
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
   * Counts one request. Resolves to 0, or, where none is left, to how many milliseconds there are to the next window.
   * Never rejects.
   */
  take(tenant: string): Promise<number>;
  /** To be called where upstream has accepted the tenant's credential. */
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

/** Rejects with what the store of the limiter rejects with. */
async function take(limiter: RateLimiterAbstract, tenant: string): Promise<number> {
  try {
    await limiter.consume(tenant);
    return 0;
  } catch (reason) {
    if (reason instanceof RateLimiterRes) return Math.max(1, reason.msBeforeNext);
    throw reason;
  }
}

/** Credentials that upstream has accepted: some 5 MB at most. Beyond it the one that was used least recently starts anew. */
const MAX_ACCEPTED = 20_000;
/** Anyone can make credentials up, so those that upstream has not accepted are few and never displace the others. */
const MAX_UNKNOWN = 1000;

interface Window {
  used: number;
  /** On the clock. */
  endsAt: number;
}

/** Counts in this process. Its memory is bounded, and made-up credentials leave little behind. */
export class MemoryRateLimit implements RateLimit {
  readonly #requests: number;
  readonly #windowMs: number;
  readonly #now: () => number;
  readonly #accepted = new LRUCache<string, Window>({ max: MAX_ACCEPTED });
  readonly #unknown = new LRUCache<string, Window>({ max: MAX_UNKNOWN });

  /** `now` is a monotonic clock in milliseconds. */
  constructor({ requests, perSeconds }: RateLimitOptions, now: () => number = () => performance.now()) {
    this.#requests = requests;
    this.#windowMs = perSeconds * 1000;
    this.#now = now;
  }

  /** How many credentials it remembers. */
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
