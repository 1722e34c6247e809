// Repeated requests: with the same Idempotency-Key, or as a retry of an SDK.
import { beforeEach, describe, expect, test } from '@jest/globals';
import OpenAI from 'openai';
import { DEFAULT_RUN_SETTINGS } from '../../src/local-aiml/settings.ts';
import {
  claim,
  createRun,
  createThread,
  errorOf,
  IDLE,
  requireOutputs,
  send,
  startConversation,
} from './conversations.ts';
import { call, create, createFolder, idsOf, moveClock, startHere, startProcess, type CallOptions } from './support.ts';

/* eslint-disable @typescript-eslint/no-deprecated -- OpenAI has deprecated its Assistants API; the AIML API keeps it. */

let url: string;
beforeEach(async () => void ({ url } = await startHere({ runs: { ...DEFAULT_RUN_SETTINGS, ...IDLE } })));

const withKey = (key: string, body: unknown, account = 'key-1'): CallOptions => ({
  key: account,
  headers: { 'idempotency-key': key },
  body,
});
const asRetry = (body: unknown, count = 1): CallOptions => ({
  headers: { 'x-stainless-retry-count': String(count) },
  body,
});

/** Every request that creates something, each on its own thread. */
async function creates(base = url): Promise<[request: string, body: object][]> {
  const assistantId = await create(base);
  const run = { assistant_id: assistantId };
  return [
    ['POST /assistants', { model: 'm' }],
    ['POST /threads', { messages: [{ role: 'user', content: 'x' }] }],
    [`POST /threads/${await createThread(base)}/messages`, { role: 'user', content: 'x' }],
    [
      `POST /threads/${await createThread(base)}/runs`,
      { ...run, additional_messages: [{ role: 'user', content: 'x' }] },
    ],
    ['POST /threads/runs', run],
  ];
}

describe('an Idempotency-Key', () => {
  test('returns the object of the first request, and creates nothing again', async () => {
    for (const [index, [request, body]] of (await creates()).entries()) {
      const first = await call(url, request, withKey(`same-${index}`, body));
      const second = await call(url, request, withKey(`same-${index}`, body));
      expect(second.status).toBe(first.status);
      expect(second.text).toBe(first.text);
      const [, path = ''] = request.split(' ');
      if (path.endsWith('/messages')) expect(idsOf(await call(url, `GET ${path}`))).toEqual([first.body['id']]);
    }
  });

  test('creates one object from many concurrent requests', async () => {
    for (const [index, [request, body]] of (await creates()).entries()) {
      const replies = await Promise.all(
        Array.from({ length: 8 }, () => call(url, request, withKey(`race-${index}`, body))),
      );
      expect(new Set(replies.map((reply) => reply.body['id'])).size).toBe(1);
      expect(new Set(replies.map(({ status }) => status)).size).toBe(1);
    }
  });

  test('is rejected with another body or path, with a status that SDKs do not retry', async () => {
    for (const [index, [request, body]] of (await creates()).entries()) {
      await call(url, request, withKey(`other-${index}`, body));
      const replies = [
        await call(url, request, withKey(`other-${index}`, { ...body, metadata: { a: 'b' } })),
        ...(request === 'POST /threads' ? [] : [await call(url, 'POST /threads', withKey(`other-${index}`, {}))]),
      ];
      for (const reply of replies) {
        expect(errorOf(reply)).toMatchObject({
          status: 409,
          param: 'Idempotency-Key',
          code: 'idempotency_key_reused',
        });
        expect(reply.headers.get('x-should-retry')).toBe('false');
      }
    }
  });

  test('is separate for each account', async () => {
    const first = await call(url, 'POST /threads', withKey('shared', {}, 'one'));
    const second = await call(url, 'POST /threads', withKey('shared', {}, 'two'));
    expect([first.status, second.status]).toEqual([200, 200]);
    expect(second.body['id']).not.toBe(first.body['id']);
  });

  test('is valid for 24 hours', async () => {
    const first = await call(url, 'POST /threads', withKey('day', {}));
    moveClock(24 * 3600 - 5);
    expect((await call(url, 'POST /threads', withKey('day', {}))).body['id']).toBe(first.body['id']);
    moveClock(10);
    expect((await call(url, 'POST /threads', withKey('day', {}))).body['id']).not.toBe(first.body['id']);
  });

  test('of a rejected request can be used again', async () => {
    expect((await call(url, 'POST /threads', withKey('rejected', { x: 1 }))).status).toBe(400);
    expect((await call(url, 'POST /threads', withKey('rejected', {}))).status).toBe(200);
  });

  test('of a deleted object creates no other object', async () => {
    const { body } = await call(url, 'POST /threads', withKey('deleted', {}));
    await call(url, `DELETE /threads/${String(body['id'])}`);
    const reply = await call(url, 'POST /threads', withKey('deleted', {}));
    expect([reply.status, reply.headers.get('x-should-retry')]).toEqual([409, 'false']);
  });

  test.each(['', 'a b', 'x'.repeat(256)])('of %j is rejected', async (key) => {
    const reply = await call(url, 'POST /threads', withKey(key, {}));
    expect(errorOf(reply)).toMatchObject({ status: 400, param: 'Idempotency-Key' });
  });

  test('is valid in all processes and after kill -9', async () => {
    const dataDir = await createFolder();
    const processes = [startProcess({ DATA_DIR: dataDir }), startProcess({ DATA_DIR: dataDir })] as const;
    const [first, second] = await Promise.all([processes[0].url, processes[1].url]);
    const made = new Map<string, unknown>();
    for (let i = 0; i < 5; i++) {
      const replies = await Promise.all(
        [first, second, first, second].map((base) => call(base, 'POST /threads', withKey(`key-${i}`, {}))),
      );
      expect(new Set(replies.map(({ body }) => body['id'])).size).toBe(1);
      made.set(`key-${i}`, replies[0]?.body['id']);
    }
    for (const { child, exit } of processes) {
      child.kill('SIGKILL');
      await exit;
    }
    const again = await startHere({ dataDir });
    for (const [key, id] of made)
      expect((await call(again.url, 'POST /threads', withKey(key, {}))).body['id']).toBe(id);
    expect(idsOf(await call(again.url, 'GET /threads'))).toHaveLength(made.size);
  });
});

describe('a request that an SDK retries', () => {
  test('returns the object of the first one, also with another spelling of the path', async () => {
    for (const [request, body] of await creates()) {
      const first = await call(url, request, { body });
      const second = await call(url, request.replace(' ', ' /v1'), asRetry(body));
      const third = await call(url, request, asRetry(body, 2));
      expect([second.body['id'], third.body['id']]).toEqual([first.body['id'], first.body['id']]);
      expect([second.status, third.status]).toEqual([first.status, first.status]);
    }
  });

  test('is a new request with another body or account, without the retry header of the SDK, or after two minutes', async () => {
    const body = { metadata: { a: 'retry' } };
    const { id } = (await call(url, 'POST /threads', { body })).body;
    const others = [
      asRetry({ metadata: { a: 'another' } }),
      { ...asRetry(body), key: 'another' },
      asRetry(body, 0),
      { body },
    ];
    for (const options of others) expect((await call(url, 'POST /threads', options)).body['id']).not.toBe(id);
    const { id: last } = (await call(url, 'POST /threads', asRetry(body))).body;
    moveClock(121);
    expect((await call(url, 'POST /threads', asRetry(body))).body['id']).not.toBe(last);
  });

  test('is executed if the first one never arrived', async () => {
    expect((await call(url, 'POST /threads', asRetry({ metadata: { a: 'lost' } }))).status).toBe(200);
  });

  test('returns the current run for outputs and for a cancel', async () => {
    const { url: own, work } = await startConversation();
    const { path } = await createRun(own);
    await requireOutputs(work, await claim(work), ['call_1']);
    const body = { tool_outputs: [{ tool_call_id: 'call_1', output: 'x' }] };
    await send(own, `POST ${path}/submit_tool_outputs`, body);
    await claim(work);
    const again = await call(own, `POST ${path}/submit_tool_outputs`, asRetry(body));
    expect([again.status, again.body['status']]).toEqual([200, 'in_progress']);
    expect(await send(own, `POST ${path}/cancel`, {})).toMatchObject({ status: 'cancelling' });
    const cancelled = await call(own, `POST ${path}/cancel`, asRetry({}));
    expect([cancelled.status, cancelled.body['status']]).toEqual([200, 'cancelling']);
  });

  test('creates one thread if the official SDK loses the response', async () => {
    let lost = 0;
    const client = new OpenAI({
      apiKey: 'sdk-that-retries',
      baseURL: url,
      maxRetries: 2,
      fetch: async (...request) => {
        const response = await fetch(...request);
        if (lost++ < 2) throw new TypeError('the connection was lost');
        return response;
      },
    });
    const thread = await client.beta.threads.create({ metadata: { made: 'once' } });
    expect(idsOf(await call(url, 'GET /threads', { key: 'sdk-that-retries' }))).toEqual([thread.id]);
  });
});
