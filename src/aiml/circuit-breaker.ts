/** How much of the last while is weighed, in milliseconds. */
export const WINDOW_MS = 10_000;
const SLICES = 10;
const SLICE_MS = WINDOW_MS / SLICES;
/** Fewer attempts than this in the window say nothing. */
const MIN_ATTEMPTS = 20;
/** Open when at least this share of the attempts in the window failed. */
export const FAILURE_SHARE = 0.75;
/** How often an open breaker lets one attempt through, in milliseconds. */
export const PROBE_INTERVAL_MS = 1000;

/**
 * Holds attempts back while too many of them fail.
 *
 * It opens when three of four attempts fail, so it stays closed while four of five succeed. While it is open it lets
 * one attempt through each second, whether or not the last one has come back, and the first that succeeds closes it:
 * an upstream that hung and recovered serves again about a second later.
 */
export class CircuitBreaker {
  readonly #now: () => number;
  readonly #mayOpen: () => boolean;
  readonly #onChange: (isOpen: boolean) => void;
  readonly #attempts = new Float64Array(SLICES);
  readonly #failures = new Float64Array(SLICES);
  #slice = 0;
  #sliceEndsAt: number;
  #nextProbeAt: number | null = null;

  /**
   * `now` is a monotonic clock in milliseconds. `mayOpen` is asked when enough attempts have failed; without it that
   * is reason enough to open. `onChange` is called when it has opened or closed.
   */
  constructor(
    now: () => number = () => performance.now(),
    mayOpen: () => boolean = () => true,
    onChange: (isOpen: boolean) => void = () => undefined,
  ) {
    this.#now = now;
    this.#mayOpen = mayOpen;
    this.#onChange = onChange;
    this.#sliceEndsAt = now() + SLICE_MS;
  }

  get isOpen(): boolean {
    return this.#nextProbeAt !== null;
  }

  /** Whether no attempt may be made now. Other than {@link tryAcquire} it takes nothing. */
  get isBlocking(): boolean {
    return this.#nextProbeAt !== null && this.#now() < this.#nextProbeAt;
  }

  /** Whether an attempt may be made now. */
  tryAcquire(): boolean {
    if (this.#nextProbeAt === null) return true;
    const now = this.#now();
    if (now < this.#nextProbeAt) return false;
    this.#nextProbeAt = now + PROBE_INTERVAL_MS;
    return true;
  }

  /** Counts an attempt that ended: `succeeded` where upstream answered like a server that works, a refusal included. */
  record(succeeded: boolean): void {
    if (this.#nextProbeAt !== null) {
      if (!succeeded) return;
      this.#nextProbeAt = null;
      this.#attempts.fill(0);
      this.#failures.fill(0);
      this.#onChange(false);
      return;
    }
    this.#turn();
    this.#attempts[this.#slice] = (this.#attempts[this.#slice] ?? 0) + 1;
    if (succeeded) return;
    this.#failures[this.#slice] = (this.#failures[this.#slice] ?? 0) + 1;
    const attempts = sum(this.#attempts);
    if (attempts < MIN_ATTEMPTS || sum(this.#failures) < attempts * FAILURE_SHARE || !this.#mayOpen()) return;
    this.#nextProbeAt = this.#now() + PROBE_INTERVAL_MS;
    this.#onChange(true);
  }

  #turn(): void {
    const now = this.#now();
    for (let turned = 0; now >= this.#sliceEndsAt && turned < SLICES; turned += 1) {
      this.#slice = (this.#slice + 1) % SLICES;
      this.#attempts[this.#slice] = 0;
      this.#failures[this.#slice] = 0;
      this.#sliceEndsAt += SLICE_MS;
    }
    if (now >= this.#sliceEndsAt) this.#sliceEndsAt = now + SLICE_MS;
  }
}

const sum = (counts: Float64Array): number => counts.reduce((total, count) => total + count, 0);
