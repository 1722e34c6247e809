/**
 * How much memory the request bodies of all requests take together: as bytes, by what of them has arrived, and as the
 * objects that they become, until their operations have ended. A body of 2 MiB may become 50 MB of objects.
 */
import { AcquireTimeoutError, Semaphore, type Release } from '../runtime/semaphore.ts';
import { CLIENT_DISCONNECTED, RequestError } from './error-response.ts';

/** What of a body is free, in bytes: small bodies wait for nothing. */
export const FREE_BODY_BYTES = 4096;
/** For the bytes of bodies that arrive. */
const MAX_ARRIVING_BYTES = 24 * 1024 * 1024;
/**
 * For the rest of bodies that have begun to arrive, once there is nothing left of the above. A body that gets it gets
 * all that it may need, so there are always bodies that become whole and give back what they hold.
 */
const MAX_COMPLETING_BYTES = 8 * 1024 * 1024;
const MAX_PARSED_BYTES = 64 * 1024 * 1024;
/** As many at a time as Node has threads for: a brotli decoder takes 16 MiB for itself, however small its input is. */
const MAX_DECOMPRESSING = 4;
const MAX_WAIT_MS = 10_000;

export class BodyMemory {
  readonly arriving = new Semaphore(MAX_ARRIVING_BYTES);
  readonly completing = new Semaphore(MAX_COMPLETING_BYTES);
  readonly parsed = new Semaphore(MAX_PARSED_BYTES);
  readonly decompressing = new Semaphore(MAX_DECOMPRESSING);

  /** What is reserved at present, in bytes. */
  get reservedBytes(): number {
    return this.arriving.acquired + this.completing.acquired + this.parsed.acquired;
  }
}

/**
 * The memory of one request's body. What waits rejects with a RequestError: 503 where the wait takes too long, or where
 * the reservation was released meanwhile.
 */
export class BodyReservation {
  readonly #memory: BodyMemory;
  /** Null until something is held: small bodies hold nothing. */
  #held: Set<Release> | null = null;
  #reserved = FREE_BODY_BYTES;
  #isReleased = false;

  constructor(memory: BodyMemory) {
    this.#memory = memory;
  }

  /**
   * Reserves so many bytes in all for a body that may take `maxBytes`. Null where they are reserved when this returns;
   * nothing more is to be read before the promise resolves.
   */
  reserve(bytes: number, maxBytes: number): Promise<void> | null {
    const missing = bytes - this.#reserved;
    if (missing <= 0) return null;
    if (this.#isReleased) return Promise.reject(new RequestError(CLIENT_DISCONNECTED));
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

  /** Reserves what the parsed body takes, and gives back what its bytes took. Null where that is done when this returns. */
  reserveParsed(bytes: number): Promise<void> | null {
    if (bytes > 0) return this.#replaceWithParsed(bytes);
    for (const release of this.#held ?? []) this.#giveBack(release);
    return null;
  }

  async #replaceWithParsed(bytes: number): Promise<void> {
    const ofBytes = [...(this.#held ?? [])];
    await this.#acquire(this.#memory.parsed, bytes);
    for (const release of ofBytes) this.#giveBack(release);
  }

  /** Resolves when the body may be decompressed; what it resolves to is to be called when that has been done. */
  async acquireDecompression(): Promise<() => void> {
    const release = await this.#acquire(this.#memory.decompressing, 1);
    return () => this.#giveBack(release);
  }

  /** Gives back all that is reserved, and what is being waited for when that is there. Further calls do nothing. */
  release(): void {
    this.#isReleased = true;
    for (const release of this.#held ?? []) this.#giveBack(release);
  }

  #hold(release: Release): void {
    (this.#held ??= new Set()).add(release);
  }

  #giveBack(release: Release): void {
    this.#held?.delete(release);
    release();
  }

  async #acquire(semaphore: Semaphore, weight: number): Promise<Release> {
    const release = await semaphore.acquire(weight, { maxWaitMs: MAX_WAIT_MS }).catch((error: unknown) => {
      throw error instanceof AcquireTimeoutError ? new RequestError(NO_MEMORY) : error;
    });
    // Here and not with the caller, whose turn comes later: `release` may be called before that.
    if (this.#isReleased) {
      release();
      throw new RequestError(CLIENT_DISCONNECTED);
    }
    this.#hold(release);
    return release;
  }
}

const NO_MEMORY = {
  status: 503,
  code: 'OVERLOADED',
  message: 'The service is working on as many large requests as it can: try again in a moment.',
} as const;
