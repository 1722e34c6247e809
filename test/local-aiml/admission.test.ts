// What one account may take of the process: of its memory by bodies that arrive, and of its time by requests.
import { expect, test } from '@jest/globals';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { join } from 'node:path';
import Database from 'libsql';
import { Transactions } from '../../src/local-aiml/store/sqlite/transactions.ts';
import { cleanUpLater } from '../support/cleanup.ts';
import { openConnection } from '../support/raw-connection.ts';
import { until } from '../support/until.ts';
import { call, create, createFolder, idsOf, startHere, startProcess } from './support.ts';

/** How many large bodies of one account arrive at a time while no other has any. */
const PLACES_ALONE = 14;
const LARGE = JSON.stringify({ model: 'm', instructions: 'x'.repeat(100_000) });

const UPLOAD_HEAD = 'POST /assistants HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n';

/** Uploads a large body but for its end. */
async function beginUpload(url: string, key = 'key-1') {
  const { socket, received } = await openConnection(url);
  socket.write(
    `${UPLOAD_HEAD}Authorization: Bearer ${key}\r\nContent-Length: ${LARGE.length}\r\n\r\n${LARGE.slice(0, -1)}`,
  );
  return { end: () => socket.write(LARGE.slice(-1)), status: () => received().split(' ', 2)[1] ?? null, received };
}

const beginUploads = (url: string, count: number) => Promise.all(Array.from({ length: count }, () => beginUpload(url)));

test('Large bodies of one account wait for each other, not those of others, and all are accepted', async () => {
  const { url } = await startHere();
  const first = await beginUploads(url, PLACES_ALONE);
  // Requests are read in the order of their connections.
  await call(url, 'GET /assistants');
  const later = await beginUploads(url, 6);
  for (const { end } of later) end();
  await create(url, { instructions: 'x'.repeat(100_000) }, { key: 'key-2' });
  await create(url, {}, { key: 'key-1' });
  expect(later.map(({ status }) => status())).toEqual(later.map(() => null));
  for (const { end } of first) end();
  const all = [...first, ...later];
  await until(() => all.every(({ status }) => status() === '201'));
});

test('A large body that waits for too long is 429', async () => {
  const { url } = await startHere({ limits: { largeBodyWaitMs: 100 } });
  await beginUploads(url, PLACES_ALONE);
  await call(url, 'GET /assistants');
  const late = await beginUpload(url);
  await until(() => late.received().endsWith('}'));
  expect(late.received()).toMatch(/^HTTP\/1\.1 429 [^]*\r\nretry-after: 1\r\n[^]*"code":"rate_limit_exceeded"/i);
});

test('The place of a large body is free again when its client is too slow, even if the client keeps the connection', async () => {
  const { url } = await startHere({ limits: { largeBodies: 1 } });
  const { hostname, port } = new URL(url);
  const socket = connect({ host: hostname, port: Number(port), allowHalfOpen: true });
  cleanUpLater(() => socket.destroy());
  // Invalid HTTP gets its response in the same way as what is too slow.
  socket.write(`${UPLOAD_HEAD}Authorization: Bearer key-1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n{\r\n`);
  await call(url, 'GET /assistants');
  socket.write('no chunk\r\n');
  await create(url, { instructions: 'x'.repeat(100_000) });
});

test('Many large bodies together take the memory of some, and all get their responses', async () => {
  const { child, url } = startProcess({ DATA_DIR: await createFolder() });
  const bodies = await Promise.all(
    Array.from({ length: 60 }, async (_, index) =>
      call(await url, 'POST /assistants', { key: `key-${index}`, body: `{"x":"${'x'.repeat(7_000_000)}"}` }),
    ),
  );
  expect(bodies.map(({ status }) => status)).toEqual(bodies.map(() => 400));
  // Only Linux tells.
  const status = await readFile(`/proc/${String(child.pid)}/status`, 'utf8').catch(() => '');
  const peak = Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1] ?? 0) * 1024;
  expect(peak).toBeLessThan(400 * 1024 * 1024);
});

test('Requests beyond the limit of an account are 429 at once; others are not affected', async () => {
  const dataDir = await createFolder();
  const { url } = await startHere({ dataDir, limits: { requestsOfAccount: 2 } });
  const id = await create(url);
  const other = new Database(join(dataDir, 'aiml.db'));
  cleanUpLater(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  // Two of the three wait for the lock, so the first response is that of the third.
  const creates = [0, 1, 2].map(() => call(url, 'POST /assistants', { body: { model: 'm' } }));
  const { status, headers, body } = await Promise.race(creates);
  expect([status, headers.get('retry-after')]).toEqual([429, '1']);
  expect(body).toMatchObject({ statusCode: 429, error: { type: 'rate_limit_error', code: 'rate_limit_exceeded' } });
  expect(idsOf(await call(url, 'GET /assistants', { key: 'key-2' }))).toEqual([]);
  other.exec('ROLLBACK');
  const created = (await Promise.all(creates)).filter((reply) => reply.status === 201);
  const ids = created.map((reply) => String(reply.body['id']));
  expect(idsOf(await call(url, 'GET /assistants')).toSorted()).toEqual([id, ...ids].toSorted());
});

test('A request on a new connection is not delayed by all large lists that another account requested before', async () => {
  const url = new URL(await startProcess({ DATA_DIR: await createFolder() }).url);
  for (let count = 0; count < 32; count++) await create(url.origin, { instructions: 'x'.repeat(250_000) });
  const order: string[] = [];
  /** Resolves when the response has been read, which is not kept. */
  const list = async (key: string) => {
    const socket = connect(Number(url.port), url.hostname);
    cleanUpLater(() => socket.destroy());
    socket.once('data', () => order.push(key)).resume();
    socket.write(
      `GET /assistants?limit=100 HTTP/1.1\r\nHost: x\r\nConnection: close\r\nAuthorization: Bearer ${key}\r\n\r\n`,
    );
    await once(socket, 'close');
  };
  await Promise.all([...Array.from({ length: 40 }, () => list('key-1')), list('key-2')]);
  expect(order.indexOf('key-2')).toBeLessThan(20);
  expect(order).toHaveLength(41);
});

test('Transactions of accounts take turns', async () => {
  const database = new Database(join(await createFolder(), 'test.db'));
  cleanUpLater(() => database.close());
  const transactions = new Transactions(database, []);
  const order: string[] = [];
  const read = (account: string) =>
    transactions.read(() => {
      order.push(account);
      const end = performance.now() + 15;
      while (performance.now() < end);
    }, account);
  await Promise.all(['a', 'a', 'a', 'a', 'b', 'b', 'c'].map(read));
  expect(order.join('')).toBe('aabcaba');
});
