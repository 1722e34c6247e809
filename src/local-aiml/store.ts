/**
 * Owns the assistants on disk, of all accounts. What an assistant looks like is not known here: it is kept as the text
 * in which it is answered, so that what was acknowledged is what is read. What was acknowledged is on the disk.
 * Calls are synchronous; the errors of SQLite pass through.
 */
import { createHmac } from 'node:crypto';
import type Database from 'libsql';
import { closeStoreFile, inReadTransaction, inWriteTransaction, openStoreFile } from './store-file.ts';

/** A text under its id. */
export interface Stored {
  readonly id: string;
  readonly json: string;
}

export interface ListQuery {
  readonly order: 'asc' | 'desc';
  /** At least 1. */
  readonly limit: number;
  readonly after: string | undefined;
  readonly before: string | undefined;
}

export interface Page {
  readonly items: readonly Stored[];
  /** Whether more lie beyond the page, in the direction in which it was read. */
  readonly hasMore: boolean;
}

/** The account has no assistant at this cursor (any more). */
export class UnknownCursorError extends Error {
  override readonly name = 'UnknownCursorError';
  readonly cursor: 'after' | 'before';

  constructor(cursor: 'after' | 'before') {
    super(`Unknown cursor '${cursor}'`);
    this.cursor = cursor;
  }
}

/**
 * Where a page ends even if it has fewer items than asked for (`hasMore` then says that more follow). A hundred of the
 * largest assistants would otherwise be an answer of several hundred megabytes.
 */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;

interface Position {
  readonly created_at: number;
  readonly tie: number;
}
const FIRST: Position = { created_at: -1, tie: -1 };
const LAST: Position = { created_at: Number.MAX_SAFE_INTEGER, tie: Number.MAX_SAFE_INTEGER };

/** Opens the store in `dataDir`. Rejects with a LocalAimlStartError. */
export async function openStore(dataDir: string): Promise<AssistantStore> {
  return new AssistantStore(await openStoreFile(dataDir));
}

export class AssistantStore {
  readonly #database: Database.Database;
  readonly #accountSalt: string;
  readonly #statements: ReturnType<typeof prepareStatements>;

  constructor(database: Database.Database) {
    this.#database = database;
    this.#statements = prepareStatements(database);
    this.#accountSalt = (this.#statements.secret.get('account_salt') as { readonly value: string }).value;
  }

  /** Tells this store from every other one, a later one in the same folder included. It guards nothing. */
  get id(): string {
    return createHmac('sha256', this.#accountSalt).update('the id of the store').digest('hex');
  }

  /** The account of a key. The key is not kept, and without the salt of this store it cannot be tried out. */
  accountOf(key: string): string {
    return createHmac('sha256', this.#accountSalt).update(key).digest('hex');
  }

  /** Keeps a new assistant, and with it the vector stores that were made for it: all or nothing. */
  create(account: string, assistant: Stored, createdAt: number, vectorStores: readonly Stored[]): void {
    const { id, json } = assistant;
    inWriteTransaction(this.#database, () => {
      this.#statements.insert.run(id, account, createdAt, account, createdAt, Buffer.byteLength(json), json);
      for (const store of vectorStores) this.#statements.insertVectorStore.run(store.id, account, store.json);
    });
  }

  find(account: string, id: string): string | undefined {
    return inReadTransaction(this.#database, () => this.#json(account, id));
  }

  /**
   * Replaces the text of an assistant by what `change` makes of it, with no other write in between, from this process
   * or another. Gives the new text, or undefined where there is none. What `change` throws passes through.
   */
  modify(account: string, id: string, change: (json: string) => string): string | undefined {
    return inWriteTransaction(this.#database, () => {
      const json = this.#json(account, id);
      if (json === undefined) return undefined;
      const changed = change(json);
      if (changed !== json) this.#statements.update.run(Buffer.byteLength(changed), changed, account, id);
      return changed;
    });
  }

  /** Whether there was one to delete. Vector stores stay, as they do upstream. */
  delete(account: string, id: string): boolean {
    return inWriteTransaction(this.#database, () => this.#statements.delete.run(account, id).changes > 0);
  }

  /**
   * A page in the order asked for: the items right after `after`; with `before` alone, those right before it; with
   * both, the first ones of what lies between. Throws {@link UnknownCursorError}.
   */
  list(account: string, query: ListQuery): Page {
    const { order, limit } = query;
    return inReadTransaction(this.#database, () => {
      const after = this.#position(account, query.after, 'after');
      const before = this.#position(account, query.before, 'before');
      const low = (order === 'asc' ? after : before) ?? FIRST;
      const high = (order === 'asc' ? before : after) ?? LAST;
      const isBackward = before !== undefined && after === undefined;
      const { sizes, items } = this.#statements[(order === 'asc') === isBackward ? 'descending' : 'ascending'];
      const range = [account, low.created_at, low.tie, high.created_at, high.tie] as const;

      const found = sizes.all(...range, limit + 1) as { readonly bytes: number }[];
      const count = countWithin(found, limit);
      const page = items.all(...range, count) as Stored[];
      return { items: isBackward ? page.reverse() : page, hasMore: found.length > count };
    });
  }

  /** Other processes on the same file may go on. Does not throw. */
  close(): void {
    closeStoreFile(this.#database);
  }

  #json(account: string, id: string): string | undefined {
    const row = this.#statements.find.get(account, id) as { readonly json: string } | undefined;
    return row?.json;
  }

  #position(account: string, id: string | undefined, cursor: 'after' | 'before'): Position | undefined {
    if (id === undefined) return undefined;
    const position = this.#statements.position.get(account, id) as Position | undefined;
    if (position === undefined) throw new UnknownCursorError(cursor);
    return position;
  }
}

/** How many of the first `limit` items make a page: at least one, where there is one, and else as many as fit. */
function countWithin(found: readonly { readonly bytes: number }[], limit: number): number {
  let total = 0;
  let count = 0;
  for (const { bytes } of found.slice(0, limit)) {
    total += bytes;
    if (count > 0 && total > MAX_PAGE_BYTES) break;
    count++;
  }
  return count;
}

/** The part of an account's assistants between two positions, neither of them included. */
export function pageSql(columns: string, direction: 'ASC' | 'DESC'): string {
  return `SELECT ${columns} FROM assistants
    WHERE account = ? AND (created_at, tie) > (?, ?) AND (created_at, tie) < (?, ?)
    ORDER BY created_at ${direction}, tie ${direction} LIMIT ?`;
}

function prepareStatements(database: Database.Database) {
  return {
    secret: database.prepare('SELECT value FROM secrets WHERE name = ?'),
    insert: database.prepare(
      `INSERT INTO assistants (id, account, created_at, tie, bytes, json) VALUES (?, ?, ?,
         (SELECT coalesce(max(tie), 0) + 1 FROM assistants WHERE account = ? AND created_at = ?), ?, ?)`,
    ),
    insertVectorStore: database.prepare('INSERT INTO vector_stores (id, account, json) VALUES (?, ?, ?)'),
    find: database.prepare('SELECT json FROM assistants WHERE account = ? AND id = ?'),
    position: database.prepare('SELECT created_at, tie FROM assistants WHERE account = ? AND id = ?'),
    update: database.prepare('UPDATE assistants SET bytes = ?, json = ? WHERE account = ? AND id = ?'),
    delete: database.prepare('DELETE FROM assistants WHERE account = ? AND id = ?'),
    ascending: {
      sizes: database.prepare(pageSql('bytes', 'ASC')),
      items: database.prepare(pageSql('id, json', 'ASC')),
    },
    descending: {
      sizes: database.prepare(pageSql('bytes', 'DESC')),
      items: database.prepare(pageSql('id, json', 'DESC')),
    },
  };
}
