// Which runs an engine has in progress at a time.
import { describe, expect, test } from '@jest/globals';
import { DEFAULT_RUN_SETTINGS } from '../../../src/local-aiml/settings.ts';
import { createGate } from '../../support/gate.ts';
import { until } from '../../support/until.ts';
import { createFolder, startHere } from '../support.ts';
import { ConversationClient, type WireRun } from './conversation-client.ts';
import { errorStage, openStream, startStagedModelApi, textStage, type Stage } from './staged-model-api.ts';
import { setUp } from './staged-runs.ts';

test('At most RUN_CONCURRENCY runs are in progress, and the next begins when one ends', async () => {
  const { client } = await setUp([(_request, response) => openStream(response)], { runConcurrency: 2 });
  const assistantId = await client.createAssistant();
  const runs = await Promise.all([1, 2, 3, 4].map(() => client.start('hello', assistantId)));
  const statuses = async (): Promise<string[]> =>
    (await Promise.all(runs.map((run) => client.retrieve(run)))).map(({ status }) => status).sort();
  await until(async () => (await statuses()).join() === 'in_progress,in_progress,queued,queued');
  const running = (await Promise.all(runs.map((run) => client.retrieve(run)))).find(
    (run) => run.status === 'in_progress',
  );
  if (running) await client.cancel(running);
  await until(async () => (await statuses()).join() === 'cancelled,in_progress,in_progress,queued');
});

describe('Runs in progress are limited in bytes', () => {
  /** Of an account, which has half of what all have. */
  const LIMIT = 200_000;

  /** A model that responds once the gate is open, and what it was sent at most at a time. */
  const holding = () => {
    const gate = createGate();
    const sent = { now: 0, most: 0, calls: 0 };
    const stage: Stage = async (request, response) => {
      const { messages } = request.body;
      if (!messages) return errorStage(404, {})(request, response);
      const bytes = JSON.stringify(messages).length;
      sent.calls++;
      sent.now += bytes;
      sent.most = Math.max(sent.most, sent.now);
      await gate.opened;
      sent.now -= bytes;
      await textStage('Done')(request, response);
    };
    return { gate, sent, stage };
  };

  test.each<[string, object, string]>([
    ['by their instructions', { instructions: 'a'.repeat(60_000) }, 'Hello'],
    ['by their threads', {}, 'a'.repeat(60_000)],
  ])('%s: the others wait for them', async (_what, body, text) => {
    const { gate, sent, stage } = holding();
    const { client } = await setUp([stage], { bytesInProgress: 2 * LIMIT });
    const assistantId = await client.createAssistant();
    const runs: WireRun[] = [];
    for (let i = 0; i < 8; i++) runs.push(await client.start(text, assistantId, body));
    await until(() => sent.calls === 3);
    gate.open();
    for (const run of runs) expect((await client.settle(run)).status).toBe('completed');
    expect(sent.calls).toBe(8);
    expect(sent.most).toBeLessThanOrEqual(LIMIT);
  });

  test('a run that is larger than the limit runs alone, and is not overtaken while it waits', async () => {
    const { gate, sent, stage } = holding();
    const order: string[] = [];
    const named: Stage = (request, response) => {
      order.push(String((request.body['messages'] as { content: string }[])[0]?.content[0]));
      return stage(request, response);
    };
    const { client } = await setUp([named], { bytesInProgress: 2 * LIMIT });
    const assistantId = await client.createAssistant();
    const create = async (name: string, length: number) =>
      client.createRun(await client.createThread('Hello'), assistantId, { instructions: name.repeat(length) });
    const runs = [await create('a', 1_000)];
    await until(() => sent.calls === 1);
    runs.push(await create('b', LIMIT + 50_000), await create('c', 1_000));
    gate.open();
    for (const run of runs) expect((await client.settle(run)).status).toBe('completed');
    expect(order).toEqual(['a', 'b', 'c']);
  });

  test('an account that has its half of the bytes holds up no other account', async () => {
    const { gate, sent, stage } = holding();
    const { client } = await setUp([stage], { bytesInProgress: 2 * LIMIT });
    const other = new ConversationClient(client.url, 'another-key');
    const start = async (of: ConversationClient, length: number) =>
      of.createRun(await of.createThread('Hello'), await of.createAssistant(), { instructions: 'a'.repeat(length) });
    const runs = [await start(client, LIMIT - 10_000), await start(client, LIMIT - 10_000)];
    await until(() => sent.calls === 1);
    const small = await start(other, 1_000);
    await until(() => sent.calls === 2);
    gate.open();
    expect((await other.settle(small)).status).toBe('completed');
    for (const run of runs) expect((await client.settle(run)).status).toBe('completed');
  });

  test('a run that waits can be cancelled, and what waits behind it begins', async () => {
    const { gate, sent, stage } = holding();
    const { client } = await setUp([stage], { bytesInProgress: 2 * LIMIT });
    const assistantId = await client.createAssistant();
    const create = async (length: number) =>
      client.createRun(await client.createThread('Hello'), assistantId, { instructions: 'a'.repeat(length) });
    const first = await create(1_000);
    await until(() => sent.calls === 1);
    const waiting = await create(LIMIT);
    const behind = await create(1_000);
    await client.cancel(waiting);
    await until(() => sent.calls === 2);
    gate.open();
    expect((await client.settle(first)).status).toBe('completed');
    expect((await client.settle(behind)).status).toBe('completed');
    expect((await client.settle(waiting)).status).toBe('cancelled');
  });
});

test('With keys of callers, each run uses its own, and an interrupted run continues with the next request of its account', async () => {
  const dataDir = await createFolder();
  const staged = await startStagedModelApi((_request, response) => openStream(response), textStage('fine'));
  const modelApi = {
    baseUrl: staged.url,
    key: null,
    usesCallerKeys: true,
    firstTokenTimeoutMs: 20_000,
    timeoutMs: 20_000,
  };
  const runs = { ...DEFAULT_RUN_SETTINGS, modelApi };
  const first = await startHere({ dataDir, runs });
  const client = new ConversationClient(first.url, 'key-of-ada');
  const run = await client.start('hello', await client.createAssistant());
  await until(() => staged.requests.length === 1);
  expect(staged.requests[0]?.headers.authorization).toBe('Bearer key-of-ada');
  await first.stop();

  const second = await startHere({ dataDir, runs });
  const otherClient = new ConversationClient(second.url, 'key-of-bob');
  await otherClient.call('GET /assistants');
  expect(staged.requests).toHaveLength(1);
  const again = new ConversationClient(second.url, 'key-of-ada');
  await again.reach(run, 'completed');
  expect(staged.requests.map(({ headers }) => headers.authorization)).toEqual([
    'Bearer key-of-ada',
    'Bearer key-of-ada',
  ]);
});
