/** A weighted FIFO semaphore, for counts of operations and of bytes. */

/** Releases what was acquired. Further calls do nothing. */
export type Release = () => void;

export interface AcquireOptions {
  /** The longest wait, in milliseconds; unbounded if absent. */
  readonly maxWaitMs?: number;
}

/** The wait took longer than `maxWaitMs`; nothing was acquired. */
export class AcquireTimeoutError extends Error {
  override readonly name = 'AcquireTimeoutError';
}

interface Waiter {
  readonly weight: number;
  readonly grant: () => void;
}

export class Semaphore {
  readonly #capacity: number;
  /** In order of arrival; null until the first waiter, as most semaphores never have one. */
  #waiters: Set<Waiter> | null = null;
  #available: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#available = capacity;
  }

  /** The sum of the weights that are acquired. */
  get acquired(): number {
    return this.#capacity - this.#available;
  }

  /** Null if `weight` is not available, or if others are waiting. */
  tryAcquire(weight = 1): Release | null {
    const effective = Math.min(weight, this.#capacity);
    if (effective > this.#available || (this.#waiters !== null && this.#waiters.size > 0)) return null;
    this.#available -= effective;
    return this.#toRelease(effective);
  }

  /**
   * Resolves when `weight` has been acquired. A weight above the capacity acquires the whole capacity.
   * Rejects with an {@link AcquireTimeoutError}.
   */
  async acquire(weight = 1, { maxWaitMs }: AcquireOptions = {}): Promise<Release> {
    const release = this.tryAcquire(weight);
    if (release) return release;
    const effective = Math.min(weight, this.#capacity);
    await this.#wait(effective, maxWaitMs);
    return this.#toRelease(effective);
  }

  #toRelease(weight: number): Release {
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      this.#available += weight;
      this.#grantNext();
    };
  }

  #wait(weight: number, maxWaitMs: number | undefined): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        weight,
        grant: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const giveUp = () => {
        this.#waiters?.delete(waiter);
        reject(new AcquireTimeoutError(`nothing was acquired within ${maxWaitMs ?? 0} ms`));
        this.#grantNext();
      };
      const timer = maxWaitMs === undefined ? undefined : setTimeout(giveUp, maxWaitMs);
      (this.#waiters ??= new Set()).add(waiter);
    });
  }

  #grantNext(): void {
    if (!this.#waiters) return;
    for (const waiter of this.#waiters) {
      if (waiter.weight > this.#available) return;
      this.#available -= waiter.weight;
      this.#waiters.delete(waiter);
      waiter.grant();
    }
  }
}
