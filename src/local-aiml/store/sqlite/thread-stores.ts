/** Owns the threads and messages of the SQLite store, and how they are added to its tables; see `store.ts` for the contract. */
import type { Message } from '../../messages/model.ts';
import { attachFiles, type Thread } from '../../threads/model.ts';
import type { VectorStore } from '../../wire/tool-resources.ts';
import { nowSeconds } from '../../wire/unix-time.ts';
import { ThreadBusyError } from '../errors.ts';
import type { MessageQuery, MessageStore, NewThread, ThreadStore } from '../store.ts';
import { createEntityStore, type StoreParts } from './entity-store.ts';
import type { Tables } from './tables.ts';

/** `cleanUp` is called after a delete: it deletes, later, what lay below the thread. */
export function createThreadStore(parts: StoreParts, cleanUp: () => void): ThreadStore {
  const { database, transactions, tables, rows } = parts;
  const entities = createEntityStore(parts, tables.threads);
  const markDeleted = database.prepare('INSERT OR IGNORE INTO deleted_threads VALUES (?)');
  return {
    ...entities,
    create: (account, newThread, idempotency) =>
      entities.once([account], newThread.thread.id, idempotency, () => insertThread(tables, account, newThread)),
    async delete([account], id) {
      await transactions.write(() => {
        tables.threads.delete(account, id);
        rows.rejectLive(id, (runId) => `Can't delete ${id} while a run ${runId} is active.`);
        markDeleted.run(id);
      }, account);
      cleanUp();
    },
  };
}

export function createMessageStore(parts: StoreParts): MessageStore {
  const { transactions, tables, rows } = parts;
  const entities = createEntityStore<Message, MessageQuery>(parts, tables.messages, ({ runId }) =>
    runId === undefined ? undefined : { column: 'run_id', value: runId },
  );
  return {
    ...entities,
    create: (owner, message, idempotency) =>
      entities.once(owner, message.id, idempotency, (threadId) => {
        rows.rejectLive(threadId, (runId) => `Can't add messages to ${threadId} while a run ${runId} is active.`);
        insertMessages(tables, owner[0], threadId, [message]);
        return tables.messages.get(threadId, message.id);
      }),
    delete: (owner, id) =>
      transactions.write(() => {
        const threadId = tables.parentOf(owner);
        const live = rows.unexpiredLiveOf(threadId);
        if (live && rows.openMessages(live.id).some((message) => message.id === id))
          throw new ThreadBusyError(`Can't delete a message of ${threadId} that an active run ${live.id} is writing.`);
        tables.messages.delete(threadId, id);
      }, owner[0]),
  };
}

/** Returns the text of the thread as it is kept. Runs within a transaction. */
export function insertThread(tables: Tables, account: string, newThread: NewThread): string {
  const { thread, messages, vectorStores } = newThread;
  tables.insertVectorStores(account, vectorStores);
  tables.threads.insert(account, thread);
  insertMessages(tables, account, thread.id, messages);
  return tables.threads.get(account, thread.id);
}

/** Adds messages, and the files that are attached to them, to a thread. Runs within a transaction. Throws NotFoundError. */
export function insertMessages(tables: Tables, account: string, threadId: string, messages: readonly Message[]): void {
  for (const message of messages) tables.messages.insert(threadId, message, tables.nextSequence(threadId));
  const attachments = messages.flatMap((message) => message.attachments);
  if (attachments.length === 0) return;
  const current = JSON.parse(tables.threads.get(account, threadId)) as Thread;
  const { thread, newStore, storeFiles } = attachFiles(current, attachments, nowSeconds());
  tables.threads.update(thread);
  if (newStore) tables.insertVectorStores(account, [newStore]);
  // A vector store of another make is not known here, and its files are its own.
  const json = storeFiles && tables.vectorStores.find(account, storeFiles.storeId);
  if (!json) return;
  const store = JSON.parse(json) as VectorStore;
  tables.vectorStores.update({ ...store, file_ids: [...new Set([...store.file_ids, ...storeFiles.fileIds])] });
}
