/**
 * Owns the store on SQLite: one file, shared by any number of processes; see `store.ts` for the contract. What was
 * acknowledged is on the disk.
 */
import { createHmac } from 'node:crypto';
import type Database from 'libsql';
import { StoreFailedError, StoreFullError } from '../errors.ts';
import type { Store } from '../store.ts';
import { createAssistantStore, createEntityStore, type StoreParts } from './entity-store.ts';
import { closeStoreFile, openStoreFile } from './file.ts';
import { IdempotencyStore } from './idempotency-store.ts';
import { RunRows } from './run-rows.ts';
import { createRunStore } from './run-store.ts';
import { RunWatch } from './run-watch.ts';
import { createTables } from './tables.ts';
import { createMessageStore, createThreadStore } from './thread-stores.ts';
import { Transactions, type TransactionListener } from './transactions.ts';
import { createWorkStore } from './work-store.ts';

/** Gets one line for the log that names the setting to look at when the store fails, and null when it works again. */
type ReportHealth = (problem: string | null) => void;

/** Opens the store in `dataDir`. Rejects with a LocalAimlStartError. */
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
  const transactions = new Transactions(database, [createHealthListener(report), watch]);
  const tables = createTables(database);
  const rows = new RunRows(database, tables, watch);
  const idempotencyStore = new IdempotencyStore(database);
  const parts: StoreParts = { database, transactions, tables, rows, watch, idempotencyStore };
  const work = createWorkStore(parts);
  return {
    id: digest('the id of the store'),
    serviceKey: digest('the key of the service'),
    assistants: createAssistantStore(parts),
    threads: createThreadStore(parts, () => void work.cleanUp().catch(() => undefined)),
    messages: createMessageStore(parts),
    runs: createRunStore(parts),
    steps: createEntityStore(parts, tables.steps),
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

const FULL =
  'The store in DATA_DIR cannot grow (a full disk, a quota or a limit of file sizes): nothing can be written until there is space.';
const DAMAGED = 'The store in DATA_DIR is damaged: put back a copy of it, or set DATA_DIR to another folder.';
const FAILED = 'The store in DATA_DIR cannot be read or written: check the disk.';

/** Reports each problem once. */
function createHealthListener(report: ReportHealth): TransactionListener {
  let problem: string | null = null;
  const set = (next: string | null): void => {
    if (problem !== next) report(next);
    problem = next;
  };
  return {
    // A write that was made says that there is space again; damage stays, wherever it is.
    onCommit(wasWrite) {
      if (wasWrite && problem !== DAMAGED) set(null);
    },
    onRollback(error) {
      if (error instanceof StoreFullError) set(FULL);
      else if (error instanceof StoreFailedError) set(error.isDamaged ? DAMAGED : FAILED);
    },
  };
}
