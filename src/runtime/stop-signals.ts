/** SIGTERM and SIGINT of a process. It loads nothing, so that an entry point can create it before anything slow. */

/**
 * Under npm one Ctrl+C arrives twice: from the process group, and forwarded by npm. A second signal within this time, in
 * milliseconds, is a duplicate.
 */
const SAME_SIGNAL_MS = 500;

/**
 * Until a handler is set, a signal exits with code 0, as nothing has been served yet. Without it, a signal during the start
 * would end the process with an error, or be ignored by PID 1 of a container.
 */
export class StopSignals {
  readonly #exit: (code: number) => void;
  #handler: (signal: NodeJS.Signals) => void = () => this.#exit(0);
  #receivedAt: number | null = null;

  /** `exit` ends the process at once. */
  constructor(exit: (code: number) => void) {
    this.#exit = exit;
    for (const signal of ['SIGTERM', 'SIGINT'] as const) process.on(signal, () => this.#receive(signal));
  }

  handle(handler: (signal: NodeJS.Signals) => void): void {
    this.#handler = handler;
  }

  /** The second signal ends the process at once. */
  #receive(signal: NodeJS.Signals): void {
    if (this.#receivedAt === null) {
      this.#receivedAt = performance.now();
      this.#handler(signal);
    } else if (performance.now() - this.#receivedAt >= SAME_SIGNAL_MS) this.#exit(1);
  }
}
