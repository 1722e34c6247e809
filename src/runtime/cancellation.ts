/**
 * Tells whoever works for a caller that the caller went away. It does what an AbortSignal does, and every request makes
 * one: this one costs next to nothing until somebody listens.
 */
export class CancellationToken {
  #isCancelled = false;
  #listeners: (() => void)[] = [];

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Calls `listener` once when it happens; never where it has happened already. */
  onCancel(listener: () => void): void {
    this.#listeners.push(listener);
  }

  offCancel(listener: () => void): void {
    const index = this.#listeners.indexOf(listener);
    if (index !== -1) this.#listeners.splice(index, 1);
  }

  /** The caller went away. */
  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}
