const WINDOW_MS = 1000;
const RETRIES_PER_WINDOW = 5;
const RETRIES_PER_REQUEST = 0.1;

/**
 * Bounds what retries may cost upstream: in any second, five and a tenth of that second's requests. At 50 requests a
 * second or more that is at most 1.2 attempts for each, however broken upstream is.
 */
export class RetryBudget {
  readonly #now: () => number;
  readonly #requests = new SlidingCount(WINDOW_MS);
  // Never less than a whole second, so that no second holds more than it may.
  readonly #retries = new SlidingCount(WINDOW_MS + 1);

  /** `now` is a monotonic clock in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /** Counts a request that is attempted for the first time. */
  countRequest(): void {
    this.#requests.add(this.#now());
  }

  /** Takes one retry out of the budget; false where there is none left. */
  takeRetry(): boolean {
    const now = this.#now();
    const allowed = RETRIES_PER_WINDOW + RETRIES_PER_REQUEST * this.#requests.at(now);
    if (this.#retries.at(now) + 1 > allowed) return false;
    this.#retries.add(now);
    return true;
  }
}

/** How many were added in the last while, counted in slices of a millisecond so that its size is fixed. */
class SlidingCount {
  readonly #counts: Float64Array;
  #total = 0;
  #last = 0;

  constructor(slices: number) {
    this.#counts = new Float64Array(slices);
  }

  add(now: number): void {
    this.at(now);
    const index = this.#last % this.#counts.length;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
  }

  at(now: number): number {
    const slices = this.#counts.length;
    const current = Math.floor(now);
    const stale = Math.min(current - this.#last, slices);
    for (let step = 1; step <= stale; step += 1) {
      const index = (this.#last + step) % slices;
      this.#total -= this.#counts[index] ?? 0;
      this.#counts[index] = 0;
    }
    this.#last = Math.max(current, this.#last);
    return this.#total;
  }
}
