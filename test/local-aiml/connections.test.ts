import { beforeAll, describe, expect, jest, test } from '@jest/globals';
import { openConnection } from '../support/raw-connection.ts';
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
