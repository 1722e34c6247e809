/**
 * Coalesces identical reads in flight of one credential and, with a TTL, caches their responses. The client still applies
 * the retry table.
 */
import { needsTurn, nextTurn } from '../../runtime/turn-queue.ts';
import type { Call, UpstreamContext } from '../call.ts';
import type { AimlClient } from '../client.ts';
import { PublicError, isLimitOfOperation, OPERATION_TOO_LARGE } from '../../runtime/errors.ts';
import { MemoryResponseCache } from './memory.ts';
import type { CancellationToken } from '../../runtime/cancellation.ts';
import { SingleFlight } from '../../runtime/single-flight.ts';
import { headerOf, type HttpResponse } from '../exchange.ts';

interface ReadThroughCacheOptions {
  /** How long a cached read is fresh, in milliseconds; 0 for no cache. */
  readonly cacheTtlMs: number;
  /** The cache that replicas share. It replaces the cache of this process. */
  readonly shared?: ResponseCache | null;
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

/** A response of upstream. */
export interface CachedRead<T> {
  readonly value: T;
  /** Upstream's ETag. Null if it sent none; the response can then not be revalidated. */
  readonly etag: string | null;
  /** Null for a response of a cache that stores values only. */
  readonly body: Buffer | null;
}

export interface Lookup<T> {
  /** The tenant's generation. Each of its writes begins a new one, which makes all earlier responses stale. */
  readonly generation: string | number;
  /** Null if there is no response that can be read. */
  readonly cached: (CachedRead<T> & { readonly isFresh: boolean }) | null;
}

/** Stores responses by tenant and path. No method rejects. */
export interface ResponseCache {
  /** Call it before the request is sent. Null if the cache is unavailable. */
  lookup<T>(call: Pick<ReadCall<T>, 'path' | 'read'>, reader: Reader): Lookup<T> | Promise<Lookup<T> | null>;
  /** Stores a response, or makes it fresh again after a 304, unless a write has begun a new generation since. */
  store(path: string, reader: Reader, generation: Lookup<unknown>['generation'], read: CachedRead<unknown>): unknown;
  /** Begins a new generation. Call it before a write is sent and again before it is acknowledged. */
  invalidate(tenant: string): unknown;
}

export type Reader = Pick<UpstreamContext, 'tenant' | 'credential'>;

export class ReadThroughCache {
  readonly #client: AimlClient;
  readonly #work = new SingleFlight<unknown>();
  readonly #cache: ResponseCache | null;
  readonly #onLookup: (result: 'hit' | 'miss') => void;
  #onWrite: (tenant: string) => void = () => undefined;

  constructor(client: AimlClient, { cacheTtlMs, shared = null, onLookup = () => undefined }: ReadThroughCacheOptions) {
    this.#onLookup = onLookup;
    this.#client = client;
    this.#cache = shared ?? (cacheTtlMs > 0 ? new MemoryResponseCache({ ttlMs: cacheTtlMs }) : null);
  }

  /** Sets the listener that is called when a write of a tenant has ended, before it is acknowledged. */
  onWrite(listener: (tenant: string) => void): void {
    this.#onWrite = listener;
  }

  /** Always rejects with a PublicError. The reads of one path must all have the same type. */
  read<T>(call: ReadCall<T>, context: UpstreamContext): Promise<T> {
    if (!call.isCacheable || !this.#cache) return this.#join(call, context, null);
    const lookup = this.#cache.lookup(call, context);
    return lookup instanceof Promise
      ? lookup.then((found) => this.#readCached(call, context, found))
      : this.#readCached(call, context, lookup);
  }

  /** Runs a write. After it, the tenant's earlier reads are neither shared nor returned from the cache. */
  async write<T>({ tenant }: UpstreamContext, run: () => Promise<T>): Promise<T> {
    if (this.#cache) await this.#cache.invalidate(tenant);
    try {
      return await run();
    } finally {
      if (this.#cache) await this.#cache.invalidate(tenant);
      this.#work.forget(tenant);
      this.#onWrite(tenant);
    }
  }

  #readCached<T>(call: ReadCall<T>, context: UpstreamContext, lookup: Lookup<T> | null): Promise<T> {
    if (!lookup) return this.#join(call, context, null);
    const { cached } = lookup;
    this.#onLookup(cached?.isFresh ? 'hit' : 'miss');
    if (!cached?.isFresh) return this.#join(call, context, lookup);
    reserveBytes(context, cached);
    return Promise.resolve(cached.value);
  }

  /**
   * Shares the read in flight, or starts it. Reads are shared within one generation only: a write through another replica
   * begins a new one.
   */
  #join<T>(call: ReadCall<T>, context: UpstreamContext, lookup: Lookup<T> | null): Promise<T> {
    const key = lookup ? `${call.path} ${lookup.generation}` : call.path;
    const { promise, isShared } = this.#work.run(context.tenant, key, context.cancel, (cancel) =>
      this.#fetch(call, withCancellation(context, cancel), lookup),
    );
    return (isShared ? this.#retryWithOwnDeadline(promise, call, context, lookup) : promise) as Promise<T>;
  }

  /** Awaits the shared read. If it failed on the first caller's deadline or byte budget, fetches with this caller's own. */
  async #retryWithOwnDeadline<T>(
    result: Promise<unknown>,
    call: ReadCall<T>,
    context: UpstreamContext,
    lookup: Lookup<T> | null,
  ): Promise<unknown> {
    try {
      return await result;
    } catch (error) {
      if (!isLimitOfOperation(error) || performance.now() >= context.deadlineAt) throw error;
      return this.#fetch(call, context, lookup);
    }
  }

  #fetch<T>(call: ReadCall<T>, context: UpstreamContext, lookup: Lookup<T> | null): Promise<T> {
    return this.#cache && lookup
      ? this.#fetchForCache(call, context, lookup, this.#cache)
      : this.#client.call(call, context);
  }

  async #fetchForCache<T>(
    call: ReadCall<T>,
    context: UpstreamContext,
    { generation, cached }: Lookup<T>,
    cache: ResponseCache,
  ): Promise<T> {
    const changed = await this.#fetchIfChanged(call, context, cached);
    if (changed && needsTurn(changed.body)) await nextTurn();
    if (!changed && cached) reserveBytes(context, cached);
    const read = changed ?? cached;
    if (read) await cache.store(call.path, context, generation, read);
    return read?.value as T;
  }

  /** Null if upstream responds that the cached response has not changed (304). */
  #fetchIfChanged<T>(call: ReadCall<T>, context: UpstreamContext, cached: CachedRead<T> | null) {
    const { name, noun, rule, path, notFoundMeansSunset } = call;
    return this.#client.call<(CachedRead<T> & { readonly body: Buffer }) | null>(
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

/**
 * Takes the bytes of a cached response from the operation's budget, like those of a response from upstream. Throws
 * {@link OPERATION_TOO_LARGE} if too few are left.
 */
function reserveBytes({ responseBytesLeft }: UpstreamContext, { body }: CachedRead<unknown>): void {
  if (!responseBytesLeft || !body) return;
  if (responseBytesLeft.bytes < body.length) throw new PublicError(OPERATION_TOO_LARGE);
  responseBytesLeft.bytes -= body.length;
}

/** Upstream's ETag. Null if there is none or it is not a valid header value. */
function etagOf(response: HttpResponse): string | null {
  const etag = headerOf(response, 'etag');
  return etag !== undefined && /^(?:W\/)?"[\x21\x23-\x7e]*"$/.test(etag) ? etag : null;
}
