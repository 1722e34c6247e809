import { expect, test } from '@jest/globals';
import { join } from 'node:path';
import Database from 'libsql';
import { CLAIM_INTERVAL_MS } from '../../../src/local-aiml/engine/scheduler.ts';
import { cleanUpLater } from '../../support/cleanup.ts';
import { amountOf, slowTest } from '../../support/slow.ts';
import { until } from '../../support/until.ts';
import { createGate } from '../../support/gate.ts';
import { createFolder, startHere, startProcess, startProcessWith, type Process } from '../support.ts';
import { ConversationClient, textOf, toRun, type WireRun } from './conversation-client.ts';
import { createRandom, type Random } from '../../support/random.ts';
import { endStream, openStream, sendChunk, toChunk } from './staged-model-api.ts';
import { setUp } from './staged-runs.ts';

const ROUNDS = amountOf('KILL_ROUNDS', { fast: 1, slow: 30 });
const SEED = Number(process.env['KILL_SEED'] ?? Date.now() % 1_000_000_000);

/** From the first acknowledged runs to the kill, at most. The more runs there are, the longer their end takes. */
const KILLED_WITHIN_MS = amountOf('KILLED_WITHIN_MS', { fast: 300, slow: 1_200 });
/** The runs that two processes share. */
const SHARED_RUNS = amountOf('SHARED_RUNS', { fast: 10, slow: 40 });
/** The lease of the processes that are killed; the stand-alone process has a longer one. */
const LEASE_MS = amountOf('KILL_LEASE_MS', { fast: 1_500, slow: 3_000 });
/** At least that of the stand-alone process. */
const DEFAULT_LEASE_MS = 15_000;
/** A lease may have been renewed just before the kill, and a run may lose its worker three times. */
const TAKE_OVER_MS = 3 * DEFAULT_LEASE_MS + 120_000;

const ENDS = ['completed', 'failed', 'cancelled', 'incomplete', 'expired'];

interface Acknowledged {
  readonly runs: WireRun[];
  /** The contents of messages, by thread. */
  readonly messages: Map<string, string[]>;
  /** The outputs, by run. */
  readonly outputs: Map<string, { readonly id: string; readonly output: string }>;
}

const MESSAGES = [
  'Hello',
  '/words 80\n/slow 10',
  '/vary\n/words 60\n/slow 15',
  '/tool get_time',
  '/fail server_error after 5\n/slow 5\n/words 9',
  '/incomplete',
];

/** Sends random requests until the process has ended, and records what was acknowledged. */
async function sendRandomRequests(
  client: ConversationClient,
  assistantId: string,
  random: Random,
  kept: Acknowledged,
): Promise<void> {
  try {
    for (;;) {
      const waiting = kept.runs.filter((run) => !kept.outputs.has(run.id) && !submitting.has(run.id));
      if (waiting.length > 0 && random.chance(0.5)) await submit(client, random.pick(waiting), random, kept);
      else {
        const content = random.pick(MESSAGES);
        const threadId = await client.createThread();
        kept.messages.set(threadId, []);
        await client.addMessage(threadId, content);
        kept.messages.get(threadId)?.push(content);
        const reply = await client.call(`POST /threads/${threadId}/runs`, { assistant_id: assistantId });
        if (reply.status !== 429) kept.runs.push(toRun(reply));
        // The account has its maximum of queued runs, because a process that is killed again and again executes few.
        else await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  } catch (error) {
    // The connection was cut: the request may or may not have been executed.
    if ((error as Error).name === 'TypeError') return;
    throw error;
  }
}

/** The ids of the runs that one client is submitting outputs to. A second submit would be rejected. */
const submitting = new Set<string>();

async function submit(client: ConversationClient, run: WireRun, random: Random, kept: Acknowledged): Promise<void> {
  submitting.add(run.id);
  try {
    const current = await client.retrieve(run);
    const [call] = current.required_action?.submit_tool_outputs.tool_calls ?? [];
    if (!call) return;
    const output = `output ${random.next()}`;
    await client.submit(current, output);
    kept.outputs.set(run.id, { id: call.id, output });
  } finally {
    submitting.delete(run.id);
  }
}

const RUNS = { runConcurrency: 8, leaseMs: LEASE_MS };
const env = (dataDir: string): Record<string, string> => ({ DATA_DIR: dataDir, RUN_CONCURRENCY: '8' });

test(
  `After kills at random moments (${ROUNDS} rounds, seed ${SEED}) nothing acknowledged is lost, and every run ends`,
  async () => {
    const random = createRandom(SEED);
    const dataDir = await createFolder();
    const kept: Acknowledged = { runs: [], messages: new Map(), outputs: new Map() };
    let assistantId: string | undefined;
    for (let round = 0; round < ROUNDS; round++) {
      const running = startProcessWith(dataDir, RUNS);
      const client = new ConversationClient(await running.url);
      assistantId ??= await client.createAssistant();
      const before = kept.runs.length;
      const requests = Promise.all([1, 2, 3].map(() => sendRandomRequests(client, assistantId ?? '', random, kept)));
      await until(() => kept.runs.length > before + 1);
      await new Promise((resolve) => setTimeout(resolve, random.below(KILLED_WITHIN_MS)));
      running.child.kill('SIGKILL');
      await running.exit;
      await requests;
    }

    const client = new ConversationClient(await startProcessWith(dataDir, RUNS).url);
    expect(kept.runs.length).toBeGreaterThan(ROUNDS);
    for (const [threadId, contents] of kept.messages) {
      const found = (await client.messages(threadId)).map(textOf);
      expect(found).toEqual(expect.arrayContaining(contents));
    }
    const giveUpAt = Date.now() + TAKE_OVER_MS;
    for (const run of kept.runs) {
      let current = await client.retrieve(run);
      while (!ENDS.includes(current.status)) {
        if (Date.now() > giveUpAt) throw new Error(`${run.id} is still ${current.status}`);
        if (current.status === 'requires_action') {
          const before = kept.outputs.get(run.id);
          // A run whose outputs were acknowledged must not require them again.
          if (before) throw new Error(`${run.id} requires again ${JSON.stringify(current.required_action)}`);
          await submit(client, run, random, kept);
        }
        await new Promise((resolve) => setTimeout(resolve, 20));
        current = await client.retrieve(run);
      }
      const written = (await client.messages(run.thread_id)).filter((message) => message.run_id === run.id);
      expect(written.filter(({ status }) => status === 'completed').length).toBeLessThanOrEqual(1);
      if (current.status === 'completed') expect(written[0]?.status).toBe('completed');
      const steps = await client.steps(current);
      expect(steps.every(({ status }) => status !== 'in_progress')).toBe(true);
      const output = kept.outputs.get(run.id);
      const called = steps.flatMap((step) => (step.status === 'completed' ? (step.step_details.tool_calls ?? []) : []));
      if (output) expect(called).toMatchObject([{ id: output.id, function: { output: output.output } }]);
    }
  },
  TAKE_OVER_MS + 60_000 + ROUNDS * 10_000,
);

slowTest(
  'A process that was suspended changes nothing after another one has taken over its run',
  async () => {
    // Far more than are written before the process is suspended.
    const WORDS = 300;
    const dataDir = await createFolder();
    const first = startProcess(env(dataDir));
    const before = new ConversationClient(await first.url);
    const run = await before.start(`/vary\n/words ${WORDS}\n/slow 50`, await before.createAssistant());
    await until(async () => textOf((await before.messages(run.thread_id))[0]).split(' ').length > 12);
    first.child.kill('SIGSTOP');
    const after = new ConversationClient(await startProcess(env(dataDir)).url);
    await until(async () => (await after.messages(run.thread_id)).length === 3, TAKE_OVER_MS);
    first.child.kill('SIGCONT');
    await until(async () => ENDS.includes((await after.retrieve(run)).status), TAKE_OVER_MS);
    const written = await after.messages(run.thread_id);
    expect(written.map(({ status }) => status)).toEqual(['completed', 'incomplete', 'completed']);
    const [whole, cut] = written.map(textOf);
    expect(whole?.split(' ')).toHaveLength(WORDS);
    expect(whole?.startsWith(cut ?? '')).toBe(false);
    // The process that was suspended returns what the other one wrote.
    expect(await before.messages(run.thread_id)).toEqual(written);
    expect((await after.steps(run)).map(({ status }) => status)).toEqual(['failed', 'completed']);
  },
  3 * TAKE_OVER_MS,
);

test('Two processes on one store never work on the same run, and never both accept its outputs', async () => {
  const dataDir = await createFolder();
  const clients = [
    new ConversationClient((await startHere({ dataDir })).url),
    new ConversationClient((await startHere({ dataDir })).url),
  ] as const;
  const assistantId = await clients[0].createAssistant();
  const runs = await Promise.all(
    Array.from({ length: SHARED_RUNS }, (_, index) => clients[index % 2 === 0 ? 0 : 1].start('get_time', assistantId)),
  );
  const statuses = await Promise.all(
    runs.map(async (run) => {
      const waiting = await clients[0].reach(run, 'requires_action');
      const calls = waiting.required_action?.submit_tool_outputs.tool_calls ?? [];
      expect(calls).toHaveLength(1);
      const replies = await Promise.all(
        clients.map((client, index) =>
          client.call(`POST ${client.pathOf(run)}/submit_tool_outputs`, {
            tool_outputs: calls.map(({ id }) => ({ tool_call_id: id, output: `by ${index}` })),
          }),
        ),
      );
      const accepted = replies.findIndex(({ status }) => status === 200);
      await clients[1].reach(run, 'completed');
      const [reply, question] = await clients[1].messages(run.thread_id);
      expect([textOf(reply).includes(`by ${accepted}`), textOf(question)]).toEqual([true, 'get_time']);
      expect((await clients[0].steps(run)).map(({ type }) => type)).toEqual(['tool_calls', 'message_creation']);
      return replies.map(({ status }) => status).sort();
    }),
  );
  expect(statuses).toEqual(runs.map(() => [200, 400]));
});

test('A run whose process was killed can be claimed by another one within 15 s', async () => {
  const dataDir = await createFolder();
  const client = new ConversationClient((await startHere({ dataDir })).url);
  const run = await client.start('/hang', await client.createAssistant());
  await client.reach(run, 'in_progress');
  const store = new Database(join(dataDir, 'aiml.db'), { readonly: true });
  cleanUpLater(() => store.close());
  const leases = store.prepare('SELECT lease_until FROM runs').all() as { readonly lease_until: number }[];
  expect(leases.map(({ lease_until: end }) => end - Date.now() + CLAIM_INTERVAL_MS <= 15_000)).toEqual([true]);
});

test('A process that stops releases its runs to another one at once', async () => {
  const dataDir = await createFolder();
  const first: Process = startProcess(env(dataDir));
  const before = new ConversationClient(await first.url);
  const assistantId = await before.createAssistant();
  const run = await before.start('/vary\n/words 5000\n/slow 30', assistantId);
  await until(async () => textOf((await before.messages(run.thread_id))[0]).split(' ').length > 5);
  first.child.kill('SIGTERM');
  expect((await first.exit).code).toBe(0);
  const after = new ConversationClient(await startProcess(env(dataDir)).url);
  const continued = toRun(await after.call(`GET ${after.pathOf(run)}`));
  expect(['in_progress', 'completed']).toContain(continued.status);
  await until(async () => (await after.messages(run.thread_id)).length === 3);
  const written = await after.messages(run.thread_id);
  expect(['in_progress', 'completed']).toContain(written[0]?.status);
  expect(written.slice(1).map(({ status }) => status)).toEqual(['incomplete', 'completed']);
  expect(textOf(written[1]).split(' ').length).toBeGreaterThan(5);
});

slowTest(
  'A run completes although another process locks the store when its message begins and when it ends',
  async () => {
    const dataDir = await createFolder();
    const [text, end] = [createGate(), createGate()];
    const { staged, client } = await setUp(
      [
        async (_request, response) => {
          openStream(response);
          await text.opened;
          sendChunk(response, toChunk({ content: 'Hello ' }));
          await end.opened;
          sendChunk(response, toChunk({ content: 'world' }));
          sendChunk(response, toChunk({}, 'stop'));
          endStream(response);
        },
      ],
      { leaseMs: 120_000 },
      dataDir,
    );
    const other = new Database(join(dataDir, 'aiml.db'));
    cleanUpLater(() => other.close());
    const run = await client.start('Hi', await client.createAssistant());
    await until(() => staged.requests.length === 1);
    const lockDuring = async (write: () => void, conflicts: number) => {
      other.exec('BEGIN IMMEDIATE');
      write();
      // A request waits two seconds for the lock.
      for (let count = 0; count < conflicts; count++) expect((await client.call('POST /threads', {})).status).toBe(409);
      other.exec('ROLLBACK');
    };
    await lockDuring(text.open, 2);
    await until(async () => textOf((await client.messages(run.thread_id))[0]) === 'Hello ');
    await lockDuring(end.open, 8);
    await client.reach(run, 'completed');
    expect((await client.messages(run.thread_id)).map(textOf)).toEqual(['Hello world', 'Hi']);
    expect(staged.requests).toHaveLength(1);
  },
);
