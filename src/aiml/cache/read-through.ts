/**
 * Coalesces identical reads in flight of one credential and, with a TTL, caches their responses. The client still applies
 * the retry table.
 */
import { estimateJson } from '../../runtime/json-size.ts';
import { needsTurn, nextTurn } from '../../runtime/turn-queue.ts';
import { decodeUtf8 } from '../../runtime/utf8.ts';
import type { Call, UpstreamContext } from '../call.ts';
import type { AimlClient } from '../client.ts';
import { PublicError, isLimitOfOperation, OPERATION_TOO_LARGE } from '../../runtime/errors.ts';
import { MemoryResponseCache, type CachedRead } from './memory.ts';
import type { Lookup, StoredResponse, RedisResponseCache } from './redis.ts';
import type { CancellationToken } from '../../runtime/cancellation.ts';
import { SingleFlight } from '../../runtime/single-flight.ts';
import { headerOf, type HttpResponse } from '../exchange.ts';

interface ReadThroughCacheOptions {
  /** How long a cached read is fresh, in milliseconds; 0 for no cache. */
  readonly cacheTtlMs: number;
  /** The cache that replicas share. It replaces the cache of this process. */
  readonly shared?: RedisResponseCache | null;
  /** Called for every cacheable read. */
  readonly onLookup?: ((result: 'hit' | 'miss') => void) | undefined;
}

/** Its result depends on the path and the credential only. */
export interface ReadCall<T> extends Call<T> {
  readonly rule: 'get';
  /** Whether it may be cached: only writes of the same credential change the result. */
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

  /** Sets the listener that is called when a write of a tenant has ended, before it is acknowledged. */
  onWrite(listener: (tenant: string) => void): void {
    this.#onWrite = listener;
  }

  /** Always rejects with a PublicError. The reads of one path must all have the same type. */
  read<T>(call: ReadCall<T>, context: UpstreamContext): Promise<T> {
    if (!call.isCacheable) return this.#join(call.path, call, context, null);
    if (this.#shared) return this.#readShared(call, context, this.#shared);
    if (!this.#cache) return this.#join(call.path, call, context, null);
    const cached = this.#cache.get(context.tenant, call.path);
    this.#onLookup(cached?.isFresh ? 'hit' : 'miss');
    if (cached?.isFresh) return Promise.resolve(cached.value as T);
    return this.#join(call.path, call, context, null);
  }

  /** Runs a write. After it, the tenant's earlier reads are neither shared nor returned from the cache. */
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

  /** Shares the read in flight with the same key, or starts it. */
  #join<T>(key: string, call: ReadCall<T>, context: UpstreamContext, slot: CacheSlot<T> | null): Promise<T> {
    const { promise, isShared } = this.#work.run(context.tenant, key, context.cancel, (cancel) =>
      this.#fetch(call, withCancellation(context, cancel), slot),
    );
    return (isShared ? this.#retryWithOwnDeadline(promise, call, context, slot) : promise) as Promise<T>;
  }

  /** Awaits the shared read. If it failed on the first caller's deadline or byte budget, fetches with this caller's own. */
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
    return this.#client.call(call, context);
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

  /** Reads in flight are shared within one generation only: a write through another replica begins a new one. */
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

  /** Null if upstream responds that the cached response has not changed (304). */
  #fetchIfChanged<T>(
    call: ReadCall<T>,
    context: UpstreamContext,
    cached: CachedRead | null,
  ): Promise<(StoredResponse & { readonly value: T }) | null> {
    const { name, noun, rule, path, notFoundMeansSunset } = call;
    return this.#client.call<(StoredResponse & { readonly value: T }) | null>(
      {
        name,
        noun,
        rule,
        path,
        notFoundMeansSunset,
        read: (body, response) => ({ value: call.read(body), etag: etagOf(response), body: response.body }),
        conditional: cached?.etag ? { etag: cached.etag, onNotModified: () => null } : undefined,
      },
      context,
    );
  }
}

/** Not a spread: properties after a spread make the object slow. */
function withCancellation(context: UpstreamContext, cancel: CancellationToken): UpstreamContext {
  const { credential, tenant, subject, requestId, deadlineAt, responseBytesLeft, trace, onAttempt } = context;
  return { credential, tenant, subject, requestId, cancel, deadlineAt, responseBytesLeft, trace, onAttempt };
}

type CachedResponse<T> = NonNullable<Lookup['cached']> & { readonly value: T };

/** An entry of the shared cache. */
interface CacheSlot<T> {
  readonly shared: RedisResponseCache;
  readonly generation: string;
  /** The cached response, for revalidation by its ETag. Null if there is none. */
  readonly cached: CachedResponse<T> | null;
}

/** Reads a cached response like one of upstream. Null if it cannot be read. */
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
 * Takes the bytes of a cached response from the operation's budget, like those of a response from upstream. Throws
 * {@link OPERATION_TOO_LARGE} if too few are left.
 */
function reserveBytes({ responseBytesLeft }: UpstreamContext, { length }: Buffer): void {
  if (!responseBytesLeft) return;
  if (responseBytesLeft.bytes < length) throw new PublicError(OPERATION_TOO_LARGE);
  responseBytesLeft.bytes -= length;
}

/** Upstream's ETag. Null if there is none or it is not a valid header value. */
function etagOf(response: HttpResponse): string | null {
  const etag = headerOf(response, 'etag');
  return etag !== undefined && /^(?:W\/)?"[\x21\x23-\x7e]*"$/.test(etag) ? etag : null;
}
