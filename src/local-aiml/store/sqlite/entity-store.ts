/** Owns what the stores of all kinds of objects have in common: get, list and modify under the path of a request. */
import type Database from 'libsql';
import { StoreBusyError } from '../errors.ts';
import type { ListQuery, Owner, Page, Reads, Writes } from '../store.ts';
import type { Entity, EntityTable, Filter } from './entity-table.ts';
import type { IdempotencyStore } from './idempotency-store.ts';
import type { RunRows } from './run-rows.ts';
import type { RunWatch } from './run-watch.ts';
import type { Tables } from './tables.ts';
import type { Transactions } from './transactions.ts';

/** What all stores share. */
export interface StoreParts {
  readonly database: Database.Database;
  readonly transactions: Transactions;
  readonly tables: Tables;
  readonly rows: RunRows;
  readonly watch: RunWatch;
  readonly idempotencyStore: IdempotencyStore;
}

export class EntityStore<T extends Entity, Q extends ListQuery = ListQuery> implements Reads<Q>, Writes<T> {
  protected readonly parts: StoreParts;
  readonly #table: EntityTable<T>;

  constructor(parts: StoreParts, table: EntityTable<T>) {
    this.parts = parts;
    this.#table = table;
  }

  async get(owner: Owner, id: string): Promise<string> {
    await this.#expireRun(owner);
    return this.parts.transactions.read(() => this.#table.get(this.parts.tables.parentOf(owner), id));
  }

  async list(owner: Owner, query: Q): Promise<Page> {
    await this.#expireRun(owner);
    return this.parts.transactions.read(() =>
      this.#table.page(this.parts.tables.parentOf(owner), query, this.filterOf?.(query)),
    );
  }

  async modify(owner: Owner, id: string, change: (current: T) => T): Promise<string> {
    await this.#expireRun(owner);
    return this.parts.transactions.write(() => this.#table.modify(this.parts.tables.parentOf(owner), id, change));
  }

  /** What a list is narrowed to beside its page; by default all objects. */
  protected filterOf?(query: Q): Filter | undefined;

  /** Nothing below a thread is shown as it was before its run expired. */
  async #expireRun([, threadId]: Owner): Promise<void> {
    if (threadId === undefined) return;
    const { transactions, rows } = this.parts;
    if (!(await transactions.read(() => rows.isOverdue(threadId)))) return;
    try {
      await transactions.write(() => rows.unexpiredLiveOf(threadId));
    } catch (error) {
      // A read succeeds although another process has locked the store; the next read lets the run expire.
      if (!(error instanceof StoreBusyError)) throw error;
    }
  }
}
