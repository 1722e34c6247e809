/** Owns what the error codes of SQLite and of the file system mean. */
import Database from 'libsql';
import { errorCode } from '../../../runtime/error-code.ts';
import { StoreBusyError, StoreFailedError, StoreFullError } from '../errors.ts';

/** The code of an error of the file system or of SQLite, or '' if it has none. */
export function codeOf(error: unknown): string {
  return errorCode(error) ?? '';
}

/** Whether another connection holds what is needed; nothing was done. */
export function isBusy(code: string): boolean {
  return code.startsWith('SQLITE_BUSY') || code.startsWith('SQLITE_LOCKED');
}

/** Whether a file cannot grow: a full disk, a quota, or a limit of file sizes, which SQLite reports as a failed write. */
export function isFull(code: string): boolean {
  return ['ENOSPC', 'EDQUOT', 'EFBIG', 'SQLITE_FULL', 'SQLITE_IOERR_WRITE'].includes(code);
}

export function isDamaged(code: string): boolean {
  return code.startsWith('SQLITE_CORRUPT') || code === 'SQLITE_NOTADB' || code === 'SQLITE_IOERR_SHORT_READ';
}

/**
 * The error of the store for an error of SQLite; anything else is returned as it is. A commit that fails while it syncs may
 * or may not have been written.
 */
export function toStoreError(error: unknown, failedAt: 'read' | 'write' | 'commit'): unknown {
  if (!(error instanceof Database.SqliteError)) return error;
  const { code } = error;
  if (isBusy(code)) return new StoreBusyError(error);
  if (isFull(code)) return new StoreFullError(error);
  const isUnknown = failedAt === 'commit' && code.startsWith('SQLITE_IOERR');
  return new StoreFailedError({
    cause: error,
    isDamaged: isDamaged(code),
    isUnchanged: failedAt !== 'read' && !isUnknown,
  });
}
