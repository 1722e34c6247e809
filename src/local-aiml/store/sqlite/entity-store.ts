/** Owns what the stores of all kinds of objects have in common, and the store of assistants. */
import type Database from 'libsql';
import { StoreBusyError } from '../errors.ts';
import type { AssistantStore, Idempotency, ListQuery, Owner, Reads, Writes } from '../store.ts';
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

interface EntityStore<T, Q extends ListQuery> extends Reads<Q>, Writes<T> {
  /** Adds the object `id` by `make`, which gets its parent, unless an earlier request did. Resolves to its text. */
  once(owner: Owner, id: string, idempotency: Idempotency, make: (parent: string) => string): Promise<string>;
}

/** Gets, lists and modifies the objects of a table under the path of a request. `toFilter` narrows a list beside its page. */
export function createEntityStore<T extends Entity, Q extends ListQuery = ListQuery>(
  { transactions, tables, rows, idempotencyStore }: StoreParts,
  table: EntityTable<T>,
  toFilter?: (query: Q) => Filter | undefined,
): EntityStore<T, Q> {
  /** Nothing below a thread is shown as it was before its run expired. */
  const expireRun = async ([account, threadId]: Owner): Promise<void> => {
    if (threadId === undefined) return;
    if (!(await transactions.read(() => rows.isOverdue(threadId), account))) return;
    try {
      await transactions.write(() => rows.unexpiredLiveOf(threadId), account);
    } catch (error) {
      // A read succeeds although another process has locked the store; the next read lets the run expire.
      if (!(error instanceof StoreBusyError)) throw error;
    }
  };
  return {
    async get(owner, id) {
      await expireRun(owner);
      return transactions.read(() => table.get(tables.parentOf(owner), id), owner[0]);
    },
    async list(owner, query) {
      await expireRun(owner);
      return transactions.read(() => table.page(tables.parentOf(owner), query, toFilter?.(query)), owner[0]);
    },
    async modify(owner, id, change) {
      await expireRun(owner);
      return transactions.write(() => table.modify(tables.parentOf(owner), id, change), owner[0]);
    },
    once: (owner, id, idempotency, make) =>
      transactions.write(() => {
        const parent = tables.parentOf(owner);
        const read = (earlierId: string) => table.find(parent, earlierId);
        return idempotencyStore.once(owner[0], id, idempotency, read, () => make(parent));
      }, owner[0]),
  };
}

export function createAssistantStore(parts: StoreParts): AssistantStore {
  const { transactions, tables } = parts;
  const entities = createEntityStore(parts, tables.assistants);
  return {
    ...entities,
    create: (account, assistant, vectorStores, idempotency) =>
      entities.once([account], assistant.id, idempotency, () => {
        tables.insertVectorStores(account, vectorStores);
        return tables.assistants.insert(account, assistant);
      }),
    delete: ([account], id) => transactions.write(() => tables.assistants.delete(account, id), account),
  };
}
