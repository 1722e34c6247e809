import { describe, expect, test } from '@jest/globals';
import { slowTest } from '../../support/slow.ts';
import { until } from '../../support/until.ts';
import { textOf, type WireRun } from './conversation-client.ts';
import {
  callStage,
  errorStage,
  openStream,
  sendChunk,
  streamOf,
  textStage,
  toChunk,
  USAGE,
  type Stage,
} from './staged-model-api.ts';
import { KEY, setUp } from './staged-runs.ts';

describe('The end of a run', () => {
  const long = 'word '.repeat(4);
  const failures: Record<string, { stage: Stage; code: string; text?: string; reason: RegExp }> = {
    '401': {
      stage: errorStage(401, { error: { message: `Wrong key ${KEY}` } }),
      code: 'server_error',
      reason: /key.*401/,
    },
    '403 of AIML': {
      stage: errorStage(403, { message: 'You have run out of credits.', statusCode: 403 }),
      code: 'server_error',
      reason: /run out of credits/,
    },
    '404': { stage: errorStage(404, { error: { message: 'No such model' } }), code: 'server_error', reason: /404/ },
    '400': {
      stage: errorStage(400, { error: { message: 'Bad prompt' } }),
      code: 'invalid_prompt',
      reason: /Bad prompt/,
    },
    '413': { stage: errorStage(413, { message: 'Too large' }), code: 'invalid_prompt', reason: /413/ },
    '422': { stage: errorStage(422, { detail: 'Nonsense' }), code: 'invalid_prompt', reason: /422.*Nonsense/ },
    'a spent quota': {
      stage: errorStage(429, { error: { message: 'Quota', code: 'insufficient_quota' } }),
      code: 'rate_limit_exceeded',
      reason: /429/,
    },
    'a web page': { stage: errorStage(200, '<html></html>'), code: 'server_error', reason: /web page/ },
    'a cut stream behind text': {
      stage: (_request, response) => {
        openStream(response);
        sendChunk(response, toChunk({ content: long }));
        setTimeout(() => response.socket?.destroy(), 50);
      },
      code: 'server_error',
      text: long,
      reason: /lost before its response ended/,
    },
    'no finish reason behind text': {
      stage: streamOf(toChunk({ content: long })),
      code: 'server_error',
      text: long,
      reason: /before it was whole/,
    },
    'tool calls that do not parse': {
      stage: callStage({ name: 'get_time', arguments: '{"a":' }),
      code: 'server_error',
      reason: /not valid JSON/,
    },
  };
  for (const [name, { stage, code, text, reason }] of Object.entries(failures))
    test(`${name}: failed, with a clear reason and no secret`, async () => {
      const { staged, client } = await setUp([stage]);
      const run = await client.reach(await client.start('hello', await client.createAssistant()), 'failed');
      expect(run.last_error?.code).toBe(code);
      expect(run.last_error?.message).toMatch(reason);
      for (const secret of [KEY, '127.0.0.1', new URL(staged.url).port, '://'])
        expect(run.last_error?.message).not.toContain(secret);
      const [newest] = await client.messages(run.thread_id);
      if (text === undefined) expect(newest?.role).toBe('user');
      else
        expect(newest).toMatchObject({
          status: 'incomplete',
          incomplete_details: { reason: 'run_failed' },
          content: [{ text: { value: text } }],
        });
    });

  // Four attempts with the delays between them; that of one call is in openai-model-api.test.ts.
  slowTest('a model API without a listener: failed', async () => {
    const { staged, client } = await setUp([]);
    await staged[Symbol.asyncDispose]();
    const run = await client.reach(await client.start('hello', await client.createAssistant()), 'failed');
    expect(run.last_error).toMatchObject({ code: 'server_error', message: expect.stringContaining('refused') });
  });

  test('429 and 500 before the first text are retried within the run', async () => {
    const { staged, client } = await setUp([
      errorStage(429, { message: 'Slow down' }, { 'retry-after-ms': '5' }),
      errorStage(500, { message: 'Sorry' }, { 'retry-after-ms': '5' }),
      textStage('At last'),
    ]);
    const run = await client.reach(await client.start('hello', await client.createAssistant()), 'completed');
    expect(textOf((await client.messages(run.thread_id))[0])).toBe('At last');
    expect(staged.requests).toHaveLength(3);
  });

  test('the token limit and the content filter: incomplete', async () => {
    const { client } = await setUp([
      streamOf(toChunk({ content: 'Half' }, 'length', { usage: USAGE })),
      streamOf(toChunk({ content: 'Bad' }, 'content_filter')),
    ]);
    const assistantId = await client.createAssistant();
    const cut = await client.reach(await client.start('one', assistantId), 'incomplete');
    expect(cut).toMatchObject({ incomplete_details: { reason: 'max_completion_tokens' }, usage: USAGE });
    expect((await client.messages(cut.thread_id))[0]?.incomplete_details?.reason).toBe('max_tokens');
    const filtered = await client.reach(await client.start('two', assistantId), 'incomplete');
    expect(filtered.incomplete_details?.reason).toBe('content_filter');
    expect((await client.messages(filtered.thread_id))[0]?.incomplete_details?.reason).toBe('content_filter');
  });

  test('Token limits apply to the sum of all calls of a run', async () => {
    const usage = { prompt_tokens: 200, completion_tokens: 250, total_tokens: 450 };
    const call = (): Stage =>
      streamOf(
        toChunk(
          { tool_calls: [{ index: 0, id: 'call_x', function: { name: 'get_time', arguments: '{}' } }] },
          'tool_calls',
          { usage },
        ),
      );
    const { staged, client } = await setUp([call(), call()]);
    let run = await client.start('hello', await client.createAssistant(), { max_completion_tokens: 400 });
    for (let round = 0; round < 2; round++) run = await client.submit(await client.reach(run, 'requires_action'));
    run = await client.reach(run, 'incomplete');
    expect(run.incomplete_details?.reason).toBe('max_completion_tokens');
    expect(run.usage).toEqual({ prompt_tokens: 400, completion_tokens: 500, total_tokens: 900 });
    expect(staged.requests.map(({ body }) => body['max_completion_tokens'])).toEqual([400, 150]);

    let second = await client.start('hello', await client.createAssistant(), { max_prompt_tokens: 256 });
    second = await client.submit(await client.reach(second, 'requires_action'), 'x'.repeat(2_000));
    expect((await client.reach(second, 'incomplete')).incomplete_details?.reason).toBe('max_prompt_tokens');
  });

  test('Usage and cost are added up, and a run of a model that reports none still ends', async () => {
    const withCost = (delta: object, reason: string): Stage =>
      streamOf(toChunk(delta, reason, { usage: USAGE, meta: { usage: { usd_spent: 0.125 } } }));
    const { client } = await setUp([
      withCost(
        { tool_calls: [{ index: 0, id: 'call_x', function: { name: 'get_time', arguments: '' } }] },
        'tool_calls',
      ),
      withCost({ content: 'Noon.' }, 'stop'),
      streamOf(toChunk({ content: 'No usage' }, 'stop')),
    ]);
    const assistantId = await client.createAssistant();
    const run = await client.settle(await client.start('time?', assistantId));
    const done = await client.reach(await client.submit(run), 'completed');
    expect(done.usage).toEqual({ prompt_tokens: 22, completion_tokens: 14, total_tokens: 36 });
    expect(done.cost).toEqual({ usd: 0.25 });
    expect((await client.reach(await client.start('again', assistantId), 'completed')).cost).toBeNull();
  });

  test('A cancel aborts the call of the model, and keeps the text written so far', async () => {
    const { staged, client } = await setUp([
      (_request, response) => {
        openStream(response);
        sendChunk(response, toChunk({ content: 'Half an' }));
      },
    ]);
    const run = await client.start('hello', await client.createAssistant());
    await until(async () => (await client.messages(run.thread_id)).length === 2);
    expect((await client.cancel(run)).body['status']).toBe('cancelling');
    await staged.requests[0]?.hungUp;
    await client.reach(run, 'cancelled');
    expect((await client.messages(run.thread_id))[0]).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'run_cancelled' },
      content: [{ text: { value: 'Half an' } }],
    });
  });

  test('A run that expires while its model writes aborts the call', async () => {
    const { staged, client } = await setUp(
      [
        (_request, response) => {
          openStream(response);
          sendChunk(response, toChunk({ content: 'Half' }));
        },
      ],
      { runExpiresAfterSeconds: 2 },
    );
    const run = await client.start('hello', await client.createAssistant());
    await client.reach(run, 'expired');
    await staged.requests[0]?.hungUp;
    expect((await client.messages(run.thread_id))[0]?.incomplete_details?.reason).toBe('run_expired');
    // The thread accepts messages again.
    await client.addMessage(run.thread_id, 'next');
  });

  test('A model that calls functions endlessly is stopped', async () => {
    const { staged, client } = await setUp([callStage({ name: 'get_time', arguments: '{}' })]);
    let run: WireRun = await client.start('loop', await client.createAssistant());
    for (let round = 0; round < 32; round++) run = await client.submit(await client.reach(run, 'requires_action'));
    expect((await client.reach(run, 'failed')).last_error?.message).toContain('32 times');
    expect(staged.requests).toHaveLength(32);
  });

  test('Without parallel calls, a run requires one call at a time, also if the model makes several', async () => {
    const both = callStage(
      { name: 'get_weather', arguments: '{"city":"Oslo"}' },
      { name: 'get_time', arguments: '{}' },
    );
    const { client } = await setUp([both, textStage('Done.')]);
    const assistantId = await client.createAssistant();
    const run = await client.reach(
      await client.start('hello', assistantId, { parallel_tool_calls: false }),
      'requires_action',
    );
    expect(run.required_action?.submit_tool_outputs.tool_calls).toMatchObject([
      { function: { name: 'get_weather', arguments: '{"city":"Oslo"}' } },
    ]);
    await client.reach(await client.submit(run), 'completed');
  });

  test('White space alone creates no message', async () => {
    const { client } = await setUp([
      streamOf(toChunk({ content: '\n\n' }), toChunk({ content: ' ' }, 'stop', { usage: USAGE })),
    ]);
    const run = await client.reach(await client.start('hello', await client.createAssistant()), 'completed');
    expect(await client.messages(run.thread_id)).toHaveLength(1);
    expect(await client.steps(run)).toEqual([]);
  });
});

test('The list of models has those of the model API and the built-in one, and is a clear error if it cannot be read', async () => {
  const { client } = await setUp([
    (_request, response) =>
      void response
        .setHeader('content-type', 'application/json')
        .end('{"data":[{"id":"gpt-4.1","created":1,"owned_by":"x"}]}'),
    errorStage(500, { message: 'Sorry' }),
  ]);
  const { body } = await client.call('GET /models');
  expect((body['data'] as { id: string }[]).map(({ id }) => id)).toEqual(['gpt-4.1', 'built-in']);
  expect(await client.call('GET /models')).toMatchObject({
    status: 502,
    body: { message: expect.stringContaining('model API') },
  });
});
