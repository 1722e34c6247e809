// Streams of runs across processes: behind HAProxy, after kill -9, and while a process stops.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from '@jest/globals';
import { cleanUpLater } from '../support/cleanup.ts';
import { describeWithHaproxy, startHaproxy } from '../support/haproxy.ts';
import { listeningUrl, runProcess, type RunningProcess } from '../support/process.ts';
import {
  eventsOf,
  followUntilCompleted,
  readMultipart,
  readSse,
  RUN_EVENTS,
  startRun,
  storedTexts,
  subscribe,
  textsOf,
  type RunEvent,
} from '../support/run-events.ts';
import { query } from '../support/service.ts';
import { amountOf, slowTest } from '../support/slow.ts';
import { until } from '../support/until.ts';
import { openSocket } from '../support/websocket.ts';

const MULTIPART = 'multipart/mixed;subscriptionSpec=1.0';

interface Process {
  readonly url: string;
  readonly process: RunningProcess;
  readonly query: (document: string, variables?: unknown) => ReturnType<typeof query>;
}

async function start(environment: Readonly<Record<string, string>>, entry?: string): Promise<Process> {
  const process = runProcess(environment, { entry });
  const url = await listeningUrl(process);
  return { url, process, query: (document, variables) => query(url, document, variables) };
}

async function createFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'streams-'));
  cleanUpLater(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

/** Two replicas on one embedded AIML API in a process of its own. */
async function startReplicas(): Promise<readonly [Process, Process]> {
  const upstream = await start({ DATA_DIR: await createFolder() }, 'local-aiml/main.js');
  const environment = { UPSTREAM: 'aiml', AIML_API_KEY: 'held-key', AIML_API_BASE_URL: upstream.url };
  return Promise.all([start(environment), start(environment)]);
}

function expectOnce(events: readonly RunEvent[]): void {
  const states = events.filter(({ text }) => text === undefined);
  const names = states.map(({ event, message, step }) => `${event} ${message?.id ?? step?.id ?? ''}`);
  expect(new Set(names).size).toBe(names.length);
  const received = events.reduce((length, { text = '' }) => length + text.length, 0);
  expect(received).toBe([...textsOf(events).values()].join('').length);
}

describeWithHaproxy('two replicas behind HAProxy', () => {
  test('a run that was started through one replica is followed through both, with the exact text', async () => {
    const replicas = await startReplicas();
    const url = await startHaproxy(replicas.map((replica) => replica.url));
    const run = await startRun(replicas[0], '/slow 20\n/words 40');
    const followed = await Promise.all([
      ...Array.from({ length: 3 }, async () => eventsOf(readSse(await subscribe({ url }, run)))),
      ...Array.from({ length: 3 }, async () =>
        eventsOf(readMultipart(await subscribe({ url }, run, { accept: MULTIPART }))),
      ),
      eventsOf(readSse(await subscribe(replicas[1], run))),
    ]);
    for (const events of followed) {
      expect(events.at(-1)?.event).toBe('thread.run.completed');
      expect(textsOf(events)).toEqual(await storedTexts(replicas[0], run));
      expectOnce(events);
    }
    const socket = await openSocket({ url });
    socket.subscribe('1', RUN_EVENTS, run);
    await until(() => socket.of('1').some(({ type }) => type === 'complete'));
    for (const replica of replicas) {
      const text = await (await fetch(`${replica.url}/metrics`)).text();
      expect(text).toMatch(/^assistants_streams_total\{[^}]*end="completed"\} [1-9]/m);
    }
  });

  slowTest('clients of a killed replica resume after their cursors at the other, without loss', async () => {
    const replicas = await startReplicas();
    const url = await startHaproxy(replicas.map((replica) => replica.url));
    const run = await startRun(replicas[0], '/slow 30\n/words 100');
    let hasKilled = false;
    const followers = Array.from({ length: 4 }, () =>
      followUntilCompleted(url, run, ({ text }) => {
        if (text === undefined || hasKilled) return;
        hasKilled = true;
        replicas[0].process.child.kill('SIGKILL');
      }),
    );
    for (const events of await Promise.all(followers)) {
      expect(events.at(-1)?.event).toBe('thread.run.completed');
      expect(textsOf(events)).toEqual(await storedTexts(replicas[1], run));
      expectOnce(events);
    }
    expect(await replicas[0].process.exit).toBeNull();
  });
});

slowTest('a run whose process is killed is continued by another process, and its texts are never mixed', async () => {
  const environment = { UPSTREAM: 'local', DATA_DIR: await createFolder() };
  const [first, second] = await Promise.all([start(environment), start(environment)]);
  const run = await startRun(first, '/slow 30\n/words 100');
  let hasKilled = false;
  const events = await followUntilCompleted(second.url, run, ({ text }) => {
    if (text === undefined || hasKilled) return;
    hasKilled = true;
    first.process.child.kill('SIGKILL');
  });
  expect(events.at(-1)?.run?.hasEnded).toBe(true);
  expect(textsOf(events)).toEqual(await storedTexts(second, run));
  expectOnce(events);
});

test('after SIGTERM, open streams continue to the end of their runs, new ones are rejected, and the exit code is 0', async () => {
  const streams = amountOf('SIGTERM_STREAMS', { fast: 30, slow: 100 });
  const upstream = await start({ DATA_DIR: await createFolder() }, 'local-aiml/main.js');
  const service = await start({
    UPSTREAM: 'aiml',
    AIML_API_KEY: 'held-key',
    AIML_API_BASE_URL: upstream.url,
    SHUTDOWN_TIMEOUT_MS: '90000',
  });
  // The run does not end before it is cancelled.
  const run = await startRun(service, '/hang');
  const idle = await openSocket(service);
  const busy = await openSocket(service);
  busy.subscribe('1', RUN_EVENTS, run);
  const open = await Promise.all(
    Array.from({ length: streams - 1 }, async (_, index) =>
      index % 2 === 0
        ? readSse(await subscribe(service, run))
        : readMultipart(await subscribe(service, run, { accept: MULTIPART })),
    ),
  );
  await until(() => busy.of('1').length > 0);
  service.process.child.kill('SIGTERM');
  await until(() => idle.state.closedWith !== null);
  expect(idle.state.closedWith).toBe(1001);
  busy.subscribe('2', RUN_EVENTS, run);
  await until(() => busy.of('2').length > 0);
  expect(busy.of('2')).toMatchObject([{ type: 'error', payload: [{ extensions: { code: 'OVERLOADED' } }] }]);
  const cancelled = await fetch(`${upstream.url}/threads/${run.threadId}/runs/${run.runId}/cancel`, {
    method: 'POST',
    headers: { authorization: 'Bearer held-key' },
  });
  expect(cancelled.status).toBe(200);
  for (const events of await Promise.all(open.map((results) => eventsOf(results))))
    expect(events.at(-1)?.event).toBe('thread.run.cancelled');
  await until(() => busy.state.closedWith !== null);
  expect(busy.of('1').at(-1)?.type).toBe('complete');
  expect(busy.state.closedWith).toBe(1001);
  expect(await service.process.exit).toBe(0);
});
