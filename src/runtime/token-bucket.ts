/** How many fetches may follow each other at once. */
const BURST = 3;
/** How long until one more is allowed, in milliseconds. */
const REFILL_MS = 2000;

/**
 * Bounds how often the keys are fetched, whatever tokens callers send: a few times at once, so that a rotation or a
 * recovery is noticed by the next request, and once in two seconds in the long run. So long may a token of a new key be
 * rejected while others flood the service with tokens of keys that do not exist.
 */
export class TokenBucket {
  #left = BURST;
  #countedAt = performance.now();

  /** Takes one fetch out of the budget; false where there is none left. */
  take(): boolean {
    const now = performance.now();
    this.#left = Math.min(BURST, this.#left + (now - this.#countedAt) / REFILL_MS);
    this.#countedAt = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
