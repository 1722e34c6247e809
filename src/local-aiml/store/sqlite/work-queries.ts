/** Owns the statements with which workers find runs, and what followers and models read of a thread. */
import type Database from 'libsql';
import { RUN_COLUMNS } from './run-rows.ts';

/**
 * The accounts are a JSON array, or the JSON null for all. Times are Unix milliseconds, except `expires_at`. Runs are in the
 * order of their creation, which is that of the rowids.
 */
export function prepareWorkQueries(database: Database.Database) {
  const ofAccounts = "(?1 = 'null' OR account IN (SELECT value FROM json_each(?1)))";
  const isAbandoned = `live_status = 'in_progress' AND lease_until <= ?2`;
  return {
    hasWork: database.prepare(
      `SELECT 1 WHERE EXISTS (SELECT 1 FROM runs WHERE live_status = 'queued' AND ${ofAccounts})
         OR EXISTS (SELECT 1 FROM runs WHERE ${isAbandoned} AND ${ofAccounts})`,
    ),
    abandoned: database.prepare(
      `SELECT ${RUN_COLUMNS} FROM runs WHERE ${isAbandoned} AND ${ofAccounts} ORDER BY lease_until LIMIT 1`,
    ),
    /** Of the accounts that have queued runs, the one with the fewest runs in progress; of these, the one that waits longest. */
    nextAccount: database.prepare(
      `SELECT account FROM runs WHERE live_status IN ('queued', 'in_progress') AND ${ofAccounts}
         GROUP BY account HAVING sum(live_status = 'queued') > 0
         ORDER BY sum(live_status = 'in_progress'), min(CASE live_status WHEN 'queued' THEN rowid END) LIMIT 1`,
    ),
    oldestQueued: database.prepare(
      `SELECT ${RUN_COLUMNS} FROM runs WHERE live_status = 'queued' AND account = ? ORDER BY rowid LIMIT 1`,
    ),
    accountsWithWork: database.prepare(
      `SELECT DISTINCT account FROM runs WHERE live_status = 'queued' OR (live_status = 'in_progress' AND lease_until <= ?)`,
    ),
    renew: database.prepare(
      `UPDATE runs SET lease_until = ? WHERE id = ? AND attempt = ? AND live_status IN ('in_progress', 'cancelling')
         RETURNING live_status`,
    ),
    /**
     * One statement per text, because all texts are saved in one transaction, which blocks the process. `bytes` is updated only
     * when the message ends: otherwise every save would write two indexes.
     */
    saveText: database.prepare(
      `UPDATE messages SET json = json_set(json, '$.content', json(?)) WHERE id = ? AND run_id = ? AND is_open = 1
         AND EXISTS (SELECT 1 FROM runs WHERE id = ? AND attempt = ? AND live_status IN ('in_progress', 'cancelling'))`,
    ),
    /** Expired runs, and cancelling ones without a worker. */
    overdue: database.prepare(
      `SELECT ${RUN_COLUMNS} FROM runs WHERE live_status IS NOT NULL AND expires_at <= ?
       UNION ALL
       SELECT ${RUN_COLUMNS} FROM runs WHERE live_status = 'cancelling' AND expires_at > ? AND lease_until <= ?
       LIMIT 100`,
    ),
    abandonedTooOften: database.prepare(
      `SELECT ${RUN_COLUMNS} FROM runs WHERE live_status = 'in_progress' AND lease_until <= ? AND abandoned >= ? LIMIT 100`,
    ),
    threadExists: database.prepare('SELECT 1 FROM threads WHERE id = ?'),
    stepsOf: database.prepare('SELECT json FROM steps WHERE parent = ? ORDER BY sequence'),
    messagesOf: database.prepare('SELECT json, attempt FROM messages WHERE run_id = ? ORDER BY sequence'),
    messagesBefore: database.prepare(
      'SELECT sequence, json FROM messages WHERE parent = ? AND sequence < ? AND is_open = 0 ORDER BY sequence DESC LIMIT ?',
    ),
    toolStepsBefore: database.prepare(
      `SELECT sequence, json FROM steps WHERE thread_id = ? AND sequence < ? AND is_open = 0 AND type = 'tool_calls'
         AND json_extract(json, '$.status') = 'completed' ORDER BY sequence DESC LIMIT ?`,
    ),
    deletedThread: database.prepare('SELECT id FROM deleted_threads LIMIT 1'),
    forgetThread: database.prepare('DELETE FROM deleted_threads WHERE id = ?'),
    deleteMessages: database.prepare(
      'DELETE FROM messages WHERE rowid IN (SELECT rowid FROM messages WHERE parent = ? LIMIT 100)',
    ),
    deleteSteps: database.prepare(
      'DELETE FROM steps WHERE rowid IN (SELECT rowid FROM steps WHERE thread_id = ? LIMIT 100)',
    ),
    deleteRuns: database.prepare('DELETE FROM runs WHERE rowid IN (SELECT rowid FROM runs WHERE parent = ? LIMIT 100)'),
  };
}
