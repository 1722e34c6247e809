/**
 * Tells whoever works for a caller that the caller went away. It does what an AbortSignal does, and every request makes
 * one: this one costs next to nothing until somebody listens.
 */
export class HangUp {
  #hasHappened = false;
  #listeners: Set<() => void> | null = null;

  get hasHappened(): boolean {
    return this.#hasHappened;
  }

  /** Calls `listener` once when it happens; never where it has happened already. */
  listen(listener: () => void): void {
    (this.#listeners ??= new Set()).add(listener);
  }

  ignore(listener: () => void): void {
    this.#listeners?.delete(listener);
  }

  /** The caller went away. */
  happen(): void {
    if (this.#hasHappened) return;
    this.#hasHappened = true;
    for (const listener of this.#listeners ?? []) listener();
    this.#listeners = null;
  }
}
