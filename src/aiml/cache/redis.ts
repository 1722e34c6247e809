/**
 * What replicas share of their reads, in Redis: answers of upstream that may be given again, and the generations that
 * tell whether they still may.
 *
 * Every tenant has a generation: a random text that each of its writes replaces. A reader takes the generation before it
 * asks upstream and keeps the answer under it, so what was read before a write ended is never given after it without
 * asking, whichever replica read and whichever wrote, and whatever Redis forgets.
 *
 * An answer is kept as it came, and is read back by the same checks as an answer of upstream. Each is sealed with the
 * credential that it was read with: what is damaged, or belongs to another credential, does not open.
 */
import { createHash, createHmac, randomUUID, timingSafeEqual } from 'node:crypto';
import type { RedisConnection } from '../../redis/connection.ts';
import type { UpstreamContext } from '../client.ts';

/** Longer answers are not kept, as in the cache of a single process. */
const MAX_BODY_BYTES = 2 * 1024 * 1024;
/** How long an answer is kept for revalidation once its time is up, in milliseconds. */
const REVALIDATION_MS = 60 * 60 * 1000;
/** How long a generation lasts that nothing is kept under. Reads that take longer are not kept. */
const GENERATION_MS = 2 * 60 * 1000;
const EPOCH_MS = 30 * 24 * 60 * 60 * 1000;

const HMAC_BYTES = 32;
const LINE_FEED = 0x0a;
/** Characters of base64url: 132 bits. */
const DIGEST_LENGTH = 22;

type Reader = Pick<UpstreamContext, 'tenant' | 'credential'>;

export interface StoredResponse {
  /** Upstream's ETag; null where it sent none. */
  readonly etag: string | null;
  readonly body: Buffer;
}

export interface Lookup {
  readonly generation: string;
  readonly cached: (StoredResponse & { readonly isFresh: boolean }) | null;
}

export class RedisResponseCache {
  readonly #redis: RedisConnection;
  readonly #ttlMs: number;
  readonly #epochKey: string;

  /** `ttlMs`: how long an answer is given without asking upstream; 0 where none is kept. */
  constructor(redis: RedisConnection, ttlMs: number) {
    this.#redis = redis;
    this.#ttlMs = ttlMs;
    this.#epochKey = redis.key('epoch');
    // Writes while Redis was away could not be told to it, and it may have lost some that were: all that is kept ends.
    redis.onConnect((client, wasUnavailable) =>
      wasUnavailable
        ? client.set(this.#epochKey, randomUUID(), 'PX', EPOCH_MS)
        : client.set(this.#epochKey, randomUUID(), 'PX', EPOCH_MS, 'NX'),
    );
  }

  /** The tenant's generation, and what is kept of the path; null where Redis is unavailable. Never rejects. */
  async lookup(reader: Reader, path: string): Promise<Lookup | null> {
    const responseKey = this.#responseKey(reader.tenant, path);
    const generationKey = this.#generationKey(reader.tenant);
    // The time that is left goes first: where the answer is replaced in between, it is the older one's.
    const replies = await this.#redis.pipeline((pipeline) =>
      pipeline.pttl(responseKey).mgetBuffer(this.#epochKey, generationKey, responseKey),
    );
    if (!replies) return null;
    const [leftMs, [epoch, token, signed]] = replies as [number, (Buffer | null)[]];
    if (!epoch || !token) return this.#begin(generationKey);
    const generation = `${epoch.toString()} ${token.toString()}`;
    const cached = signed ? verify(signed, reader, path) : null;
    if (!cached) return { generation, cached: null };
    const { etag, body } = cached;
    return {
      generation,
      cached: { etag, body, isFresh: leftMs > REVALIDATION_MS && cached.generation === generation },
    };
  }

  /** Keeps an answer that was asked for after `generation` was found. Never rejects. */
  async store(reader: Reader, path: string, generation: string, response: StoredResponse): Promise<void> {
    if (this.#ttlMs === 0 || response.body.length > MAX_BODY_BYTES) return;
    const lifeMs = this.#ttlMs + REVALIDATION_MS;
    const signed = sign(response, reader, path, generation);
    await this.#redis.pipeline((pipeline) =>
      pipeline
        .set(this.#responseKey(reader.tenant, path), signed, 'PX', lifeMs)
        .pexpire(this.#generationKey(reader.tenant), lifeMs),
    );
  }

  /**
   * Begins a new generation of the tenant. Never rejects: where Redis does not take it, it counts as unavailable for this
   * process, and all that is kept ends before it is used again.
   */
  async invalidate(tenant: string): Promise<void> {
    await this.#redis.pipeline((pipeline) =>
      pipeline.set(this.#generationKey(tenant), randomUUID(), 'PX', GENERATION_MS),
    );
  }

  async #begin(generationKey: string): Promise<Lookup | null> {
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
    return this.#redis.key(tenant, 'answer', digest(path));
  }

  #generationKey(tenant: string): string {
    return this.#redis.key(tenant, 'generation');
  }
}

/** Paths hold ids, which are nobody's business who looks at keys. */
const digest = (path: string): string => createHash('sha256').update(path).digest('base64url').slice(0, DIGEST_LENGTH);

/** The generation and the ETag are a line each, before the body. */
function sign({ etag, body }: StoredResponse, reader: Reader, path: string, generation: string): Buffer {
  const content = Buffer.concat([Buffer.from(`${generation}\n${etag ?? ''}\n`, 'latin1'), body]);
  return Buffer.concat([hmacOf(content, reader, path), content]);
}

/** Null where the seal does not fit: another credential, another path, or damage. */
function verify(
  signed: Buffer,
  reader: Reader,
  path: string,
): (StoredResponse & { readonly generation: string }) | null {
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
