// The limits of runs: their time, and their number in the queue.
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from '@jest/globals';
import Database from 'libsql';
import {
  claim,
  createRun,
  LEASE_MS,
  requireOutputs,
  send,
  startConversation,
  startMessage,
  type Conversation,
} from './conversations.ts';
import { call, create, moveClock, type Reply } from './support.ts';

let conversation: Conversation;
let url: string;
let work: Conversation['work'];
beforeEach(async () => {
  conversation = await startConversation();
  ({ url, work } = conversation);
});

describe('expiry', () => {
  const states = ['queued', 'in_progress', 'requires_action', 'cancelling'] as const;

  async function createIn(state: (typeof states)[number]) {
    const created = await createRun(url);
    if (state === 'queued') return created;
    const claimed = await claim(work);
    if (state === 'requires_action') await requireOutputs(work, claimed, ['call_1']);
    else await startMessage(work, claimed);
    if (state === 'cancelling') await send(url, `POST ${created.path}/cancel`);
    return created;
  }

  test.each(states)('of a run that is %s is visible in every read, and unlocks the thread', async (state) => {
    const { path, threadId } = await createIn(state);
    moveClock(601);
    expect(await send(url, `GET ${path}`)).toMatchObject({
      status: 'expired',
      expires_at: null,
      required_action: null,
    });
    await send(url, `POST /threads/${threadId}/messages`, { role: 'user', content: 'on' });
    const { data } = await send(url, `GET ${path}/steps`);
    for (const step of data as object[])
      expect(step).toMatchObject({ status: 'expired', expired_at: expect.any(Number) });
  });

  test.each(states)('of a run that is %s is enforced by the sweep', async (state) => {
    const { runId } = await createIn(state);
    moveClock(500);
    expect((await work.sweep()).filter(({ status }) => status === 'expired')).toEqual([]);
    moveClock(110);
    const ended = state === 'cancelling' ? [] : [{ id: runId, status: 'expired' }];
    // The lease of a minute has expired long before, so a run that was being cancelled is cancelled by now.
    expect(await work.sweep()).toMatchObject(ended);
  });

  test('is enforced by every write: a message, a run, outputs, a cancel, a claim', async () => {
    const waiting = await createIn('requires_action');
    const queued = await createIn('queued');
    moveClock(601);
    const outputs = { tool_outputs: [{ tool_call_id: 'call_1', output: 'x' }] };
    await expect(send(url, `POST ${waiting.path}/submit_tool_outputs`, outputs)).rejects.toThrow(
      String.raw`Runs in status \"expired\" do not accept tool outputs.`,
    );
    await expect(send(url, `POST ${waiting.path}/cancel`)).rejects.toThrow("Cannot cancel run with status 'expired'.");
    expect(await work.claimRun({ leaseMs: LEASE_MS })).toBeUndefined();
    const second = await send(url, `POST /threads/${queued.threadId}/runs`, { assistant_id: queued.assistantId });
    expect(second).toMatchObject({ status: 'queued' });
  });

  test('is at the time of the setting', async () => {
    const soon = await startConversation({
      runs: { modelApi: null, modelAliases: new Map(), runConcurrency: 1, runExpiresAfterSeconds: 5 },
    });
    const { run } = await createRun(soon.url);
    expect(Number(run['expires_at']) - Number(run['created_at'])).toBe(5);
  });
});

describe('Queued runs are limited', () => {
  const TOO_MANY = { type: 'rate_limit_error', code: 'rate_limit_exceeded' };

  /** Writes queued runs directly to the store, each on its own thread. `accountOf` returns the account of the nth. */
  async function queueRuns(count: number, accountOf: (index: number) => string): Promise<void> {
    const { run } = await createRun(url);
    const dataDir = join(conversation.dataDir, 'aiml.db');
    const database = new Database(dataDir, { timeout: 5_000 });
    const insert = database.prepare(
      `INSERT INTO runs (id, parent, created_at, sequence, bytes, json, account, live_status, expires_at, tally)
         SELECT ?, ?, created_at, sequence, bytes, json, ?, 'queued', expires_at, tally FROM runs WHERE id = ?`,
    );
    database.exec('BEGIN IMMEDIATE');
    for (let i = 1; i < count; i++) insert.run(`run_${i}`, `thread_${i}`, accountOf(i), String(run['id']));
    database.exec('COMMIT');
    database.close();
  }

  const tryRun = async (key: string): Promise<Reply> => {
    const assistant_id = await create(url, {}, { key });
    return call(url, 'POST /threads/runs', { key, body: { assistant_id } });
  };

  test('for an account, without an effect on others', async () => {
    const account = conversation.store.accountOf('key-1');
    await queueRuns(1_000, () => account);
    const reply = await tryRun('key-1');
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([429, '5']);
    expect(reply.body).toMatchObject({ message: expect.stringContaining('of this account'), error: TOO_MANY });
    expect((await tryRun('another')).status).toBe(200);
    await claim(work);
    await claim(work);
    expect((await tryRun('key-1')).status).toBe(200);
  });

  test('for all accounts together', async () => {
    await queueRuns(10_000, (index) => `account ${index % 20}`);
    const reply = await tryRun('another');
    expect([reply.status, reply.headers.get('retry-after')]).toEqual([429, '5']);
    expect(reply.body).toMatchObject({ message: expect.stringMatching(/^Too many runs wait\./), error: TOO_MANY });
    expect((await call(url, 'GET /threads', { key: 'another' })).body['data']).toEqual([]);
  });
});
