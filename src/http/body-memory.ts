/**
 * Limits the memory of all request bodies together: of their bytes while they arrive, and of the parsed objects until
 * their operations have ended. A body of 2 MiB can become 50 MB of objects.
 */
import { CancellationToken } from '../runtime/cancellation.ts';
import { Semaphore, type Release } from '../runtime/semaphore.ts';
import { CLIENT_DISCONNECTED, overloaded, RequestError } from './error-response.ts';

/** This much of every body needs no reservation, in bytes, so that small bodies never wait. */
export const FREE_BODY_BYTES = 4096;
const MAX_ARRIVING_BYTES = 24 * 1024 * 1024;
/**
 * Reserve for bodies that have begun to arrive when the memory above is exhausted. A body reserves all that it may need
 * at once, so that some bodies always complete and release their memory.
 */
const MAX_COMPLETING_BYTES = 8 * 1024 * 1024;
const MAX_PARSED_BYTES = 64 * 1024 * 1024;
/** One per thread of libuv's pool. A brotli decoder uses 16 MiB, however small its input is. */
const MAX_DECOMPRESSING = 4;
const MAX_WAIT_MS = 10_000;

export class BodyMemory {
  readonly arriving = new Semaphore(MAX_ARRIVING_BYTES);
  readonly completing = new Semaphore(MAX_COMPLETING_BYTES);
  readonly parsed = new Semaphore(MAX_PARSED_BYTES);
  readonly decompressing = new Semaphore(MAX_DECOMPRESSING);

  get reservedBytes(): number {
    return this.arriving.acquired + this.completing.acquired + this.parsed.acquired;
  }
}

/**
 * The memory of one request's body. The methods that wait reject with a RequestError: 503 if the wait takes too long, 400
 * if the reservation was released in the meantime.
 */
export class BodyReservation {
  readonly #memory: BodyMemory;
  /** Null until something is reserved, which small bodies never do. */
  #held: Set<Release> | null = null;
  #reserved = FREE_BODY_BYTES;
  readonly #released = new CancellationToken();

  constructor(memory: BodyMemory) {
    this.#memory = memory;
  }

  /**
   * Raises the reservation to `bytes`, for a body of at most `maxBytes`. Returns null if that succeeds at once; otherwise
   * the caller must not read more of the body until the promise resolves.
   */
  reserve(bytes: number, maxBytes: number): Promise<void> | null {
    const missing = bytes - this.#reserved;
    if (missing <= 0) return null;
    if (this.#released.isCancelled) return Promise.reject(new RequestError(CLIENT_DISCONNECTED));
    const release = this.#memory.arriving.tryAcquire(missing);
    if (release) {
      this.#hold(release);
      this.#reserved = bytes;
      return null;
    }
    return this.#acquire(this.#memory.completing, maxBytes - this.#reserved).then(() => {
      this.#reserved = maxBytes;
    });
  }

  /** Replaces the reservation of the bytes by one for the parsed body. Returns null if that succeeds at once. */
  reserveParsed(bytes: number): Promise<void> | null {
    if (bytes > 0) return this.#replaceWithParsed(bytes);
    for (const release of this.#held ?? []) this.#releaseOne(release);
    return null;
  }

  async #replaceWithParsed(bytes: number): Promise<void> {
    const byteReleases = [...(this.#held ?? [])];
    await this.#acquire(this.#memory.parsed, bytes);
    for (const release of byteReleases) this.#releaseOne(release);
  }

  /** Resolves when the body may be decompressed, to a function that the caller must call afterwards. */
  async acquireDecompression(): Promise<() => void> {
    const release = await this.#acquire(this.#memory.decompressing, 1);
    return () => this.#releaseOne(release);
  }

  /** Releases everything, including pending waits. Further calls do nothing. */
  release(): void {
    this.#released.cancel();
    for (const release of this.#held ?? []) this.#releaseOne(release);
  }

  #hold(release: Release): void {
    (this.#held ??= new Set()).add(release);
  }

  #releaseOne(release: Release): void {
    this.#held?.delete(release);
    release();
  }

  async #acquire(semaphore: Semaphore, weight: number): Promise<Release> {
    const release = await semaphore.acquire(weight, { maxWaitMs: MAX_WAIT_MS, cancellation: this.#released });
    // Checked here: `release` may be called before the caller continues.
    if (this.#released.isCancelled) {
      release?.();
      throw new RequestError(CLIENT_DISCONNECTED);
    }
    if (!release) throw new RequestError(MEMORY_EXHAUSTED);
    this.#hold(release);
    return release;
  }
}

const MEMORY_EXHAUSTED = overloaded(
  'The service is working on as many large requests as it can: try again in a moment.',
);
