/** Owns the tables of the store as a whole, and how the path of a request is followed through them. */
import type Database from 'libsql';
import type { Assistant } from '../../assistants/model.ts';
import type { Message } from '../../messages/model.ts';
import type { Run } from '../../runs/model.ts';
import type { RunStep } from '../../runs/step.ts';
import type { Thread } from '../../threads/model.ts';
import type { VectorStore } from '../../wire/tool-resources.ts';
import type { Owner } from '../store.ts';
import { EntityTable } from './entity-table.ts';

export type Tables = ReturnType<typeof createTables>;

export function createTables(database: Database.Database) {
  const threads = new EntityTable<Thread>(database, 'threads', 'thread');
  const runs = new EntityTable<Run>(database, 'runs', 'run');
  const vectorStores = new EntityTable<VectorStore>(database, 'vector_stores', 'vector_store');
  const countUp = database.prepare('UPDATE threads SET last_sequence = last_sequence + 1 WHERE id = ?');
  const count = database.prepare('SELECT last_sequence FROM threads WHERE id = ?');
  return {
    assistants: new EntityTable<Assistant>(database, 'assistants', 'assistant'),
    threads,
    messages: new EntityTable<Message>(database, 'messages', 'message'),
    runs,
    steps: new EntityTable<RunStep>(database, 'steps', 'step'),
    vectorStores,
    /** The parent of what lies under the path. Throws NotFoundError if an object of the path is unknown. */
    parentOf([account, threadId, runId]: Owner): string {
      if (threadId === undefined) return account;
      threads.get(account, threadId);
      if (runId === undefined) return threadId;
      runs.get(threadId, runId);
      return runId;
    },
    /** The sequence for the next message, run or step of a thread. */
    nextSequence(threadId: string): number {
      countUp.run(threadId);
      return (count.get(threadId) as { readonly last_sequence: number }).last_sequence;
    },
    insertVectorStores(account: string, stores: readonly VectorStore[]): void {
      for (const store of stores) vectorStores.insert(account, store);
    },
  };
}
