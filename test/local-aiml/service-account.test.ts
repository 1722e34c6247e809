// The access to the embedded AIML API that a service starts for itself, and its account.
import { expect, test } from '@jest/globals';
import { join } from 'node:path';
import Database from 'libsql';
import { cleanUpLater } from '../support/cleanup.ts';
import { listeningUrl, runProcess } from '../support/process.ts';
import { query, startService } from '../support/service.ts';
import { slowTest } from '../support/slow.ts';
import { call, create, createFolder, idsOf, startHere } from './support.ts';

test('Every request without the key of the service is rejected', async () => {
  const localAiml = await startHere({ callers: 'service' });
  for (const key of ['local', 'any-token', localAiml.storeId, `${localAiml.serviceKey}=`, null])
    for (const request of ['GET /assistants', 'POST /assistants', 'GET /threads', 'POST /v1/threads', 'GET /models']) {
      const body = request.startsWith('POST') ? { body: { model: 'm' } } : {};
      expect((await call(localAiml.url, request, { key, ...body })).status).toBe(401);
    }
  expect((await call(localAiml.url, 'GET /assistants', { key: localAiml.serviceKey })).status).toBe(200);
});

test('The key of the service is the same for all processes that share a store, and for no other', async () => {
  const dataDir = await createFolder();
  const [one, same, other] = [await startHere({ dataDir }), await startHere({ dataDir }), await startHere()];
  expect(one.serviceKey).toBe(same.serviceKey);
  expect(one.serviceKey).not.toBe(other.serviceKey);
});

test('The service keeps the account of earlier versions, which used the key "local"', async () => {
  const dataDir = await createFolder();
  const before = await startHere({ dataDir });
  const id = await create(before.url, { name: 'made before' }, { key: 'local' });
  await before.stop();

  const localAiml = await startHere({ dataDir, callers: 'service' });
  expect(idsOf(await call(localAiml.url, 'GET /assistants', { key: localAiml.serviceKey }))).toEqual([id]);
  await localAiml.stop();

  const service = await startService({ UPSTREAM: 'local', DATA_DIR: dataDir });
  const { data } = await service.query('{ assistants(first: 10) { nodes { id name } } }');
  expect(data).toEqual({ assistants: { nodes: [{ id, name: 'made before' }] } });
});

slowTest('While another process locks the store, writes are CONFLICT and NOT_APPLIED, and reads succeed', async () => {
  const dataDir = await createFolder();
  const service = await startService({ UPSTREAM: 'local', DATA_DIR: dataDir });
  const write = () => service.query('mutation { createAssistant(input: { model: "m" }) { assistant { id } } }');
  const read = () => service.query('{ assistants(first: 10) { nodes { id } } }');
  await write();
  const other = new Database(join(dataDir, 'aiml.db'));
  cleanUpLater(() => other.close());
  other.exec('BEGIN IMMEDIATE');
  const writes = Array.from({ length: 12 }, write);
  for (let i = 0; i < 3; i++) {
    expect((await read()).errors).toBeUndefined();
    expect((await fetch(`${service.url}/healthz`)).status).toBe(200);
  }
  for (const { errors } of await Promise.all(writes))
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', outcome: 'NOT_APPLIED', retryable: true });
  other.exec('ROLLBACK');
  expect((await write()).errors).toBeUndefined();
  expect((await read()).data).toMatchObject({ assistants: { nodes: [{}, {}] } });
});

test('Writes to a store that cannot grow are CONFLICT and NOT_APPLIED, and reads succeed', async () => {
  const environment = { UPSTREAM: 'local', DATA_DIR: await createFolder() };
  // No file of the process may grow beyond 200 KiB.
  const url = await listeningUrl(runProcess(environment, { shell: { before: 'ulimit -f 200' } }));
  const created = await query(url, 'mutation { createAssistant(input: { model: "m" }) { assistant { id } } }');
  const { id } = (created.data as { createAssistant: { assistant: { id: string } } }).createAssistant.assistant;
  const text = 'x'.repeat(250_000);
  for (const [mutation, input] of [
    ['createAssistant', { model: 'm', instructions: text }],
    ['updateAssistant', { id, instructions: text }],
    ['createThread', { messages: [{ text }] }],
  ] as const) {
    const type = `${mutation[0]?.toUpperCase() ?? ''}${mutation.slice(1)}Input`;
    const document = `mutation ($input: ${type}!) { ${mutation}(input: $input) { userErrors { message } } }`;
    for (const idempotencyKey of mutation === 'updateAssistant' ? [undefined] : [undefined, 'key']) {
      const { errors } = await query(url, document, { input: { ...input, idempotencyKey } });
      expect(errors?.[0]?.extensions).toMatchObject({ code: 'CONFLICT', outcome: 'NOT_APPLIED', retryable: true });
    }
  }
  expect((await query(url, '{ assistants(first: 10) { nodes { id } } }')).data).toEqual({
    assistants: { nodes: [{ id }] },
  });
});
