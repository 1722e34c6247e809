/** A weighted semaphore: bounds a sum, of operations or of bytes, and serves those who wait in the order of their arrival. */

/** Gives back what was acquired. Further calls do nothing. */
export type Release = () => void;

export interface AcquireOptions {
  /** The longest wait, in milliseconds; unbounded where it is absent. */
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
  /** Iterated in the order of insertion; null until the first of them. */
  #waiters: Set<Waiter> | null = null;
  #available: number;

  constructor(capacity: number) {
    this.#capacity = capacity;
    this.#available = capacity;
  }

  /** How much is acquired at present. */
  get acquired(): number {
    return this.#capacity - this.#available;
  }

  /** Null where `weight` is not available now, or where others wait for it already. */
  tryAcquire(weight = 1): Release | null {
    const effective = Math.min(weight, this.#capacity);
    if (effective > this.#available || (this.#waiters !== null && this.#waiters.size > 0)) return null;
    this.#available -= effective;
    return this.#toRelease(effective);
  }

  /**
   * Resolves once `weight` is available. A weight above the capacity waits for, and takes, the whole capacity.
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
