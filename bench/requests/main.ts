/**
 * Measures the CPU time of the most expensive requests: of all threads of the service's process, garbage collection and
 * log included, for each of a number of equal requests in sequence. In front of an upstream in another process, beside a
 * server that does no more than it must (`reference.ts`), and with the embedded AIML API, where the process does upstream's
 * work as well. `npm run bench:requests [PATTERN]`.
 */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent, createServer, request, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Child } from '../children.ts';
import { accepted, pages, rejected, type RequestBody, type RequestCase } from './cases.ts';

const WARM_UP = 10;
const MEASURED = 30;
/** What a request leaves to do is its own: a collection, the log. In milliseconds. */
const SETTLE_MS = 20;
const MESSAGES = 33;
/** In characters; a tenth of them is escaped in JSON. */
const MESSAGE_LENGTH = 220_000;

const pattern = new RegExp(process.argv[2] ?? '');
const agent = new Agent({ keepAlive: true });
const text = 'She said "no",\nand left. '.repeat(MESSAGE_LENGTH / 25);

async function readAll(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

const list = (count: number, item: (index: number) => object): Buffer =>
  Buffer.from(
    JSON.stringify({ object: 'list', data: Array.from({ length: count }, (_, index) => item(index)), has_more: false }),
  );

const toMessage = (index: number, texts: readonly string[]): object => ({
  id: `msg_${index}`,
  object: 'thread.message',
  created_at: 1,
  thread_id: 'thread_1',
  status: 'completed',
  role: 'user',
  content: texts.map((value) => ({ type: 'text', text: { value, annotations: [] } })),
  metadata: {},
});

const toRun = (index: number): object => ({
  id: `run_${index}`,
  object: 'thread.run',
  created_at: 1,
  thread_id: 'thread_1',
  assistant_id: 'asst_1',
  status: 'completed',
  model: 'm',
  tools: Array.from({ length: 128 }, (_, tool) => ({
    type: 'function',
    function: { name: `tool_${tool}`, parameters: { type: 'object', description: 'x'.repeat(600), properties: {} } },
  })),
});

/** Reports what a create sends, and lists by the path. Runs in the process of the bench. */
async function startUpstream() {
  const lists: Readonly<Record<string, Buffer>> = {
    '/threads/thread_1/messages': list(MESSAGES, (index) => toMessage(index, [text])),
    '/threads/thread_parts/messages': list(100, (index) =>
      toMessage(
        index,
        Array.from({ length: 500 }, (_, part) => `part ${part}`),
      ),
    ),
    '/threads/thread_tools/runs': list(100, toRun),
  };
  const empty = Buffer.from('{"object":"list","data":[],"has_more":false}');
  const thread = Buffer.from('{"id":"thread_1","object":"thread","created_at":1,"metadata":{}}');
  const respond = async (received: IncomingMessage, response: ServerResponse): Promise<void> => {
    const sent = await readAll(received);
    const { method, url = '' } = received;
    const created = Buffer.from('{"id":"asst_1","object":"assistant","created_at":1,');
    const [, found] = Object.entries(lists).find(([path]) => url.includes(path)) ?? [];
    const read = found ?? (url.includes('/threads/') ? thread : empty);
    const body = method === 'POST' ? Buffer.concat([created, sent.subarray(1)]) : read;
    response.writeHead(200, { 'content-type': 'application/json', 'content-length': body.length }).end(body);
  };
  const server = createServer((received, response) => void respond(received, response));
  await once(server.listen(0, '127.0.0.1'), 'listening');
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, server };
}

async function send(
  url: URL,
  { body, headers }: RequestBody,
): Promise<{ readonly status: number; readonly body: Buffer }> {
  const length = Buffer.byteLength(body);
  const sent = request(new URL('/graphql', url), {
    method: 'POST',
    agent,
    headers: { 'content-type': 'application/json', 'content-length': length, ...headers },
  });
  sent.end(body);
  const [response] = (await once(sent, 'response')) as [IncomingMessage];
  return { status: response.statusCode ?? 0, body: await readAll(response) };
}

/** Makes a thread whose messages fill a page. */
async function createThread(url: URL): Promise<string> {
  const run = async (
    query: string,
    variables: object,
  ): Promise<Readonly<Record<string, { thread: { id: string } }>>> => {
    const { body } = await send(url, { body: JSON.stringify({ query, variables }) });
    return (JSON.parse(body.toString()) as { data: Record<string, { thread: { id: string } }> }).data;
  };
  const { createThread: created } = await run('mutation{createThread(input:{}){thread{id}}}', {});
  const threadId = created?.thread.id ?? '';
  const query = 'mutation($i:CreateMessageInput!){createMessage(input:$i){message{id} userErrors{code}}}';
  for (let index = 0; index < MESSAGES; index += 1) await run(query, { i: { threadId, text } });
  return threadId;
}

const milliseconds = (value: number): string => value.toFixed(1).padStart(6);

interface Measured {
  readonly mean: number;
  readonly median: number;
  readonly max: number;
  readonly status: number;
  readonly result: string;
}

async function measure(toRequest: RequestCase, server: Child, url: URL, threadId: string): Promise<Measured> {
  const times: number[] = [];
  let result = '';
  let status = 0;
  const first = Math.floor(Math.random() * 1e6);
  for (let round = 0; round < WARM_UP + MEASURED; round += 1) {
    const prepared = toRequest(first + round, threadId);
    const before = (await server.usage()).cpuUs;
    const response = await send(url, prepared);
    await sleep(SETTLE_MS);
    if (round >= WARM_UP) times.push(((await server.usage()).cpuUs - before) / 1000);
    ({ status } = response);
    const { body } = response;
    const isUserError = body.length < 1000 && body.includes('"userErrors":[{');
    result = `${status}${isUserError ? ', user error' : ''}, ${body.length.toLocaleString('en')} bytes`;
  }
  times.sort((left, right) => left - right);
  const mean = times.reduce((sum, time) => sum + time, 0) / times.length;
  const [median = 0, max = 0] = [times[times.length >> 1], times.at(-1)];
  return { mean, median, max, status, result };
}

const print = (line: string) => process.stdout.write(`${line}\n`);
const upstream = await startUpstream();
const dataDir = mkdtempSync(join(tmpdir(), 'bench-requests-'));
const environments: Readonly<Record<string, Readonly<Record<string, string>>>> = {
  'an AIML API in another process': { AIML_API_BASE_URL: upstream.url, AIML_API_KEY: 'bench' },
  'the embedded AIML API': { UPSTREAM: 'local', DATA_DIR: dataDir },
};
const reference = await Child.start({
  name: 'reference',
  script: new URL('reference.js', import.meta.url),
  environment: environments['an AIML API in another process'] ?? {},
  profileFolder: null,
});
for (const [title, environment] of Object.entries(environments)) {
  const { child, url } = await Child.start({
    name: 'service',
    script: new URL('../../main.js', import.meta.url),
    environment: { PORT: '0', ...environment },
    profileFolder: null,
  });
  const threadId = 'UPSTREAM' in environment ? await createThread(url) : 'thread_1';
  for (const [kind, cases] of Object.entries({ accepted, rejected })) {
    const isRemote = !('UPSTREAM' in environment);
    const isCompared = isRemote && kind === 'accepted';
    print(`\n${`${title}, ${kind}`.padEnd(58)}  mean median    max  ms of CPU${isCompared ? ' (reference)' : ''}`);
    for (const [name, toRequest] of Object.entries(isCompared ? { ...cases, ...pages } : cases)) {
      if (!pattern.test(`${title}, ${kind}: ${name}`)) continue;
      const { mean, median, max, result } = await measure(toRequest, child, url, threadId);
      const least = isCompared ? await measure(toRequest, reference.child, reference.url, threadId) : null;
      const ratio = least?.status === 200 ? ` (${least.mean.toFixed(1)}, × ${(mean / least.mean).toFixed(2)})` : '';
      print(`${name.padEnd(58)}${[mean, median, max].map(milliseconds).join(' ')}${ratio}  ${result}`);
    }
  }
  await child.stop();
}
await reference.child.stop();
agent.destroy();
upstream.server.closeAllConnections();
upstream.server.close();
rmSync(dataDir, { recursive: true });
