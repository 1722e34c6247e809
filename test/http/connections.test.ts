// Clients that pipeline, disconnect or send invalid data while requests are in flight.
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { expect, test } from '@jest/globals';
import type { Environment } from '../../src/runtime/environment.ts';
import { expectNothingHeld, readGauges } from '../support/gauges.ts';
import { openConnection } from '../support/raw-connection.ts';
import { sendJson, startScriptedUpstream, wireAssistant } from '../support/scripted-upstream.ts';
import { startService, startServiceOn, type TestService } from '../support/service.ts';
import { until } from '../support/until.ts';

interface HeldUpstream {
  /** `GET /assistants/x` and the like, in the order of arrival. */
  readonly lines: () => string[];
  /** The number of requests that the service cancelled before they had a response. */
  readonly aborted: () => number;
  /** Responds to all waiting and later requests. */
  readonly release: () => void;
}

/** An upstream that does not respond until it is released. */
async function startHeld(
  environment: Environment = {},
): Promise<{ readonly service: TestService; readonly upstream: HeldUpstream }> {
  let release = (): void => undefined;
  let aborted = 0;
  const released = new Promise<void>((resolve) => (release = resolve));
  const upstream = await startScriptedUpstream(async ({ path }, response) => {
    response.once('close', () => (aborted += response.writableFinished ? 0 : 1));
    await released;
    sendJson(response, 200, wireAssistant(path.split('/')[2] ?? 'asst_new'));
  });
  const service = await startServiceOn(upstream, { AIML_API_KEY: 'test-key', ...environment });
  return { service, upstream: { lines: upstream.lines, aborted: () => aborted, release } };
}

function post(query: string): string {
  const body = JSON.stringify({ query });
  return (
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}
const read = (id: string): string => post(`{ assistant(id: "${id}") { id } }`);
const CREATE = post('mutation { createAssistant(input: { model: "m" }) { assistant { id } } }');

test('Pipelined requests are executed one after another, and their responses arrive in order', async () => {
  const { service, upstream } = await startHeld();
  const { socket, received } = await openConnection(service.url);
  socket.write(read('asst_1') + CREATE + read('asst_2') + 'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n');
  await until(() => upstream.lines().length > 0);
  expect((await readGauges(service.url)).inFlight).toBe(1);
  expect(upstream.lines()).toEqual(['GET /assistants/asst_1']);
  upstream.release();
  await until(() => received().includes('"ok"'));
  expect(upstream.lines()).toEqual(['GET /assistants/asst_1', 'POST /assistants', 'GET /assistants/asst_2']);
  expect(received().match(/asst_\w+|"ok"/g)).toEqual(['asst_1', 'asst_new', 'asst_2', '"ok"']);
});

test('Pipelined requests that offer another protocol, which is ignored, all get their responses in order', async () => {
  const { service, upstream } = await startHeld();
  const { socket, received } = await openConnection(service.url);
  const offering = (request: string) =>
    request.replace(
      '\r\n',
      '\r\nConnection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAAQAAP__\r\n',
    );
  const ids = Array.from({ length: 6 }, (_, index) => `asst_${index}`);
  socket.write(ids.map((id, index) => (index === 2 ? read(id) : offering(read(id)))).join(''));
  await until(() => upstream.lines().length > 0);
  upstream.release();
  await until(() => received().includes('"asst_5"'));
  expect(received().match(/asst_\w+/g)).toEqual(ids);
  socket.destroy();
  await expectNothingHeld(service.url);
});

test.each<[string, (socket: Socket) => unknown]>([
  ['closes its connection', (socket) => socket.destroy()],
  ['resets its connection', (socket) => socket.resetAndDestroy()],
  ['ends its side of the connection', (socket) => socket.end()],
])('A client that %s cancels its read, and its pipelined requests are never executed', async (_, leave) => {
  const { service, upstream } = await startHeld();
  const { socket } = await openConnection(service.url);
  socket.write(read('asst_1') + read('asst_2').repeat(20) + CREATE);
  await until(() => upstream.lines().length === 1);
  leave(socket);
  await until(() => upstream.aborted() === 1);
  await expectNothingHeld(service.url);
  upstream.release();
  expect((await service.query('{ assistant(id: "asst_3") { id } }')).data).toEqual({ assistant: { id: 'asst_3' } });
  expect(upstream.lines()).toEqual(['GET /assistants/asst_1', 'GET /assistants/asst_3']);
});

test('A write that was sent is finished although its client disconnects, and is in flight until then', async () => {
  const { service, upstream } = await startHeld({ MAX_IN_FLIGHT: '1' });
  const { socket } = await openConnection(service.url);
  socket.write(CREATE);
  await until(() => upstream.lines().length === 1);
  socket.resetAndDestroy();
  await until(async () => (await service.query('{ __typename }')).status === 503);
  expect((await readGauges(service.url)).inFlight).toBe(1);
  upstream.release();
  await expectNothingHeld(service.url);
  expect(upstream.aborted()).toBe(0);
  expect(service.logs).toContainEqual(expect.objectContaining({ msg: 'operation', kind: 'mutation', outcome: 'ok' }));
  expect((await service.query('{ __typename }')).status).toBe(200);
});

test.each([
  ['bytes that are not HTTP', 'garbage\r\n\r\n'],
  ['headers that are too large', `GET / HTTP/1.1\r\nX: ${'x'.repeat(100_000)}`],
  ['a CONNECT request', 'CONNECT example.com:443 HTTP/1.1\r\nHost: example.com:443\r\n\r\n'],
  ['a request with two lengths', 'POST /graphql HTTP/1.1\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n'],
])('%s behind a request in flight closes the connection without a response', async (_, bytes) => {
  const { service, upstream } = await startHeld();
  const { socket, received } = await openConnection(service.url);
  socket.write(CREATE);
  await until(() => upstream.lines().length === 1);
  socket.write(bytes);
  await until(() => socket.closed);
  expect(received()).toBe('');
  upstream.release();
  await expectNothingHeld(service.url);
});

test('Bytes that are not HTTP after a response get an error response of their own', async () => {
  const { service, upstream } = await startHeld();
  upstream.release();
  const { socket, received } = await openConnection(service.url);
  socket.write(read('asst_1'));
  await until(() => received().endsWith('}}}'));
  socket.write('garbage\r\n\r\n');
  await once(socket, 'end');
  expect(received().match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200', 'HTTP/1.1 400']);
});

test('A client that disconnects while it sends its body causes no internal error', async () => {
  const { service } = await startHeld();
  for (const framing of ['Content-Length: 100000', 'Transfer-Encoding: chunked']) {
    const { socket } = await openConnection(service.url);
    const start = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`;
    socket.write(`${start}${framing.startsWith('T') ? '9\r\n{"query":\r\n' : '{"query":'}`);
    await until(() => socket.bytesWritten > start.length && socket.writableLength === 0);
    socket.destroy();
  }
  await until(() => service.logs.filter(({ msg }) => msg === 'request rejected').length === 2);
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  expect(metrics).toContain('assistants_errors_total{code="INTERNAL_SERVER_ERROR"} 0\n');
  expect(service.logs.filter(({ level }) => level === 'error')).toEqual([]);
});

test('Bodies that are announced and never sent reserve no memory and do not delay other clients', async () => {
  const { service, upstream } = await startHeld();
  upstream.release();
  const announcements = [
    'Content-Length: 2097152',
    'Transfer-Encoding: chunked',
    'Content-Length: 2000\r\nContent-Encoding: br',
  ];
  for (let count = 0; count < 150; count += 1) {
    const { socket } = await openConnection(service.url);
    const framing = announcements[count % announcements.length] ?? '';
    socket.write(`POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n${framing}\r\n\r\n`);
  }
  const large = await service.query('{ assistant(id: "asst_1") { id } }', { unused: 'x'.repeat(2_000_000) });
  expect(large.status).toBe(200);
  expect(await readGauges(service.url)).toEqual({ inFlight: 0, bodyBytes: 0, unsentBytes: 0 });
});

test('A body reserves about the memory of the bytes that have arrived, also if its chunks are small', async () => {
  const { service, upstream } = await startHeld();
  upstream.release();
  const { socket, received } = await openConnection(service.url);
  socket.write(
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nTransfer-Encoding: chunked\r\n\r\n',
  );
  const body = JSON.stringify({
    query: '{ assistant(id: "asst_1") { id } }',
    variables: { unused: 'x'.repeat(50_000) },
  });
  const parts = body.match(/.{1,12}/g) ?? [];
  const chunks = parts.map((part) => `${part.length.toString(16)}\r\n${part}\r\n`);
  socket.write(chunks.slice(0, 3400).join(''));
  await until(async () => (await readGauges(service.url)).bodyBytes > 30_000);
  expect((await readGauges(service.url)).bodyBytes).toBeLessThanOrEqual(80_000);
  socket.write(`${chunks.slice(3400).join('')}0\r\n\r\n`);
  await until(() => received().includes('asst_1'));
  await expectNothingHeld(service.url);
});

test('Clients are advised to keep an idle connection for less time than the service does', async () => {
  const service = await startService();
  const read = async (request: string): Promise<string> => {
    const { socket, received } = await openConnection(service.url);
    socket.write(request);
    await until(() => received().includes('\r\n\r\n'));
    socket.destroy();
    return received();
  };
  const body = '{"query":"{ __typename }"}';
  const post = `POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n`;
  for (const request of [
    'GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'GET /nothing HTTP/1.1\r\nHost: localhost\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n',
    `${post}\r\n${body}`,
    `${post}Accept: text/event-stream\r\n\r\n${body}`,
  ]) {
    const head = await read(request);
    expect(head.match(/\r\nconnection: .*/gi)).toEqual(['\r\nconnection: keep-alive']);
    expect(head.match(/\r\nkeep-alive: .*/gi)).toEqual(['\r\nkeep-alive: timeout=55']);
  }
  for (const request of [
    'GET /healthz HTTP/1.0\r\nHost: localhost\r\n\r\n',
    'GET /healthz HTTP/1.1\r\nHost: localhost\r\nConnection: TE, close\r\n\r\n',
    `${post}Connection: close\r\nAccept: text/event-stream\r\n\r\n${body}`,
  ]) {
    const head = await read(request);
    expect(head).toMatch(/\r\nconnection: close\r\n/i);
    expect(head).not.toMatch(/keep-alive/i);
  }
});
