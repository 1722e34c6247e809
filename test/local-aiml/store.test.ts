import { describe, expect, test } from '@jest/globals';
import { mkdir, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'libsql';
import { createApi } from '../../src/local-aiml/api.ts';
import { createLocalAiml, LocalAimlStartError } from '../../src/local-aiml/server.ts';
import { openStoreFile } from '../../src/local-aiml/store-file.ts';
import { AssistantStore } from '../../src/local-aiml/store.ts';
import { call, create, createFolder, startHere } from './support.ts';
import { cleanUpLater } from '../support/cleanup.ts';

/** Starts on this folder, which has to fail, and gives the message. */
async function refusalOf(dataDir: string, port = 0, host = '127.0.0.1'): Promise<string> {
  const error: unknown = await createLocalAiml({ dataDir, host, port }).then(
    () => 'started',
    (reason: unknown) => reason,
  );
  if (!(error instanceof LocalAimlStartError)) throw new Error('no LocalAimlStartError');
  expect(error.message).not.toContain('\n');
  return error.message;
}

describe('a start is refused in one line that says what to change', () => {
  test('where the folder cannot be made, because its parent is a file', async () => {
    const file = join(await createFolder(), 'file');
    await writeFile(file, '');
    expect(await refusalOf(join(file, 'data'))).toMatch(/^DATA_DIR is not a folder/);
    expect(await refusalOf(file)).toMatch(/^DATA_DIR is not a folder/);
  });

  test('where the folder cannot be written', async () => {
    // A place that refuses the super-user too.
    expect(await refusalOf('/proc/self/data')).toMatch(/^DATA_DIR /);
  });

  test('where the file is not a database', async () => {
    const folder = await createFolder();
    await writeFile(join(folder, 'aiml.db'), 'x'.repeat(10_000));
    expect(await refusalOf(folder)).toMatch(/^The aiml\.db in DATA_DIR is not a database/);
  });

  test('where the name of the file is taken by a folder', async () => {
    const folder = await createFolder();
    await mkdir(join(folder, 'aiml.db'));
    expect(await refusalOf(folder)).toMatch(/^DATA_DIR /);
  });

  test("where the database is someone else's, and that one is left alone", async () => {
    const folder = await createFolder();
    const database = new Database(join(folder, 'aiml.db'));
    database.exec('CREATE TABLE theirs (x)');
    expect(await refusalOf(folder)).toMatch(/^DATA_DIR holds an aiml\.db that is not the embedded AIML API's/);
    expect(database.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'delete' });
    database.close();
  });

  test('where the store is of a newer version', async () => {
    const folder = await createFolder();
    const database = await openStoreFile(folder);
    database.exec('PRAGMA user_version = 2');
    expect(await refusalOf(folder)).toMatch(/^The store in DATA_DIR was written by a newer version/);
    database.close();
  });

  test('where the port is in use', async () => {
    const { url } = await startHere();
    expect(await refusalOf(await createFolder(), Number(new URL(url).port))).toMatch(/^PORT is in use/);
  });

  test('where the host is not one of this machine', async () => {
    expect(await refusalOf(await createFolder(), 0, '192.0.2.1')).toMatch(/^HOST is not an address of this machine/);
  });
});

test('A start waits for another process that is writing the first page of the same store', async () => {
  const dataDir = await createFolder();
  const other = new Database(join(dataDir, 'aiml.db'));
  other.exec('BEGIN IMMEDIATE');
  const starting = startHere({ dataDir });
  other.exec('COMMIT');
  other.close();
  expect((await call((await starting).url, 'GET /assistants')).status).toBe(200);
});

test('The folder and its file are for their owner alone', async () => {
  const folder = join(await createFolder(), 'deep', 'data');
  await startHere({ dataDir: folder });
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder, 'aiml.db'))).mode & 0o777).toBe(0o600);
});

test('Every commit is on the disk before it is acknowledged', async () => {
  const database = await openStoreFile(await createFolder());
  expect(database.prepare('PRAGMA synchronous').get()).toMatchObject({ synchronous: 2 });
  expect(database.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
  database.close();
});

describe('a vector store', () => {
  const body = { tool_resources: { file_search: { vector_stores: [{ file_ids: ['f'], metadata: { a: 'b' } }] } } };

  test('is kept with what was asked for', async () => {
    const dataDir = await createFolder();
    const { url } = await startHere({ dataDir });
    const id = await create(url, body);
    const { tool_resources } = (await call(url, `GET /assistants/${id}`)).body;
    const database = await openStoreFile(dataDir);
    const rows = database.prepare('SELECT id, json FROM vector_stores').all() as { id: string; json: string }[];
    database.close();
    expect(tool_resources).toEqual({ file_search: { vector_store_ids: [rows[0]?.id] } });
    expect(JSON.parse(rows[0]?.json ?? '')).toMatchObject({
      object: 'vector_store',
      file_ids: ['f'],
      metadata: { a: 'b' },
      chunking_strategy: { type: 'auto' },
    });
  });

  test('is kept together with its assistant or not at all', async () => {
    const store = new AssistantStore(await openStoreFile(await createFolder()));
    const vectorStore = { id: 'vs_1', json: '{}' };
    expect(() => store.create('a', { id: 'asst_1', json: '{}' }, 1, [vectorStore, vectorStore])).toThrow('UNIQUE');
    expect(store.find('a', 'asst_1')).toBeUndefined();
    store.create('a', { id: 'asst_1', json: '{}' }, 1, [vectorStore]);
    store.close();
  });
});

test('A full disk is answered 500 with one line in the log, what was acknowledged stays, and space lets it go on', async () => {
  const database = await openStoreFile(await createFolder());
  const errors: unknown[] = [];
  const ignore = () => undefined;
  const store = new AssistantStore(database);
  const app = createApi(store, { info: ignore, warn: ignore, error: (fields: unknown) => void errors.push(fields) });
  cleanUpLater(() => app.close());
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const id = await create(url, { name: 'kept' });
  const limit = (pages: number) => database.exec(`PRAGMA max_page_count = ${pages}`);

  limit(1);
  const large = { model: 'm', instructions: 'x'.repeat(200_000) };
  const refused = await call(url, 'POST /assistants', { body: large });
  expect([refused.status, refused.body['message']]).toEqual([500, 'The disk of the store is full.']);
  expect(errors).toEqual([expect.objectContaining({ requestId: refused.body['requestId'] })]);
  expect((await call(url, `POST /assistants/${id}`, { body: large })).status).toBe(500);
  expect((await call(url, `GET /assistants/${id}`)).body['name']).toBe('kept');

  limit(1_000_000);
  expect((await call(url, 'POST /assistants', { body: large })).status).toBe(201);
  expect((await call(url, `POST /assistants/${id}`, { body: large })).status).toBe(200);
  await app.close();
  store.close();
});

test('A store that another process keeps locked is answered 503, and reads go on', async () => {
  const dataDir = await createFolder();
  const database = await openStoreFile(dataDir);
  database.exec('PRAGMA busy_timeout = 1');
  const other = await openStoreFile(dataDir);
  const store = new AssistantStore(database);
  const app = createApi(store, undefined);
  cleanUpLater(() => app.close());
  const url = await app.listen({ port: 0, host: '127.0.0.1' });
  const id = await create(url);

  other.exec('BEGIN IMMEDIATE');
  expect((await call(url, 'POST /assistants', { body: { model: 'm' } })).status).toBe(503);
  expect((await call(url, `POST /assistants/${id}`, { body: { name: 'x' } })).status).toBe(503);
  expect((await call(url, `GET /assistants/${id}`)).status).toBe(200);
  other.exec('COMMIT');
  expect((await call(url, `POST /assistants/${id}`, { body: { name: 'x' } })).status).toBe(200);
  await app.close();
  store.close();
  other.close();
});

test('A store is told from every other one, by each process that shares it', async () => {
  const dataDir = await createFolder();
  const start = (folder: string) => createLocalAiml({ dataDir: folder, host: '127.0.0.1', port: 0 });
  const running = await Promise.all([dataDir, dataDir, await createFolder()].map(start));
  const [one, same, other] = running.map(({ storeId }) => storeId);
  await Promise.all(running.map((localAiml) => localAiml.stop()));
  expect(one).toBe(same);
  expect(one).not.toBe(other);
  await rm(dataDir, { recursive: true });
  const later = await start(dataDir);
  expect(later.storeId).not.toBe(one);
  await later.stop();
});
