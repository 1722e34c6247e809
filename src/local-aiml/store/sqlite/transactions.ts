/**
 * The transactions of one connection. SQLite's calls are synchronous, but waiting for a lock is asynchronous here: a lock of
 * another process delays a write and not the whole process.
 */
import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';
import type Database from 'libsql';
import { StoreBusyError, storeClosed } from '../errors.ts';
import { toStoreError } from './sqlite-errors.ts';

/** How long a transaction waits for a lock. Less than clients wait for a response. */
const LOCK_TIMEOUT_MS = 2_000;
const MAX_RETRY_MS = 20;
/** After so long in one turn of the event loop, transactions wait for the next turn, so that other work comes in between. */
const MAX_TURN_MS = 10;

export interface TransactionListener {
  onCommit(wasWrite: boolean): void;
  /** `error` is what the transaction rejects with. */
  onRollback(error: unknown): void;
}

/** FULL: a commit is on the disk before it returns. NORMAL: it is in the files, and on the disk a little later. */
type Synchronous = 'FULL' | 'NORMAL';

export class Transactions {
  readonly #database: Database.Database;
  readonly #listeners: readonly TransactionListener[];
  readonly #turn = new Turn();
  readonly #reads = new LockQueue(this.#turn);
  readonly #writes = new LockQueue(this.#turn);
  /** The file is opened with FULL. */
  #synchronous: Synchronous = 'FULL';
  #isClosed = false;

  constructor(database: Database.Database, listeners: readonly TransactionListener[]) {
    this.#database = database;
    this.#listeners = listeners;
  }

  /** Runs `work` on one state of the store, whatever other processes write meanwhile. Every read goes through here. */
  read<T>(work: () => T): Promise<T> {
    return this.#reads.run(() => this.#once('BEGIN', work, this.#synchronous));
  }

  /**
   * Runs `work` with the write lock of all processes held: all of it happens, or, where it throws, nothing. `work` may run
   * more than once.
   * Every write goes through here, single statements too: after "busy", libsql leaves a prepared statement open, which
   * keeps the connection from committing anything else. Here it is BEGIN that is busy, and that is not a prepared one.
   */
  write<T>(work: () => T): Promise<T> {
    return this.#writes.run(() => this.#once('BEGIN IMMEDIATE', work, 'FULL'));
  }

  /**
   * As `write`, for what was not acknowledged: it outlives the process, but a power failure may undo it, together with
   * everything after it. It does not wait for the disk, which holds up the whole process for a millisecond or more.
   */
  writeRelaxed<T>(work: () => T): Promise<T> {
    return this.#writes.run(() => this.#once('BEGIN IMMEDIATE', work, 'NORMAL'));
  }

  /** What comes later is rejected: libsql ends the process where a closed database is used. */
  close(): void {
    this.#isClosed = true;
  }

  #once<T>(begin: 'BEGIN' | 'BEGIN IMMEDIATE', work: () => T, synchronous: Synchronous): T {
    if (this.#isClosed) throw storeClosed();
    const isWrite = begin === 'BEGIN IMMEDIATE';
    let failsAt: 'read' | 'write' | 'commit' = isWrite ? 'write' : 'read';
    try {
      if (synchronous !== this.#synchronous) {
        this.#database.exec(`PRAGMA synchronous = ${synchronous}`);
        this.#synchronous = synchronous;
      }
      this.#database.exec(begin);
      const result = work();
      if (isWrite) failsAt = 'commit';
      this.#database.exec('COMMIT');
      for (const listener of this.#listeners) listener.onCommit(isWrite);
      return result;
    } catch (error) {
      // SQLite has already rolled back after some failures of the disk.
      if (this.#database.inTransaction) this.#database.exec('ROLLBACK');
      const storeError = toStoreError(error, failsAt);
      for (const listener of this.#listeners) listener.onRollback(storeError);
      throw storeError;
    }
  }
}

/** How long transactions have taken in the current turn of the event loop. */
class Turn {
  #spentMs = 0;

  get isSpent(): boolean {
    return this.#spentMs >= MAX_TURN_MS;
  }

  run<T>(work: () => T): T {
    const startedAt = performance.now();
    if (this.#spentMs === 0) setImmediate(() => (this.#spentMs = 0));
    try {
      return work();
    } finally {
      this.#spentMs += performance.now() - startedAt;
    }
  }
}

interface Waiting {
  /** Runs the transaction; false if the store is still locked. */
  readonly attempt: () => boolean;
  readonly giveUp: () => void;
  readonly deadline: number;
}

/** Runs what needs a lock, in the order of arrival. The first that waits tries alone: a thousand cost no more than one. */
class LockQueue {
  readonly #turn: Turn;
  readonly #waiting: Waiting[] = [];
  #isRetrying = false;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** Rejects with StoreBusyError if the lock is not free in time. */
  run<T>(work: () => T): Promise<T> {
    return new Promise<T>((resolve, reject) => {
      const attempt = () => {
        try {
          resolve(this.#turn.run(work));
        } catch (error) {
          if (error instanceof StoreBusyError) return false;
          reject(error instanceof Error ? error : new Error('The transaction failed', { cause: error }));
        }
        return true;
      };
      if (this.#waiting.length === 0 && !this.#turn.isSpent && attempt()) return;
      this.#waiting.push({
        attempt,
        giveUp: () => reject(new StoreBusyError()),
        deadline: performance.now() + LOCK_TIMEOUT_MS,
      });
      if (!this.#isRetrying) void this.#retry();
    });
  }

  async #retry(): Promise<void> {
    this.#isRetrying = true;
    let isLocked = !this.#turn.isSpent;
    let delayMs = 1;
    for (let first = this.#waiting[0]; first; first = this.#waiting[0]) {
      // One is attempted in each turn, even if the other queue has spent it.
      if (this.#turn.isSpent) await nextTick();
      else if (isLocked) await sleep(Math.ceil(Math.random() * delayMs));
      isLocked = !first.attempt();
      delayMs = isLocked ? Math.min(delayMs * 2, MAX_RETRY_MS) : 1;
      if (isLocked && first.deadline > performance.now()) continue;
      if (isLocked) first.giveUp();
      this.#waiting.shift();
    }
    this.#isRetrying = false;
  }
}
