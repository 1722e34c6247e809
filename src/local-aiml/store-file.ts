/**
 * Owns the file of the store: where it lies, how it is opened, what tables it has, and what is said when that fails.
 * What the tables hold is the store's own affair.
 */
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import { LocalAimlStartError } from './start-error.ts';

const FILE_NAME = 'aiml.db';

/** How long a statement waits for another process that is writing. It blocks this process for as long. */
const BUSY_TIMEOUT_MS = 5_000;
const OPEN_ATTEMPTS = 50;
const OPEN_RETRY_MS = 100;

/** "AIML" in ASCII: tells this store from other people's SQLite files. */
const APPLICATION_ID = 0x41_49_4d_4c;
const SCHEMA_VERSION = 1;

/**
 * `tie` is the insertion order among the assistants of an account with the same `created_at`. It is no alias of the
 * rowid, because SQLite does not seek an index by (created_at, rowid), and a page would scan all of the same second.
 * `bytes` is in the index so that the size of a page is known before a text is read.
 */
const SCHEMA = `
  CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
  CREATE TABLE assistants (
    id TEXT NOT NULL UNIQUE,
    account TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    tie INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    json TEXT NOT NULL
  ) STRICT;
  CREATE INDEX assistants_in_order ON assistants (account, created_at, tie, bytes);
  CREATE TABLE vector_stores (id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, json TEXT NOT NULL) STRICT;
  INSERT INTO secrets VALUES ('account_salt', lower(hex(randomblob(32))));
  PRAGMA application_id = ${APPLICATION_ID};
  PRAGMA user_version = ${SCHEMA_VERSION};
`;

/**
 * Opens the store in `dataDir`, made if it is not there (readable for its owner alone), in the write-ahead mode that
 * several processes can share. Every commit is on the disk before it returns.
 * Rejects with a {@link LocalAimlStartError}.
 */
export async function openStoreFile(dataDir: string): Promise<Database.Database> {
  let database: Database.Database | undefined;
  try {
    ensureFolder(dataDir);
    const path = join(dataDir, FILE_NAME);
    // SQLite gives its own files the mode of this one; and a folder that cannot be written is told by its error code.
    closeSync(openSync(path, 'a', 0o600));
    database = new Database(path, { timeout: BUSY_TIMEOUT_MS });
    await prepareDatabase(database);
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof LocalAimlStartError ? error : toStartError(error);
  }
}

/**
 * Makes the folder and those above it. Not by `recursive` of Node's own: that one never returns where the system refuses
 * with ENOENT, as in /proc.
 */
function ensureFolder(path: string): void {
  if (existsSync(path)) return;
  const parent = dirname(path);
  if (parent !== path) ensureFolder(parent);
  try {
    mkdirSync(path, { mode: 0o700 });
  } catch (error) {
    // Another process may have made it in the meantime.
    if (codeOf(error) !== 'EEXIST') throw error;
  }
}

/** Leaves everything in the one file, where that is possible, so that a copy of it is whole. Does not throw. */
export function closeStoreFile(database: Database.Database): void {
  try {
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
  } catch {
    // A full disk, or another process in the middle of a write: the write-ahead log beside the file stays and is read.
  }
  database.close();
}

async function prepareDatabase(database: Database.Database): Promise<void> {
  refuseForeign(database);
  // The change to write-ahead mode answers "busy" at once, without waiting, while another process opens the same file.
  for (let attempt = 1; ; attempt++) {
    try {
      database.exec('PRAGMA journal_mode = WAL');
      break;
    } catch (error) {
      if (codeOf(error) !== 'SQLITE_BUSY' || attempt === OPEN_ATTEMPTS) throw error;
      await sleep(OPEN_RETRY_MS);
    }
  }
  database.exec('PRAGMA synchronous = FULL');
  inWriteTransaction(database, () => {
    if (isEmpty(database)) database.exec(SCHEMA);
  });
}

/** Before anything is changed: the file of another program or of a later version of this one stays as it is. */
function refuseForeign(database: Database.Database): void {
  if (isEmpty(database)) return;
  if (readPragma(database, 'application_id') !== APPLICATION_ID)
    throw new LocalAimlStartError(
      `DATA_DIR holds an ${FILE_NAME} that is not the embedded AIML API's: move it away or set DATA_DIR to another folder.`,
    );
  if (readPragma(database, 'user_version') !== SCHEMA_VERSION)
    throw new LocalAimlStartError(
      'The store in DATA_DIR was written by a newer version: update this program or set DATA_DIR to another folder.',
    );
}

function isEmpty(database: Database.Database): boolean {
  return database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
}

function readPragma(database: Database.Database, name: string): unknown {
  const row = database.prepare(`PRAGMA ${name}`).get() as Readonly<Record<string, unknown>>;
  return row[name];
}

/**
 * Runs `work` with the write lock of all processes held: all of it happens, or, where it throws, nothing.
 * Every write goes through here, single statements too: after "busy", libsql leaves a prepared statement open, which
 * keeps the connection from committing anything else. Here it is BEGIN that is busy, and that is not a prepared one.
 */
export function inWriteTransaction<T>(database: Database.Database, work: () => T): T {
  return inTransaction(database, 'BEGIN IMMEDIATE', work);
}

/** Runs `work` on one state of the store, whatever other processes write meanwhile. Every read goes through here. */
export function inReadTransaction<T>(database: Database.Database, work: () => T): T {
  return inTransaction(database, 'BEGIN', work);
}

function inTransaction<T>(database: Database.Database, begin: string, work: () => T): T {
  database.exec(begin);
  try {
    const result = work();
    database.exec('COMMIT');
    return result;
  } catch (error) {
    // SQLite has already rolled back after some failures of the disk; to do it again would hide the reason.
    if (database.inTransaction) database.exec('ROLLBACK');
    throw error;
  }
}

/** The code of an error of the file system or of SQLite, or '' where it has none. */
export function codeOf(error: unknown): string {
  const { code } = error as { readonly code?: unknown };
  return typeof code === 'string' ? code : '';
}

/** Whether the disk or a quota is full. */
export function isFull(code: string): boolean {
  return ['ENOSPC', 'EDQUOT', 'SQLITE_FULL'].includes(code);
}

function toStartError(error: unknown): LocalAimlStartError {
  const code = codeOf(error);
  return new LocalAimlStartError(startMessage(code), { cause: error });
}

function startMessage(code: string): string {
  if (isFull(code)) return 'The disk that DATA_DIR is on is full: free some space or set DATA_DIR to another folder.';
  switch (code) {
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOENT':
    case 'SQLITE_READONLY':
    case 'SQLITE_CANTOPEN':
      return 'DATA_DIR cannot be written: change its permissions or set DATA_DIR to another folder.';
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
      return 'DATA_DIR is not a folder, or lies below something that is none: set DATA_DIR to another folder.';
    case 'SQLITE_NOTADB':
    case 'SQLITE_CORRUPT':
      return `The ${FILE_NAME} in DATA_DIR is not a database, or a damaged one: move it away or set DATA_DIR to another folder.`;
    case 'SQLITE_BUSY':
      return 'The store in DATA_DIR is locked by another process: stop that one or set DATA_DIR to another folder.';
    default:
      return `The store in DATA_DIR cannot be opened (${code || 'unknown reason'}): check the disk or set DATA_DIR to another folder.`;
  }
}
