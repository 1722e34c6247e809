/**
 * The response cache that replicas share in Redis.
 *
 * Every tenant has a generation: a random string that each of its writes replaces. A reader reads the generation before it
 * calls upstream and stores the response with it. A response that was read before a write ended is therefore never fresh
 * after it, whichever replica read or wrote, and whatever Redis evicts.
 *
 * Responses are stored unchanged and validated like responses of upstream. Each has an HMAC with the credential that it was
 * read with: damaged entries, and those of other credentials, are ignored.
 */
import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { RedisConnection } from '../../redis/connection.ts';
import { needsTurn, nextTurn } from '../../runtime/turn-queue.ts';
import { decodeUtf8 } from '../../runtime/utf8.ts';
import type { CachedRead, Lookup, ReadCall, Reader, ResponseCache } from './read-through.ts';

/** Larger responses are not cached, as in the cache of a single process. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;
/** How long a stale response is stored for revalidation, in milliseconds. */
const REVALIDATION_MS = 60 * 60 * 1000;
/** The lifetime of a generation without stored responses. Responses of reads that take longer are not stored. */
const GENERATION_MS = 2 * 60 * 1000;
const EPOCH_MS = 30 * 24 * 60 * 60 * 1000;

const HMAC_BYTES = 32;
const LINE_FEED = 0x0a;
/** Characters of base64url: 132 bits. */
const DIGEST_LENGTH = 22;

interface StoredResponse {
  readonly generation: string;
  readonly etag: string | null;
  readonly body: Buffer;
}

export class RedisResponseCache implements ResponseCache {
  readonly #redis: RedisConnection;
  readonly #ttlMs: number;
  readonly #epochKey: string;

  /** `ttlMs`: how long a response is fresh; 0 to store none. */
  constructor(redis: RedisConnection, ttlMs: number) {
    this.#redis = redis;
    this.#ttlMs = ttlMs;
    this.#epochKey = redis.key('epoch');
    // Invalidations may have been lost while Redis was unavailable, so a new epoch invalidates everything.
    redis.onConnect((client, wasUnavailable) =>
      wasUnavailable
        ? client.set(this.#epochKey, randomUUID(), 'PX', EPOCH_MS)
        : client.set(this.#epochKey, randomUUID(), 'PX', EPOCH_MS, 'NX'),
    );
  }

  async lookup<T>({ path, read }: Pick<ReadCall<T>, 'path' | 'read'>, reader: Reader): Promise<Lookup<T> | null> {
    const responseKey = this.#responseKey(reader.tenant, path);
    const generationKey = this.#generationKey(reader.tenant);
    // Reads the remaining time first: if the response is replaced in between, the time is that of the older one.
    const replies = await this.#redis.pipeline((pipeline) =>
      pipeline.pttl(responseKey).mgetBuffer(this.#epochKey, generationKey, responseKey),
    );
    if (!replies) return null;
    const [leftMs, [epoch, token, signed]] = replies as [number, (Buffer | null)[]];
    if (!epoch || !token) return this.#begin(generationKey);
    const generation = `${epoch.toString()} ${token.toString()}`;
    const stored = signed ? verify(signed, reader, path) : null;
    if (!stored) return { generation, cached: null };
    const { etag, body } = stored;
    const isFresh = leftMs > REVALIDATION_MS && stored.generation === generation;
    if (needsTurn(body)) await nextTurn();
    try {
      return { generation, cached: { value: read(JSON.parse(decodeUtf8(body) ?? '')), etag, body, isFresh } };
    } catch {
      return { generation, cached: null };
    }
  }

  async store(
    path: string,
    reader: Reader,
    generation: Lookup<unknown>['generation'],
    { etag, body }: CachedRead<unknown>,
  ): Promise<void> {
    if (this.#ttlMs === 0 || !body || body.length > MAX_BODY_BYTES) return;
    const lifeMs = this.#ttlMs + REVALIDATION_MS;
    const signed = sign({ generation: String(generation), etag, body }, reader, path);
    await this.#redis.pipeline((pipeline) =>
      pipeline
        .set(this.#responseKey(reader.tenant, path), signed, 'PX', lifeMs)
        .pexpire(this.#generationKey(reader.tenant), lifeMs),
    );
  }

  /**
   * If Redis fails, it is unavailable to this process, and a new epoch invalidates everything before it is used again.
   */
  async invalidate(tenant: string): Promise<void> {
    // An epoch that is being set may be read by others before this write has ended.
    if (!this.#redis.isUp) this.#redis.repeatHook();
    await this.#redis.pipeline((pipeline) =>
      pipeline.set(this.#generationKey(tenant), randomUUID(), 'PX', GENERATION_MS),
    );
  }

  async #begin(generationKey: string): Promise<Lookup<never> | null> {
    const replies = await this.#redis.pipeline((pipeline) =>
      pipeline
        .set(this.#epochKey, randomUUID(), 'PX', EPOCH_MS, 'NX')
        .set(generationKey, randomUUID(), 'PX', GENERATION_MS, 'NX')
        .mget(this.#epochKey, generationKey),
    );
    const [epoch, token] = (replies?.[2] ?? []) as readonly (string | null)[];
    return epoch && token ? { generation: `${epoch} ${token}`, cached: null } : null;
  }

  #responseKey(tenant: string, path: string): string {
    return this.#redis.key(tenant, 'response', digest(path));
  }

  #generationKey(tenant: string): string {
    return this.#redis.key(tenant, 'generation');
  }
}

/** Hashes the path, so that keys do not expose ids. */
const digest = (path: string): string => createHash('sha256').update(path).digest('base64url').slice(0, DIGEST_LENGTH);

/** The HMAC, a line with the generation, a line with the ETag, and the body. */
function sign({ generation, etag, body }: StoredResponse, reader: Reader, path: string): Buffer {
  const content = Buffer.concat([Buffer.from(`${generation}\n${etag ?? ''}\n`, 'latin1'), body]);
  return Buffer.concat([hmacOf(content, reader, path), content]);
}

/** Null if the HMAC does not match: another credential, another path, or damage. */
function verify(signed: Buffer, reader: Reader, path: string): StoredResponse | null {
  const content = signed.subarray(HMAC_BYTES);
  const generationEnd = content.indexOf(LINE_FEED);
  const etagEnd = content.indexOf(LINE_FEED, generationEnd + 1);
  if (generationEnd === -1 || etagEnd === -1) return null;
  if (!timingSafeEqual(signed.subarray(0, HMAC_BYTES), hmacOf(content, reader, path))) return null;
  return {
    generation: content.toString('latin1', 0, generationEnd),
    etag: content.toString('latin1', generationEnd + 1, etagEnd) || null,
    body: content.subarray(etagEnd + 1),
  };
}

const hmacOf = (content: Buffer, { credential }: Reader, path: string): Buffer =>
  createHmac('sha256', credential).update(`${path}\n`).update(content).digest();
