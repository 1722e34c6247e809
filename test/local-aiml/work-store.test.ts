// The guarantees for workers: claims, leases, fencing, take-over and fairness.
import { beforeEach, describe, expect, test } from '@jest/globals';
import { createId } from '../../src/local-aiml/wire/ids.ts';
import { createStep } from '../../src/local-aiml/runs/step.ts';
import { ClaimLostError } from '../../src/local-aiml/store/errors.ts';
import {
  claim,
  complete,
  createRun,
  LEASE_MS,
  requireOutputs,
  send,
  startConversation,
  startMessage,
  TALLY,
  textOf,
  type Conversation,
} from './conversations.ts';
import { moveClock } from './support.ts';

let conversation: Conversation;
let url: string;
let work: Conversation['work'];
beforeEach(async () => {
  conversation = await startConversation();
  ({ url, work } = conversation);
});

const whole = (messageId: string, text: string) => ({
  messageId,
  content: textOf(text),
  end: { status: 'completed' as const },
  usage: TALLY.usage,
});

describe('a claim', () => {
  test('is given to one of many workers', async () => {
    await createRun(url);
    const claims = await Promise.all(
      [work, conversation.store.work, work].map((worker) => worker.claimRun({ leaseMs: LEASE_MS })),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  test('takes the oldest run of the account with the fewest runs in progress', async () => {
    const runs: { key: string; id: string }[] = [];
    for (const key of ['busy', 'busy', 'busy', 'quiet'])
      runs.push({ key, id: (await createRun(url, {}, { key })).runId });
    const order: string[] = [];
    for (let i = 0; i < 4; i++) order.push((await claim(work)).run.id);
    expect(order).toEqual([runs[0]?.id, runs[3]?.id, runs[1]?.id, runs[2]?.id]);
  });

  test('may be limited to accounts', async () => {
    const { runId } = await createRun(url, {}, { key: 'a' });
    await createRun(url, {}, { key: 'b' });
    const account = conversation.store.accountOf('a');
    const request = { leaseMs: LEASE_MS, accounts: [account] };
    expect((await work.claimRun(request))?.run.id).toBe(runId);
    expect(await work.claimRun(request)).toBeUndefined();
    expect(await work.claimRun({ leaseMs: LEASE_MS, accounts: [] })).toBeUndefined();
    expect(await work.accountsWithWork()).toEqual([conversation.store.accountOf('b')]);
  });

  test('passes over a run that expired in the queue, to the next one of its account', async () => {
    const { path } = await createRun(url);
    moveClock(601);
    const { runId } = await createRun(url);
    expect((await claim(work)).claim.runId).toBe(runId);
    expect(await send(url, `GET ${path}`)).toMatchObject({ status: 'expired' });
  });

  test('that is limited in bytes leaves a larger run first in line, and counts what its thread has', async () => {
    const large = await createRun(url, { instructions: 'a'.repeat(100_000) }, { key: 'a' });
    const small = await createRun(url, {}, { key: 'b' });
    expect(await work.claimRun({ leaseMs: LEASE_MS, maxBytes: 100_000 })).toBeUndefined();
    const claimed = await claim(work);
    expect(claimed).toMatchObject({ run: { id: large.runId, status: 'in_progress' } });
    expect(claimed.runBytes).toBeGreaterThan(100_000);
    await complete(work, claimed);
    await complete(work, await claim(work));

    await send(
      url,
      `POST /threads/${small.threadId}/messages`,
      { role: 'user', content: 'é'.repeat(50_000) },
      { key: 'b' },
    );
    const body = { assistant_id: small.assistantId };
    await send(url, `POST /threads/${small.threadId}/runs`, body, { key: 'b' });
    expect(await work.claimRun({ leaseMs: LEASE_MS, maxBytes: 100_000 })).toBeUndefined();
    const { contextBytes } = await claim(work);
    expect(contextBytes).toBeGreaterThan(100_000);
    expect(contextBytes).toBeLessThan(102_000);
  });

  test('sets the run to in progress, with the time of its start', async () => {
    const { path } = await createRun(url);
    const { run, isTakeOver, tally } = await claim(work);
    expect(run).toMatchObject({ status: 'in_progress', started_at: expect.any(Number) });
    expect([isTakeOver, tally]).toEqual([false, { modelCalls: 0, usage: null, costUsd: null }]);
    expect(await send(url, `GET ${path}`)).toMatchObject({ status: 'in_progress', started_at: run.started_at });
  });
});

describe('a worker', () => {
  test('writes a message, which reads contain while it grows and when it is complete', async () => {
    const { path, threadId } = await createRun(url);
    const claimed = await claim(work);
    const messageId = await startMessage(work, claimed);
    const message = () => send(url, `GET /threads/${threadId}/messages/${messageId}`);
    expect(await message()).toMatchObject({ status: 'in_progress', content: [], role: 'assistant' });
    await work.saveTexts([{ claim: claimed.claim, messageId, content: textOf('Hel') }]);
    expect(await message()).toMatchObject({ status: 'in_progress', content: textOf('Hel') });
    const run = await work.endRun(claimed.claim, { status: 'completed' }, TALLY, whole(messageId, 'Hello'));
    expect(await message()).toMatchObject({
      status: 'completed',
      content: textOf('Hello'),
      completed_at: run.completed_at,
    });
    expect(await send(url, `GET ${path}`)).toMatchObject({
      status: 'completed',
      completed_at: expect.any(Number),
      expires_at: null,
      usage: TALLY.usage,
      cost: { usd: 0.25 },
    });
    expect((await send(url, `GET ${path}/steps`))['data']).toMatchObject([
      {
        type: 'message_creation',
        status: 'completed',
        step_details: { type: 'message_creation', message_creation: { message_id: messageId } },
        usage: TALLY.usage,
      },
    ]);
  });

  test('saves growing text exactly, and keeps the metadata that a client sets at the same time', async () => {
    const { threadId } = await createRun(url);
    const claimed = await claim(work);
    const messageId = await startMessage(work, claimed);
    const path = `/threads/${threadId}/messages/${messageId}`;
    await send(url, `POST ${path}`, { metadata: { topic: '\ud800 "quoted" \u0000' } });
    const text = 'a\u0000b\ud800c\udc00d😀\u2028"\\\n';
    const saved = { claim: claimed.claim, messageId, content: textOf(text) };
    expect(await work.saveTexts([saved, { ...saved, messageId: 'msg_unknown' }])).toEqual(
      new Set([claimed.claim.runId]),
    );
    expect(await work.saveTexts([saved])).toEqual(new Set());
    expect(await send(url, `GET ${path}`)).toMatchObject({
      status: 'in_progress',
      content: textOf(text),
      metadata: { topic: '\ud800 "quoted" \u0000' },
    });
  });

  test('writes text before its calls, as two steps, each with its usage', async () => {
    const { path } = await createRun(url);
    const claimed = await claim(work);
    const messageId = await startMessage(work, claimed);
    await work.endMessage(claimed.claim, whole(messageId, 'Let me see.'), TALLY);
    await requireOutputs(work, claimed, ['call_1']);
    expect((await send(url, `GET ${path}/steps?order=asc`))['data']).toMatchObject([
      { type: 'message_creation', status: 'completed', usage: TALLY.usage },
      { type: 'tool_calls', status: 'in_progress', usage: null },
    ]);
  });

  test.each([
    [
      'failed',
      { status: 'failed', error: { code: 'rate_limit_exceeded', message: 'Slow down.' } },
      'run_failed',
      'failed',
    ],
    ['incomplete', { status: 'incomplete', reason: 'max_completion_tokens' }, 'max_tokens', 'completed'],
    ['incomplete', { status: 'incomplete', reason: 'content_filter' }, 'content_filter', 'completed'],
    ['expired', { status: 'expired' }, 'run_expired', 'expired'],
    ['cancelled', { status: 'cancelled' }, 'run_cancelled', 'cancelled'],
  ] as const)('ends a run as %s, with its open message and step', async (status, end, reason, stepStatus) => {
    const { path, threadId } = await createRun(url);
    const claimed = await claim(work);
    const messageId = await startMessage(work, claimed);
    await work.saveTexts([{ claim: claimed.claim, messageId, content: textOf('half') }]);
    await work.endRun(claimed.claim, end, TALLY);
    expect(await send(url, `GET ${path}`)).toMatchObject({
      status,
      last_error: status === 'failed' ? end.error : null,
      incomplete_details: status === 'incomplete' ? { reason: end.reason } : null,
      failed_at: status === 'failed' ? expect.any(Number) : null,
    });
    expect(await send(url, `GET /threads/${threadId}/messages/${messageId}`)).toMatchObject({
      status: 'incomplete',
      incomplete_details: { reason },
      incomplete_at: expect.any(Number),
      content: textOf('half'),
    });
    expect((await send(url, `GET ${path}/steps`))['data']).toMatchObject([{ status: stepStatus }]);
  });

  test('keeps the changes that a client makes at the same time', async () => {
    const { path, threadId } = await createRun(url);
    const claimed = await claim(work);
    const messageId = await startMessage(work, claimed);
    await send(url, `POST /threads/${threadId}/messages/${messageId}`, { metadata: { a: 'b' } });
    await send(url, `POST ${path}`, { metadata: { c: 'd' } });
    await work.saveTexts([{ claim: claimed.claim, messageId, content: textOf('Hi') }]);
    await work.endRun(claimed.claim, { status: 'completed' }, TALLY, whole(messageId, 'Hi'));
    expect(await send(url, `GET /threads/${threadId}/messages/${messageId}`)).toMatchObject({ metadata: { a: 'b' } });
    expect(await send(url, `GET ${path}`)).toMatchObject({ metadata: { c: 'd' } });
  });

  test('prevents that its unfinished message is deleted', async () => {
    const { threadId } = await createRun(url);
    const messageId = await startMessage(work, await claim(work));
    await expect(send(url, `DELETE /threads/${threadId}/messages/${messageId}`)).rejects.toThrow('400');
  });

  test('that releases a run makes it available at once, and it does not count as a failed attempt', async () => {
    const { path } = await createRun(url);
    for (let i = 1; i <= 5; i++) {
      const { claim: held } = await claim(work);
      expect(held.attempt).toBe(i);
      await work.releaseRun(held);
    }
    expect(await send(url, `GET ${path}`)).toMatchObject({ status: 'in_progress' });
  });
});

describe('an expired lease', () => {
  test('lets another worker take over the run; open objects are incomplete, and completed steps are kept', async () => {
    const { path, threadId, runId } = await createRun(url);
    const first = await claim(work);
    const done = await startMessage(work, first);
    await work.endMessage(first.claim, whole(done, 'whole'), TALLY);
    const cut = await startMessage(work, first);
    await work.saveTexts([{ claim: first.claim, messageId: cut, content: textOf('cut') }]);
    expect(await work.claimRun({ leaseMs: LEASE_MS })).toBeUndefined();

    moveClock(LEASE_MS / 1000 + 1);
    const second = await claim(conversation.store.work);
    expect([second.claim.attempt, second.isTakeOver, second.tally]).toEqual([2, true, TALLY]);
    expect(await send(url, `GET /threads/${threadId}/messages?order=asc`)).toMatchObject({
      data: [
        {},
        { id: done, status: 'completed', content: textOf('whole') },
        { id: cut, status: 'incomplete', incomplete_details: { reason: 'run_failed' }, content: textOf('cut') },
      ],
    });
    expect((await send(url, `GET ${path}/steps?order=asc`))['data']).toMatchObject([
      { status: 'completed' },
      { status: 'failed', last_error: { code: 'server_error' } },
    ]);
    const next = await startMessage(work, second);
    const snapshot = await work.snapshot(runId);
    expect([...(snapshot?.messages ?? [])].map(([id, { attempt }]) => [id, attempt])).toEqual([
      [done, 1],
      [cut, 1],
      [next, 2],
    ]);
  });

  test('cannot occur while it is renewed', async () => {
    await createRun(url);
    const { claim: held } = await claim(work);
    for (let i = 0; i < 3; i++) {
      moveClock((LEASE_MS / 1000) * 0.9);
      expect([...(await work.renewLeases([held], LEASE_MS)).values()]).toEqual(['held']);
      expect(await work.claimRun({ leaseMs: LEASE_MS })).toBeUndefined();
    }
  });

  test('rejects all writes of the earlier worker', async () => {
    const { path, runId } = await createRun(url);
    const late = await claim(work);
    const messageId = await startMessage(work, late);
    moveClock(LEASE_MS / 1000 + 1);
    const current = await claim(work);
    const before = await work.snapshot(runId);
    const step = createStep(createId('step'), late.run, { type: 'tool_calls', tool_calls: [] }, 1);
    await Promise.all(
      [
        () => startMessage(work, late),
        () => work.endMessage(late.claim, whole(messageId, 'late'), TALLY),
        () => work.startToolStep(late.claim, step),
        () => requireOutputs(work, late, ['call_1']),
        () => work.endRun(late.claim, { status: 'completed' }, TALLY, whole(messageId, 'late')),
        () => work.releaseRun(late.claim),
      ].map((write) => expect(write()).rejects.toBeInstanceOf(ClaimLostError)),
    );
    expect([...(await work.saveTexts([{ claim: late.claim, messageId, content: textOf('late') }]))]).toEqual([runId]);
    expect([...(await work.renewLeases([late.claim], LEASE_MS))]).toEqual([[runId, 'lost']]);
    expect(await work.snapshot(runId)).toEqual(before);
    await complete(work, current);
    await expect(complete(work, current)).rejects.toBeInstanceOf(ClaimLostError);
    expect(await send(url, `GET ${path}`)).toMatchObject({ status: 'completed' });
  });

  test('fails the run when its worker is lost for the third time', async () => {
    const { path } = await createRun(url, {});
    for (let left = 0; left < 3; left++) {
      const { run } = await claim(work);
      expect(run.status).toBe('in_progress');
      moveClock(LEASE_MS / 1000 + 1);
    }
    expect(await work.claimRun({ leaseMs: LEASE_MS })).toBeUndefined();
    expect(await send(url, `GET ${path}`)).toMatchObject({
      status: 'failed',
      last_error: { code: 'server_error', message: expect.stringContaining('3 times') },
    });
  });

  test('ends a run that was being cancelled, by the sweep', async () => {
    const { path } = await createRun(url);
    await claim(work);
    await send(url, `POST ${path}/cancel`);
    expect(await work.sweep()).toEqual([]);
    moveClock(LEASE_MS / 1000 + 1);
    expect(await work.sweep()).toMatchObject([{ status: 'cancelled' }]);
    expect(await send(url, `GET ${path}`)).toMatchObject({ status: 'cancelled' });
  });

  test('does not affect a run that requires action', async () => {
    const { path } = await createRun(url);
    await requireOutputs(work, await claim(work), ['call_1']);
    moveClock(LEASE_MS / 1000 + 1);
    expect(await work.claimRun({ leaseMs: LEASE_MS })).toBeUndefined();
    expect(await work.sweep()).toEqual([]);
    expect(await send(url, `GET ${path}`)).toMatchObject({ status: 'requires_action' });
  });
});

describe('the context of a model', () => {
  test('has the messages and the completed tool calls of a thread, newest first, without unfinished ones', async () => {
    const first = await createRun(url);
    const claimed = await claim(work);
    await requireOutputs(work, claimed, ['call_1']);
    await send(url, `POST ${first.path}/submit_tool_outputs`, {
      tool_outputs: [{ tool_call_id: 'call_1', output: '1' }],
    });
    const resumed = await claim(work);
    const reply = await startMessage(work, resumed);
    await work.endRun(resumed.claim, { status: 'completed' }, TALLY, whole(reply, 'answer'));
    await send(url, `POST /threads/${first.threadId}/messages`, { role: 'user', content: 'next' });
    await send(url, `POST /threads/${first.threadId}/runs`, { assistant_id: first.assistantId });
    await startMessage(work, await claim(work));

    const { items, next } = await work.context(first.threadId, undefined, 10);
    expect(next).toBeNull();
    expect(items.map((item) => (item.kind === 'message' ? item.message.content : item.step.step_details))).toEqual([
      textOf('next'),
      textOf('answer'),
      {
        type: 'tool_calls',
        tool_calls: [{ id: 'call_1', type: 'function', function: { name: 'f', arguments: '{"a":1}', output: '1' } }],
      },
      textOf('Hello'),
    ]);
    expect(await work.context(first.threadId, items[1]?.sequence, 1)).toEqual({
      items: [items[2]],
      next: items[2]?.sequence,
    });
  });

  test('comes in pages of about a megabyte, and of one item if it is larger', async () => {
    const sizes = [200_000, 1_500_000, 600_000, 300_000, 100_000, 600_000];
    const { threadId } = await createRun(url);
    await complete(work, await claim(work));
    for (const size of sizes) {
      const image = { type: 'image_url', image_url: { url: `data:image/png;base64,${'a'.repeat(size)}` } };
      await send(url, `POST /threads/${threadId}/messages`, { role: 'user', content: [image] });
    }
    const pages: number[][] = [];
    for (let next: number | null | undefined; next !== null;) {
      const page = await work.context(threadId, next, 100);
      pages.push(page.items.map(({ bytes }) => Math.floor(bytes / 100_000) * 100_000));
      next = page.next;
    }
    expect(pages).toEqual([[600_000, 100_000, 300_000], [600_000], [1_500_000], [200_000, 0]]);
  });
});
