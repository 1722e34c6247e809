import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { FastifyInstance } from 'fastify';
import { createApp } from '../../src/http/app.ts';
import { BodyMemory } from '../../src/http/body-memory.ts';
import { ConnectionTracker } from '../../src/runtime/connection-tracker.ts';
import { HttpServers } from '../../src/http/http-servers.ts';
import { Semaphore } from '../../src/runtime/semaphore.ts';
import { createLogger } from '../../src/observability/logger.ts';
import type { RequestTrace } from '../../src/observability/tracing.ts';
import { openConnection } from '../support/raw-connection.ts';
import { until } from '../support/until.ts';

const logs: string[] = [];
let executed = 0;
/** Operations wait until it resolves. */
let gate: Promise<void> = Promise.resolve();

const traces = { started: 0, ended: [] as (number | null)[] };
const startTrace = (): RequestTrace => {
  traces.started += 1;
  return {
    traceId: '0'.repeat(32),
    startOperation: () => undefined,
    endOperation: () => undefined,
    startCall: () => ({ traceparent: '', end: () => undefined }),
    end: (status) => void traces.ended.push(status),
  };
};

const startApp = async (): Promise<FastifyInstance> => {
  const connections = new ConnectionTracker({ onDisconnect: () => undefined });
  const app = await createApp({
    servers: new HttpServers(
      connections,
      { accept: () => null },
      { onErrorResponse: () => undefined, onOriginRejected: () => undefined },
    ),
    connections,
    bodyMemory: new BodyMemory(),
    hosts: { check: () => null },
    lifecycle: { state: 'starting' },
    operationSlots: new Semaphore(1000),
    logger: createLogger('trace', { write: (line: string) => void logs.push(line) }),
    metrics: { contentType: 'text/plain', text: () => Promise.resolve('') },
    corsOrigins: [],
    corsLoopback: false,
    explorer: false,
    startTrace,
    onErrorResponse: () => undefined,
    onOriginRejected: () => undefined,
    execute: async () => {
      executed += 1;
      await gate;
      return { status: 200, headers: [], body: Buffer.from('{"data":{}}') };
    },
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  return app;
};

const urlOf = (app: FastifyInstance): string => `http://127.0.0.1:${(app.server.address() as AddressInfo).port}`;

const HEAD = 'POST /graphql HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n';

describe('a client may take', () => {
  let app: FastifyInstance;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  test('15 s for its headers and 30 s for a whole request', () => {
    expect(app.server.headersTimeout).toBe(15_000);
    expect(app.server.requestTimeout).toBe(30_000);
  });
});

// The tests lower the time-outs; the interval at which they are checked stays the same.
describe('a client that takes too long gets a JSON response and is disconnected, and nothing is executed', () => {
  let app: FastifyInstance;
  beforeAll(async () => {
    app = await startApp();
  });
  beforeEach(() => {
    executed = 0;
  });
  afterAll(() => app.close());

  test('with its headers, with its body, and with a large one', async () => {
    app.server.headersTimeout = app.server.requestTimeout = 100;
    const slow: readonly (readonly [start: string, drip: string])[] = [
      [`${HEAD}content-length: 100\r\n`, 'x'],
      [`${HEAD}content-length: 100\r\n\r\n{"query":`, ' '],
      [`${HEAD}transfer-encoding: chunked\r\n\r\n9\r\n{"query":\r\n`, '1\r\n \r\n'],
      [`${HEAD}content-length: 1000000\r\n\r\n{"query":`, ' '],
    ];
    const responses = slow.map(async ([start, drip]) => {
      const { socket, closed: response } = await openConnection(urlOf(app));
      socket.write(start);
      const timer = setInterval(() => socket.write(drip), 20);
      return response.finally(() => clearInterval(timer));
    });
    for (const response of await Promise.all(responses)) {
      const [head = '', body = ''] = response.split('\r\n\r\n');
      expect(head).toMatch(/^HTTP\/1\.1 408 /);
      expect(JSON.parse(body)).toMatchObject({ errors: [{ message: 'The request took too long to arrive.' }] });
    }
    expect(executed).toBe(0);
  });

  test('while faster clients are served', async () => {
    app.server.headersTimeout = app.server.requestTimeout = 30_000;
    const { socket, closed: response } = await openConnection(urlOf(app));
    socket.write(`${HEAD}content-length: 2\r\nconnection: close\r\n\r\n{}`);
    expect(await response).toContain('{"data":{}}');
    expect(executed).toBe(1);
  });
});

describe('while a request is in flight', () => {
  let app: FastifyInstance;
  let release = (): void => undefined;
  beforeEach(async () => {
    app = await startApp();
    executed = 0;
    gate = new Promise((resolve) => (release = resolve));
  });
  afterEach(async () => {
    release();
    app.server.closeAllConnections();
    await app.close();
  });

  test('a second request that takes too long closes the connection after the response to the first', async () => {
    app.server.headersTimeout = 100;
    app.server.requestTimeout = 100;
    const { socket, closed: response } = await openConnection(urlOf(app));
    const timedOut = once(app.server, 'clientError');
    socket.write(`${HEAD}content-length: 2\r\n\r\n{}${HEAD}content-length: 2\r\n\r\n{`);
    await until(() => executed === 1);
    await timedOut;
    release();
    const text = await response;
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
    expect(text).toContain('{"data":{}}');
    expect(executed).toBe(1);
  });

  test('every trace is ended once, whether the response is sent or the client disconnects', async () => {
    traces.started = 0;
    traces.ended = [];
    const request = `${HEAD}content-length: 2\r\n\r\n{}`;
    const leaving = await openConnection(urlOf(app));
    const staying = await openConnection(urlOf(app));
    leaving.socket.write(request.repeat(20));
    staying.socket.write(request.repeat(2));
    await until(() => executed === 2);
    leaving.socket.destroy();
    await until(() => traces.ended.length === 1);
    release();
    await until(() => traces.ended.length === 3);
    expect([traces.started, traces.ended]).toEqual([3, [null, 200, 200]]);
    staying.socket.destroy();
  });
});

describe('memory for large bodies', () => {
  let app: FastifyInstance;
  beforeAll(async () => {
    app = await startApp();
  });
  afterAll(() => app.close());

  const large = (method: string, path: string): string =>
    `${method} ${path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n`;
  const body = `{"query":"${'x'.repeat(999_988)}"}`;

  async function expectFreeMemory(): Promise<void> {
    const { socket, closed: response } = await openConnection(urlOf(app));
    socket.write(`${large('POST', '/graphql')}connection: close\r\n\r\n${body}`);
    expect(await response).toContain('{"data":{}}');
  }

  // Together they exceed the memory for bodies.
  test.each([
    ['were cut off by their client', 'POST', '/graphql', '{"query":"'],
    ['have a method without a body', 'PUT', '/graphql', body],
    ['have an unknown path', 'POST', '/other', body],
    ['are not JSON', 'POST', '/graphql', 'x'.repeat(1_000_000)],
  ])('is released after forty requests that %s', async (_, method, path, text) => {
    for (let sent = 0; sent < 40; sent += 10)
      await Promise.all(
        Array.from({ length: 10 }, async () => {
          const { socket, closed: response } = await openConnection(urlOf(app));
          socket.write(`${large(method, path)}connection: close\r\n\r\n${text}`);
          if (text.length < 1000) setTimeout(() => socket.destroy(), 10);
          await response;
        }),
      );
    await expectFreeMemory();
  });

  test('is not reserved by small bodies without an announced size while their operations are in flight', async () => {
    let release = (): void => undefined;
    gate = new Promise((resolve) => (release = resolve));
    executed = 0;
    const responses = Array.from({ length: 40 }, async () => {
      const { socket, closed: response } = await openConnection(urlOf(app));
      socket.write(`${HEAD}transfer-encoding: chunked\r\nconnection: close\r\n\r\n2\r\n{}\r\n0\r\n\r\n`);
      return response;
    });
    await until(() => executed === 40);
    release();
    for (const response of await Promise.all(responses)) expect(response).toContain('{"data":{}}');
  });
});
