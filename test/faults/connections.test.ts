// Behaviour of sockets: clients that disconnect, responses that are too large or too many, upstreams that restart.
import { request } from 'node:http';
import type { Socket } from 'node:net';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, test } from '@jest/globals';
import { MAX_BODY_BYTES } from '../../src/aiml/response-body.ts';
import { drip, hang, huge, inTurn, message, send, workingBody, work } from '../support/raw-responses.ts';
import { startRawUpstream, type RawResponse } from '../support/raw-upstream.ts';
import { wireAssistant } from '../support/scripted-upstream.ts';
import { startService, startServiceOn } from '../support/service.ts';
import { endSources, failureOf, startSource } from '../support/source.ts';
import { until } from '../support/until.ts';
import { casesOf } from '../support/slow.ts';

afterEach(endSources);

/** Waits before the assertion that nothing has arrived at upstream: what was sent to it arrives within this time. */
const arrival = () => new Promise((resolve) => setTimeout(resolve, 50));

const MiB = 1024 * 1024;
/** Responds as a working upstream, but only after `release`. */
function respondLater() {
  let release: () => void = () => undefined;
  const released = new Promise<void>((resolve) => (release = resolve));
  const response: RawResponse = (socket, received) => void released.then(() => work()(socket, received));
  return { response, release };
}

describe('a client that disconnects', () => {
  test('cancels its read at upstream, which is not retried', async () => {
    const { source, upstream, cancel } = await startSource(hang);
    const read = failureOf(source.get('asst_1'));
    await until(() => upstream.requests.length === 1);
    cancel();
    await read;
    await until(() => upstream.requests.every(({ isOpen }) => !isOpen()));
    expect(upstream.requests).toHaveLength(1);
  });

  test('cancels its read between two attempts', async () => {
    const { source, upstream, reports, cancel } = await startSource(send(message(503, '{}', [['retry-after', '5']])));
    const read = failureOf(source.get('asst_1'));
    await until(() => reports.length === 1);
    cancel();
    await read;
    expect(upstream.requests).toHaveLength(1);
  });

  test.each(['create', 'modify', 'delete'] as const)('does not cancel a %s that was sent', async (operation) => {
    const { response, release } = respondLater();
    const { source, upstream, cancel } = await startSource(response);
    const write =
      operation === 'create'
        ? source.create({ model: 'm' })
        : operation === 'modify'
          ? source.modify('asst_1', { name: 'n' })
          : source.delete('asst_1');
    await until(() => upstream.requests.length === 1);
    cancel();
    await arrival();
    expect(upstream.requests.map(({ isOpen }) => isOpen())).toEqual([true]);
    release();
    await write;
    expect(upstream.requests).toHaveLength(1);
  });

  test('cancels a write that still waits for a connection', async () => {
    const { response, release } = respondLater();
    const { another, upstream, cancel } = await startSource(response, { connections: 1 });
    const first = another().create({ model: 'first' });
    await until(() => upstream.requests.length === 1);
    const second = failureOf(another().create({ model: 'second' }));
    cancel();
    expect(await second).toMatchObject({ outcome: 'NOT_APPLIED' });
    release();
    await first;
    await arrival();
    expect(upstream.count('POST')).toBe(1);
  });

  test('cancels its read and not its write through the service as well', async () => {
    const { response, release } = respondLater();
    const upstream = await startRawUpstream({
      response: (socket, received) => (received.method === 'GET' ? hang : response)(socket, received),
    });
    const service = await startServiceOn(upstream);
    const call = (query: string) => {
      const headers = { 'content-type': 'application/json' };
      const caller = request(`${service.url}/graphql`, { method: 'POST', headers, agent: false });
      caller.on('error', () => undefined).end(JSON.stringify({ query }));
      return caller;
    };
    const read = call('{ assistant(id: "asst_1") { id } }');
    const write = call('mutation { createAssistant(input: { model: "m" }) { assistant { id } } }');
    await until(() => upstream.requests.length === 2);
    read.destroy();
    write.destroy();
    const openMethods = () => upstream.requests.filter(({ isOpen }) => isOpen()).map(({ method }) => method);
    await until(() => !openMethods().includes('GET'));
    await arrival();
    expect(openMethods()).toEqual(['POST']);
    release();
    await service.stop();
    await upstream.stop();
    expect(upstream.requests.map(({ method }) => method).sort()).toEqual(['GET', 'POST']);
  });
});

describe('a response', () => {
  test.each(['content-length: 67108864', 'connection: close'])('of 64 MB (%s) is cut off', async (header) => {
    const { source, upstream } = await startSource(huge(header));
    expect(await failureOf(source.create({ model: 'm' }))).toMatchObject({ code: 'OUTCOME_UNKNOWN' });
    await until(() => upstream.requests.every(({ isOpen }) => !isOpen()));
    // In addition to the limit, the sockets may have buffered some bytes before they were closed.
    expect(upstream.bytesSent()).toBeLessThan(MAX_BODY_BYTES + 24 * MiB);
  });

  test('of exactly the limit is read', async () => {
    const body = JSON.stringify(wireAssistant('asst_1'));
    const { source } = await startSource(send(message(200, body + ' '.repeat(MAX_BODY_BYTES - body.length))));
    await expect(source.get('asst_1')).resolves.toMatchObject({ id: 'asst_1' });
  });

  test('that waits for the memory of others ends with its own time-out, which is no sign of an outage', async () => {
    const large = gzipSync(JSON.stringify(wireAssistant('large', { instructions: 'x'.repeat(2 * MiB) })));
    const { another, upstream } = await startSource((socket, { path }) => {
      if (path.startsWith('/assistants/large'))
        socket.write(
          Buffer.concat([
            Buffer.from(
              `HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\nconnection: keep-alive\r\ncontent-length: ${large.length}\r\n\r\n`,
            ),
            large,
          ]),
        );
      else if (path === '/assistants/asst_4') socket.write(message(200, JSON.stringify(wireAssistant('asst_4'))));
      // Two responses take all the memory for reading, and never end.
      else
        socket.write(
          `HTTP/1.1 200 OK\r\nconnection: keep-alive\r\ncontent-length: ${4 * MiB}\r\n\r\n${'x'.repeat(2 * MiB)}`,
        );
    });
    const others = ['asst_1', 'asst_2'].map((id) => failureOf(another().get(id)));
    await until(() => upstream.bytesSent() >= 4 * MiB);
    const held = await Promise.all(
      Array.from({ length: 20 }, (_, index) => failureOf(another(500).get(`large${index}`))),
    );
    for (const failure of held) expect(failure).toMatchObject({ code: 'UPSTREAM_TIMEOUT' });
    // Not by the circuit breaker: upstream did nothing wrong.
    await expect(another().get('asst_4')).resolves.toMatchObject({ id: 'asst_4' });
    expect(upstream.requests.filter(({ path, isOpen }) => /asst_[12]$/.test(path) && isOpen())).toHaveLength(2);
    await endSources();
    await Promise.all(others);
  });

  test('that arrives byte by byte within the time-out is read', async () => {
    const body = message(200, JSON.stringify({ id: 'a', created_at: 1, model: 'm' }));
    const { source } = await startSource(drip(body, 1));
    await expect(source.get('a')).resolves.toMatchObject({ model: 'm' });
  });

  test('after early hints and with repeated headers is read', async () => {
    const { source } = await startSource((socket, received) => {
      socket.write('HTTP/1.1 102 X\r\n\r\nHTTP/1.1 103 X\r\nlink: </style.css>\r\n\r\n');
      const twice = [
        ['x-request-id', 'one'],
        ['x-request-id', 'two'],
        ['set-cookie', 'a=1'],
        ['set-cookie', 'b=2'],
      ] as const;
      socket.write(message(200, JSON.stringify(workingBody(received)), twice));
    });
    await expect(source.get('asst_1')).resolves.toMatchObject({ id: 'asst_1' });
  });

  test('of many megabytes is read beside ten others on keep-alive connections', async () => {
    const { another } = await startSource((socket, received) => {
      const body = JSON.stringify(workingBody(received, { instructions: 'x'.repeat(3 * MiB) }));
      socket.write(message(200, body, [['connection', 'keep-alive']]));
    });
    const ids = Array.from({ length: 11 }, (_, index) => `asst_${index}`);
    const assistants = await Promise.all(ids.map((id) => another().get(id)));
    expect(assistants.map(({ id }) => id)).toEqual(ids);
  });

  test.each(
    casesOf<readonly [string, string, 'end' | 'resetAndDestroy']>(1, [
      ['end', 'HTTP/1.1 200 OK\r\nConnection: close', 'end'],
      ['end short of their length', 'HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 3000000', 'end'],
      ['are reset', 'HTTP/1.1 200 OK\r\nConnection: close', 'resetAndDestroy'],
      ['are reset on HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 3000000', 'resetAndDestroy'],
      [
        'are reset on keep-alive connections',
        'HTTP/1.1 200 OK\r\nConnection: keep-alive\r\nContent-Length: 3000000',
        'resetAndDestroy',
      ],
    ]),
  )('of a megabyte does not crash the process if many %s while a few stay open', async (_name, head, end) => {
    const { another, upstream } = await startSource(
      (socket, { index }) => {
        socket.write(`${head}\r\n\r\n${' '.repeat(MiB + 1000)}`);
        if (index >= 4) setTimeout(() => socket[end](), 100);
      },
      { attemptTimeoutMs: 1500 },
    );
    const failures = await Promise.all(Array.from({ length: 12 }, () => failureOf(another().create({ model: 'm' }))));
    expect(new Set(failures.map(({ code }) => code))).toEqual(new Set(['OUTCOME_UNKNOWN']));
    await until(() => upstream.requests.every(({ isOpen }) => !isOpen()));
  });
});

describe('a preconnected connection', () => {
  test('carries the first two requests and nothing before them', async () => {
    const { client, source, upstream } = await startSource(work());
    await client.preconnect();
    await until(() => upstream.connections() === 1);
    expect(upstream.requests).toHaveLength(0);
    await source.create({ model: 'm' });
    // A connection is left alone for one turn of the event loop after an answer.
    await new Promise((resolve) => setTimeout(resolve, 5));
    await source.get('asst_1');
    expect(upstream.connections()).toBe(1);
    expect(upstream.requests.map(({ method }) => method)).toEqual(['POST', 'GET']);
  });

  test.each<[string, (socket: Socket) => void]>([
    ['ended', (socket) => socket.end()],
    ['reset', (socket) => socket.resetAndDestroy()],
    ['written to', (socket) => socket.write(message(200, '{"id":"not_asked_for","created_at":1,"model":"m"}'))],
  ])('that was %s by upstream is not used', async (_name, close) => {
    const { client, source, upstream } = await startSource(work());
    await client.preconnect();
    await until(() => upstream.sockets.size === 1);
    upstream.sockets.forEach(close);
    await until(() => upstream.sockets.size === 0);
    await expect(source.create({ model: 'm' })).resolves.toMatchObject({ model: 'm' });
    expect(upstream.count('POST')).toBe(1);
    expect(upstream.connections()).toBe(2);
  });

  test('fails silently if there is no listener', async () => {
    const { client, upstream } = await startSource(work());
    await upstream.stop();
    await expect(client.preconnect()).resolves.toBeUndefined();
  });

  test('does not delay the stop of the service', async () => {
    const upstream = await startRawUpstream({ response: work(), onConnection: () => undefined });
    const service = await startService({
      UPSTREAM: 'aiml',
      AIML_API_KEY: 'k',
      AIML_API_BASE_URL: upstream.url.replace('http:', 'https:'),
      UPSTREAM_ATTEMPT_TIMEOUT_MS: '600000',
      UPSTREAM_DEADLINE_MS: '600000',
    });
    await until(() => upstream.connections() === 1);
    await service.stop();
    expect(upstream.requests).toEqual([]);
  });
});

describe('an upstream that restarts', () => {
  test('is read again over new connections', async () => {
    const { source, upstream } = await startSource(work());
    await Promise.all(['a', 'b', 'c'].map((id) => source.get(id)));
    await upstream.stop();
    const back = await startRawUpstream({ response: work(), port: upstream.port });
    await expect(source.get('asst_1')).resolves.toMatchObject({ id: 'asst_1' });
    await back.stop();
  });

  test('gets a create at most once', async () => {
    const { source, upstream } = await startSource(work());
    await source.get('asst_1');
    await upstream.stop();
    const back = await startRawUpstream({ response: inTurn(work(), hang), port: upstream.port });
    // It is a race whether the pool knows yet that the connection is closed. In both cases the create is not sent
    // twice.
    const outcome = await source.create({ model: 'm' }).then(
      () => 'created',
      () => 'lost',
    );
    expect(back.count('POST')).toBe(outcome === 'created' ? 1 : 0);
    await back.stop();
  });
});
