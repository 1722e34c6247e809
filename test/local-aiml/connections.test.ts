import type { Socket } from 'node:net';
import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { LocalAimlOptions } from '../../src/local-aiml/server.ts';
import { openConnection } from '../support/raw-connection.ts';
import { until } from '../support/until.ts';
import { call, create, startHere } from './support.ts';

describe('a connection', () => {
  let url: string;
  beforeAll(async () => {
    ({ url } = await startHere());
  });

  const send = async (path: string, head: string): Promise<string> => {
    const { socket, closed } = await openConnection(url);
    const hasHead = new Promise<void>((resolve) => {
      let text = '';
      socket.on('data', (chunk) => {
        text += String(chunk);
        if (text.includes('\r\n\r\n')) resolve();
      });
    });
    socket.write(`GET ${path} ${head}Host: x\r\nAuthorization: Bearer k\r\n\r\n`);
    await hasHead;
    socket.end();
    return (await closed).split('\r\n\r\n', 1)[0] ?? '';
  };

  test('is kept open for longer than clients are advised to keep it', async () => {
    const id = await create(url, {}, { key: 'k' });
    const created = await call(url, 'POST /threads/runs', { key: 'k', body: { assistant_id: id } });
    const events = `/threads/${String(created.body['thread_id'])}/runs/${String(created.body['id'])}/events`;
    for (const path of ['/assistants', '/assistants/asst_unknown', '/nothing', events]) {
      const head = await send(path, 'HTTP/1.1\r\n');
      expect(head).toMatch(/\r\nconnection: keep-alive\r\n/i);
      expect(head.match(/\r\nkeep-alive: .*/gi)).toEqual(['\r\nkeep-alive: timeout=55']);
    }
  });

  test.each(['HTTP/1.0\r\n', 'HTTP/1.1\r\nConnection: close\r\n'])('of %j is closed', async (head) => {
    const response = await send('/assistants', head);
    expect(response).toMatch(/\r\nconnection: close(\r\n|$)/i);
    expect(response).not.toMatch(/keep-alive/i);
  });
});

describe('a client that does not read', () => {
  const PAGE_BYTES = 6_000_000;
  const GET_PAGE = 'GET /assistants?limit=100 HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer key-1\r\n\r\n';

  const startWithPage = async (options: Partial<LocalAimlOptions>) => {
    const reasons: unknown[] = [];
    const logger = {
      info: (entry: object) => 'reason' in entry && reasons.push(entry.reason),
      warn: () => undefined,
      error: () => undefined,
    };
    const { url } = await startHere({ ...options, logger });
    for (let count = 0; count < 24; count++) await create(url, { instructions: 'x'.repeat(PAGE_BYTES / 24) });
    return { url, reasons };
  };

  /** A connection that requests the page and reads nothing. */
  const request = async (url: string) => {
    const { socket } = await openConnection(url);
    socket.pause();
    socket.write(GET_PAGE);
    // A paused socket notices that it is closed when it writes. HTTP ignores empty lines before a request.
    const timer = setInterval(() => socket.write('\r\n'), 100);
    socket.once('close', () => clearInterval(timer));
    return socket;
  };

  test('is disconnected after a while', async () => {
    const { url, reasons } = await startWithPage({ stallTimeoutMs: 1000 });
    const socket = await request(url);
    await until(() => socket.destroyed);
    expect(reasons).toEqual(['STALLED']);
  });

  test('is disconnected, the first one first, when more is unread than the limit', async () => {
    const { url, reasons } = await startWithPage({ maxUnsentBytes: 3 * PAGE_BYTES });
    const sockets: Socket[] = [];
    for (let count = 0; count < 12; count++) {
      sockets.push(await request(url));
      await call(url, 'GET /assistants?limit=1');
    }
    await until(() => sockets[0]?.destroyed === true);
    expect(new Set(reasons)).toEqual(new Set(['TOO_MUCH_UNSENT']));
    expect(sockets.at(-1)?.destroyed).toBe(false);
  });

  test('gets the responses to pipelined requests, more than the limit, as soon as it reads', async () => {
    const { url, reasons } = await startWithPage({ maxUnsentBytes: 4 * PAGE_BYTES });
    const { socket } = await openConnection(url);
    let received = 0;
    socket.on('data', (part) => (received += part.length));
    socket.write(GET_PAGE.repeat(12));
    await until(() => received > 12 * PAGE_BYTES);
    expect(reasons).toEqual([]);
  });
});

describe('stop', () => {
  test('finishes a request in flight, rejects new connections and closes the open connection', async () => {
    const localAiml = await startHere();
    const body = '{"model":"m"}';
    const { socket, closed } = await openConnection(localAiml.url);
    const reached = new Promise<void>((resolve) => socket.once('data', () => resolve()));
    // The server sends "100 Continue" when it starts to read the request.
    socket.write(
      'POST /assistants HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\n' +
        `Expect: 100-continue\r\nContent-Length: ${body.length}\r\n\r\n`,
    );
    await reached;
    const stopped = localAiml.stop();
    await expect(fetch(localAiml.url)).rejects.toThrow('fetch failed');
    socket.write(body);
    const response = await closed;
    expect(response).toMatch(/HTTP\/1\.1 201 Created\r\n[^]*connection: close\r\n/i);
    expect(response).not.toMatch(/keep-alive/i);
    await stopped;
  });

  test('responds to a request on a connection that was accepted before', async () => {
    const localAiml = await startHere();
    const { socket, closed } = await openConnection(localAiml.url);
    socket.write('GET /assistants HTTP/1.1\r\nHost: x\r\n');
    await call(localAiml.url, 'GET /assistants');
    const stopped = localAiml.stop();
    socket.write('Authorization: Bearer k\r\n\r\n');
    expect(await closed).toMatch(/^HTTP\/1\.1 200 OK\r\n[^]*connection: close\r\n/i);
    await stopped;
  });

  test('closes idle connections, and may be called again', async () => {
    const localAiml = await startHere();
    const { socket, closed } = await openConnection(localAiml.url);
    socket.write('GET /assistants HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\n\r\n');
    await new Promise<void>((resolve) => socket.once('data', () => resolve()));
    await Promise.all([localAiml.stop(), localAiml.stop()]);
    expect(await closed).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });

  test('aborts a request that never ends', async () => {
    const localAiml = await startHere();
    const { socket, closed } = await openConnection(localAiml.url);
    const reached = new Promise<void>((resolve) => socket.once('data', () => resolve()));
    socket.write(
      'POST /assistants HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer k\r\nContent-Type: application/json\r\n' +
        'Expect: 100-continue\r\nContent-Length: 100\r\n\r\n',
    );
    await reached;
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate', 'queueMicrotask'] });
    try {
      const stopped = localAiml.stop();
      jest.advanceTimersByTime(10_000);
      await stopped;
    } finally {
      jest.useRealTimers();
    }
    expect(await closed).toBe('HTTP/1.1 100 Continue\r\n\r\n');
  });
});
