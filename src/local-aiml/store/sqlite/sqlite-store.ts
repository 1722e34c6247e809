/**
 * Owns the store on SQLite: one file, shared by any number of processes; see `store.ts` for the contract. What was
 * acknowledged is on the disk.
 */
import { createHmac } from 'node:crypto';
import type Database from 'libsql';
import type { Store } from '../store.ts';
import { EntityStore, type StoreParts } from './entity-store.ts';
import { closeStoreFile, openStoreFile } from './file.ts';
import { IdempotencyStore } from './idempotency-store.ts';
import { RunRows } from './run-rows.ts';
import { RunWatch } from './run-watch.ts';
import { SqliteAssistantStore } from './sqlite-assistant-store.ts';
import { SqliteMessageStore } from './sqlite-message-store.ts';
import { SqliteRunStore } from './sqlite-run-store.ts';
import { SqliteThreadStore } from './sqlite-thread-store.ts';
import { SqliteWorkStore } from './sqlite-work-store.ts';
import { StoreHealth, type ReportHealth } from './store-health.ts';
import { Tables } from './tables.ts';
import { Transactions } from './transactions.ts';

/**
 * Opens the store in `dataDir`. `report` gets one line for the log when the store fails, and null when it works again.
 * Rejects with a LocalAimlStartError.
 */
export async function openStore(dataDir: string, report: ReportHealth = () => undefined): Promise<Store> {
  return createStore(await openStoreFile(dataDir), report);
}

/** The store on a file that is open. */
export function createStore(database: Database.Database, report: ReportHealth = () => undefined): Store {
  const salt = database.prepare("SELECT value FROM secrets WHERE name = 'account_salt'").get() as {
    readonly value: string;
  };
  const digest = (text: string) => createHmac('sha256', salt.value).update(text).digest('hex');
  const watch = new RunWatch(database);
  const transactions = new Transactions(database, [new StoreHealth(report), watch]);
  const tables = new Tables(database);
  const rows = new RunRows(database, tables, watch);
  const idempotencyStore = new IdempotencyStore(database);
  const parts: StoreParts = { database, transactions, tables, rows, watch, idempotencyStore };
  const work = new SqliteWorkStore(parts);
  return {
    id: digest('the id of the store'),
    serviceKey: digest('the key of the service'),
    assistants: new SqliteAssistantStore(parts),
    threads: new SqliteThreadStore(parts, () => void work.cleanUp().catch(() => undefined)),
    messages: new SqliteMessageStore(parts),
    runs: new SqliteRunStore(parts),
    steps: new EntityStore(parts, tables.steps),
    work,
    accountOf: digest,
    close: () => {
      watch.close();
      transactions.close();
      closeStoreFile(database);
      return Promise.resolve();
    },
  };
}
