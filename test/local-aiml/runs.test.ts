import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  claim,
  complete,
  createRun,
  createThread,
  errorOf,
  functionTool,
  send,
  startConversation,
  startMessage,
  textOf,
  type Conversation,
} from './conversations.ts';
import { call, create, idsOf } from './support.ts';

let conversation: Conversation;
let url: string;
beforeAll(async () => {
  conversation = await startConversation();
  ({ url } = conversation);
});

describe('a run', () => {
  test('takes null for what its nested objects may leave out, and keeps nulls of JSON Schemas', async () => {
    const assistantId = await create(url, { model: 'm' });
    const parameters = { type: 'object', default: null };
    const tools = [{ type: 'function', function: { name: 'f', description: null, parameters, strict: null } }];
    const response_format = { type: 'json_schema', json_schema: { name: 's', description: null, schema: parameters } };
    const { status, body } = await call(url, 'POST /threads/runs', {
      body: {
        assistant_id: assistantId,
        tools,
        response_format,
        thread: { messages: [{ role: 'user', content: 'x', metadata: null }], tool_resources: { file_search: null } },
        tool_resources: { code_interpreter: null },
      },
    });
    expect([status, body]).toMatchObject([
      200,
      {
        tools: [{ type: 'function', function: { name: 'f', parameters } }],
        response_format: { type: 'json_schema', json_schema: { name: 's', schema: parameters } },
      },
    ]);
  });

  test('is created as queued with every member, as a snapshot of its assistant', async () => {
    const assistantId = await create(url, {
      model: 'gpt-4o',
      instructions: 'Count.',
      tools: [functionTool('f')],
      temperature: 0.5,
      top_p: null,
      reasoning_effort: 'low',
      response_format: { type: 'json_object' },
    });
    const threadId = await createThread(url);
    const { status, body, headers } = await call(url, `POST /threads/${threadId}/runs`, {
      body: { assistant_id: assistantId },
    });
    const now = Number(body['created_at']);
    expect([status, body]).toEqual([
      200,
      {
        id: expect.stringMatching(/^run_[A-Za-z0-9]{24}$/),
        object: 'thread.run',
        created_at: expect.any(Number),
        thread_id: threadId,
        assistant_id: assistantId,
        status: 'queued',
        started_at: null,
        expires_at: now + 600,
        cancelled_at: null,
        failed_at: null,
        completed_at: null,
        required_action: null,
        last_error: null,
        incomplete_details: null,
        model: 'gpt-4o',
        instructions: 'Count.',
        tools: [functionTool('f')],
        tool_resources: {},
        metadata: {},
        temperature: 0.5,
        top_p: 1,
        reasoning_effort: 'low',
        max_prompt_tokens: null,
        max_completion_tokens: null,
        truncation_strategy: { type: 'auto', last_messages: null },
        tool_choice: 'auto',
        parallel_tool_calls: true,
        response_format: { type: 'json_object' },
        usage: null,
        cost: null,
      },
    ]);
    expect(headers.get('openai-poll-after-ms')).toBe('100');
    await send(url, `POST /assistants/${assistantId}`, { instructions: 'Other.' });
    await send(url, `DELETE /assistants/${assistantId}`);
    const read = await send(url, `GET /threads/${threadId}/runs/${String(body['id'])}`);
    expect(read).toEqual(body);
  });

  test('has the values that the request overrides', async () => {
    const overrides = {
      model: 'gpt-5',
      tools: [functionTool('g')],
      metadata: { a: 'b' },
      temperature: 0,
      top_p: 0,
      reasoning_effort: 'high',
      max_prompt_tokens: 256,
      max_completion_tokens: 300,
      truncation_strategy: { type: 'last_messages', last_messages: 3 },
      tool_choice: { type: 'function', function: { name: 'g' } },
      parallel_tool_calls: false,
      response_format: { type: 'json_schema', json_schema: { name: 's', schema: { b: 1, a: 1e-7 } } },
    };
    const { run, threadId } = await createRun(url, {
      ...overrides,
      instructions: 'Instead.',
      additional_instructions: 'And.',
      additional_messages: [{ role: 'user', content: 'more' }],
    });
    expect(run).toMatchObject({ ...overrides, instructions: 'Instead.\n\nAnd.' });
    const { data } = await send(url, `GET /threads/${threadId}/messages?order=asc`);
    expect((data as { content: unknown }[]).map(({ content }) => content)).toEqual([textOf('Hello'), textOf('more')]);
  });

  test('can be created together with its thread', async () => {
    const assistantId = await create(url);
    const run = await send(url, 'POST /threads/runs', {
      assistant_id: assistantId,
      thread: { messages: [{ role: 'user', content: 'first' }], metadata: { a: 'b' } },
      tool_resources: { code_interpreter: { file_ids: ['file-1'] } },
    });
    expect(run).toMatchObject({ status: 'queued', tool_resources: { code_interpreter: { file_ids: ['file-1'] } } });
    const threadId = String(run['thread_id']);
    expect(await send(url, `GET /threads/${threadId}`)).toMatchObject({ metadata: { a: 'b' } });
    expect(idsOf(await call(url, `GET /threads/${threadId}/messages`))).toHaveLength(1);
    expect(await send(url, 'POST /threads/runs', { assistant_id: assistantId })).toMatchObject({ status: 'queued' });
  });

  test('can be modified in its metadata only, in every state', async () => {
    const { path } = await createRun(url);
    expect(await send(url, `POST ${path}`, { metadata: { a: 'b' } })).toMatchObject({
      status: 'queued',
      metadata: { a: 'b' },
    });
    await send(url, `POST ${path}/cancel`);
    expect(await send(url, `POST ${path}`, { metadata: null })).toMatchObject({ status: 'cancelled', metadata: {} });
    expect((await call(url, `POST ${path}`, { body: { status: 'queued' } })).status).toBe(400);
  });
});

describe('a run is rejected', () => {
  test.each<[string, object, string, string]>([
    ['without an assistant', {}, 'assistant_id', 'missing_required_parameter'],
    [
      'with 21 tools',
      { assistant_id: 'a', tools: Array.from({ length: 21 }, () => ({ type: 'code_interpreter' })) },
      'tools',
      'array_above_max_length',
    ],
    [
      'with too small a budget',
      { assistant_id: 'a', max_prompt_tokens: 255 },
      'max_prompt_tokens',
      'integer_below_min_value',
    ],
    [
      'with a budget that is not an integer',
      { assistant_id: 'a', max_completion_tokens: 256.5 },
      'max_completion_tokens',
      'invalid_type',
    ],
    [
      'with an unknown truncation',
      { assistant_id: 'a', truncation_strategy: { type: 'x' } },
      'truncation_strategy.type',
      'invalid_value',
    ],
    [
      'with last_messages of none',
      { assistant_id: 'a', truncation_strategy: { type: 'last_messages' } },
      'truncation_strategy.last_messages',
      'invalid_value',
    ],
    [
      'with last_messages of 0',
      { assistant_id: 'a', truncation_strategy: { type: 'last_messages', last_messages: 0 } },
      'truncation_strategy.last_messages',
      'integer_below_min_value',
    ],
    ['with an unknown choice', { assistant_id: 'a', tool_choice: 'any' }, 'tool_choice', 'invalid_value'],
    [
      'with a choice of an unknown type',
      { assistant_id: 'a', tool_choice: { type: 'x' } },
      'tool_choice.type',
      'invalid_value',
    ],
    ['with an unknown member', { assistant_id: 'a', temprature: 1 }, 'temprature', 'unknown_parameter'],
    ['with a stream in a string', { assistant_id: 'a', stream: 'true' }, 'stream', 'invalid_type'],
  ])('%s', async (_what, body, param, code) => {
    const threadId = await createThread(url);
    for (const path of [`/threads/${threadId}/runs`, '/threads/runs'])
      expect(errorOf(await call(url, `POST ${path}`, { body }))).toMatchObject({ status: 400, param, code });
  });

  test('with the messages that clients know', async () => {
    const threadId = await createThread(url);
    const post = async (body: object) => errorOf(await call(url, `POST /threads/${threadId}/runs`, { body }));
    expect((await post({})).message).toBe("Missing required parameter: 'assistant_id'.");
    expect((await post({ assistant_id: 'a', max_prompt_tokens: 1 })).message).toBe(
      "Invalid 'max_prompt_tokens': integer below minimum value. Expected a value >= 256, but got 1 instead.",
    );
  });

  test.each<[string, object, RegExp]>([
    [
      'code_interpreter',
      { tools: [{ type: 'code_interpreter' }], tool_choice: { type: 'code_interpreter' } },
      /code_interpreter does not run/,
    ],
    ['file_search', { tool_choice: { type: 'file_search' } }, /file_search does not run/],
    [
      'a function that it has not',
      { tool_choice: { type: 'function', function: { name: 'g' } } },
      /name of a function/,
    ],
    ['a call where it has no function', { tools: [], tool_choice: 'required' }, /no function to call/],
  ])('if it requires %s', async (_what, body, message) => {
    const assistantId = await create(url, { tools: [functionTool('f')] });
    const threadId = await createThread(url);
    const reply = await call(url, `POST /threads/${threadId}/runs`, { body: { assistant_id: assistantId, ...body } });
    expect(reply.status).toBe(400);
    expect(errorOf(reply).message).toMatch(message);
    expect(idsOf(await call(url, `GET /threads/${threadId}/runs`))).toEqual([]);
  });

  test.each(['GET', 'POST'])('for an unknown include[], with %s', async (method) => {
    const { path, threadId } = await createRun(url);
    const request = method === 'GET' ? `GET ${path}/steps` : `POST /threads/${threadId}/runs`;
    const value = encodeURIComponent('step_details.tool_calls[*].file_search.results[*].content');
    expect(errorOf(await call(url, `${request}?include[]=x`))).toMatchObject({ status: 400, param: 'include' });
    if (method === 'GET') expect((await call(url, `${request}?include[]=${value}`)).status).toBe(200);
  });
});

describe('the lists of runs and steps', () => {
  test('have pages in both orders', async () => {
    const { url: own, work } = await startConversation();
    const assistantId = await create(own);
    const threadId = await createThread(own);
    const ids: string[] = [];
    for (let i = 0; i < 3; i++) {
      const run = await send(own, `POST /threads/${threadId}/runs`, { assistant_id: assistantId });
      ids.push(String(run['id']));
      const claimed = await claim(work);
      for (let step = 0; step < 2; step++) await startMessage(work, claimed);
      await complete(work, claimed);
    }
    expect(idsOf(await call(own, `GET /threads/${threadId}/runs`))).toEqual(ids.toReversed());
    expect(idsOf(await call(own, `GET /threads/${threadId}/runs?order=asc&limit=1&after=${String(ids[0])}`))).toEqual([
      ids[1],
    ]);
    const steps = idsOf(await call(own, `GET /threads/${threadId}/runs/${String(ids[0])}/steps?order=asc`));
    expect(steps).toHaveLength(2);
    expect(idsOf(await call(own, `GET /threads/${threadId}/runs/${String(ids[0])}/steps?limit=1`))).toEqual([steps[1]]);
    expect((await call(own, `GET /threads/${threadId}/runs/${String(ids[1])}/steps/${String(steps[0])}`)).status).toBe(
      404,
    );
  });
});
