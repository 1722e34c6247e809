/**
 * How many requests to upstream one credential may cause: counted in fixed windows, in Redis where replicas share one,
 * and in this process where there is none or it is away.
 */
import { RateLimiterMemory, RateLimiterRedis, RateLimiterRes, type RateLimiterAbstract } from 'rate-limiter-flexible';
import type { RedisConnection } from '../redis/connection.ts';

export interface RateLimitOptions {
  readonly requests: number;
  readonly perSeconds: number;
}

export interface RateLimit {
  /**
   * Takes a place for one request. Resolves to 0, or, where there is none left, to how many milliseconds there are to
   * the next window. Never rejects.
   */
  take(tenant: string): Promise<number>;
}

export function createRateLimit({ requests, perSeconds }: RateLimitOptions, redis: RedisConnection | null): RateLimit {
  const window = { points: requests, duration: perSeconds };
  const own = new RateLimiterMemory(window);
  if (!redis) return { take: (tenant) => take(own, tenant) };
  let shared: RateLimiterRedis | null = null;
  return {
    take: async (tenant) =>
      (await redis.use((client) => {
        shared ??= new RateLimiterRedis({ ...window, storeClient: client, keyPrefix: redis.key('rate-limit') });
        return take(shared, tenant);
      })) ?? take(own, tenant),
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
