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
import { DEFAULT_RUN_SETTINGS } from '../../src/local-aiml/settings.ts';
import { IDLE } from './conversations.ts';
import { call, idsOf, startHere } from './support.ts';

let url: string;
let threadId: string;
beforeAll(async () => {
  ({ url } = await startHere({ runs: { ...DEFAULT_RUN_SETTINGS, ...IDLE } }));
  threadId = await createThread(url);
});

const add = (body: unknown, id = threadId) => call(url, `POST /threads/${id}/messages`, { body });
const ID = '[A-Za-z0-9]{24}';

describe('a message', () => {
  test('has every member, and a read returns the same as the create', async () => {
    const reply = await add({ role: 'user', content: 'Hi', metadata: { a: 'b' } });
    expect([reply.status, reply.body]).toEqual([
      200,
      {
        id: expect.stringMatching(new RegExp(`^msg_${ID}$`)),
        object: 'thread.message',
        created_at: expect.any(Number),
        thread_id: threadId,
        status: 'completed',
        incomplete_details: null,
        completed_at: reply.body['created_at'],
        incomplete_at: null,
        role: 'user',
        content: textOf('Hi'),
        assistant_id: null,
        run_id: null,
        attachments: [],
        metadata: { a: 'b' },
      },
    ]);
    const id = String(reply.body['id']);
    expect((await call(url, `GET /threads/${threadId}/messages/${id}`)).text).toBe(reply.text);
  });

  test('may have parts of text and images', async () => {
    const { body } = await add({
      role: 'assistant',
      content: [
        { type: 'text', text: 'a' },
        { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
        { type: 'image_file', image_file: { file_id: 'file-1', detail: 'high' } },
      ],
    });
    expect(body).toMatchObject({
      role: 'assistant',
      content: [
        ...textOf('a'),
        { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'auto' } },
        { type: 'image_url', image_url: { url: 'data:image/png;base64,AAAA', detail: 'low' } },
        { type: 'image_file', image_file: { file_id: 'file-1', detail: 'high' } },
      ],
    });
  });

  test('keeps text unchanged: NUL, lone surrogates, __proto__ as a key of metadata', async () => {
    const content = 'a\u0000b\ud800c\udc00d😀\u2028"\\\n';
    const reply = await add(`{"role":"user","content":${JSON.stringify(content)},"metadata":{"__proto__":"x"}}`);
    expect(reply.body['content']).toEqual(textOf(content));
    expect(reply.text).toContain('"metadata":{"__proto__":"x"}');
    const read = await call(url, `GET /threads/${threadId}/messages/${String(reply.body['id'])}`);
    expect(read.text).toBe(reply.text);
  });

  test('adds the files of its attachments to the thread', async () => {
    const id = await createThread(url, { tool_resources: { code_interpreter: { file_ids: ['file-0'] } } });
    const attachments = [
      { file_id: 'file-1', tools: [{ type: 'code_interpreter' }, { type: 'file_search' }] },
      { file_id: 'file-2', tools: [{ type: 'file_search' }] },
    ];
    expect((await add({ role: 'user', content: 'x', attachments }, id)).body).toMatchObject({ attachments });
    const { tool_resources } = await send(url, `GET /threads/${id}`);
    expect(tool_resources).toEqual({
      code_interpreter: { file_ids: ['file-0', 'file-1'] },
      file_search: { vector_store_ids: [expect.stringMatching(new RegExp(`^vs_${ID}$`))] },
    });
    await add({ role: 'user', content: 'x', attachments }, id);
    expect((await send(url, `GET /threads/${id}`))['tool_resources']).toEqual(tool_resources);
  });

  test('takes null for what its parts may leave out', async () => {
    const image = { url: 'https://example.com/a.png', detail: null };
    const sent = {
      role: 'user',
      content: [{ type: 'image_url', image_url: image }],
      attachments: null,
      metadata: null,
    };
    const { status, body } = await add(sent);
    expect([status, body['content']]).toEqual([
      200,
      [{ type: 'image_url', image_url: { url: image.url, detail: 'auto' } }],
    ]);
  });

  test('can be deleted, and modified in its metadata only', async () => {
    const { id } = (await add({ role: 'user', content: 'x', metadata: { a: 'b' } })).body;
    const path = `/threads/${threadId}/messages/${String(id)}`;
    expect(await send(url, `POST ${path}`, { metadata: { c: 'd' } })).toMatchObject({ metadata: { c: 'd' } });
    expect(await send(url, `POST ${path}`, { metadata: null })).toMatchObject({ metadata: {} });
    expect(errorOf(await call(url, `POST ${path}`, { body: { content: 'y' } }))).toMatchObject({
      status: 400,
      param: 'content',
    });
    expect(await send(url, `DELETE ${path}`)).toEqual({ id, object: 'thread.message.deleted', deleted: true });
    expect(errorOf(await call(url, `GET ${path}`))).toMatchObject({
      status: 404,
      message: `No message found with id '${String(id)}'.`,
    });
  });

  test('is not found under another thread', async () => {
    const { id } = (await add({ role: 'user', content: 'x' })).body;
    const other = await createThread(url);
    expect((await call(url, `GET /threads/${other}/messages/${String(id)}`)).status).toBe(404);
    expect((await call(url, `GET /threads/${other}/messages?after=${String(id)}`)).status).toBe(400);
  });
});

describe('a message is rejected', () => {
  const part = (value: unknown) => ({ role: 'user', content: [value] });
  const long = 'x'.repeat(256_001);

  test.each<[string, unknown, string, string]>([
    ['without a role', { content: 'x' }, 'role', 'missing_required_parameter'],
    ['with the role system', { role: 'system', content: 'x' }, 'role', 'invalid_value'],
    ['without content', { role: 'user' }, 'content', 'missing_required_parameter'],
    ['with content of null', { role: 'user', content: null }, 'content', 'invalid_type'],
    ['with no part', { role: 'user', content: [] }, 'content', 'empty_array'],
    ['with too long a text', { role: 'user', content: long }, 'content', 'string_above_max_length'],
    ['with too long a part', part({ type: 'text', text: long }), 'content[0].text', 'string_above_max_length'],
    [
      'with a part in the form of responses',
      part({ type: 'text', text: { value: 'x' } }),
      'content[0].text',
      'invalid_type',
    ],
    ['with an unknown part', part({ type: 'audio' }), 'content[0].type', 'invalid_value'],
    [
      'with an image by ftp',
      part({ type: 'image_url', image_url: { url: 'ftp://x' } }),
      'content[0].image_url.url',
      'invalid_value',
    ],
    [
      'with an attachment without a file',
      { role: 'user', content: 'x', attachments: [{}] },
      'attachments[0].file_id',
      'missing_required_parameter',
    ],
    ['with an unknown member', { role: 'user', content: 'x', file_ids: [] }, 'file_ids', 'unknown_parameter'],
    [
      'with 17 pairs of metadata',
      {
        role: 'user',
        content: 'x',
        metadata: Object.fromEntries(Array.from({ length: 17 }, (_, i) => [`k${i}`, 'v'])),
      },
      'metadata',
      'invalid_value',
    ],
  ])('%s, in a thread, a new thread and a run', async (_what, body, param, code) => {
    expect(errorOf(await add(body))).toMatchObject({ status: 400, param, code });
    const inThread = await call(url, 'POST /threads', { body: { messages: [body] } });
    expect(errorOf(inThread)).toMatchObject({ status: 400, param: `messages[0].${param}`, code });
    const inRun = await call(url, `POST /threads/${threadId}/runs`, {
      body: { assistant_id: 'asst_1', additional_messages: [body] },
    });
    expect(errorOf(inRun)).toMatchObject({ status: 400, param: `additional_messages[0].${param}`, code });
  });

  test('with more than 256,000 characters in all parts, counted as code points', async () => {
    const half = (character: string, more = 0) => ({ type: 'text', text: character.repeat(128_000 + more) });
    expect((await add({ role: 'user', content: [half('x'), half('😀')] })).status).toBe(200);
    expect(errorOf(await add({ role: 'user', content: [half('x', 1), half('😀')] }))).toMatchObject({
      status: 400,
      param: 'content',
    });
  });

  test('with the messages that clients know', async () => {
    expect(errorOf(await add({ role: 'user', content: long })).message).toBe(
      "Invalid 'content': string too long. Expected a string with maximum length 256000, but got a string with length 256001 instead.",
    );
  });

  test('if there are more than 32 in one request', async () => {
    const messages = Array.from({ length: 33 }, () => ({ role: 'user', content: 'x' }));
    expect(errorOf(await call(url, 'POST /threads', { body: { messages } }))).toMatchObject({
      status: 400,
      param: 'messages',
      code: 'array_above_max_length',
    });
  });
});

describe('the list of messages', () => {
  test('has pages in both orders, with after and before, as OpenAI’s has', async () => {
    const id = await createThread(url, { messages: ['1', '2', '3'].map((content) => ({ role: 'user', content })) });
    const list = (query: string) => call(url, `GET /threads/${id}/messages?${query}`);
    const [m3, m2, m1] = idsOf(await list('')) as [string, string, string];
    expect(idsOf(await list('order=asc'))).toEqual([m1, m2, m3]);
    expect(idsOf(await list(`before=${m1}`))).toEqual([m3, m2]);
    expect(idsOf(await list(`before=${m2}&limit=1`))).toEqual([m3]);
    expect(idsOf(await list(`before=${m3}`))).toEqual([]);
    expect(idsOf(await list(`after=${m3}&limit=1`))).toEqual([m2]);
    expect((await list('limit=2')).body).toMatchObject({ first_id: m3, last_id: m2, has_more: true });
  });

  test.each([
    [
      'limit=0',
      "Invalid 'limit': integer below minimum value. Expected a value >= 1, but got 0 instead.",
      'integer_below_min_value',
    ],
    [
      'limit=101',
      "Invalid 'limit': integer above maximum value. Expected a value <= 100, but got 101 instead.",
      'integer_above_max_value',
    ],
    ['order=up', "Invalid 'order': expected 'asc' or 'desc'.", 'invalid_value'],
    ['after=msg_x', "Invalid 'after': expected the id of an object of this list.", 'invalid_value'],
  ])('rejects ?%s', async (query, message, code) => {
    const [param] = query.split('=');
    expect(errorOf(await call(url, `GET /threads/${threadId}/messages?${query}`))).toEqual({
      status: 400,
      message,
      param,
      code,
    });
  });

  test('can be filtered by the messages of a run', async () => {
    const conversation = await startConversation();
    const { threadId: id, runId } = await createRun(conversation.url);
    const claimed = await claim(conversation.work);
    const messageId = await startMessage(conversation.work, claimed);
    const list = (query: string) => call(conversation.url, `GET /threads/${id}/messages?${query}`);
    expect(idsOf(await list(`run_id=${runId}`))).toEqual([messageId]);
    expect(idsOf(await list('run_id=run_unknown'))).toEqual([]);
    expect(idsOf(await list(''))).toHaveLength(2);
    expect((await list('run_id=a&run_id=b')).status).toBe(400);
  });
});
