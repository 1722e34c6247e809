/**
 * Tells whoever works for a caller that the caller went away. It does what an AbortSignal does, and every request makes
 * one: this one costs next to nothing until somebody listens.
 */
export class HangUp {
  #hasHappened = false;
  #listeners: (() => void)[] = [];

  get hasHappened(): boolean {
    return this.#hasHappened;
  }

  /** Calls `listener` once when it happens; never where it has happened already. */
  listen(listener: () => void): void {
    this.#listeners.push(listener);
  }

  ignore(listener: () => void): void {
    const index = this.#listeners.indexOf(listener);
    if (index !== -1) this.#listeners.splice(index, 1);
  }

  /** The caller went away. */
  happen(): void {
    if (this.#hasHappened) return;
    this.#hasHappened = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
