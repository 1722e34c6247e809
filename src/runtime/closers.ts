/** A part's close function. Work that is in flight gets `timeoutMs` to end. */
type Close = (timeoutMs: number) => unknown;

/** Closes the parts of a service in the reverse order of their creation. */
export class Closers {
  readonly #closers: Close[] = [];

  add(close: Close): void {
    this.#closers.push(close);
  }

  /** Closes every part once, even if others fail to close. Rejects with the first error. */
  async close(timeoutMs: number): Promise<void> {
    const errors: unknown[] = [];
    for (let close = this.#closers.pop(); close; close = this.#closers.pop()) {
      try {
        await close(timeoutMs);
      } catch (error) {
        errors.push(error);
      }
    }
    if (errors.length > 0) throw errors[0];
  }
}
