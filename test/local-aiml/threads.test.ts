import { randomUUID } from 'node:crypto';
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  claim,
  createRun,
  createThread,
  errorOf,
  send,
  startConversation,
  startMessage,
  textOf,
} from './conversations.ts';
import { until } from '../support/until.ts';
import { DEFAULT_RUN_SETTINGS } from '../../src/local-aiml/settings.ts';
import { IDLE } from './conversations.ts';
import { call, createFolder, idsOf, startHere } from './support.ts';

let url: string;
beforeAll(async () => void ({ url } = await startHere({ runs: { ...DEFAULT_RUN_SETTINGS, ...IDLE } })));

const ID = '[A-Za-z0-9]{24}';

describe('a thread', () => {
  test.each([undefined, {}, { messages: null, tool_resources: null, metadata: null }])(
    'is created from %j with every member',
    async (body) => {
      const before = Math.floor(Date.now() / 1000);
      const reply = await call(url, 'POST /threads', body === undefined ? {} : { body });
      expect([reply.status, reply.body]).toEqual([
        200,
        {
          id: expect.stringMatching(new RegExp(`^thread_${ID}$`)),
          object: 'thread',
          created_at: expect.any(Number),
          tool_resources: {},
          metadata: {},
        },
      ]);
      expect(reply.body['created_at']).toBeGreaterThanOrEqual(before);
      expect((await call(url, `GET /threads/${String(reply.body['id'])}`)).text).toBe(reply.text);
    },
  );

  test('has its messages in order, and the vector store of the body', async () => {
    const id = await createThread(url, {
      messages: ['one', 'two', 'three'].map((content) => ({ role: 'user', content })),
      tool_resources: { code_interpreter: { file_ids: ['file-1'] }, file_search: { vector_stores: [{}] } },
      metadata: { a: 'b' },
    });
    expect(await send(url, `GET /threads/${id}`)).toMatchObject({
      tool_resources: {
        code_interpreter: { file_ids: ['file-1'] },
        file_search: { vector_store_ids: [expect.stringMatching(new RegExp(`^vs_${ID}$`))] },
      },
      metadata: { a: 'b' },
    });
    const { data } = await send(url, `GET /threads/${id}/messages?order=asc`);
    expect((data as { content: unknown }[]).map(({ content }) => content)).toEqual(['one', 'two', 'three'].map(textOf));
  });

  test('is modified in the members of the body, and null clears', async () => {
    const id = await createThread(url, {
      metadata: { a: 'b' },
      tool_resources: { code_interpreter: { file_ids: ['f'] } },
    });
    const modify = (body: object) => send(url, `POST /threads/${id}`, body);
    expect(await modify({})).toMatchObject({ metadata: { a: 'b' } });
    expect(await modify({ metadata: { c: 'd' } })).toMatchObject({
      metadata: { c: 'd' },
      tool_resources: { code_interpreter: { file_ids: ['f'] } },
    });
    expect(await modify({ metadata: null, tool_resources: null })).toMatchObject({ metadata: {}, tool_resources: {} });
  });

  test('is deleted with its messages, runs and steps', async () => {
    const { threadId, path } = await createRun(url);
    expect(await send(url, `DELETE /threads/${threadId}`)).toEqual({
      id: threadId,
      object: 'thread.deleted',
      deleted: true,
    });
    for (const request of [
      `GET /threads/${threadId}`,
      `GET /threads/${threadId}/messages`,
      `GET ${path}`,
      `DELETE /threads/${threadId}`,
    ])
      expect(errorOf(await call(url, request))).toMatchObject({
        status: 404,
        message: `No thread found with id '${threadId}'.`,
      });
  });

  test('is deleted while its run is in progress, and the worker loses its claim', async () => {
    const conversation = await startConversation();
    const { threadId, runId } = await createRun(conversation.url);
    const claimed = await claim(conversation.work);
    const messageId = await startMessage(conversation.work, claimed);
    await send(conversation.url, `DELETE /threads/${threadId}`);
    const lost = await conversation.work.saveTexts([{ claim: claimed.claim, messageId, content: textOf('late') }]);
    expect([...lost]).toEqual([runId]);
    expect(await conversation.work.snapshot(runId)).toBeUndefined();
  });

  test('with more messages than one clean-up deletes is deleted at once, and its rows are deleted soon after', async () => {
    const { url: own, work } = await startConversation();
    const messages = Array.from({ length: 32 }, () => ({ role: 'user', content: 'x' }));
    const threadId = await createThread(own, { messages });
    for (let i = 0; i < 80; i++) await send(own, `POST /threads/${threadId}/messages`, messages[0]);
    expect((await work.context(threadId, undefined, 200)).items).toHaveLength(112);
    await send(own, `DELETE /threads/${threadId}`);
    await until(async () => (await work.context(threadId, undefined, 200)).items.length === 0);
  });
});

describe('the list of threads', () => {
  test('has pages of the account’s threads in both orders, and none of another account', async () => {
    const key = randomUUID();
    const ids: string[] = [];
    for (let i = 0; i < 5; i++) ids.push(await createThread(url, {}, { key }));
    const list = (query: string) => call(url, `GET /threads?${query}`, { key });
    expect(idsOf(await list(''))).toEqual(ids.toReversed());
    expect(idsOf(await list('order=asc&limit=2'))).toEqual(ids.slice(0, 2));
    expect(idsOf(await list(`order=asc&limit=2&after=${String(ids[1])}`))).toEqual(ids.slice(2, 4));
    expect(idsOf(await list(`limit=1&before=${String(ids[0])}`))).toEqual([ids[1]]);
    expect((await list('limit=2')).body).toMatchObject({
      object: 'list',
      first_id: ids[4],
      last_id: ids[3],
      has_more: true,
    });
    expect(idsOf(await call(url, 'GET /threads', { key: 'another' }))).toEqual([]);
  });
});

describe('accounts', () => {
  test('cannot read each other: every path of a thread is unknown to another key', async () => {
    const { url: own, work } = await startConversation();
    const mine = { key: 'mine' };
    const { threadId, path, runId } = await createRun(own, {}, mine);
    const claimed = await claim(work);
    const messageId = await startMessage(work, claimed);
    const stepId = (await work.snapshot(runId))?.steps[0]?.id ?? '';
    const requests = [
      `GET /threads/${threadId}`,
      `POST /threads/${threadId}`,
      `DELETE /threads/${threadId}`,
      `GET /threads/${threadId}/messages`,
      `POST /threads/${threadId}/messages`,
      `GET /threads/${threadId}/messages/${messageId}`,
      `POST /threads/${threadId}/messages/${messageId}`,
      `DELETE /threads/${threadId}/messages/${messageId}`,
      `GET /threads/${threadId}/runs`,
      `GET ${path}`,
      `POST ${path}`,
      `POST ${path}/cancel`,
      `GET ${path}/steps`,
      `GET ${path}/steps/${stepId}`,
      `GET ${path}/events`,
    ];
    for (const request of requests) {
      const body = request.startsWith('POST')
        ? { body: request.endsWith('messages') ? { role: 'user', content: 'x' } : {} }
        : {};
      const reply = await call(own, request, { key: 'theirs', ...body });
      expect({ request, ...errorOf(reply) }).toMatchObject({
        request,
        status: 404,
        message: `No thread found with id '${threadId}'.`,
      });
    }
    expect((await call(own, `GET ${path}/steps/${stepId}`, mine)).status).toBe(200);
    expect((await call(own, `GET ${path}`, mine)).body['status']).toBe('in_progress');
  });

  test('cannot use the assistants of others in a run', async () => {
    const { assistantId } = await createRun(url, {}, { key: 'owner' });
    const threadId = await createThread(url, {}, { key: 'other' });
    const reply = await call(url, `POST /threads/${threadId}/runs`, {
      key: 'other',
      body: { assistant_id: assistantId },
    });
    expect(errorOf(reply)).toMatchObject({ status: 404, message: `No assistant found with id '${assistantId}'.` });
  });

  test('keep their threads after a restart', async () => {
    const dataDir = await createFolder();
    const first = await startHere({ dataDir, runs: { ...DEFAULT_RUN_SETTINGS, ...IDLE } });
    const id = await createThread(first.url, { messages: [{ role: 'user', content: 'kept' }] });
    await first.stop();
    const second = await startHere({ dataDir, runs: { ...DEFAULT_RUN_SETTINGS, ...IDLE } });
    expect(await send(second.url, `GET /threads/${id}/messages`)).toMatchObject({
      data: [{ content: textOf('kept') }],
    });
  });
});

describe('a path', () => {
  test.each(['', '/v1', '/openai', '/openai/v1'])(
    'may begin with "%s", end in a slash and have an api-version',
    async (base) => {
      const { threadId, runId } = await createRun(url);
      for (const path of [
        '/assistants',
        '/threads',
        `/threads/${threadId}`,
        `/threads/${threadId}/messages/`,
        '/models',
        `/threads/${threadId}/runs/${runId}/steps`,
      ])
        expect((await call(url, `GET ${base}${path}?api-version=2024-05-01-preview`)).status).toBe(200);
    },
  );

  test('accepts the api-key header of Azure, and any OpenAI-Beta', async () => {
    const id = await createThread(url, {}, { key: 'azure' });
    for (const beta of ['assistants=v1', 'assistants=v2', 'x'])
      expect(
        (await call(url, `GET /threads/${id}`, { key: null, headers: { 'api-key': 'azure', 'openai-beta': beta } }))
          .status,
      ).toBe(200);
    expect((await call(url, `GET /threads/${id}`, { key: null, headers: { 'api-key': 'not a key' } })).status).toBe(
      401,
    );
  });

  test.each([
    ['PUT /v1/threads', 'GET, HEAD, POST'],
    ['GET /threads/runs/x/y', null],
    ['GET /v1/v1/threads', null],
    ['DELETE /v1/openai/threads', null],
    ['DELETE /threads/thread_1/runs', 'GET, HEAD, POST'],
    ['GET /threads/thread_1/runs/run_1/cancel', 'POST'],
    ['DELETE /threads/thread_1/messages/msg_1/x', null],
    ['POST /threads/thread_1/runs/run_1/steps', 'GET, HEAD'],
  ])('%s has the methods %s', async (request, allow) => {
    const reply = await call(url, request);
    expect([reply.status, reply.headers.get('allow')]).toEqual([allow === null ? 404 : 405, allow]);
  });

  test.each([
    ['GET /threads/undefined', 'thread_id', 'undefined', 'thread'],
    ['GET /threads/run_1/messages', 'thread_id', 'run_1', 'thread'],
    ['GET /threads/thread_1/runs/thread_1', 'run_id', 'thread_1', 'run'],
    ['GET /threads/thread_1/messages/run_1', 'message_id', 'run_1', 'msg'],
    ['GET /threads/thread_1/runs/run_1/steps/x', 'step_id', 'x', 'step'],
    ['POST /threads/thread_1/runs/null/cancel', 'run_id', 'null', 'run'],
  ])('%s is rejected for its %s', async (request, param, id, prefix) => {
    expect(errorOf(await call(url, request))).toEqual({
      status: 400,
      message: `Invalid '${param}': '${id}'. Expected an ID that begins with '${prefix}'.`,
      param,
      code: 'invalid_value',
    });
  });

  test('with an invalid id is not repeated in the error', async () => {
    const reply = await call(url, 'GET /threads/SECRET%20text');
    expect(reply.status).toBe(400);
    expect(errorOf(reply).message).not.toContain('SECRET');
  });
});
