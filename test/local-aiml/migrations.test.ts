// Stores of earlier versions are migrated.
import { expect, test } from '@jest/globals';
import { join } from 'node:path';
import Database from 'libsql';
import { openStoreFile } from '../../src/local-aiml/store/sqlite/file.ts';
import { MIGRATIONS } from '../../src/local-aiml/store/sqlite/migrations.ts';
import { call, createFolder, idsOf, startHere } from './support.ts';

const SALT = 'a5'.repeat(32);
/** The HMAC-SHA256 of the key "local" with this salt. */
const ACCOUNT = '31de611105db7fdf350dda55e83d8f8c1928c2c7da0707b97ae0c8e4d0d84767';

/** Writes a store of version 1: its tables and two assistants, one of them with a vector store. */
async function writeFirstVersion(account: string): Promise<string> {
  const dataDir = await createFolder();
  const database = new Database(join(dataDir, 'aiml.db'));
  database.exec(`
    PRAGMA journal_mode = WAL;
    CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
    CREATE TABLE assistants (
      id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, created_at INTEGER NOT NULL, tie INTEGER NOT NULL,
      bytes INTEGER NOT NULL, json TEXT NOT NULL
    ) STRICT;
    CREATE INDEX assistants_in_order ON assistants (account, created_at, tie, bytes);
    CREATE TABLE vector_stores (id TEXT NOT NULL UNIQUE, account TEXT NOT NULL, json TEXT NOT NULL) STRICT;
    INSERT INTO secrets VALUES ('account_salt', '${SALT}');
    PRAGMA application_id = 0x41494d4c;
    PRAGMA user_version = 1;
  `);
  const insert = database.prepare('INSERT INTO assistants VALUES (?, ?, ?, ?, ?, ?)');
  for (const [index, json] of ASSISTANTS.entries())
    insert.run(`asst_${index + 1}`, account, 1_700_000_000, index + 1, Buffer.byteLength(json), json);
  database
    .prepare('INSERT INTO vector_stores VALUES (?, ?, ?)')
    .run('vs_1', account, '{"id":"vs_1","object":"vector_store","created_at":1700000000,"file_ids":["file-1"]}');
  database.close();
  return dataDir;
}

const toJson = (id: string, name: string) =>
  `{"id":"${id}","object":"assistant","created_at":1700000000,"name":${name},"description":null,"model":"gpt-4o",` +
  `"instructions":null,"tools":[{"type":"function","function":{"name":"f","parameters":{"z":1e-7,"__proto__":{"a":null}}}}],` +
  `"tool_resources":null,"metadata":{},"temperature":1,"top_p":1,"reasoning_effort":null,"response_format":"auto"}`;
const ASSISTANTS = [toJson('asst_1', '"one"'), toJson('asst_2', String.raw`"two \ud800 \u0000"`)];

test('A store of version 1 is migrated with its accounts, order, texts and vector stores', async () => {
  const { url } = await startHere({ dataDir: await writeFirstVersion(ACCOUNT) });
  const list = await call(url, 'GET /assistants?order=asc', { key: 'local' });
  expect(idsOf(list)).toEqual(['asst_1', 'asst_2']);
  expect(list.text).toContain(`[${ASSISTANTS.join(',')}]`);
  const changed = await call(url, 'POST /assistants/asst_2', { key: 'local', body: { name: 'changed' } });
  expect(changed.text).toBe(toJson('asst_2', '"changed"'));
  const thread = await call(url, 'POST /threads', { key: 'local', body: {} });
  expect(thread.status).toBe(200);
});

test('A store of version 1 that two processes open at once is migrated once', async () => {
  const dataDir = await writeFirstVersion(ACCOUNT);
  const started = await Promise.all([startHere({ dataDir }), startHere({ dataDir })]);
  for (const { url } of started)
    expect(idsOf(await call(url, 'GET /assistants', { key: 'local' }))).toEqual(['asst_2', 'asst_1']);
});

test('A migrated store of version 1 has the same tables as a new one', async () => {
  const schemaOf = async (dataDir: string) => {
    const database = await openStoreFile(dataDir);
    const rows = database
      .prepare(
        `SELECT tables.type, tables.name, columns.name AS column, columns.type AS columnType, columns."notnull"
           FROM sqlite_schema AS tables LEFT JOIN pragma_table_info(tables.name) AS columns ORDER BY 2, 3`,
      )
      .all();
    const { user_version } = database.prepare('PRAGMA user_version').get() as { user_version: number };
    database.close();
    return { rows, user_version };
  };
  const migrated = await schemaOf(await writeFirstVersion(ACCOUNT));
  expect(migrated).toEqual(await schemaOf(await createFolder()));
  expect(migrated.user_version).toBe(MIGRATIONS.length);
});
