/** Bounds how many log entries of one kind are written, however often the event happens. */

export class LogSampler {
  readonly #limit: number;
  readonly #windowMs: number;
  readonly #now: () => number;
  #windowEndsAt = 0;
  #written = 0;
  #suppressed = 0;

  /** At most `limit` entries in `windowMs`. `now` is a monotonic clock in milliseconds. */
  constructor(limit: number, windowMs: number, now: () => number = () => performance.now()) {
    this.#limit = limit;
    this.#windowMs = windowMs;
    this.#now = now;
  }

  /** Null if the entry must not be written; otherwise how many were left out since the last one that was. */
  take(): number | null {
    const now = this.#now();
    if (now >= this.#windowEndsAt) {
      this.#windowEndsAt = now + this.#windowMs;
      this.#written = 0;
    }
    if (this.#written >= this.#limit) {
      this.#suppressed += 1;
      return null;
    }
    this.#written += 1;
    const suppressed = this.#suppressed;
    this.#suppressed = 0;
    return suppressed;
  }
}
