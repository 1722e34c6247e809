/** Where the service stands between start and end, and how many operations are in flight. */
import { Semaphore, type Release } from '../runtime/semaphore.ts';

export class Lifecycle {
  #state: 'starting' | 'ready' | 'draining' = 'starting';
  readonly #operations: Semaphore;

  constructor(maxInFlight: number) {
    this.#operations = new Semaphore(maxInFlight);
  }

  get state(): 'starting' | 'ready' | 'draining' {
    return this.#state;
  }

  get inFlight(): number {
    return this.#operations.acquired;
  }

  markReady(): void {
    if (this.#state === 'starting') this.#state = 'ready';
  }

  markDraining(): void {
    this.#state = 'draining';
  }

  /** To be released when the operation has ended. Null where as many are in flight as may be. */
  tryBeginOperation(): Release | null {
    return this.#operations.tryAcquire();
  }
}
