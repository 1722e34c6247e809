/**
 * Measures what an event of a stream costs: events per second and the server's CPU time for an event, with 1, 100 and
 * 1,000 clients on each transport, beside the servers of graphql-ws and graphql-sse in the same run. Also measures how
 * long the first text takes from upstream to the client. `npm run bench:streams`.
 */
import { createServer, request, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { Child } from '../children.ts';
import { percentile } from '../load/statistics.ts';

const CLIENTS = [1, 100, 1000];
const EVENTS_AT_ALL = 20_000;
const MOST_EVENTS = 5000;
const FIRST_TEXTS = 40;

/** Occurs once in each event. */
const MARK = '"data":{';

type Transport = 'sse' | 'multipart' | 'websocket';

interface Server {
  readonly url: string;
  readonly child: Child;
}

async function start(name: string, file: string, environment: Readonly<Record<string, string>>): Promise<Server> {
  const script = new URL(file, import.meta.url);
  const { child, url } = await Child.start({ name, script, environment, profileFolder: null });
  return { url: url.origin, child };
}

async function cpuMs({ child }: Server): Promise<number> {
  return (await child.usage()).cpuUs / 1000;
}

const run = { id: 'run_1', thread_id: 'thread_1', assistant_id: 'asst_1', created_at: 1, model: 'm', status: 'queued' };
const frame = (event: string, data: unknown): string => `event: ${event}\ndata: ${JSON.stringify(data)}\n\n`;

/** An upstream that streams one run; the caller writes the events. */
async function startUpstream() {
  const streams: ServerResponse[] = [];
  const server = createServer((received, response) => {
    received.resume();
    if (received.method !== 'POST') {
      response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(run));
      return;
    }
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    response.write(frame('thread.run.created', run));
    streams.push(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server, streams };
}

interface Client {
  close(): void;
}

/** Calls `onEvents` with the number of events since the last call. */
function subscribe(url: string, transport: Transport, query: string, onEvents: (count: number) => void): Client {
  const body = JSON.stringify({ query });
  if (transport === 'websocket') {
    const socket = new WebSocket(`${url.replace('http', 'ws')}/graphql`, 'graphql-transport-ws');
    socket.on('open', () => socket.send('{"type":"connection_init"}'));
    socket.on('message', (data: Buffer) => {
      const text = data.toString();
      if (text.includes('"connection_ack"'))
        socket.send(JSON.stringify({ type: 'subscribe', id: '1', payload: { query } }));
      else if (text.includes('"next"')) onEvents(1);
    });
    return { close: () => socket.terminate() };
  }
  const accept = transport === 'sse' ? 'text/event-stream' : 'multipart/mixed;subscriptionSpec=1.0';
  const sent = request(`${url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', accept, 'content-length': Buffer.byteLength(body) },
    agent: false,
  });
  sent.on('error', () => undefined);
  sent.on('response', (response) => {
    let tail = '';
    response.on('data', (chunk: Buffer) => {
      const pieces = (tail + chunk.toString('latin1')).split(MARK);
      // An event's mark may be split over two chunks.
      tail = pieces.at(-1)?.slice(1 - MARK.length) ?? '';
      if (pieces.length > 1) onEvents(pieces.length - 1);
    });
  });
  sent.end(body);
  return { close: () => sent.destroy() };
}

const FOLLOW = 'subscription { runEvents(threadId: "thread_1", runId: "run_1") { cursor event } }';

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 2));
}

/** Measures until each of `clients` has received `events`, from when all of them have subscribed. */
async function measure(
  server: Server,
  transport: Transport,
  { clients, events, query, begin }: { clients: number; events: number; query: string; begin: (() => void) | null },
): Promise<string> {
  let received = 0;
  const count = (more: number) => (received += more);
  const cpuBefore = await cpuMs(server);
  const startedBefore = performance.now();
  const open = Array.from({ length: clients }, () => subscribe(server.url, transport, query, count));
  let [cpu, startedAt, expected] = [cpuBefore, startedBefore, clients * events];
  if (begin) {
    await until(() => received >= clients);
    [cpu, startedAt, expected] = [await cpuMs(server), performance.now(), clients * (events + 1)];
    begin();
  }
  await until(() => received >= expected);
  const seconds = (performance.now() - startedAt) / 1000;
  const used = (await cpuMs(server)) - cpu;
  for (const client of open) client.close();
  const all = clients * events;
  return `${Math.round(all / seconds).toLocaleString('en')} events/s, ${((used * 1000) / all).toFixed(1)} µs of CPU`;
}

const upstream = await startUpstream();
const service = await start('the service', '../../main.js', {
  PORT: '0',
  UPSTREAM: 'aiml',
  AIML_API_KEY: 'key',
  AIML_API_BASE_URL: upstream.url,
  MAX_STREAMS: '2000',
});
const peer = await start('the peer', './peer.js', {});

async function createRun(): Promise<ServerResponse> {
  const query = 'mutation { createRun(input: { threadId: "thread_1", assistantId: "asst_1" }) { run { id } } }';
  const before = upstream.streams.length;
  await fetch(`${service.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ query }),
  });
  await until(() => upstream.streams.length > before);
  const stream = upstream.streams.at(-1);
  if (!stream) throw new Error('upstream has no stream');
  return stream;
}
const print = (line: string) => process.stdout.write(`${line}\n`);
/** Ends the run and starts another. */
function endRun(stream: ServerResponse): void {
  stream.end(frame('thread.run.completed', { ...run, status: 'completed' }));
  run.id = `run_${Number(run.id.slice(4)) + 1}`;
}

for (const clients of CLIENTS) {
  const events = Math.min(MOST_EVENTS, Math.ceil(EVENTS_AT_ALL / clients));
  for (const transport of ['sse', 'multipart', 'websocket'] as const) {
    const stream = await createRun();
    const query = FOLLOW.replace('run_1', run.id);
    const begin = () => void stream.write(frame('tick', {}).repeat(events));
    print(`${transport}, ${clients} clients: ${await measure(service, transport, { clients, events, query, begin })}`);
    endRun(stream);
  }
  for (const [name, transport] of [
    ['graphql-sse', 'sse'],
    ['graphql-ws', 'websocket'],
  ] as const) {
    // prettier-ignore
    const query = `subscription { ticks(count: ${events}) { cursor event } }`;
    print(`${name} itself, ${clients} clients: ${await measure(peer, transport, { clients, events, query, begin: null })}`); // prettier-ignore
  }
}

for (const transport of ['sse', 'multipart', 'websocket'] as const) {
  const times: number[] = [];
  for (let index = 0; index < FIRST_TEXTS; index += 1) {
    const stream = await createRun();
    let received = 0;
    const client = subscribe(service.url, transport, FOLLOW.replace('run_1', run.id), (more) => (received += more));
    const message = { id: `msg_${index}`, thread_id: 'thread_1', created_at: 1, role: 'assistant', content: [] };
    stream.write(frame('thread.message.created', { ...message, status: 'in_progress' }));
    await until(() => received >= 2);
    const sentAt = performance.now();
    const text = { index: 0, type: 'text', text: { value: 'Hello' } };
    stream.write(frame('thread.message.delta', { id: message.id, delta: { content: [text] } }));
    while (received < 3) await new Promise((resolve) => setImmediate(resolve));
    times.push(performance.now() - sentAt);
    client.close();
    endRun(stream);
  }
  times.sort((left, right) => left - right);
  const [median, p95] = [percentile(times, 0.5).toFixed(2), percentile(times, 0.95).toFixed(2)];
  print(`${transport}: first delta of upstream to client ${median} ms median, ${p95} ms p95`);
}
await Promise.all([service.child.stop(), peer.child.stop()]);
upstream.server.closeAllConnections();
upstream.server.close();
