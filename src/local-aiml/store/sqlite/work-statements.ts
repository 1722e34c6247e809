/** The SQL of the work store. */
import type Database from 'libsql';
import { RUN_COLUMNS } from './run-rows.ts';

/**
 * The accounts are a JSON array, or the JSON null for all. Times are Unix milliseconds, except `expires_at`. Runs are in the
 * order of their creation, which is that of the rowids.
 */
export function prepareStatements(database: Database.Database) {
  const ofAccounts = "(?1 = 'null' OR account IN (SELECT value FROM json_each(?1)))";
  const isAbandoned = `live_status = 'in_progress' AND lease_until <= ?2`;
  return {
    hasWork: database.prepare(
      `SELECT 1 WHERE EXISTS (SELECT 1 FROM runs WHERE live_status = 'queued' AND ${ofAccounts})
         OR EXISTS (SELECT 1 FROM runs WHERE ${isAbandoned} AND ${ofAccounts})`,
    ),
    abandoned: database.prepare(`SELECT id FROM runs WHERE ${isAbandoned} AND ${ofAccounts} ORDER BY lease_until`),
    /** The accounts that have queued runs: the one with the fewest runs in progress first; of these, the one that waits longest. */
    accountsInTurn: database.prepare(
      `SELECT account FROM runs WHERE live_status IN ('queued', 'in_progress') AND ${ofAccounts}
         GROUP BY account HAVING sum(live_status = 'queued') > 0
         ORDER BY sum(live_status = 'in_progress'), min(CASE live_status WHEN 'queued' THEN rowid END)`,
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
    /** Of the newest part of a thread: what is older is not shown, or so small that it does not count. */
    contextBytes: database.prepare(
      `SELECT coalesce(sum(bytes), 0) AS bytes FROM (
         SELECT * FROM (SELECT bytes FROM messages WHERE parent = ?1 ORDER BY created_at DESC, sequence DESC LIMIT 1000)
         UNION ALL
         SELECT * FROM (SELECT bytes FROM steps WHERE thread_id = ?1 ORDER BY sequence DESC LIMIT 1000))`,
    ),
    contextSizes: database.prepare(
      `SELECT sequence, bytes FROM messages WHERE parent = ?1 AND sequence < ?2 AND is_open = 0
       UNION ALL
       SELECT sequence, bytes FROM steps WHERE thread_id = ?1 AND sequence < ?2 AND is_open = 0 AND type = 'tool_calls'
       ORDER BY sequence DESC LIMIT ?3`,
    ),
    messagesBetween: database.prepare(
      'SELECT sequence, bytes, json FROM messages WHERE parent = ? AND sequence >= ? AND sequence < ? AND is_open = 0',
    ),
    toolStepsBetween: database.prepare(
      `SELECT sequence, bytes, json FROM steps
         WHERE thread_id = ? AND sequence >= ? AND sequence < ? AND is_open = 0 AND type = 'tool_calls'`,
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
