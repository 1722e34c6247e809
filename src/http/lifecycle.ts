/** Where the service stands between start and end, and how many operations it is working on. */
export class Lifecycle {
  #state: 'starting' | 'ready' | 'draining' = 'starting';
  #inFlight = 0;
  readonly #maxInFlight: number;

  constructor(maxInFlight: number) {
    this.#maxInFlight = maxInFlight;
  }

  get state(): 'starting' | 'ready' | 'draining' {
    return this.#state;
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  markReady(): void {
    if (this.#state === 'starting') this.#state = 'ready';
  }

  markDraining(): void {
    this.#state = 'draining';
  }

  /** Takes a place for an operation; false where all are taken. Every true is paired with one {@link leave}. */
  enter(): boolean {
    if (this.#inFlight >= this.#maxInFlight) return false;
    this.#inFlight += 1;
    return true;
  }

  leave(): void {
    this.#inFlight -= 1;
  }
}
