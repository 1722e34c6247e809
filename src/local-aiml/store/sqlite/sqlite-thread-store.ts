/** Owns the threads of the SQLite store; see `store.ts` for the contract. */
import type Database from 'libsql';
import type { Thread } from '../../threads/model.ts';
import { ThreadBusyError } from '../errors.ts';
import type { Idempotency, NewThread, Owner, ThreadStore } from '../store.ts';
import { EntityStore, type StoreParts } from './entity-store.ts';
import { insertThread } from './thread-rows.ts';

export class SqliteThreadStore extends EntityStore<Thread> implements ThreadStore {
  readonly #markDeleted: Database.Statement;
  readonly #cleanUp: () => void;

  /** `cleanUp` is called after a delete: it deletes, later, what lay below the thread. */
  constructor(parts: StoreParts, cleanUp: () => void) {
    super(parts, parts.tables.threads);
    this.#markDeleted = parts.database.prepare('INSERT OR IGNORE INTO deleted_threads VALUES (?)');
    this.#cleanUp = cleanUp;
  }

  create(account: string, newThread: NewThread, idempotency: Idempotency): Promise<string> {
    const { transactions, tables, idempotencyStore } = this.parts;
    return transactions.write(() =>
      idempotencyStore.once(
        account,
        idempotency,
        (id) => tables.threads.find(account, id),
        () => ({ id: newThread.thread.id, value: insertThread(tables, account, newThread) }),
      ),
    );
  }

  async delete([account]: Owner, id: string): Promise<void> {
    const { transactions, tables, rows } = this.parts;
    await transactions.write(() => {
      tables.threads.delete(account, id);
      const live = rows.unexpiredLiveOf(id);
      if (live) throw new ThreadBusyError(id, live.id);
      this.#markDeleted.run(id);
    });
    this.#cleanUp();
  }
}
