/** Owns how threads and messages made by hand are added to the tables. Calls run within a transaction. */
import { nowSeconds } from '../../wire/unix-time.ts';
import type { Message } from '../../messages/model.ts';
import { attachFiles, type Thread } from '../../threads/model.ts';
import type { VectorStore } from '../../wire/tool-resources.ts';
import type { NewThread } from '../store.ts';
import type { Tables } from './tables.ts';

/** Returns the text of the thread as it is kept. */
export function insertThread(tables: Tables, account: string, newThread: NewThread): string {
  const { thread, messages, vectorStores } = newThread;
  tables.insertVectorStores(account, vectorStores);
  tables.threads.insert(account, thread, tables.threads.nextSequence(account, thread.created_at));
  insertMessages(tables, account, thread.id, messages);
  return tables.threads.get(account, thread.id);
}

/** Adds messages, and the files that are attached to them, to a thread. Throws NotFoundError. */
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
