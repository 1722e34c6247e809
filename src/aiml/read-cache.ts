/**
 * What was read of upstream and may be given again: for a while without asking, and after that where upstream says that
 * it has not changed (304).
 *
 * Every entry belongs to one tenant. A write takes the entries that it may change out before it is acknowledged, and what
 * was read while any write was under way is not kept at all.
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
  readonly tenant: string;
  readonly path: string;
  readonly size: number;
  readonly freshUntil: number;
}

export interface ReadCacheOptions {
  /** How long an entry is given without asking upstream. */
  readonly ttlMs: number;
  /** A monotonic clock in milliseconds. */
  readonly now?: () => number;
}

export class ReadCache {
  readonly #ttlMs: number;
  readonly #now: () => number;
  readonly #entries: LRUCache<string, Entry>;
  /** The lists of each tenant that has any: every write may change all of them. */
  readonly #lists = new Map<string, Set<string>>();
  #writes = 0;

  constructor({ ttlMs, now = () => performance.now() }: ReadCacheOptions) {
    this.#ttlMs = ttlMs;
    this.#now = now;
    this.#entries = new LRUCache({
      max: MAX_ENTRIES,
      maxSize: MAX_SIZE,
      maxEntrySize: MAX_ENTRY_SIZE,
      sizeCalculation: ({ size }) => size,
      ttl: MAX_AGE_MS,
      dispose: ({ tenant, path }) => this.#dropList(tenant, path),
    });
  }

  /** Compared at the end of a read with what it was at its beginning. */
  get writes(): number {
    return this.#writes;
  }

  /** What is cached, and whether it may be given without asking; null where nothing is. */
  get(tenant: string, path: string): (CachedRead & { readonly isFresh: boolean }) | null {
    const entry = this.#entries.get(keyOf(tenant, path));
    return entry ? { etag: entry.etag, value: entry.value, isFresh: this.#now() < entry.freshUntil } : null;
  }

  /** Keeps what was read, unless a write was under way meanwhile. `size` is what it takes in memory, in bytes. */
  set(tenant: string, path: string, { etag, value }: CachedRead, size: number, writesAtStart: number): void {
    if (this.#writes !== writesAtStart) return;
    const key = keyOf(tenant, path);
    const freshUntil = this.#now() + this.#ttlMs;
    const entry = { etag, value, tenant, path, size: size + ENTRY_SIZE, freshUntil };
    this.#entries.set(key, entry, { noDisposeOnSet: true });
    if (!isList(path) || !this.#entries.has(key)) return;
    const lists = this.#lists.get(tenant);
    if (lists) lists.add(path);
    else this.#lists.set(tenant, new Set([path]));
  }

  /** Upstream says that what is cached has not changed: it is fresh again, unless a write was under way meanwhile. */
  renew(tenant: string, path: string, writesAtStart: number): void {
    const key = keyOf(tenant, path);
    const entry = this.#entries.get(key);
    if (entry && this.#writes === writesAtStart)
      this.#entries.set(key, { ...entry, freshUntil: this.#now() + this.#ttlMs }, { noDisposeOnSet: true });
  }

  /** To be called before a write begins and again before it is acknowledged; `path` is that of what it changes. */
  removeForWrite(tenant: string, path: string): void {
    this.#writes += 1;
    this.#entries.delete(keyOf(tenant, path));
    for (const list of [...(this.#lists.get(tenant) ?? [])]) this.#entries.delete(keyOf(tenant, list));
  }

  #dropList(tenant: string, path: string): void {
    const lists = this.#lists.get(tenant);
    if (!lists?.delete(path)) return;
    if (lists.size === 0) this.#lists.delete(tenant);
  }
}

/** A tenant is a digest without spaces. */
const keyOf = (tenant: string, path: string): string => `${tenant} ${path}`;

const isList = (path: string): boolean => path.startsWith('/assistants?');
