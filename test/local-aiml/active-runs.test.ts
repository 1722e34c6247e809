// The thread of an active run, its tool outputs and its cancel.
import { beforeAll, describe, expect, test } from '@jest/globals';
import {
  claim,
  complete,
  createRun,
  createThread,
  errorOf,
  requireOutputs,
  send,
  startConversation,
  startMessage,
  TALLY,
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

describe('a thread with an active run', () => {
  test('rejects messages and further runs, and adds nothing, until the run has ended', async () => {
    const { url: own, work } = await startConversation();
    const { threadId, runId, assistantId, path } = await createRun(own);
    const post = (what: string, body: object) => call(own, `POST /threads/${threadId}/${what}`, { body });
    const message = { role: 'user', content: 'x' };
    const expectLock = async () => {
      expect(errorOf(await post('messages', message))).toEqual({
        status: 400,
        message: `Can't add messages to ${threadId} while a run ${runId} is active.`,
        param: null,
        code: null,
      });
      for (const additional of [{}, { additional_messages: [message] }])
        expect(errorOf(await post('runs', { assistant_id: assistantId, ...additional }))).toEqual({
          status: 400,
          message: `Thread ${threadId} already has an active run ${runId}.`,
          param: null,
          code: null,
        });
      expect(idsOf(await call(own, `GET /threads/${threadId}/messages`))).toHaveLength(1);
    };
    await expectLock();
    let claimed = await claim(work);
    await expectLock();
    await requireOutputs(work, claimed, ['call_1']);
    await expectLock();
    await send(own, `POST ${path}/submit_tool_outputs`, { tool_outputs: [{ tool_call_id: 'call_1', output: '1' }] });
    claimed = await claim(work);
    await send(own, `POST ${path}/cancel`);
    await expectLock();
    await work.endRun(claimed.claim, { status: 'cancelled' }, TALLY);
    expect((await post('messages', message)).status).toBe(200);
    expect((await post('runs', { assistant_id: assistantId })).status).toBe(200);
  });

  test('accepts one of many concurrent runs, through two processes', async () => {
    const other = await startConversation();
    const assistantId = await create(other.url);
    const threadId = await createThread(other.url);
    const replies = await Promise.all(
      Array.from({ length: 10 }, () =>
        call(other.url, `POST /threads/${threadId}/runs`, { body: { assistant_id: assistantId } }),
      ),
    );
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, ...Array<number>(9).fill(400)]);
  });
});

describe('tool outputs', () => {
  const output = (id: string) => ({ tool_call_id: id, output: `output of ${id}` });

  test('complete the step with outputs and usage, and queue the run again', async () => {
    const { url: own, work } = await startConversation();
    const { path, run } = await createRun(own);
    const waiting = await requireOutputs(work, await claim(work), ['call_1', 'call_2']);
    expect(await send(own, `GET ${path}`)).toEqual(JSON.parse(JSON.stringify(waiting)));
    expect(waiting).toMatchObject({
      status: 'requires_action',
      expires_at: run['expires_at'],
      usage: null,
      required_action: {
        type: 'submit_tool_outputs',
        submit_tool_outputs: {
          tool_calls: ['call_1', 'call_2'].map((id) => ({
            id,
            type: 'function',
            function: { name: 'f', arguments: '{"a":1}' },
          })),
        },
      },
    });
    const steps = async () => (await send(own, `GET ${path}/steps`))['data'];
    expect(await steps()).toMatchObject([{ status: 'in_progress', usage: null }]);

    const resumed = await send(own, `POST ${path}/submit_tool_outputs`, {
      tool_outputs: [output('call_2'), output('call_1')],
    });
    expect(resumed).toMatchObject({ status: 'queued', required_action: null });
    expect(await steps()).toMatchObject([
      {
        object: 'thread.run.step',
        type: 'tool_calls',
        status: 'completed',
        usage: TALLY.usage,
        step_details: {
          type: 'tool_calls',
          tool_calls: [
            { id: 'call_1', function: { output: 'output of call_1' } },
            { id: 'call_2', function: { output: 'output of call_2' } },
          ],
        },
      },
    ]);
    const again = await claim(work);
    expect([again.isTakeOver, again.claim.attempt, again.tally]).toEqual([false, 2, TALLY]);
  });

  test.each<[string, string[], string]>([
    ['one missing', ['call_1'], "Expected tool outputs for call_ids ['call_1', 'call_2'], got ['call_1']"],
    [
      'one too many',
      ['call_1', 'call_2', 'call_3'],
      "Expected tool outputs for call_ids ['call_1', 'call_2'], got ['call_1', 'call_2', 'call_3']",
    ],
    [
      'one twice',
      ['call_1', 'call_1'],
      "Expected tool outputs for call_ids ['call_1', 'call_2'], got ['call_1', 'call_1']",
    ],
    [
      'a foreign one',
      ['call_1', 'call_x'],
      "Expected tool outputs for call_ids ['call_1', 'call_2'], got ['call_1', 'call_x']",
    ],
  ])('with %s are rejected, and the run still requires action', async (_what, ids, message) => {
    const { url: own, work } = await startConversation();
    const { path } = await createRun(own);
    await requireOutputs(work, await claim(work), ['call_1', 'call_2']);
    const reply = await call(own, `POST ${path}/submit_tool_outputs`, { body: { tool_outputs: ids.map(output) } });
    expect(errorOf(reply)).toEqual({ status: 400, message, param: null, code: null });
    expect(await send(own, `GET ${path}`)).toMatchObject({ status: 'requires_action' });
  });

  test.each(['queued', 'in_progress', 'completed', 'cancelled'])('are rejected while the run is %s', async (status) => {
    const { url: own, work } = await startConversation();
    const { path } = await createRun(own);
    if (status === 'in_progress') await claim(work);
    if (status === 'completed') await complete(work, await claim(work));
    if (status === 'cancelled') await send(own, `POST ${path}/cancel`);
    const reply = await call(own, `POST ${path}/submit_tool_outputs`, { body: { tool_outputs: [output('call_1')] } });
    expect(errorOf(reply)).toEqual({
      status: 400,
      message: `Runs in status "${status}" do not accept tool outputs.`,
      param: null,
      code: null,
    });
  });

  test.each<[string, unknown, string]>([
    ['no list', {}, 'tool_outputs'],
    ['an empty list', { tool_outputs: [] }, 'tool_outputs'],
    [
      'an output that is not a string',
      { tool_outputs: [{ tool_call_id: 'call_1', output: [] }] },
      'tool_outputs[0].output',
    ],
    ['129 outputs', { tool_outputs: Array.from({ length: 129 }, () => output('call_1')) }, 'tool_outputs'],
  ])('with %s are rejected', async (_what, body, param) => {
    const { path } = await createRun(url);
    expect(errorOf(await call(url, `POST ${path}/submit_tool_outputs`, { body }))).toMatchObject({
      status: 400,
      param,
    });
  });

  test('are accepted once by two processes', async () => {
    const { url: own, work } = await startConversation();
    const { path } = await createRun(own);
    await requireOutputs(work, await claim(work), ['call_1']);
    const replies = await Promise.all(
      ['a', 'b', 'c', 'd'].map((text) =>
        call(own, `POST ${path}/submit_tool_outputs`, {
          body: { tool_outputs: [{ tool_call_id: 'call_1', output: text }] },
        }),
      ),
    );
    expect(replies.map(({ status }) => status).toSorted()).toEqual([200, 400, 400, 400]);
  });
});

describe('cancel', () => {
  test('ends a queued run, or one that requires action, at once and with its open step', async () => {
    const { url: own, work } = await startConversation();
    const queued = await createRun(own);
    expect(await send(own, `POST ${queued.path}/cancel`, {})).toMatchObject({
      status: 'cancelled',
      expires_at: null,
      cancelled_at: expect.any(Number),
      usage: { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 },
    });
    const waiting = await createRun(own);
    await requireOutputs(work, await claim(work), ['call_1']);
    expect(await send(own, `POST ${waiting.path}/cancel`)).toMatchObject({
      status: 'cancelled',
      required_action: null,
      usage: TALLY.usage,
      cost: { usd: 0.25 },
    });
    expect((await send(own, `GET ${waiting.path}/steps`))['data']).toMatchObject([{ status: 'cancelled' }]);
  });

  test('of a run in progress is cancelling until its worker has stopped, and keeps the text written so far', async () => {
    const { url: own, work } = await startConversation();
    const { path, runId, threadId } = await createRun(own);
    const claimed = await claim(work);
    const messageId = await startMessage(work, claimed);
    await work.saveTexts([{ claim: claimed.claim, messageId, content: textOf('half') }]);
    expect(await send(own, `POST ${path}/cancel`)).toMatchObject({ status: 'cancelling', cancelled_at: null });
    expect(errorOf(await call(own, `POST ${path}/cancel`))).toMatchObject({
      status: 400,
      message: "Cannot cancel run with status 'cancelling'.",
    });
    expect([...(await work.renewLeases([claimed.claim], 1000))]).toEqual([[runId, 'cancelling']]);
    await work.endRun(claimed.claim, { status: 'cancelled' }, TALLY);
    expect(await send(own, `GET ${path}`)).toMatchObject({ status: 'cancelled' });
    expect(await send(own, `GET /threads/${threadId}/messages/${messageId}`)).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason: 'run_cancelled' },
      content: textOf('half'),
    });
  });

  test.each(['completed', 'cancelled'])('of a run that is %s is rejected', async (status) => {
    const { url: own, work } = await startConversation();
    const { path } = await createRun(own);
    if (status === 'completed') await complete(work, await claim(work));
    else await send(own, `POST ${path}/cancel`);
    expect(errorOf(await call(own, `POST ${path}/cancel`))).toEqual({
      status: 400,
      message: `Cannot cancel run with status '${status}'.`,
      param: null,
      code: null,
    });
  });
});
