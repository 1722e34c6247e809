/**
 * The response cache of one process. An entry is fresh for the TTL; after it, it is revalidated by its ETag (304).
 *
 * Every entry belongs to one tenant. A write of the tenant begins a new generation, before it is sent and again before it is
 * acknowledged. Entries of earlier generations are not fresh. Writes of other tenants have no effect.
 */
import { LRUCache } from 'lru-cache';
import { estimateJson } from '../../runtime/json-size.ts';
import type { CachedRead, Lookup, ResponseCache } from './read-through.ts';

/** The maximum size of all entries, and of one, in bytes. */
const MAX_SIZE = 64 * 1024 * 1024;
const MAX_ENTRY_SIZE = 8 * 1024 * 1024;
const MAX_ENTRIES = 20_000;
/** The overhead of an entry, in bytes. */
const ENTRY_SIZE = 500;
/** Older entries are evicted instead of revalidated. */
const MAX_AGE_MS = 60 * 60 * 1000;

interface Entry {
  readonly value: unknown;
  readonly etag: string | null;
  readonly size: number;
  readonly generation: number;
  readonly freshUntil: number;
}

/** A tenant whose generation was evicted begins a new one. */
const MAX_TENANTS = 10_000;

interface MemoryResponseCacheOptions {
  /** How long an entry is fresh. */
  readonly ttlMs: number;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
}

export class MemoryResponseCache implements ResponseCache {
  readonly #ttlMs: number;
  readonly #now: () => number;
  readonly #entries: LRUCache<string, Entry>;
  readonly #generations = new LRUCache<string, number>({ max: MAX_TENANTS });
  #lastGeneration = 0;

  constructor({ ttlMs, now = () => performance.now() }: MemoryResponseCacheOptions) {
    this.#ttlMs = ttlMs;
    this.#now = now;
    this.#entries = new LRUCache({
      max: MAX_ENTRIES,
      maxSize: MAX_SIZE,
      maxEntrySize: MAX_ENTRY_SIZE,
      sizeCalculation: ({ size }) => size,
      ttl: MAX_AGE_MS,
    });
  }

  /** Generations are never reused. */
  lookup<T>({ path }: { readonly path: string }, { tenant }: { readonly tenant: string }): Lookup<T> {
    const generation = this.#generations.get(tenant) ?? this.invalidate(tenant);
    const entry = this.#entries.get(keyOf(tenant, path));
    if (!entry) return { generation, cached: null };
    const isFresh = this.#now() < entry.freshUntil && entry.generation === generation;
    return { generation, cached: { value: entry.value as T, etag: entry.etag, body: null, isFresh } };
  }

  store(
    path: string,
    { tenant }: { readonly tenant: string },
    generation: Lookup<unknown>['generation'],
    { value, etag, body }: CachedRead<unknown>,
  ): void {
    const current = this.#generations.get(tenant);
    if (current === undefined || current !== generation) return;
    const key = keyOf(tenant, path);
    const size = body ? estimateJson(body).heapBytes + ENTRY_SIZE : this.#entries.get(key)?.size;
    if (size === undefined) return;
    this.#entries.set(key, { value, etag, size, generation: current, freshUntil: this.#now() + this.#ttlMs });
  }

  /** Returns the new generation. */
  invalidate(tenant: string): number {
    this.#lastGeneration += 1;
    this.#generations.set(tenant, this.#lastGeneration);
    return this.#lastGeneration;
  }
}

/** A tenant is a digest without spaces. */
const keyOf = (tenant: string, path: string): string => `${tenant} ${path}`;
