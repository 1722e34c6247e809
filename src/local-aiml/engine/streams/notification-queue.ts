/**
 * Limits how long the notifications of followers block the process: a write of another process notifies the followers of
 * every run at once, and each of them reads the store.
 */

/** In milliseconds. The rest of the work continues after the other work that is due. */
const TURN_MS = 5;

export class NotificationQueue {
  #tasks: (() => void)[] = [];
  #isScheduled = false;

  /** Runs `task` soon, in the order of arrival. It must not throw. */
  add(task: () => void): void {
    this.#tasks.push(task);
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => this.#run());
  }

  #run(): void {
    const tasks = this.#tasks;
    const endAt = performance.now() + TURN_MS;
    let done = 0;
    while (done < tasks.length && performance.now() < endAt) tasks[done++]?.();
    this.#tasks = tasks.slice(done);
    this.#isScheduled = this.#tasks.length > 0;
    if (this.#isScheduled) setImmediate(() => this.#run());
  }
}
