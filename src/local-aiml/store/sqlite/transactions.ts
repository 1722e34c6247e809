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
/** After so long in one turn of the event loop, transactions wait for a later turn, so that other work comes in between. */
const MAX_TURN_MS = 10;
/**
 * Turns without transactions after a turn that was that long, while they take no longer than that together. Node accepts one
 * connection per turn: a new one would wait for a long transaction for each connection before it, whoever made them.
 */
const TURNS_BETWEEN = 64;

export interface TransactionListener {
  onCommit(wasWrite: boolean): void;
  /** `error` is what the transaction rejects with. */
  onRollback(error: unknown): void;
}

/** FULL: a commit is on the disk before it returns. NORMAL: it is in the files, and on the disk a little later. */
type Synchronous = 'FULL' | 'NORMAL';

/** The account of what the engine does. */
const ENGINE = '';

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

  /**
   * Runs `work` on one state of the store, whatever other processes write meanwhile. Every read goes through here. Accounts
   * that wait are served in turns.
   */
  read<T>(work: () => T, account = ENGINE): Promise<T> {
    return this.#reads.run(() => this.#once('BEGIN', work, this.#synchronous), account);
  }

  /**
   * Runs `work` with the write lock of all processes held: all of it happens, or, where it throws, nothing. `work` may run
   * more than once.
   * Every write goes through here, single statements too: after "busy", libsql leaves a prepared statement open, which
   * keeps the connection from committing anything else. Here it is BEGIN that is busy, and that is not a prepared one.
   */
  write<T>(work: () => T, account = ENGINE): Promise<T> {
    return this.#writes.run(() => this.#once('BEGIN IMMEDIATE', work, 'FULL'), account);
  }

  /**
   * As `write`, for what was not acknowledged: it outlives the process, but a power failure may undo it, together with
   * everything after it. It does not wait for the disk, which holds up the whole process for a millisecond or more.
   */
  writeRelaxed<T>(work: () => T): Promise<T> {
    return this.#writes.run(() => this.#once('BEGIN IMMEDIATE', work, 'NORMAL'), ENGINE);
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

/** The turns of the event loop in which there are transactions. */
class Turn {
  /** How long transactions have taken in the current turn. */
  #spentMs = 0;
  #isBetween = false;

  get isSpent(): boolean {
    return this.#isBetween || this.#spentMs >= MAX_TURN_MS;
  }

  run<T>(work: () => T): T {
    const startedAt = performance.now();
    if (this.#spentMs === 0) setImmediate(() => void this.#end(startedAt));
    try {
      return work();
    } finally {
      this.#spentMs += performance.now() - startedAt;
    }
  }

  /** Resolves in a later turn in which there may be transactions. */
  async next(): Promise<void> {
    do await nextTick();
    while (this.#isBetween);
  }

  async #end(startedAt: number): Promise<void> {
    this.#spentMs = 0;
    const endedAt = performance.now();
    // With what was made of the results, such as responses.
    if (endedAt - startedAt < MAX_TURN_MS) return;
    this.#isBetween = true;
    for (let turn = 0; turn < TURNS_BETWEEN && performance.now() - endedAt < MAX_TURN_MS; turn++) await nextTick();
    this.#isBetween = false;
  }
}

interface Waiting {
  /** Runs the transaction; false if the store is still locked. */
  readonly attempt: () => boolean;
  readonly giveUp: () => void;
  /** On `performance.now()`. */
  readonly since: number;
}

/** What waits, in the order of arrival within an account; accounts have their turns one after another. */
class WaitingList {
  /** In the order in which accounts are served. */
  readonly #byAccount = new Map<string, Waiting[]>();

  get first(): Waiting | undefined {
    const [waiting] = this.#byAccount.values();
    return waiting?.[0];
  }

  add(account: string, item: Waiting): void {
    const waiting = this.#byAccount.get(account);
    if (waiting) waiting.push(item);
    else this.#byAccount.set(account, [item]);
  }

  /** Its account is served again after all others. */
  removeFirst(): void {
    const [entry] = this.#byAccount;
    if (!entry) return;
    const [account, waiting] = entry;
    waiting.shift();
    this.#byAccount.delete(account);
    if (waiting.length > 0) this.#byAccount.set(account, waiting);
  }

  /** Gives up what has waited since `time` or longer. */
  giveUp(time: number): void {
    for (const [account, waiting] of this.#byAccount) {
      const kept = waiting.findIndex(({ since }) => since > time);
      for (const item of waiting.splice(0, kept === -1 ? waiting.length : kept)) item.giveUp();
      if (waiting.length === 0) this.#byAccount.delete(account);
    }
  }
}

/** Runs what needs a lock. The first that waits tries alone: a thousand cost no more than one. */
class LockQueue {
  readonly #turn: Turn;
  readonly #waiting = new WaitingList();
  #isRetrying = false;

  constructor(turn: Turn) {
    this.#turn = turn;
  }

  /** Rejects with StoreBusyError if the lock is not free in time. */
  run<T>(work: () => T, account: string): Promise<T> {
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
      if (!this.#waiting.first && !this.#turn.isSpent && attempt()) return;
      this.#waiting.add(account, { attempt, giveUp: () => reject(new StoreBusyError()), since: performance.now() });
      if (!this.#isRetrying) void this.#retry();
    });
  }

  async #retry(): Promise<void> {
    this.#isRetrying = true;
    let lockedSince = this.#turn.isSpent ? null : performance.now();
    let delayMs = 1;
    for (let first = this.#waiting.first; first; first = this.#waiting.first) {
      // One is attempted in each turn, even if the other queue has spent it.
      if (this.#turn.isSpent) await this.#turn.next();
      else if (lockedSince !== null) await sleep(Math.ceil(Math.random() * delayMs));
      if (first.attempt()) {
        this.#waiting.removeFirst();
        lockedSince = null;
        delayMs = 1;
        continue;
      }
      const now = performance.now();
      lockedSince ??= now;
      delayMs = Math.min(delayMs * 2, MAX_RETRY_MS);
      // The time of other transactions does not count, only that of the lock.
      if (now - lockedSince >= LOCK_TIMEOUT_MS) this.#waiting.giveUp(now - LOCK_TIMEOUT_MS);
    }
    this.#isRetrying = false;
  }
}
