import { SlidingCount } from '../runtime/sliding-count.ts';

/** The sliding window, in milliseconds. */
export const WINDOW_MS = 10_000;
const SLICES = 10;
/** The breaker does not open with fewer attempts in the window. */
const MIN_ATTEMPTS = 20;
/** The breaker opens if at least this share of the attempts in the window failed. */
export const FAILURE_SHARE = 0.75;
/** The interval at which an open breaker admits a probe, in milliseconds. */
export const PROBE_INTERVAL_MS = 1000;

/**
 * Blocks attempts while too many of them fail.
 *
 * It opens when three of four attempts fail, so it stays closed while four of five succeed. An open breaker admits one
 * probe each second, even if the last probe is still in flight. The first success closes it, so an upstream that hung
 * and recovered is used again after about a second.
 */
export class CircuitBreaker {
  readonly #now: () => number;
  readonly #mayOpen: () => boolean;
  readonly #onChange: (isOpen: boolean) => void;
  readonly #attempts = new SlidingCount(SLICES, WINDOW_MS / SLICES);
  readonly #failures = new SlidingCount(SLICES, WINDOW_MS / SLICES);
  #nextProbeAt: number | null = null;

  /**
   * `now` is a monotonic clock in milliseconds. `mayOpen` can veto opening after enough
   * attempts have failed. `onChange` is called when the breaker has opened or closed.
   */
  constructor(
    now: () => number = () => performance.now(),
    mayOpen: () => boolean = () => true,
    onChange: (isOpen: boolean) => void = () => undefined,
  ) {
    this.#now = now;
    this.#mayOpen = mayOpen;
    this.#onChange = onChange;
  }

  get isOpen(): boolean {
    return this.#nextProbeAt !== null;
  }

  /** Whether attempts are blocked now. Does not consume a probe. */
  get isBlocking(): boolean {
    return this.#nextProbeAt !== null && this.#now() < this.#nextProbeAt;
  }

  /** Whether an attempt is admitted now. May consume the next probe. */
  tryAcquire(): boolean {
    if (this.#nextProbeAt === null) return true;
    const now = this.#now();
    if (now < this.#nextProbeAt) return false;
    this.#nextProbeAt = now + PROBE_INTERVAL_MS;
    return true;
  }

  /** Counts an attempt. Any response of a working server is a success, including rejections. */
  record(succeeded: boolean): void {
    if (this.#nextProbeAt !== null) {
      if (!succeeded) return;
      this.#nextProbeAt = null;
      this.#attempts.clear();
      this.#failures.clear();
      this.#onChange(false);
      return;
    }
    const now = this.#now();
    this.#attempts.add(now);
    if (succeeded) return;
    this.#failures.add(now);
    const attempts = this.#attempts.at(now);
    if (attempts < MIN_ATTEMPTS || this.#failures.at(now) < attempts * FAILURE_SHARE || !this.#mayOpen()) return;
    this.#nextProbeAt = now + PROBE_INTERVAL_MS;
    this.#onChange(true);
  }
}
