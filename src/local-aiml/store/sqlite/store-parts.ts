/** Owns what the stores of the single kinds of objects share. */
import type Database from 'libsql';
import type { Repetitions } from './repetitions.ts';
import type { RunRows } from './run-rows.ts';
import type { RunWatch } from './run-watch.ts';
import type { Tables } from './tables.ts';
import type { Transactions } from './transactions.ts';

export interface StoreParts {
  readonly database: Database.Database;
  readonly transactions: Transactions;
  readonly tables: Tables;
  readonly rows: RunRows;
  readonly watch: RunWatch;
  readonly repetitions: Repetitions;
}
