/**
 * One table of entities: reads, pages and writes rows of the form that `migrations.ts` describes. Calls are synchronous and
 * run within a transaction. Errors of SQLite pass through.
 */
import type Database from 'libsql';
import { invalid } from '../../api/api-error.ts';
import { NotFoundError, objectTooLarge, type ObjectKind } from '../errors.ts';
import type { ListQuery, Page } from '../store.ts';

/**
 * A page ends here even if it has fewer items than asked for; `hasMore` is then true. A hundred of the largest objects
 * would otherwise be a response of several hundred megabytes.
 */
const MAX_PAGE_BYTES = 8 * 1024 * 1024;

/** What an object may grow to by modifies that each are small enough. */
const MAX_OBJECT_BYTES = 8 * 1024 * 1024;

interface Position {
  readonly created_at: number;
  readonly sequence: number;
}
const FIRST: Position = { created_at: -1, sequence: -1 };
const LAST: Position = { created_at: Number.MAX_SAFE_INTEGER, sequence: Number.MAX_SAFE_INTEGER };

type ColumnValue = string | number | null;

/** Any object of the API. */
export interface Entity {
  readonly id: string;
  readonly created_at: number;
}

/** A condition on a column beside those of a page. */
export interface Filter {
  readonly column: string;
  readonly value: ColumnValue;
}

export class EntityTable<T extends Entity> {
  readonly #database: Database.Database;
  readonly #table: string;
  readonly #kind: ObjectKind;
  readonly #statements = new Map<string, Database.Statement>();

  constructor(database: Database.Database, table: string, kind: ObjectKind) {
    this.#database = database;
    this.#table = table;
    this.#kind = kind;
  }

  find(parent: string, id: string): string | undefined {
    const row = this.#statement(`SELECT json FROM ${this.#table} WHERE id = ? AND parent = ?`).get(id, parent);
    return (row as { readonly json: string } | undefined)?.json;
  }

  /** Throws {@link NotFoundError}. */
  get(parent: string, id: string): string {
    const json = this.find(parent, id);
    if (json === undefined) throw new NotFoundError(this.#kind, id);
    return json;
  }

  /**
   * Returns the text that is kept. Throws an ApiError of 413 if it is too large. `columns` are those that only this table has. The
   * default for `sequence` is the next one of a parent that belongs to no thread.
   */
  insert(
    parent: string,
    entity: T,
    sequence = this.#nextSequence(parent, entity.created_at),
    columns: Readonly<Record<string, ColumnValue>> = {},
  ): string {
    const text = toText(entity);
    const row = { id: entity.id, parent, created_at: entity.created_at, sequence, ...text, ...columns };
    const names = Object.keys(row);
    const marks = names.map(() => '?').join(', ');
    this.#statement(`INSERT INTO ${this.#table} (${names.join(', ')}) VALUES (${marks})`).run(...Object.values(row));
    return text.json;
  }

  /** Returns the text that is kept. Throws an ApiError of 413 if it is too large. */
  update(entity: T, columns: Readonly<Record<string, ColumnValue>> = {}): string {
    const text = toText(entity);
    const row = { ...text, ...columns };
    const assignments = Object.keys(row).map((name) => `${name} = ?`);
    this.#statement(`UPDATE ${this.#table} SET ${assignments.join(', ')} WHERE id = ?`).run(
      ...Object.values(row),
      entity.id,
    );
    return text.json;
  }

  /** Replaces an object by what `change` makes of it. Throws {@link NotFoundError}. */
  modify(parent: string, id: string, change: (current: T) => T): string {
    return this.update(change(JSON.parse(this.get(parent, id)) as T));
  }

  /** Throws {@link NotFoundError}. */
  delete(parent: string, id: string): void {
    const { changes } = this.#statement(`DELETE FROM ${this.#table} WHERE id = ? AND parent = ?`).run(id, parent);
    if (changes === 0) throw new NotFoundError(this.#kind, id);
  }

  /** As `Reads.list` of the store. Throws an ApiError of 400 for an unknown cursor. */
  page(parent: string, query: ListQuery, filter?: Filter): Page {
    const { order, limit } = query;
    const after = this.#position(parent, query.after, 'after');
    const before = this.#position(parent, query.before, 'before');
    const low = (order === 'asc' ? after : before) ?? FIRST;
    const high = (order === 'asc' ? before : after) ?? LAST;
    const isBackward = before !== undefined && after === undefined;
    const direction = (order === 'asc') === isBackward ? 'DESC' : 'ASC';
    const range = [parent, low.created_at, low.sequence, high.created_at, high.sequence];
    const values = filter ? [...range, filter.value] : range;

    const sizes = this.#statement(pageSql(this.#table, 'bytes', direction, filter?.column)).all(...values, limit + 1);
    const count = countWithin(sizes as { readonly bytes: number }[], limit, MAX_PAGE_BYTES);
    const items = this.#statement(pageSql(this.#table, 'id, json', direction, filter?.column)).all(...values, count);
    const page = items as Page['items'][number][];
    return { items: isBackward ? page.reverse() : page, hasMore: sizes.length > count };
  }

  #nextSequence(parent: string, createdAt: number): number {
    const row = this.#statement(
      `SELECT coalesce(max(sequence), 0) + 1 AS next FROM ${this.#table} WHERE parent = ? AND created_at = ?`,
    ).get(parent, createdAt);
    return (row as { readonly next: number }).next;
  }

  #position(parent: string, id: string | undefined, cursor: 'after' | 'before'): Position | undefined {
    if (id === undefined) return undefined;
    const row = this.#statement(`SELECT created_at, sequence FROM ${this.#table} WHERE id = ? AND parent = ?`).get(
      id,
      parent,
    );
    if (row === undefined) throw invalid(cursor, 'the id of an object of this list');
    return row as Position;
  }

  #statement(sql: string): Database.Statement {
    let statement = this.#statements.get(sql);
    if (!statement) this.#statements.set(sql, (statement = this.#database.prepare(sql)));
    return statement;
  }
}

/** The part of a parent's rows between two positions, neither of them included. */
export function pageSql(table: string, columns: string, direction: 'ASC' | 'DESC', filterColumn?: string): string {
  return `SELECT ${columns} FROM ${table}
    WHERE parent = ? AND (created_at, sequence) > (?, ?) AND (created_at, sequence) < (?, ?)
    ${filterColumn === undefined ? '' : `AND ${filterColumn} = ?`}
    ORDER BY created_at ${direction}, sequence ${direction} LIMIT ?`;
}

function toText(entity: Entity): { readonly bytes: number; readonly json: string } {
  const json = JSON.stringify(entity);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_OBJECT_BYTES) throw objectTooLarge();
  return { bytes, json };
}

/** How many of the first `limit` items make a page: at least one, where there is one, and else as many as fit. */
export function countWithin(found: readonly { readonly bytes: number }[], limit: number, maxBytes: number): number {
  let total = 0;
  let count = 0;
  for (const { bytes } of found.slice(0, limit)) {
    total += bytes;
    if (count > 0 && total > maxBytes) break;
    count++;
  }
  return count;
}
