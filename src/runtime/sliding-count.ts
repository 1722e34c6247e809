/** A count over a sliding window, in slices, so that its size is fixed. All times are in milliseconds on one clock. */
export class SlidingCount {
  readonly #counts: Float64Array;
  readonly #sliceMs: number;
  #total = 0;
  #last = 0;

  /** The window is `slices` times `sliceMs`. */
  constructor(slices: number, sliceMs: number) {
    this.#counts = new Float64Array(slices);
    this.#sliceMs = sliceMs;
  }

  add(now: number): void {
    this.at(now);
    const index = this.#last % this.#counts.length;
    this.#counts[index] = (this.#counts[index] ?? 0) + 1;
    this.#total += 1;
  }

  /** The count of the window that ends now. */
  at(now: number): number {
    const slices = this.#counts.length;
    const current = Math.floor(now / this.#sliceMs);
    const stale = Math.min(current - this.#last, slices);
    for (let step = 1; step <= stale; step += 1) {
      const index = (this.#last + step) % slices;
      this.#total -= this.#counts[index] ?? 0;
      this.#counts[index] = 0;
    }
    this.#last = Math.max(current, this.#last);
    return this.#total;
  }

  clear(): void {
    this.#counts.fill(0);
    this.#total = 0;
  }
}
