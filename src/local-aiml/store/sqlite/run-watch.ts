/** Notifies listeners of a run that may have changed: at once after a commit of this process, within 100 ms after one of another. */
import { EventEmitter } from 'node:events';
import type Database from 'libsql';

const POLL_MS = 100;

export class RunWatch {
  /** An event for each run that is watched, by its id. */
  readonly #emitter = new EventEmitter().setMaxListeners(0);
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
      for (const runId of changed) this.#emitter.emit(runId);
    });
  }

  onRollback(): void {
    this.#changed.clear();
  }

  watch(runId: string, listener: () => void): () => void {
    this.#emitter.on(runId, listener);
    if (!this.#timer && !this.#isClosed) this.#start();
    return () => {
      this.#emitter.off(runId, listener);
      if (this.#emitter.eventNames().length === 0) this.#stop();
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
      for (const runId of this.#emitter.eventNames()) this.#emitter.emit(runId);
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
}
