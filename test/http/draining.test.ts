import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { Agent, createServer, get, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { drain } from '../../src/http/shutdown.ts';
import { listeningUrl, runProcess } from '../support/process.ts';
import { sendJson, startScriptedUpstream, wireAssistant } from '../support/scripted-upstream.ts';
import { slowTest } from '../support/slow.ts';
import { query } from '../support/service.ts';
import { until } from '../support/until.ts';

let dataDir: string;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'assistants-'));
});
afterAll(() => rm(dataDir, { recursive: true, force: true }));

const status = (url: string, agent?: Agent): Promise<IncomingMessage> =>
  new Promise((resolve, reject) => {
    get(url, { agent }, (response) => {
      response.resume();
      response.once('end', () => resolve(response));
    }).once('error', reject);
  });

const isRejected = (url: string): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(Number(new URL(url).port), '127.0.0.1', () => {
      socket.destroy();
      resolve(false);
    }).once('error', () => resolve(true));
  });

describe.each(['SIGTERM', 'SIGINT'] as const)('on %s', (signal) => {
  slowTest('an idle service ends with exit code 0', async () => {
    const service = runProcess({ DATA_DIR: dataDir });
    await listeningUrl(service);
    service.child.kill(signal);
    expect(await service.exit).toBe(0);
  });
});

describe('when a server stops listening', () => {
  test('the requests on connections that wait to be accepted get responses', async () => {
    const server = createServer((_request, response) => response.end('done'));
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    const { port } = server.address() as AddressInfo;
    const sockets = Array.from({ length: 100 }, () => connect(port, '127.0.0.1'));
    const received = sockets.map((socket) => {
      socket.write('GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n');
      return text(socket);
    });
    // All are connected in one turn of the event loop, in which Node.js accepts one of them.
    await Promise.all(sockets.map((socket) => once(socket, 'connect')));
    const drained = drain([server], 10_000);
    for (const response of await Promise.all(received)) expect(response).toContain('done');
    await drained;
    expect(server.listening).toBe(false);
  });
});

describe('while the service drains', () => {
  test('the service finishes a hundred requests in flight, drops none, and accepts no new connection', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const upstream = await startScriptedUpstream(async ({ path }, response) => {
      await released;
      sendJson(response, 200, wireAssistant(path.split('/').at(-1) ?? ''));
    });
    const service = runProcess({
      AIML_API_KEY: 'key',
      AIML_API_BASE_URL: upstream.url,
      UPSTREAM_CONNECTIONS: '100',
      UPSTREAM_ATTEMPT_TIMEOUT_MS: '100000',
      UPSTREAM_DEADLINE_MS: '100000',
      SHUTDOWN_TIMEOUT_MS: '100000',
    });
    const url = await listeningUrl(service);
    const responses = Array.from({ length: 100 }, (_, index) =>
      query(url, `{ assistant(id: "asst_${index}") { id } }`),
    );
    await until(() => upstream.calls.length === 100);
    service.child.kill('SIGTERM');
    await until(() => isRejected(url));
    release();
    for (const [index, response] of (await Promise.all(responses)).entries()) {
      expect(response.data).toEqual({ assistant: { id: `asst_${index}` } });
      expect(response.headers.get('connection')).toBe('close');
      expect(response.headers.get('keep-alive')).toBeNull();
    }
    expect(await service.exit).toBe(0);
    await upstream.stop();
  });

  slowTest('/readyz returns 503 on a connection that was already open', async () => {
    const agent = new Agent({ keepAlive: true, maxSockets: 1 });
    const service = runProcess({ DATA_DIR: dataDir });
    const url = await listeningUrl(service);
    expect((await status(`${url}/readyz`, agent)).statusCode).toBe(200);
    service.child.kill('SIGTERM');
    await until(() => service.output().includes('stopping'));
    const response = await status(`${url}/readyz`, agent);
    expect(response.statusCode).toBe(503);
    expect(response.headers.connection).toBe('close');
    expect(await service.exit).toBe(0);
    agent.destroy();
  });

  slowTest('/readyz returns 503 and /healthz 200 on new connections during SHUTDOWN_GRACE_MS', async () => {
    const service = runProcess({ DATA_DIR: dataDir, SHUTDOWN_GRACE_MS: '10000' });
    const url = await listeningUrl(service);
    service.child.kill('SIGTERM');
    await until(() => service.output().includes('stopping'));
    expect((await status(`${url}/readyz`)).statusCode).toBe(503);
    expect((await status(`${url}/healthz`)).statusCode).toBe(200);
    expect((await query(url, '{ __typename }')).data).toEqual({ __typename: 'Query' });
    expect(await service.exit).toBe(0);
  });

  slowTest('a request that takes longer than SHUTDOWN_TIMEOUT_MS gets an error, and the exit code is 0', async () => {
    const upstream = await startScriptedUpstream(() => undefined);
    const service = runProcess({
      AIML_API_KEY: 'key',
      AIML_API_BASE_URL: upstream.url,
      SHUTDOWN_TIMEOUT_MS: '100',
    });
    const url = await listeningUrl(service);
    const response = query(url, '{ assistant(id: "asst_1") { id } }');
    await until(() => upstream.calls.length === 1);
    service.child.kill('SIGTERM');
    expect((await response).errors?.[0]?.extensions['code']).toBe('UPSTREAM_UNAVAILABLE');
    expect(await service.exit).toBe(0);
    await upstream.stop();
  });

  slowTest('one Ctrl+C that arrives twice, because npm forwards it, aborts no request', async () => {
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    const upstream = await startScriptedUpstream(async (_call, response) => {
      await released;
      sendJson(response, 200, wireAssistant('asst_1'));
    });
    const service = runProcess({ AIML_API_KEY: 'key', AIML_API_BASE_URL: upstream.url });
    const url = await listeningUrl(service);
    const response = query(url, '{ assistant(id: "asst_1") { id } }');
    await until(() => upstream.calls.length === 1);
    service.child.kill('SIGINT');
    await until(() => service.output().includes('stopping'));
    service.child.kill('SIGINT');
    await until(() => isRejected(url));
    release();
    expect((await response).data).toEqual({ assistant: { id: 'asst_1' } });
    expect(await service.exit).toBe(0);
    await upstream.stop();
  });

  test('the service accepts new connections during SHUTDOWN_GRACE_MS, and exits at once on a second signal', async () => {
    const service = runProcess({ DATA_DIR: dataDir, SHUTDOWN_GRACE_MS: '600000' });
    const url = await listeningUrl(service);
    service.child.kill('SIGTERM');
    await until(() => service.output().includes('stopping'));
    expect((await status(`${url}/readyz`)).statusCode).toBe(503);
    expect((await status(`${url}/healthz`)).statusCode).toBe(200);
    expect((await query(url, '{ __typename }')).data).toEqual({ __typename: 'Query' });
    const again = setInterval(() => service.child.kill('SIGTERM'), 50);
    expect(await service.exit).toBe(1);
    clearInterval(again);
  });
});
