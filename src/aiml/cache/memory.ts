/**
 * What was read of upstream and may be given again: for a while without asking, and after that where upstream says that
 * it has not changed (304).
 *
 * Every entry belongs to one tenant. A write of the tenant begins a new generation, before it is sent and again before it is
 * acknowledged: what was read in an earlier one is never given without asking. Writes of other tenants change nothing.
 */
import { LRUCache } from 'lru-cache';

/** How much memory all entries may take together, and one of them, in bytes. */
const MAX_SIZE = 64 * 1024 * 1024;
const MAX_ENTRY_SIZE = 8 * 1024 * 1024;
const MAX_ENTRIES = 20_000;
/** What an entry takes beside what was read. */
const ENTRY_SIZE = 500;
/** An entry that nobody asked for in this long is not worth a revalidation. */
const MAX_AGE_MS = 60 * 60 * 1000;

export interface CachedRead {
  /** Upstream's ETag; null where it sent none, and the entry ends with its time. */
  readonly etag: string | null;
  readonly value: unknown;
}

interface Entry extends CachedRead {
  readonly size: number;
  readonly generation: number;
  readonly freshUntil: number;
}

/** A tenant that is forgotten begins a new generation. */
const MAX_TENANTS = 10_000;

interface MemoryResponseCacheOptions {
  /** How long an entry is given without asking upstream. */
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

  /** The tenant's present generation, to be taken before a read begins. No number is ever given twice. */
  generationOf(tenant: string): number {
    const generation = this.#generations.get(tenant);
    return generation ?? this.#beginGeneration(tenant);
  }

  /** What is cached, and whether it may be given without asking; null where nothing is. */
  get(tenant: string, path: string): (CachedRead & { readonly isFresh: boolean }) | null {
    const entry = this.#entries.get(keyOf(tenant, path));
    if (!entry) return null;
    const { etag, value, generation, freshUntil } = entry;
    return { etag, value, isFresh: this.#now() < freshUntil && generation === this.#generations.get(tenant) };
  }

  /** Keeps what was read, unless a write began a new generation meanwhile. `size` is what it takes in memory, in bytes. */
  set(tenant: string, path: string, { etag, value }: CachedRead, size: number, generation: number): void {
    if (this.#generations.get(tenant) !== generation) return;
    const freshUntil = this.#now() + this.#ttlMs;
    this.#entries.set(keyOf(tenant, path), { etag, value, size: size + ENTRY_SIZE, generation, freshUntil });
  }

  /** Upstream says that what is cached has not changed: it is fresh again, unless a write began a new generation meanwhile. */
  renew(tenant: string, path: string, generation: number): void {
    const entry = this.#entries.get(keyOf(tenant, path));
    if (entry) this.set(tenant, path, entry, entry.size - ENTRY_SIZE, generation);
  }

  /** To be called before a write begins and again before it is acknowledged. */
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
