/**
 * Remembers what each request created, so that a repeated request creates nothing: by its `Idempotency-Key` for 24 hours, or
 * by its fingerprint for two minutes if the client says that it retries. It is written in the transaction of the request, so
 * it is exact between processes and after a crash. Calls run within a transaction.
 */
import type Database from 'libsql';
import { idempotencyKeyReused, repeatedObjectDeleted } from '../errors.ts';
import type { Idempotency } from '../store.ts';

const KEY_LIFETIME_MS = 24 * 60 * 60 * 1000;
const RETRY_WINDOW_MS = 2 * 60 * 1000;

export class IdempotencyStore {
  readonly #statements: ReturnType<typeof prepareStatements>;

  constructor(database: Database.Database) {
    this.#statements = prepareStatements(database);
  }

  /**
   * Makes the object `id`, unless an earlier request did: then returns what `read` finds now. Throws an ApiError of 409 if
   * the key was used for another request, or `read` finds nothing.
   */
  once<T>(
    account: string,
    id: string,
    idempotency: Idempotency,
    read: (id: string) => T | undefined,
    make: () => T,
  ): T {
    const now = Date.now();
    const earlierId = this.#find(account, idempotency, now);
    if (earlierId !== undefined) {
      const value = read(earlierId);
      if (value === undefined) throw repeatedObjectDeleted();
      return value;
    }
    const value = make();
    const { idempotencyKey, fingerprint } = idempotency;
    if (idempotencyKey !== undefined) this.#statements.saveKey.run(account, idempotencyKey, fingerprint, id, now);
    this.#statements.saveRecent.run(account, fingerprint, id, now);
    return value;
  }

  /** Forgets what is too old to matter. */
  purge(): void {
    this.#statements.purgeKeys.run(Date.now() - KEY_LIFETIME_MS);
    this.#statements.purgeRecent.run(Date.now() - RETRY_WINDOW_MS);
  }

  #find(account: string, { idempotencyKey, fingerprint, isRetry }: Idempotency, now: number): string | undefined {
    if (idempotencyKey !== undefined) {
      const row = this.#statements.findKey.get(account, idempotencyKey, now - KEY_LIFETIME_MS) as
        { readonly object_id: string; readonly fingerprint: string } | undefined;
      if (row && row.fingerprint !== fingerprint) throw idempotencyKeyReused();
      // Under a new key the same body is a new request, even if the client says that it retries.
      return row?.object_id;
    }
    if (!isRetry) return undefined;
    const row = this.#statements.findRecent.get(account, fingerprint, now - RETRY_WINDOW_MS) as
      { readonly object_id: string } | undefined;
    return row?.object_id;
  }
}

function prepareStatements(database: Database.Database) {
  return {
    findKey: database.prepare(
      'SELECT object_id, fingerprint FROM idempotency_keys WHERE account = ? AND key = ? AND made_at > ?',
    ),
    saveKey: database.prepare('INSERT OR REPLACE INTO idempotency_keys VALUES (?, ?, ?, ?, ?)'),
    findRecent: database.prepare(
      'SELECT object_id FROM recent_requests WHERE account = ? AND fingerprint = ? AND made_at > ?',
    ),
    saveRecent: database.prepare('INSERT OR REPLACE INTO recent_requests VALUES (?, ?, ?, ?)'),
    purgeKeys: database.prepare('DELETE FROM idempotency_keys WHERE made_at <= ?'),
    purgeRecent: database.prepare('DELETE FROM recent_requests WHERE made_at <= ?'),
  };
}
