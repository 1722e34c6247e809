/**
 * Reads of upstream that callers with one credential share: while they are under way, and, where a time is set, from a
 * cache after that. The retry table stays the client's; this decides only whether upstream is asked at all.
 */
import { estimateJson } from '../../runtime/json-size.ts';
import { needsTurn, nextTurn } from '../../runtime/turn-queue.ts';
import { decodeUtf8 } from '../../runtime/utf8.ts';
import type { AimlClient, Call, UpstreamContext } from '../client.ts';
import { PublicError, isLimitOfOperation, OPERATION_TOO_LARGE } from '../../runtime/errors.ts';
import { MemoryResponseCache, type CachedRead } from './memory.ts';
import type { Lookup, StoredResponse, RedisResponseCache } from './redis.ts';
import type { CancellationToken } from '../../runtime/cancellation.ts';
import { SingleFlight } from '../../runtime/single-flight.ts';
import { headerOf, type HttpResponse } from '../exchange.ts';

interface ReadThroughCacheOptions {
  /** How long a read may be answered from the cache of this process without asking upstream; 0 for no cache. */
  readonly cacheTtlMs: number;
  /** What is shared with other replicas; it takes the place of the cache of this process. */
  readonly shared?: RedisResponseCache | null;
  /** Called with every read that could come from a cache. */
  readonly onLookup?: ((result: 'hit' | 'miss') => void) | undefined;
}

/** What is read does not depend on who reads it, but for the credential. */
export interface ReadCall<T> extends Pick<Call<T>, 'name' | 'noun' | 'path' | 'notFoundMeansSunset'> {
  /** Whether it may come from a cache: only writes of the same credential change it. */
  readonly isCacheable: boolean;
  readonly read: (body: unknown) => T;
}

export class ReadThroughCache {
  readonly #client: AimlClient;
  readonly #work = new SingleFlight<unknown>();
  readonly #cache: MemoryResponseCache | null;
  readonly #shared: RedisResponseCache | null;
  readonly #onLookup: (result: 'hit' | 'miss') => void;
  #onWrite: (tenant: string) => void = () => undefined;

  constructor(client: AimlClient, { cacheTtlMs, shared = null, onLookup = () => undefined }: ReadThroughCacheOptions) {
    this.#onLookup = onLookup;
    this.#client = client;
    this.#shared = shared;
    this.#cache = cacheTtlMs > 0 && !shared ? new MemoryResponseCache({ ttlMs: cacheTtlMs }) : null;
  }

  /** `listener` is called when a write of a tenant has ended, before it is acknowledged. */
  onWrite(listener: (tenant: string) => void): void {
    this.#onWrite = listener;
  }

  /** Rejects with a PublicError and nothing else. One path is always read in the same way, so it is always of one type. */
  read<T>(call: ReadCall<T>, context: UpstreamContext): Promise<T> {
    if (!call.isCacheable) return this.#join(call.path, call, context, null);
    if (this.#shared) return this.#readShared(call, context, this.#shared);
    if (!this.#cache) return this.#join(call.path, call, context, null);
    const cached = this.#cache.get(context.tenant, call.path);
    this.#onLookup(cached?.isFresh ? 'hit' : 'miss');
    if (cached?.isFresh) return Promise.resolve(cached.value as T);
    return this.#join(call.path, call, context, null);
  }

  /** Runs a write. What the tenant read before it is neither joined nor given from the cache after it. */
  async write<T>({ tenant }: UpstreamContext, run: () => Promise<T>): Promise<T> {
    this.#cache?.invalidate(tenant);
    if (this.#shared) await this.#shared.invalidate(tenant);
    try {
      return await run();
    } finally {
      this.#cache?.invalidate(tenant);
      if (this.#shared) await this.#shared.invalidate(tenant);
      this.#work.forget(tenant);
      this.#onWrite(tenant);
    }
  }

  /** Joins a read that is under way under the same key, or makes it. */
  #join<T>(key: string, call: ReadCall<T>, context: UpstreamContext, slot: CacheSlot<T> | null): Promise<T> {
    const { promise, isShared } = this.#work.run(context.tenant, key, context.cancel, (cancel) =>
      this.#fetch(call, withCancellation(context, cancel), slot),
    );
    return (isShared ? this.#retryWithOwnDeadline(promise, call, context, slot) : promise) as Promise<T>;
  }

  /** What another's read comes to; asks again where it was his time, or his room, that ran out. */
  async #retryWithOwnDeadline<T>(
    result: Promise<unknown>,
    call: ReadCall<T>,
    context: UpstreamContext,
    slot: CacheSlot<T> | null,
  ): Promise<unknown> {
    try {
      return await result;
    } catch (error) {
      if (!isLimitOfOperation(error) || performance.now() >= context.deadlineAt) throw error;
      return this.#fetch(call, context, slot);
    }
  }

  #fetch<T>(call: ReadCall<T>, context: UpstreamContext, slot: CacheSlot<T> | null): Promise<T> {
    if (slot) return this.#fetchForReplicas(call, context, slot);
    if (this.#cache && call.isCacheable) return this.#fetchForCache(call, context, this.#cache);
    const { name, noun, path, notFoundMeansSunset, read } = call;
    return this.#client.call({ name, noun, rule: 'get', path, body: null, notFoundMeansSunset, read }, context);
  }

  async #fetchForCache<T>(call: ReadCall<T>, context: UpstreamContext, cache: MemoryResponseCache): Promise<T> {
    const { tenant } = context;
    const generation = cache.generationOf(tenant);
    const cached = cache.get(tenant, call.path);
    const read = await this.#fetchIfChanged(call, context, cached);
    if (read && needsTurn(read.body)) await nextTurn();
    if (read) cache.set(tenant, call.path, read, estimateJson(read.body).heapBytes, generation);
    else cache.renew(tenant, call.path, generation);
    return (read ?? cached)?.value as T;
  }

  /** Work under way is joined within one generation alone: a write through another replica begins a new one. */
  async #readShared<T>(call: ReadCall<T>, context: UpstreamContext, shared: RedisResponseCache): Promise<T> {
    const lookup = await shared.lookup(context, call.path);
    if (!lookup) return this.#join(call.path, call, context, null);
    if (lookup.cached && needsTurn(lookup.cached.body)) await nextTurn();
    const cached = readCached(call, lookup.cached);
    this.#onLookup(cached?.isFresh ? 'hit' : 'miss');
    if (cached?.isFresh) {
      reserveBytes(context, cached.body);
      return cached.value;
    }
    const { generation } = lookup;
    return this.#join(`${call.path} ${generation}`, call, context, { shared, generation, cached });
  }

  async #fetchForReplicas<T>(
    call: ReadCall<T>,
    context: UpstreamContext,
    { shared, generation, cached }: CacheSlot<T>,
  ): Promise<T> {
    const changed = await this.#fetchIfChanged(call, context, cached);
    if (!changed && cached) reserveBytes(context, cached.body);
    const read = changed ?? cached;
    if (read) await shared.store(context, call.path, generation, read);
    return read?.value as T;
  }

  /** Asks upstream; null where it answers that what is known has not changed. */
  #fetchIfChanged<T>(
    call: ReadCall<T>,
    context: UpstreamContext,
    cached: CachedRead | null,
  ): Promise<(StoredResponse & { readonly value: T }) | null> {
    const { name, noun, path, notFoundMeansSunset } = call;
    return this.#client.call<(StoredResponse & { readonly value: T }) | null>(
      {
        name,
        noun,
        rule: 'get',
        path,
        body: null,
        notFoundMeansSunset,
        read: (body, response) => ({ value: call.read(body), etag: etagOf(response), body: response.body }),
        conditional: cached?.etag ? { etag: cached.etag, onNotModified: () => null } : undefined,
      },
      context,
    );
  }
}

/** Without a spread: each property that follows one would cost more than all of this. */
function withCancellation(context: UpstreamContext, cancel: CancellationToken): UpstreamContext {
  const { credential, tenant, subject, requestId, deadlineAt, responseBytesLeft, trace, onAttempt } = context;
  return { credential, tenant, subject, requestId, cancel, deadlineAt, responseBytesLeft, trace, onAttempt };
}

type CachedResponse<T> = NonNullable<Lookup['cached']> & { readonly value: T };

/** Where an answer goes that replicas share. */
interface CacheSlot<T> {
  readonly shared: RedisResponseCache;
  readonly generation: string;
  /** What is there already, to be asked for under its ETag; null where nothing is. */
  readonly cached: CachedResponse<T> | null;
}

/** What was kept, read as if upstream had sent it just now; null where it cannot be read. */
function readCached<T>(call: ReadCall<T>, cached: Lookup['cached']): CachedResponse<T> | null {
  const text = cached && decodeUtf8(cached.body);
  if (!cached || text === null) return null;
  try {
    return { ...cached, value: call.read(JSON.parse(text)) };
  } catch {
    return null;
  }
}

/**
 * Takes the bytes from what the operation may hold: a cached response counts like one from upstream. Throws
 * {@link OPERATION_TOO_LARGE} where too little is left.
 */
function reserveBytes({ responseBytesLeft }: UpstreamContext, { length }: Buffer): void {
  if (!responseBytesLeft) return;
  if (responseBytesLeft.bytes < length) throw new PublicError(OPERATION_TOO_LARGE);
  responseBytesLeft.bytes -= length;
}

/** As upstream sent it, to be sent back; one that could not be sent is none. */
function etagOf(response: HttpResponse): string | null {
  const etag = headerOf(response, 'etag');
  return etag !== undefined && /^(?:W\/)?"[\x21\x23-\x7e]*"$/.test(etag) ? etag : null;
}
