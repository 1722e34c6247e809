/** Bounds a sum: whoever comes takes a part of it, or waits in the order of arrival until enough is given back. */
import { RequestError } from './errors.ts';

/** The longest that a guest waits, in milliseconds. */
const MAX_WAIT_MS = 10_000;

interface Waiting {
  readonly size: number;
  readonly letIn: () => void;
}

export class Room {
  readonly #capacity: number;
  readonly #maxWaitMs: number;
  readonly #waiting = new Set<Waiting>();
  readonly #taken = new WeakMap<object, number>();
  #free: number;

  constructor(capacity: number, maxWaitMs: number = MAX_WAIT_MS) {
    this.#capacity = capacity;
    this.#maxWaitMs = maxWaitMs;
    this.#free = capacity;
  }

  /**
   * Resolves when `guest` has its part; one that is larger than the room gets all of it. Rejects with a RequestError (503)
   * where that takes too long.
   */
  async enter(guest: object, size: number): Promise<void> {
    const part = Math.min(size, this.#capacity);
    if (this.#waiting.size === 0 && part <= this.#free) this.#free -= part;
    else await this.#wait(part);
    this.#taken.set(guest, part);
  }

  /** May be called more than once, and for guests that never came in. */
  leave(guest: object): void {
    const part = this.#taken.get(guest);
    if (part === undefined) return;
    this.#taken.delete(guest);
    this.#free += part;
    this.#letIn();
  }

  #wait(size: number): Promise<void> {
    return new Promise((resolve, reject) => {
      const waiting: Waiting = {
        size,
        letIn: () => {
          clearTimeout(timer);
          resolve();
        },
      };
      const timer = setTimeout(() => {
        this.#waiting.delete(waiting);
        this.#letIn();
        reject(new RequestError(NO_ROOM));
      }, this.#maxWaitMs);
      this.#waiting.add(waiting);
    });
  }

  #letIn(): void {
    for (const waiting of this.#waiting) {
      if (waiting.size > this.#free) return;
      this.#free -= waiting.size;
      this.#waiting.delete(waiting);
      waiting.letIn();
    }
  }
}

const NO_ROOM = {
  status: 503,
  code: 'OVERLOADED',
  message: 'The service is working on as many large requests as it can: try again in a moment.',
} as const;
