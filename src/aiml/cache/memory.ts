/**
 * The response cache of one process. An entry is fresh for the TTL; after it, it is revalidated by its ETag (304).
 *
 * Every entry belongs to one tenant. A write of the tenant begins a new generation, before it is sent and again before it is
 * acknowledged. Entries of earlier generations are not fresh. Writes of other tenants have no effect.
 */
import { LRUCache } from 'lru-cache';

/** The maximum size of all entries, and of one, in bytes. */
const MAX_SIZE = 64 * 1024 * 1024;
const MAX_ENTRY_SIZE = 8 * 1024 * 1024;
const MAX_ENTRIES = 20_000;
/** The overhead of an entry, in bytes. */
const ENTRY_SIZE = 500;
/** Older entries are evicted instead of revalidated. */
const MAX_AGE_MS = 60 * 60 * 1000;

export interface CachedRead {
  /** Upstream's ETag. Null if it sent none; the entry can then not be revalidated. */
  readonly etag: string | null;
  readonly value: unknown;
}

interface Entry extends CachedRead {
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

export class MemoryResponseCache {
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

  /** The tenant's current generation, to be read before a request begins. Generations are never reused. */
  generationOf(tenant: string): number {
    const generation = this.#generations.get(tenant);
    return generation ?? this.#beginGeneration(tenant);
  }

  /** The entry and whether it is fresh. Null if there is none. */
  get(tenant: string, path: string): (CachedRead & { readonly isFresh: boolean }) | null {
    const entry = this.#entries.get(keyOf(tenant, path));
    if (!entry) return null;
    const { etag, value, generation, freshUntil } = entry;
    return { etag, value, isFresh: this.#now() < freshUntil && generation === this.#generations.get(tenant) };
  }

  /** Stores a read, unless a write has begun a new generation since. `size` is in bytes of heap. */
  set(tenant: string, path: string, { etag, value }: CachedRead, size: number, generation: number): void {
    if (this.#generations.get(tenant) !== generation) return;
    const freshUntil = this.#now() + this.#ttlMs;
    this.#entries.set(keyOf(tenant, path), { etag, value, size: size + ENTRY_SIZE, generation, freshUntil });
  }

  /** Makes the entry fresh again after a 304, unless a write has begun a new generation since. */
  renew(tenant: string, path: string, generation: number): void {
    const entry = this.#entries.get(keyOf(tenant, path));
    if (entry) this.set(tenant, path, entry, entry.size - ENTRY_SIZE, generation);
  }

  /** Call it before a write is sent and again before it is acknowledged. */
  invalidate(tenant: string): void {
    this.#beginGeneration(tenant);
  }

  #beginGeneration(tenant: string): number {
    this.#lastGeneration += 1;
    this.#generations.set(tenant, this.#lastGeneration);
    return this.#lastGeneration;
  }
}

/** A tenant is a digest without spaces. */
const keyOf = (tenant: string, path: string): string => `${tenant} ${path}`;
