/** Owns the listeners that are notified when a run may have changed: by this process at its commit, by another one within a tenth of a second. */
import type Database from 'libsql';

const POLL_MS = 100;

export class RunWatch {
  readonly #listeners = new Map<string, Set<() => void>>();
  readonly #changed = new Set<string>();
  readonly #dataVersion: Database.Statement;
  #seenVersion = 0;
  #isClosed = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(database: Database.Database) {
    this.#dataVersion = database.prepare('PRAGMA data_version');
  }

  /** Notes that the transaction in progress changes the run. */
  touch(runId: string): void {
    this.#changed.add(runId);
  }

  onCommit(): void {
    if (this.#changed.size === 0) return;
    const changed = [...this.#changed];
    this.#changed.clear();
    queueMicrotask(() => {
      for (const runId of changed) this.#notify(runId);
    });
  }

  onRollback(): void {
    this.#changed.clear();
  }

  watch(runId: string, listener: () => void): () => void {
    const listeners = this.#listeners.get(runId) ?? new Set();
    this.#listeners.set(runId, listeners.add(listener));
    if (!this.#timer && !this.#isClosed) this.#start();
    return () => {
      listeners.delete(listener);
      if (listeners.size === 0 && this.#listeners.get(runId) === listeners) this.#listeners.delete(runId);
      if (this.#listeners.size === 0) this.#stop();
    };
  }

  /** No listener is notified any more. */
  close(): void {
    this.#isClosed = true;
    this.#stop();
  }

  #stop(): void {
    clearInterval(this.#timer);
    this.#timer = undefined;
  }

  #start(): void {
    this.#seenVersion = this.#readVersion();
    this.#timer = setInterval(() => {
      const version = this.#readVersion();
      if (version === this.#seenVersion) return;
      this.#seenVersion = version;
      for (const runId of [...this.#listeners.keys()]) this.#notify(runId);
    }, POLL_MS);
    this.#timer.unref();
  }

  /** It changes when another connection has committed, and costs no reading of tables. */
  #readVersion(): number {
    try {
      return (this.#dataVersion.get() as { readonly data_version: number }).data_version;
    } catch {
      // Whatever is wrong with the store shows where it is read.
      return this.#seenVersion;
    }
  }

  #notify(runId: string): void {
    for (const listener of [...(this.#listeners.get(runId) ?? [])]) listener();
  }
}
