// Clients of streams that disconnect at any moment leave no timer, listener, permit or connection behind: everything is
// counted, in the service's own process and at upstream.
import { once } from 'node:events';
import { request as sendRequest, type ServerResponse } from 'node:http';
import { connect, type Socket } from 'node:net';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { LiveRun } from '../../src/aiml/runs/live-run.ts';
import { WebSocket } from 'ws';
import { cleanUpLater } from '../support/cleanup.ts';
import { createRandom } from '../support/random.ts';
import {
  eventsOf,
  readMultipart,
  readSse,
  RUN_EVENTS,
  startRun,
  storedTexts,
  subscribe,
  textsOf,
} from '../support/run-events.ts';
import { sendJson } from '../support/scripted-upstream.ts';
import { startService, type TestService } from '../support/service.ts';
import {
  BEGINNING,
  beginStream,
  DONE,
  endOf,
  startStreamUpstream,
  textDelta,
  wireRun,
  type StreamUpstream,
} from '../support/stream-upstream.ts';
import { amountOf, runsSlowTests } from '../support/slow.ts';
import { until } from '../support/until.ts';
import { openSocket } from '../support/websocket.ts';

/** More than there are clients at a time. */
const MAX_STREAMS = 60;
const RUN = { threadId: 'thread_1', runId: 'run_1' };
const TEXT = 'The canary sings.';
const BODY = JSON.stringify({ query: RUN_EVENTS, variables: RUN });
const MULTIPART = 'multipart/mixed;subscriptionSpec=1.0';

afterEach(() => {
  jest.restoreAllMocks();
});

/** Reads the metrics on a connection that is closed at once. */
async function metric({ url }: TestService, name: string): Promise<number> {
  const request = sendRequest(`${url}/metrics`, { agent: false }).end();
  const [response] = (await once(request, 'response')) as [NodeJS.ReadableStream];
  let text = '';
  for await (const chunk of response) text += String(chunk);
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.split(' ')[1] ?? 0);
}

const GAUGES = [
  ...['sse', 'multipart', 'websocket'].map((transport) => `assistants_streams_open{transport="${transport}"}`),
  'assistants_websockets_open',
  'assistants_operations_in_flight',
  'assistants_request_body_bytes',
  'assistants_unsent_response_bytes',
];

/** How many resources of each kind keep the process alive. */
function resources(): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {};
  for (const kind of process.getActiveResourcesInfo()) counts[kind] = (counts[kind] ?? 0) + 1;
  return counts;
}
const exceeds = (now: Readonly<Record<string, number>>, before: Readonly<Record<string, number>>): string[] =>
  Object.entries(now).flatMap(([kind, count]) =>
    count > (before[kind] ?? 0) ? [`${kind}: ${count}, ${before[kind] ?? 0} before`] : [],
  );

/** When a client disconnects: at a byte of its request, or when it has received so many bytes. */
type Moment = { readonly atByte: number } | { readonly received: number };

/** Resolves once the connection is closed. */
async function leaveHttp(service: TestService, accept: string, moment: Moment): Promise<void> {
  const head = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nAccept: ${accept}\r\n`;
  const bytes = `${head}Content-Length: ${BODY.length}\r\n\r\n${BODY}`;
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  cleanUpLater(() => socket.destroy());
  socket.on('error', () => undefined);
  const closed = closeOf(socket);
  if ('atByte' in moment) {
    socket.write(bytes.slice(0, Math.floor(moment.atByte * bytes.length)), () => leave(socket));
    await closed;
    return;
  }
  let received = 0;
  socket.on('data', (chunk: Buffer) => {
    received += chunk.length;
    if (received >= moment.received) leave(socket);
  });
  socket.write(bytes, () => {
    if (moment.received === 0) leave(socket);
  });
  await closed;
}

/** Also where the connection fails. */
const closeOf = (socket: Socket | WebSocket): Promise<void> =>
  new Promise((resolve) => {
    socket.once('close', () => resolve());
  });

let leaves = 0;
/** By a reset and by an end, in turn. */
function leave(socket: Socket): void {
  leaves += 1;
  if (leaves % 2 === 0) socket.resetAndDestroy();
  else socket.destroy();
}

/** Messages that are sent one after another; the client leaves behind the message of this index and so many received. */
async function leaveWebSocket(service: TestService, step: number, received: number): Promise<void> {
  const socket = new WebSocket(`${service.url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
  cleanUpLater(() => socket.terminate());
  socket.on('error', () => undefined);
  const closed = closeOf(socket);
  const end = () => (step % 2 === 0 ? socket.terminate() : socket.close());
  if (step === 0) setImmediate(end);
  socket.on('open', () => {
    const messages = [
      { type: 'connection_init' },
      { type: 'subscribe', id: '1', payload: { query: RUN_EVENTS, variables: RUN } },
      { type: 'complete', id: '1' },
      { type: 'subscribe', id: '1', payload: { query: RUN_EVENTS, variables: RUN } },
    ];
    for (const message of messages.slice(0, step - 1)) socket.send(JSON.stringify(message));
    if (received === 0) end();
  });
  let count = 0;
  socket.on('message', () => {
    count += 1;
    if (count === received) end();
  });
  await closed;
}

/** Clients of all transports that leave at different moments, in an order that the seed gives. */
function everyDisconnect(service: TestService, seed: number): (() => Promise<void>)[] {
  const http = ['text/event-stream', MULTIPART].flatMap((accept) =>
    [
      ...[0.3, 0.7, 0.98].map((atByte) => ({ atByte })),
      ...[0, 1, 300, 700, 1500].map((received) => ({ received })),
    ].map((moment) => () => leaveHttp(service, accept, moment)),
  );
  const sockets = [
    ...[0, 1, 2, 3, 4, 5].map((step) => () => leaveWebSocket(service, step, 0)),
    ...[1, 2, 4].map((received) => () => leaveWebSocket(service, 3, received)),
  ];
  const random = createRandom(seed);
  const once = [...http, ...sockets];
  return (runsSlowTests ? [...once, ...once] : once)
    .map((one) => ({ one, rank: random.next() }))
    .sort((first, second) => first.rank - second.rank)
    .map(({ one }) => one);
}

interface Setting {
  readonly service: TestService;
  readonly upstream: StreamUpstream;
  /** Ends the stream of the run, where upstream has one. */
  readonly finish: () => void;
}

async function start(isStreamed: boolean): Promise<Setting> {
  let stream: ServerResponse | null = null;
  const upstream = await startStreamUpstream({
    text: TEXT,
    create: (response) => {
      stream = response;
      beginStream(response);
      response.write(BEGINNING + textDelta(TEXT.slice(0, 5)));
    },
    read: (response) => sendJson(response, 200, wireRun('in_progress')),
  });
  const service = await startService(
    {
      UPSTREAM: 'aiml',
      AIML_API_KEY: 'key',
      AIML_API_BASE_URL: upstream.url,
      MAX_STREAMS: String(MAX_STREAMS),
      UPSTREAM_CONNECTIONS: '2',
    },
    { firstPollMs: 20 },
  );
  if (isStreamed)
    await service.query(
      'mutation { createRun(input: { threadId: "thread_1", assistantId: "asst_1" }) { run { id } } }',
    );
  return { service, upstream, finish: () => stream?.end(textDelta(TEXT.slice(5)) + endOf(TEXT) + DONE) };
}

describe.each([
  ['that upstream streams', true],
  ['that is polled', false],
])('of a run %s', (_name, isStreamed) => {
  const seed = Date.now() % 1_000_000;

  test(`clients that disconnect at any moment leave nothing behind (seed ${seed})`, async () => {
    const listen = jest.spyOn(LiveRun.prototype, 'listen');
    const { service, upstream, finish } = await start(isStreamed);
    const settled = async () => {
      for (const name of GAUGES) await until(async () => (await metric(service, name)) === 0);
      const runs = isStreamed ? 1 : 0;
      await until(async () => (await metric(service, 'assistants_runs_followed')) === runs);
    };
    // What is opened once and kept, as connections to upstream, is open from the first round on.
    await Promise.all(everyDisconnect(service, seed).map((disconnect) => disconnect()));
    await settled();
    const before = resources();
    for (let round = 1; round <= 2; round += 1)
      await Promise.all(everyDisconnect(service, seed + round).map((disconnect) => disconnect()));
    await settled();
    let left: string[] = [];
    await until(() => (left = exceeds(resources(), before)).length === 0, 60_000).catch(() => undefined);
    expect(left).toEqual([]);
    expect(await upstream.openConnections()).toBeLessThanOrEqual(isStreamed ? 3 : 2);
    const runs = new Set(listen.mock.contexts as LiveRun[]);
    expect(runs.size).toBeGreaterThan(0);
    expect([...runs].map(({ listenerCount }) => listenerCount)).toEqual([...runs].map(() => 0));

    // Every permit is there: all streams can be open at once, and not one more.
    const controller = new AbortController();
    cleanUpLater(() => controller.abort());
    const streams = await Promise.all(
      Array.from({ length: MAX_STREAMS }, () => subscribe(service, RUN, { signal: controller.signal })),
    );
    expect(streams.map(({ status }) => status)).toEqual(Array(MAX_STREAMS).fill(200));
    await until(async () => (await metric(service, 'assistants_streams_open{transport="sse"}')) === MAX_STREAMS);
    expect((await subscribe(service, RUN)).status).toBe(503);
    if (!isStreamed) return;

    // The run has one stream from upstream, from its beginning to its end, although its followers left.
    const [first, ...others] = streams;
    finish();
    if (!first) throw new Error('a stream was expected');
    const events = await eventsOf(readSse(first));
    expect(textsOf(events)).toEqual(new Map([['msg_1', TEXT]]));
    for (const response of others) expect((await eventsOf(readSse(response))).at(-1)?.run?.hasEnded).toBe(true);
    expect(upstream.counts().creates).toBe(1);
    const late = await subscribe(service, RUN, { accept: MULTIPART });
    expect((await eventsOf(readMultipart(late))).at(-1)?.run?.hasEnded).toBe(true);
  });
});

test('clients that disconnect from a run of another process leave nothing behind, and the run continues', async () => {
  const seed = Date.now() % 1_000_000;
  const random = createRandom(seed);
  const upstreamService = await startService({ UPSTREAM: 'local' });
  const run = await startRun(upstreamService, '/slow 20\n/words 50');
  // This process did not start the run, so it keeps nothing of the run without followers.
  const service = await startService({ UPSTREAM: 'local', DATA_DIR: upstreamService.dataDir });
  const disconnectLater = async (index: number): Promise<void> => {
    const afterMs = random.below(400);
    const accept = ['text/event-stream', MULTIPART][index % 3];
    if (accept) {
      const cut = new AbortController();
      setTimeout(() => cut.abort(), afterMs);
      await subscribe(service, run, { accept, signal: cut.signal })
        .then((response) => response.text())
        .catch(() => undefined);
      return;
    }
    const { socket, subscribe: send } = await openSocket(service, { connectionParams: index % 2 === 0 ? {} : null });
    send('1', RUN_EVENTS, run);
    setTimeout(() => (index % 4 === 0 ? socket.terminate() : socket.close()), afterMs);
    await until(() => socket.readyState === socket.CLOSED);
  };
  await Promise.all(
    Array.from({ length: amountOf('DISCONNECTS', { fast: 20, slow: 200 }) }, (_, index) => disconnectLater(index)),
  );
  for (const name of [...GAUGES, 'assistants_runs_followed'])
    await until(async () => (await metric(service, name)) === 0);
  const events = await eventsOf(readSse(await subscribe(upstreamService, run)));
  expect(events.at(-1)?.event).toBe('thread.run.completed');
  expect(textsOf(events)).toEqual(await storedTexts(upstreamService, run));
});
