/**
 * Cancels the work of a request, for example when its client disconnects. Every request creates one: unlike an
 * AbortController it costs almost nothing until a listener is added.
 */
export class CancellationToken {
  #isCancelled = false;
  #listeners: (() => void)[] = [];

  get isCancelled(): boolean {
    return this.#isCancelled;
  }

  /** Calls `listener` once on cancellation. Check `isCancelled` first: a listener added later is never called. */
  onCancel(listener: () => void): void {
    this.#listeners.push(listener);
  }

  offCancel(listener: () => void): void {
    const index = this.#listeners.indexOf(listener);
    if (index !== -1) this.#listeners.splice(index, 1);
  }

  cancel(): void {
    if (this.#isCancelled) return;
    this.#isCancelled = true;
    const listeners = this.#listeners;
    this.#listeners = [];
    for (const listener of listeners) listener();
  }
}

/** Waits for `ms` milliseconds, or until cancellation. */
export function sleepUnlessCancelled(ms: number, cancellation: CancellationToken): Promise<void> {
  if (cancellation.isCancelled) return Promise.resolve();
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      cancellation.offCancel(wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    cancellation.onCancel(wake);
  });
}
