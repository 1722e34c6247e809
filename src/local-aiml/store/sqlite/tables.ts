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

export class Tables {
  readonly assistants: EntityTable<Assistant>;
  readonly threads: EntityTable<Thread>;
  readonly messages: EntityTable<Message>;
  readonly runs: EntityTable<Run>;
  readonly steps: EntityTable<RunStep>;
  readonly vectorStores: EntityTable<VectorStore>;
  readonly #countUp: Database.Statement;
  readonly #count: Database.Statement;

  constructor(database: Database.Database) {
    this.assistants = new EntityTable(database, 'assistants', 'assistant');
    this.threads = new EntityTable(database, 'threads', 'thread');
    this.messages = new EntityTable(database, 'messages', 'message');
    this.runs = new EntityTable(database, 'runs', 'run');
    this.steps = new EntityTable(database, 'steps', 'step');
    this.vectorStores = new EntityTable(database, 'vector_stores', 'vector_store');
    this.#countUp = database.prepare('UPDATE threads SET last_sequence = last_sequence + 1 WHERE id = ?');
    this.#count = database.prepare('SELECT last_sequence FROM threads WHERE id = ?');
  }

  /** The parent of what lies under the path. Throws NotFoundError if an object of the path is unknown. */
  parentOf([account, threadId, runId]: Owner): string {
    if (threadId === undefined) return account;
    this.threads.get(account, threadId);
    if (runId === undefined) return threadId;
    this.runs.get(threadId, runId);
    return runId;
  }

  /** The sequence for the next message, run or step of a thread. */
  nextSequence(threadId: string): number {
    this.#countUp.run(threadId);
    return (this.#count.get(threadId) as { readonly last_sequence: number }).last_sequence;
  }

  insertVectorStores(account: string, stores: readonly VectorStore[]): void {
    for (const store of stores)
      this.vectorStores.insert(account, store, this.vectorStores.nextSequence(account, store.created_at));
  }
}
