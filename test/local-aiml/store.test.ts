import { describe, expect, test } from '@jest/globals';
import { mkdir, open, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import Database from 'libsql';
import { ConnectionTracker } from '../../src/runtime/connection-tracker.ts';
import { Admission, DEFAULT_LIMITS } from '../../src/local-aiml/api/admission.ts';
import { createApp } from '../../src/local-aiml/app.ts';
import { createAssistant } from '../../src/local-aiml/assistants/model.ts';
import { createEngine } from '../../src/local-aiml/engine/engine.ts';
import { createLocalAiml } from '../../src/local-aiml/server.ts';
import { LocalAimlStartError } from '../../src/local-aiml/start-error.ts';
import { DEFAULT_RUN_SETTINGS } from '../../src/local-aiml/settings.ts';
import { NotFoundError } from '../../src/local-aiml/store/errors.ts';
import { openStoreFile } from '../../src/local-aiml/store/sqlite/file.ts';
import { createStore, openStore } from '../../src/local-aiml/store/sqlite/sqlite-store.ts';
import { Transactions } from '../../src/local-aiml/store/sqlite/transactions.ts';
import { cleanUpLater } from '../support/cleanup.ts';
import { until } from '../support/until.ts';
import { claim, complete, createRun, send, startConversation } from './conversations.ts';
import { call, create, createFolder, idsOf, startHere, type Reply } from './support.ts';

/** Starts on this folder, which must fail. Returns the message of the error. */
async function startErrorOf(dataDir: string, port = 0, host = '127.0.0.1'): Promise<string> {
  const error: unknown = await createLocalAiml({ dataDir, host, port }).then(
    () => 'started',
    (reason: unknown) => reason,
  );
  if (!(error instanceof LocalAimlStartError)) throw new Error('no LocalAimlStartError');
  expect(error.message).not.toContain('\n');
  return error.message;
}

describe('a start fails with one line that says what to change', () => {
  test('if the folder cannot be created because its parent is a file', async () => {
    const file = join(await createFolder(), 'file');
    await writeFile(file, '');
    expect(await startErrorOf(join(file, 'data'))).toMatch(/^DATA_DIR is not a folder/);
    expect(await startErrorOf(file)).toMatch(/^DATA_DIR is not a folder/);
  });

  test('if the folder is not writable', async () => {
    // Not even root can write this folder.
    expect(await startErrorOf('/proc/self/data')).toMatch(/^DATA_DIR /);
  });

  test('if the file is not a database', async () => {
    const folder = await createFolder();
    await writeFile(join(folder, 'aiml.db'), 'x'.repeat(10_000));
    expect(await startErrorOf(folder)).toMatch(/^The aiml\.db in DATA_DIR is not a database/);
  });

  test('if the file is a folder', async () => {
    const folder = await createFolder();
    await mkdir(join(folder, 'aiml.db'));
    expect(await startErrorOf(folder)).toMatch(/^DATA_DIR /);
  });

  test('if the database is of another application, which is not changed', async () => {
    const folder = await createFolder();
    const database = new Database(join(folder, 'aiml.db'));
    database.exec('CREATE TABLE theirs (x)');
    expect(await startErrorOf(folder)).toMatch(/^DATA_DIR holds an aiml\.db that is not the embedded AIML API's/);
    expect(database.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'delete' });
    database.close();
  });

  test('if the store has a newer version', async () => {
    const folder = await createFolder();
    const database = await openStoreFile(folder);
    database.exec('PRAGMA user_version = 99');
    expect(await startErrorOf(folder)).toMatch(/^The store in DATA_DIR was written by a newer version/);
    database.close();
  });

  test('if the port is in use', async () => {
    const { url } = await startHere();
    expect(await startErrorOf(await createFolder(), Number(new URL(url).port))).toMatch(/^PORT is in use/);
  });

  test('if the host is not one of this machine', async () => {
    expect(await startErrorOf(await createFolder(), 0, '192.0.2.1')).toMatch(/^HOST is not an address of this machine/);
  });
});

test('A start waits for another process that writes the first page of the same store', async () => {
  const dataDir = await createFolder();
  const other = new Database(join(dataDir, 'aiml.db'));
  other.exec('BEGIN IMMEDIATE; CREATE TABLE secrets (name TEXT PRIMARY KEY, value TEXT NOT NULL)');
  const starting = startErrorOf(dataDir);
  other.exec('COMMIT');
  other.close();
  expect(await starting).toMatch(/^DATA_DIR holds an aiml\.db that is not/);
});

test('Two starts on one new folder create one store', async () => {
  const dataDir = await createFolder();
  const started = await Promise.all([startHere({ dataDir }), startHere({ dataDir })]);
  const id = await create(started[0].url);
  expect((await call(started[1].url, `GET /assistants/${id}`)).status).toBe(200);
  expect((await readdir(dataDir)).filter((name) => name.endsWith('.new'))).toEqual([]);
});

test('Only the owner can read the folder and its file', async () => {
  const folder = join(await createFolder(), 'deep', 'data');
  await startHere({ dataDir: folder });
  expect((await stat(folder)).mode & 0o777).toBe(0o700);
  expect((await stat(join(folder, 'aiml.db'))).mode & 0o777).toBe(0o600);
});

test('Every commit is synchronised to disk before it is acknowledged', async () => {
  const database = await openStoreFile(await createFolder());
  expect(database.prepare('PRAGMA synchronous').get()).toMatchObject({ synchronous: 2 });
  expect(database.prepare('PRAGMA journal_mode').get()).toMatchObject({ journal_mode: 'wal' });
  database.close();
});

describe('a vector store', () => {
  const body = { tool_resources: { file_search: { vector_stores: [{ file_ids: ['f'], metadata: { a: 'b' } }] } } };

  test('is stored with the members of the body', async () => {
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

  test('is stored together with its assistant or not at all', async () => {
    const store = createStore(await openStoreFile(await createFolder()));
    cleanUpLater(() => store.close());
    const idempotency = { idempotencyKey: undefined, fingerprint: '', isRetry: false };
    const { assistant, vectorStores } = createAssistant({ model: 'm', ...body }, 1);
    const twice = [...vectorStores, ...vectorStores];
    await expect(store.assistants.create('a', assistant, twice, idempotency)).rejects.toThrow();
    await expect(store.assistants.get(['a'], assistant.id)).rejects.toBeInstanceOf(NotFoundError);
    await store.assistants.create('a', assistant, vectorStores, idempotency);
  });
});

/** A server on a connection to the store that the test uses as well. */
async function startOn(database: Database.Database, report?: (problem: string | null) => void): Promise<string> {
  const store = createStore(database, report);
  const parts = createEngine(store, DEFAULT_RUN_SETTINGS, undefined);
  const connections = new ConnectionTracker({ onDisconnect: () => undefined });
  const app = createApp({
    connections,
    store,
    parts,
    accountOf: (key) => store.accountOf(key),
    callers: 'anyone',
    runExpiresAfterSeconds: 600,
    admission: new Admission(DEFAULT_LIMITS),
    logger: undefined,
  });
  cleanUpLater(async () => {
    await parts.engine.stop();
    await app.close();
    connections.close();
    await store.close();
  });
  return app.listen({ port: 0, host: '127.0.0.1' });
}

test('A full store rejects writes with 409 and is reported once; reads succeed, and writes do when there is space again', async () => {
  const database = await openStoreFile(await createFolder());
  const reports: (string | null)[] = [];
  const url = await startOn(database, (problem) => reports.push(problem));
  const id = await create(url, { name: 'kept' });
  const limit = (pages: number) => database.exec(`PRAGMA max_page_count = ${pages}`);

  limit(1);
  const large = { model: 'm', instructions: 'x'.repeat(200_000) };
  for (const path of ['/assistants', `/assistants/${id}`, '/threads']) {
    const body = path === '/threads' ? { messages: [{ role: 'user', content: large.instructions }] } : large;
    const rejected = await call(url, `POST ${path}`, { body });
    expect([rejected.status, rejected.body['message']]).toEqual([409, 'The store is full; nothing was changed.']);
    expect(rejected.headers.get('x-should-retry')).toBe('false');
  }
  expect((await call(url, `GET /assistants/${id}`)).body['name']).toBe('kept');
  expect(reports).toEqual([expect.stringMatching(/^The store in DATA_DIR cannot grow/)]);

  limit(1_000_000);
  expect((await call(url, 'POST /assistants', { body: large })).status).toBe(201);
  expect((await call(url, `POST /assistants/${id}`, { body: large })).status).toBe(200);
  expect(reports).toHaveLength(2);
  expect(reports[1]).toBeNull();
});

describe('a store that another process locks', () => {
  test('rejects all writes with 409 after the same time, while reads succeed', async () => {
    const dataDir = await createFolder();
    const url = await startOn(await openStoreFile(dataDir));
    const other = await openStoreFile(dataDir);
    cleanUpLater(() => other.close());
    const id = await create(url);

    other.exec('BEGIN IMMEDIATE');
    const order: string[] = [];
    const note = async (what: string, response: Promise<Reply>) => {
      const { status, body, headers } = await response;
      order.push(`${what} ${status}`);
      return { status, body, retryAfter: headers.get('retry-after') };
    };
    const writes = [
      note('write', call(url, 'POST /assistants', { body: { model: 'm' } })),
      note('write', call(url, `POST /assistants/${id}`, { body: { name: 'x' } })),
      note('write', call(url, `DELETE /assistants/${id}`)),
      note('write', call(url, 'POST /threads', { body: {} })),
    ];
    for (let i = 0; i < 3; i++) await note('read', call(url, `GET /assistants/${id}`));
    for (const write of await Promise.all(writes))
      expect(write).toEqual({
        status: 409,
        body: expect.objectContaining({
          message: 'The store is locked by another process; nothing was changed. Try again.',
        }),
        retryAfter: '1',
      });
    expect(order).toEqual([...Array<string>(3).fill('read 200'), ...Array<string>(4).fill('write 409')]);

    other.exec('ROLLBACK');
    expect((await call(url, `POST /assistants/${id}`, { body: { name: 'x' } })).status).toBe(200);
    expect(idsOf(await call(url, 'GET /assistants'))).toEqual([id]);
  });

  test('executes writes in their order if the lock ends in time', async () => {
    const dataDir = await createFolder();
    const url = await startOn(await openStoreFile(dataDir));
    const other = await openStoreFile(dataDir);
    cleanUpLater(() => other.close());
    other.exec('BEGIN IMMEDIATE');
    const first = create(url, { name: 'first' });
    await call(url, 'GET /assistants');
    const second = create(url, { name: 'second' });
    await call(url, 'GET /assistants');
    other.exec('ROLLBACK');
    expect([await first, await second]).toEqual(idsOf(await call(url, 'GET /assistants?order=asc')));
  });
});

describe('a damaged store', () => {
  /** A closed store of some pages with changed bytes. */
  async function damage(change: (bytes: Buffer) => Buffer): Promise<string> {
    const dataDir = await createFolder();
    const localAiml = await startHere({ dataDir });
    for (let i = 0; i < 30; i++) await create(localAiml.url, { instructions: 'x'.repeat(5000) });
    await localAiml.stop();
    const path = join(dataDir, 'aiml.db');
    await writeFile(path, change(await readFile(path)));
    return dataDir;
  }

  test.each<[string, (bytes: Buffer) => Buffer]>([
    ['in the middle', (bytes) => bytes.fill(0xff, 8192, 8192 + 512)],
    [
      'at many offsets',
      (bytes) => {
        for (let at = 8192; at < bytes.length; at += 16_384) bytes.fill(0xff, at, at + 512);
        return bytes;
      },
    ],
    ['in its header', (bytes) => bytes.fill(0, 0, 100)],
    ['by being cut in half', (bytes) => bytes.subarray(0, Math.floor(bytes.length / 8192) * 4096)],
    ['by being text', () => Buffer.from('hello\n'.repeat(1000))],
  ])('%s does not start, with one line that names DATA_DIR', async (_where, change) => {
    expect(await startErrorOf(await damage(change))).toMatch(
      /^The aiml\.db in DATA_DIR is not a database, or a damaged one/,
    );
  });

  test('that is an empty file does not start as a new store', async () => {
    expect(await startErrorOf(await damage(() => Buffer.alloc(0)))).toMatch(/^The aiml\.db in DATA_DIR is empty/);
  });

  test('that is damaged while in use is reported once, and its reads fail with 500', async () => {
    const database = await openStoreFile(await createFolder());
    const reports: (string | null)[] = [];
    const url = await startOn(database, (problem) => reports.push(problem));
    const id = await create(url, { instructions: 'x'.repeat(50_000) });
    database.exec('PRAGMA wal_checkpoint(TRUNCATE)');
    const path = (database.prepare('PRAGMA database_list').get() as { file: string }).file;
    const bytes = await readFile(path);
    bytes.fill(0xff, 4096);
    // As another program would, in the file that is open.
    const file = await open(path, 'r+');
    await file.write(bytes);
    await file.close();
    database.exec('PRAGMA shrink_memory');
    for (let i = 0; i < 2; i++) expect((await call(url, `GET /assistants/${id}`)).status).toBe(500);
    const write = await call(url, `POST /assistants/${id}`, { body: { name: 'x' } });
    expect([write.status, write.body['message']]).toEqual([409, 'The store failed; nothing was changed.']);
    expect(reports).toEqual([expect.stringMatching(/^The store in DATA_DIR is damaged/)]);
  });
});

test('A store has the same id in all processes that share it, and another id than other stores', async () => {
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

test('A watcher is notified of writes of its own and of other processes, until it stops', async () => {
  const dataDir = await createFolder();
  const server = await startConversation({ dataDir });
  const other = await openStore(dataDir);
  cleanUpLater(() => other.close());
  const { runId, path } = await createRun(server.url);
  let own = 0;
  let foreign = 0;
  const stopOwn = server.work.watch(runId, () => own++);
  const stopForeign = other.work.watch(runId, () => foreign++);
  const claimed = await claim(server.work);
  await until(() => own > 0 && foreign > 0);
  stopOwn();
  const seen = own;
  const before = foreign;
  await complete(server.work, claimed);
  await until(() => foreign > before);
  expect(own).toBe(seen);
  stopForeign();
  expect(await send(server.url, `GET ${path}`)).toMatchObject({ status: 'completed' });
});

test('Long transactions are spread over turns of the event loop, in the order of their calls', async () => {
  const database = new Database(join(await createFolder(), 'test.db'));
  const transactions = new Transactions(database, []);
  let turn = 0;
  let immediate = setImmediate(function nextTurn() {
    turn++;
    immediate = setImmediate(nextTurn);
  });
  cleanUpLater(() => {
    clearImmediate(immediate);
    database.close();
  });
  const order: string[] = [];
  const work = (name: string) => () => {
    order.push(name);
    const until = performance.now() + 15;
    while (performance.now() < until);
    return turn;
  };
  const names = ['a', 'b', 'c', 'd'];
  const reads = names.map((name) => transactions.read(work(name)));
  const turns = await Promise.all(reads);
  expect(order).toEqual(names);
  expect(new Set(turns).size).toBe(names.length);
  // Neither queue keeps the other from its turns.
  await Promise.all(names.flatMap((name) => [transactions.read(work(name)), transactions.write(work(name))]));
  expect(order).toHaveLength(3 * names.length);
});
