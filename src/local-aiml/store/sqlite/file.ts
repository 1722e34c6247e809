/**
 * Owns the file of the store: where it lies, how it is made and opened, and what is said when that fails.
 * What the tables hold is not known here.
 */
import { closeSync, existsSync, fsyncSync, linkSync, mkdirSync, openSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'libsql';
import { LocalAimlStartError } from '../../start-error.ts';
import { MIGRATIONS } from './migrations.ts';
import { codeOf, isBusy, isDamaged, isFull } from './sqlite-errors.ts';

const FILE_NAME = 'aiml.db';

/** How long a start waits for another process that is writing. */
const OPEN_TIMEOUT_MS = 5_000;
const OPEN_RETRY_MS = 50;

/** "AIML" in ASCII: marks the SQLite file as this store. */
const APPLICATION_ID = 0x41_49_4d_4c;

/** A store up to this size is read through at the start; damage in a larger one shows when it is met. */
const MAX_CHECKED_BYTES = 64 * 1024 * 1024;

/**
 * Opens the store in `dataDir`, made if it is not there (readable for its owner alone) and brought to the newest version, in
 * the write-ahead mode that several processes can share. Every commit is on the disk before it returns. Nothing that the
 * connection does waits for a lock: it fails as busy at once.
 * Rejects with a {@link LocalAimlStartError}.
 */
export async function openStoreFile(dataDir: string): Promise<Database.Database> {
  let database: Database.Database | undefined;
  try {
    ensureFolder(dataDir);
    const path = join(dataDir, FILE_NAME);
    const isCreatedDirectly = !existsSync(path) && createStoreFile(path) === 'in place';
    if (!isCreatedDirectly) await rejectEmpty(path);
    // A folder or a file that cannot be written is reported by its error code, which SQLite would hide.
    closeSync(openSync(path, 'r+'));
    database = new Database(path, { timeout: 0 });
    await prepareDatabase(database, path);
    return database;
  } catch (error) {
    database?.close();
    throw error instanceof LocalAimlStartError
      ? error
      : new LocalAimlStartError(startMessage(codeOf(error)), { cause: error });
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

/**
 * Makes the folder and those above it. Not by `recursive` of Node's own: that one never returns where the system fails
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

/**
 * Makes a new store under another name and links it to its own once it is whole: an empty file is then never a store that
 * is just being made, whatever ends the process. Where the file system has no links, only an empty file is made.
 */
function createStoreFile(path: string): 'linked' | 'in place' {
  const temporary = `${path}.${process.pid}.new`;
  rmSync(temporary, { force: true });
  try {
    // SQLite gives its own files the mode of this one.
    closeSync(openSync(temporary, 'wx', 0o600));
    const database = new Database(temporary);
    try {
      database.exec('PRAGMA synchronous = FULL; BEGIN IMMEDIATE');
      migrate(database);
      database.exec('COMMIT');
    } finally {
      database.close();
    }
    linkSync(temporary, path);
    syncFolder(dirname(path));
    return 'linked';
  } catch (error) {
    // Another process was faster: its store is as good.
    if (codeOf(error) === 'EEXIST') return 'linked';
    if (!existsSync(temporary) || !['EPERM', 'ENOTSUP', 'EOPNOTSUPP', 'ENOSYS'].includes(codeOf(error))) throw error;
    closeSync(openSync(path, 'a', 0o600));
    return 'in place';
  } finally {
    for (const suffix of ['', '-journal']) rmSync(temporary + suffix, { force: true });
  }
}

function syncFolder(path: string): void {
  const folder = openSync(path, 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

/** An empty file was a store once, or is no store: to begin anew without a word would hide a loss. */
async function rejectEmpty(path: string): Promise<void> {
  for (let waitedMs = 0; statSync(path).size === 0; waitedMs += OPEN_RETRY_MS) {
    // An earlier version of this program makes its store in place, and may be doing so.
    if (waitedMs >= 10 * OPEN_RETRY_MS)
      throw new LocalAimlStartError(
        `The ${FILE_NAME} in DATA_DIR is empty: put back a copy of it, or remove it to start with a new store.`,
      );
    await sleep(OPEN_RETRY_MS);
  }
}

async function prepareDatabase(database: Database.Database, path: string): Promise<void> {
  await whileLocked(() => rejectForeign(database));
  await whileLocked(() => database.exec('PRAGMA journal_mode = WAL'));
  database.exec('PRAGMA synchronous = FULL');
  if (statSync(path).size <= MAX_CHECKED_BYTES) await whileLocked(() => rejectDamaged(database));
  await whileLocked(() => {
    if (readVersion(database) === MIGRATIONS.length) return;
    database.exec('BEGIN IMMEDIATE');
    try {
      migrate(database);
      database.exec('COMMIT');
    } catch (error) {
      if (database.inTransaction) database.exec('ROLLBACK');
      throw error;
    }
  });
}

/** Runs `work` until no other process holds the lock that it needs. */
async function whileLocked(work: () => void): Promise<void> {
  const deadline = performance.now() + OPEN_TIMEOUT_MS;
  for (;;) {
    try {
      work();
      return;
    } catch (error) {
      if (!isBusy(codeOf(error)) || performance.now() >= deadline) throw error;
      await sleep(OPEN_RETRY_MS);
    }
  }
}

/** Brings the store to the newest version. Runs in a transaction; another process may have been faster. */
function migrate(database: Database.Database): void {
  for (const step of MIGRATIONS.slice(readVersion(database))) database.exec(step);
  database.exec(`PRAGMA application_id = ${APPLICATION_ID}; PRAGMA user_version = ${MIGRATIONS.length}`);
}

/** Before anything is changed: the file of another program or of a later version of this one stays as it is. */
function rejectForeign(database: Database.Database): void {
  const isEmpty = database.prepare('SELECT 1 FROM sqlite_schema LIMIT 1').get() === undefined;
  if (isEmpty) return;
  if (readPragma(database, 'application_id') !== APPLICATION_ID)
    throw new LocalAimlStartError(
      `DATA_DIR holds an ${FILE_NAME} that is not the embedded AIML API's: move it elsewhere or set DATA_DIR to another folder.`,
    );
  if (readVersion(database) > MIGRATIONS.length)
    throw new LocalAimlStartError(
      'The store in DATA_DIR was written by a newer version: update this program or set DATA_DIR to another folder.',
    );
}

function rejectDamaged(database: Database.Database): void {
  if (readPragma(database, 'quick_check(1)', 'quick_check') !== 'ok') throw new LocalAimlStartError(DAMAGED);
}

function readVersion(database: Database.Database): number {
  return Number(readPragma(database, 'user_version'));
}

function readPragma(database: Database.Database, pragma: string, column = pragma): unknown {
  const row = database.prepare(`PRAGMA ${pragma}`).get() as Readonly<Record<string, unknown>>;
  return row[column];
}

const DAMAGED = `The ${FILE_NAME} in DATA_DIR is not a database, or a damaged one: put back a copy of it, or move it elsewhere to start with a new store.`;

function startMessage(code: string): string {
  if (isDamaged(code)) return DAMAGED;
  if (isFull(code))
    return 'The store in DATA_DIR cannot grow (a full disk, a quota or a limit of file sizes): free some space or set DATA_DIR to another folder.';
  if (isBusy(code))
    return 'The store in DATA_DIR is locked by another process: stop that one or set DATA_DIR to another folder.';
  if (['EACCES', 'EPERM', 'EROFS', 'ENOENT', 'SQLITE_READONLY', 'SQLITE_CANTOPEN'].includes(code))
    return 'DATA_DIR cannot be written: change its permissions or set DATA_DIR to another folder.';
  if (['ENOTDIR', 'EEXIST', 'EISDIR'].includes(code))
    return 'DATA_DIR is not a folder, or lies below something that is none: set DATA_DIR to another folder.';
  return `The store in DATA_DIR cannot be opened (${code || 'unknown reason'}): check the disk or set DATA_DIR to another folder.`;
}
