/**
 * The tables of the store, version by version. A store of an earlier version is migrated step by step in one transaction. A
 * step, and with it the common form of its tables, is never changed after its release.
 *
 * Tables of entities have one form. `parent` is the account of an assistant, thread or vector store, the thread of a message
 * or run, and the run of a step. `sequence` is the insertion order: within a thread for what belongs to one, otherwise among
 * the rows of a parent with the same `created_at`. It is not the rowid, because SQLite does not seek an index by
 * (created_at, rowid), and a page would scan all rows of the same second. `bytes` is in the index, so that the size of a page
 * is known before any text is read. `json` is the text in which the object is sent.
 */

/** A table of the common form, with the index by which pages are read. `columns` are those that only this table has. */
const entityTable = (name: string, ...columns: readonly string[]): string => `
  CREATE TABLE ${name} (
    id TEXT NOT NULL UNIQUE,
    parent TEXT NOT NULL,
    created_at INTEGER NOT NULL,
    sequence INTEGER NOT NULL,
    bytes INTEGER NOT NULL,
    ${['json TEXT NOT NULL', ...columns].join(', ')}
  ) STRICT;
  CREATE INDEX ${name}_in_order ON ${name} (parent, created_at, sequence, bytes);`;

/** Index n brings a store of version n to version n + 1. */
export const MIGRATIONS: readonly string[] = [
  `
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
  `,
  `
  ALTER TABLE assistants RENAME COLUMN account TO parent;
  ALTER TABLE assistants RENAME COLUMN tie TO sequence;

  ALTER TABLE vector_stores RENAME TO old_vector_stores;
  ${entityTable('vector_stores')}
  INSERT INTO vector_stores
    SELECT id, account, json_extract(json, '$.created_at'), rowid, octet_length(json), json FROM old_vector_stores;
  DROP TABLE old_vector_stores;

  -- last_sequence: the sequence of the newest message, run or step of the thread.
  ${entityTable('threads', 'last_sequence INTEGER NOT NULL DEFAULT 0')}

  -- Threads that were deleted, and whose rows in other tables are still there.
  CREATE TABLE deleted_threads (id TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

  -- run_id and attempt: of the run that wrote it. is_open: whether it is being written.
  ${entityTable('messages', 'run_id TEXT', 'attempt INTEGER NOT NULL DEFAULT 0', 'is_open INTEGER NOT NULL DEFAULT 0')}
  CREATE INDEX messages_in_sequence ON messages (parent, sequence);
  CREATE INDEX messages_of_run ON messages (run_id, created_at, sequence, bytes) WHERE run_id IS NOT NULL;

  -- live_status: the status of a run that has not ended, otherwise null. attempt: the number of the newest claim.
  -- abandoned: how often a worker left it in progress. lease_until: Unix milliseconds. expires_at: Unix seconds.
  -- tally: what its model calls came to, as JSON.
  ${entityTable(
    'runs',
    'account TEXT NOT NULL',
    'live_status TEXT',
    'attempt INTEGER NOT NULL DEFAULT 0',
    'abandoned INTEGER NOT NULL DEFAULT 0',
    'lease_until INTEGER NOT NULL DEFAULT 0',
    'expires_at INTEGER NOT NULL',
    'tally TEXT NOT NULL',
  )}
  CREATE UNIQUE INDEX one_live_run_of_a_thread ON runs (parent) WHERE live_status IS NOT NULL;
  CREATE INDEX runs_to_do ON runs (live_status, account) WHERE live_status IS NOT NULL;
  CREATE INDEX runs_to_expire ON runs (expires_at) WHERE live_status IS NOT NULL;

  -- is_open: whether it is in progress. usage: what a step of tool calls shows once its outputs are there, as JSON.
  ${entityTable(
    'steps',
    'thread_id TEXT NOT NULL',
    'type TEXT NOT NULL',
    'is_open INTEGER NOT NULL DEFAULT 1',
    'usage TEXT',
  )}
  CREATE INDEX steps_in_sequence ON steps (thread_id, sequence);

  -- What requests made, for those that are sent again. made_at: Unix milliseconds.
  CREATE TABLE idempotency_keys (
    account TEXT NOT NULL,
    key TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    object_id TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (account, key)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX idempotency_keys_by_age ON idempotency_keys (made_at);
  CREATE TABLE recent_requests (
    account TEXT NOT NULL,
    fingerprint TEXT NOT NULL,
    object_id TEXT NOT NULL,
    made_at INTEGER NOT NULL,
    PRIMARY KEY (account, fingerprint)
  ) STRICT, WITHOUT ROWID;
  CREATE INDEX recent_requests_by_age ON recent_requests (made_at);
  `,
];
