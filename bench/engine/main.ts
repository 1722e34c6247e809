/**
 * Measures the engine of the embedded AIML API with the built-in model, which takes no time: the time from the creation
 * of a run to its first event and first text, events per second, the memory of runs in progress, and whether the event
 * loop is free while many of them write. `npm run bench:engine`.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, request, type IncomingMessage } from 'node:http';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { percentile } from '../load/statistics.ts';
import type { EngineUsage } from './reporter.ts';

const FIRST_RUNS = 200;
const FAST_RUNS = 20;
const FAST_WORDS = 2000;
const MANY_RUNS = 200;
const PACED_RUNS = 100;
const MEASURED_MS = 20_000;
/** 50 words a second. */
const WORD_DELAY_MS = 20;

const dataDir = mkdtempSync(join(tmpdir(), 'bench-engine-'));
const server = spawn(
  process.execPath,
  ['--import', new URL('./reporter.js', import.meta.url).href, 'dist/local-aiml/main.js'],
  {
    env: { PATH: process.env['PATH'], NODE_ENV: 'production', PORT: '0', DATA_DIR: dataDir, RUN_CONCURRENCY: '1000' },
    stdio: ['ignore', 'pipe', 'ignore', 'ipc'],
  },
);
const [line] = (await once(createInterface(server.stdout ?? process.stdin), 'line')) as [string];
const url = /http:\S+/.exec(line)?.[0] ?? '';
const agent = new Agent({ keepAlive: true });

/** What the server used since the last call. */
async function usage(): Promise<EngineUsage> {
  server.send('usage');
  const [reported] = (await once(server, 'message')) as [EngineUsage];
  return reported;
}

function send(method: string, path: string, body?: object, own?: Agent): Promise<IncomingMessage> {
  const text = body && JSON.stringify(body);
  const sent = request(url + path, {
    method,
    agent: own ?? agent,
    headers: {
      authorization: 'Bearer bench',
      ...(text === undefined ? {} : { 'content-type': 'application/json', 'content-length': Buffer.byteLength(text) }),
    },
  });
  sent.end(text);
  return once(sent, 'response').then(([response]) => response as IncomingMessage);
}

async function create(path: string, body: object): Promise<{ readonly id: string; readonly thread_id: string }> {
  const response = await send('POST', path, body);
  let text = '';
  for await (const chunk of response) text += String(chunk);
  if (response.statusCode !== 200 && response.statusCode !== 201) throw new Error(`${path}: ${text}`);
  return JSON.parse(text) as { id: string; thread_id: string };
}

const { id: assistantId } = await create('/assistants', { model: 'gpt-4o' });
const createThread = async (content: string) =>
  (await create('/threads', { messages: [{ role: 'user', content }] })).id;
const createRun = async (content: string) =>
  create(`/threads/${await createThread(content)}/runs`, { assistant_id: assistantId });

/** Calls `onEvents` with the number of new events. Resolves at the end of the stream. */
async function read(stream: IncomingMessage, onEvents: (count: number) => void): Promise<void> {
  let tail = '';
  for await (const chunk of stream) {
    const pieces = (tail + (chunk as Buffer).toString('latin1')).split('\n\n');
    tail = pieces.at(-1) ?? '';
    if (pieces.length > 1) onEvents(pieces.length - 1);
  }
}

function describe(durationsMs: readonly number[]): string {
  const sorted = durationsMs.toSorted((left, right) => left - right);
  return `${percentile(sorted, 0.5).toFixed(2)} ms median, ${percentile(sorted, 0.95).toFixed(2)} ms p95`;
}

async function measureFirstEvents(count: number): Promise<[events: number[], deltas: number[]]> {
  const [events, deltas]: [number[], number[]] = [[], []];
  for (let index = 0; index < count; index += 1) {
    const threadId = await createThread('/words 3');
    const startedAt = performance.now();
    const stream = await send('POST', `/threads/${threadId}/runs`, { assistant_id: assistantId, stream: true });
    let text = '';
    let [firstEvent, firstDelta] = [0, 0];
    for await (const chunk of stream) {
      firstEvent ||= performance.now() - startedAt;
      text += String(chunk);
      if (text.includes('event: thread.message.delta')) firstDelta ||= performance.now() - startedAt;
    }
    events.push(firstEvent);
    deltas.push(firstDelta);
  }
  return [events, deltas];
}

async function measureFastRuns(): Promise<{ readonly events: number; readonly used: EngineUsage }> {
  let events = 0;
  await usage();
  await Promise.all(
    Array.from({ length: FAST_RUNS }, async () => {
      const threadId = await createThread(`/words ${FAST_WORDS}`);
      const body = { assistant_id: assistantId, stream: true };
      const stream = await send('POST', `/threads/${threadId}/runs`, body, new Agent());
      await read(stream, (count) => (events += count));
    }),
  );
  return { events, used: await usage() };
}

/** Runs at 50 words a second, longer than they are measured. */
async function startPacedRuns(count: number) {
  const words = (MEASURED_MS / WORD_DELAY_MS) * 2;
  return Promise.all(Array.from({ length: count }, () => createRun(`/words ${words}\n/slow ${WORD_DELAY_MS}`)));
}

async function cancelAll(runs: readonly { readonly id: string; readonly thread_id: string }[]): Promise<void> {
  for (const { id, thread_id: threadId } of runs)
    (await send('POST', `/threads/${threadId}/runs/${id}/cancel`)).resume();
  await sleep(1000);
}

async function measurePacedRuns(hasFollowers: boolean) {
  const runs = await startPacedRuns(PACED_RUNS);
  let events = 0;
  for (const { id, thread_id: threadId } of hasFollowers ? runs : []) {
    const stream = await send('GET', `/threads/${threadId}/runs/${id}/events`, undefined, new Agent());
    void read(stream, (count) => (events += count));
  }
  await sleep(2000);
  await usage();
  events = 0;
  await sleep(MEASURED_MS);
  const used = await usage();
  const measured = events;
  await cancelAll(runs);
  return { used, events: measured };
}

const print = (text: string) => process.stdout.write(`${text}\n`);
const ms = (value: number) => `${value.toFixed(1)} ms`;
const perSecond = (count: number, { seconds }: EngineUsage) => Math.round(count / seconds).toLocaleString('en');

print(
  `${cpus().length} × ${cpus()[0]?.model.trim() ?? ''}, Node ${process.versions.node}, load ${loadavg()[0]?.toFixed(2) ?? ''}`,
);
await measureFirstEvents(FIRST_RUNS);
const [events, deltas] = await measureFirstEvents(FIRST_RUNS);
print(`POST runs to the first event: ${describe(events)}`);
print(`POST runs to the first text:  ${describe(deltas)}`);

const fast = await measureFastRuns();
print(
  // Words that are written before the last event has left go out as one.
  `${FAST_RUNS} runs as fast as they can: ${perSecond(FAST_RUNS * FAST_WORDS, fast.used)} words/s ` +
    `in ${perSecond(fast.events, fast.used)} events/s`,
);

const before = (await usage()).residentMb;
const many = await startPacedRuns(MANY_RUNS);
await sleep(5000);
const during = (await usage()).residentMb;
print(`${MANY_RUNS} runs in progress: ${Math.round(during)} MB, ${Math.round(during - before)} MB more than before`);
await cancelAll(many);

for (const hasFollowers of [false, true]) {
  const { used, events: received } = await measurePacedRuns(hasFollowers);
  const { p50, p99, max } = used.delayMs;
  print(
    `${PACED_RUNS} runs at 50 words/s ${hasFollowers ? 'with a follower each' : 'without followers'}: ` +
      `the event loop is ${ms(p50)} (p50), ${ms(p99)} (p99), ${ms(max)} (max) late, ` +
      `${((used.cpuMs / used.seconds) * 0.1).toFixed(0)} % of a core, ` +
      `${(used.writes / used.seconds).toFixed(1)} writing transactions/s for all runs` +
      (hasFollowers
        ? `, ${perSecond(received, used)} events/s, ${((used.cpuMs * 1000) / received).toFixed(1)} µs of CPU for an event`
        : ''),
  );
}
agent.destroy();
server.kill('SIGKILL');
await once(server, 'exit');
rmSync(dataDir, { recursive: true });
process.exit(0);
