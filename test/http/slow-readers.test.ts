// Clients that do not read their responses.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { expect, test } from '@jest/globals';
import { cleanUpLater } from '../support/cleanup.ts';
import { expectNothingHeld, readGauges } from '../support/gauges.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { casesOf, slowTest } from '../support/slow.ts';
import { startService, type TestService } from '../support/service.ts';
import { until } from '../support/until.ts';

const MiB = 1024 * 1024;
/** More than the socket buffers of both ends hold. */
const RESPONSE_BYTES = 12 * MiB;
const NEVER_MS = 3_600_000;

async function startUpstream(): Promise<ScriptedUpstream> {
  const data = Array.from({ length: 60 }, (_, index) => ({
    ...wireAssistant(`asst_${index}`),
    instructions: 'x'.repeat(RESPONSE_BYTES / 60),
  }));
  const body = { object: 'list', data, has_more: false };
  return startScriptedUpstream((_call, response) => sendJson(response, 200, body));
}

async function startWithUpstream(
  stallTimeoutMs: number,
  environment = {},
): Promise<{ service: TestService; upstream: ScriptedUpstream }> {
  const upstream = await startUpstream();
  const service = await startService(
    { AIML_API_KEY: 'test-key', AIML_API_BASE_URL: upstream.url, ...environment },
    { stallTimeoutMs },
  );
  return { service, upstream };
}

/** Different sizes make different operations, which do not share a response. */
function listRequest(index: number): string {
  const body = JSON.stringify({ query: `{ assistants(first: ${90 - index}) { nodes { instructions } } }` });
  return (
    'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
    `Content-Length: ${body.length}\r\n\r\n${body}`
  );
}

/** A connection that sends `bytes` and reads nothing until it is resumed. */
function open(service: TestService, bytes: string): { readonly socket: Socket; readonly isClosed: () => boolean } {
  const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
  let isClosed = false;
  // A paused socket notices a closed connection by writing. HTTP ignores empty lines before a request.
  const timer = setInterval(() => socket.write('\r\n'), 100);
  socket
    .on('error', () => undefined)
    .once('close', () => {
      isClosed = true;
      clearInterval(timer);
    });
  cleanUpLater(() => socket.destroy());
  socket.write(bytes);
  return { socket, isClosed: () => isClosed };
}

const disconnected = ({ logs }: TestService, reason: string): number =>
  logs.filter((line) => line['reason'] === reason).length;

slowTest('A client that reads nothing of its response is disconnected, and one that reads slowly is not', async () => {
  const { service } = await startWithUpstream(6000);
  const slow = connect(Number(new URL(service.url).port), '127.0.0.1');
  cleanUpLater(() => slow.destroy());
  let received = 0;
  slow.on('error', () => undefined).write(listRequest(0));
  const stalled = open(service, listRequest(1));

  while (received < RESPONSE_BYTES && !slow.destroyed) {
    const part = slow.read(Math.min(64 * 1024, Math.max(1, slow.readableLength))) as Buffer | null;
    received += part?.length ?? 0;
    await sleep(20);
  }

  expect(received).toBeGreaterThanOrEqual(RESPONSE_BYTES);
  await until(stalled.isClosed);
  expect(disconnected(service, 'STALLED')).toBe(1);
  const tenants = new Set(
    service.logs.flatMap(({ msg, tenant }) => (/^(operation|disconn)/.test(String(msg)) ? [tenant] : [])),
  );
  expect([...tenants]).toEqual([expect.stringMatching(/^[\w-]{8}$/)]);
  slow.destroy();
  await expectNothingHeld(service.url);
});

test('Operations with unread responses have ended, so that others are executed', async () => {
  const { service } = await startWithUpstream(NEVER_MS, { MAX_IN_FLIGHT: '1' });
  for (const index of [0, 1, 2]) {
    const before = (await readGauges(service.url)).unsentBytes;
    open(service, listRequest(index));
    await until(async () => (await readGauges(service.url)).unsentBytes > before + MiB);
  }
  expect(await readGauges(service.url)).toMatchObject({ inFlight: 0, bodyBytes: 0 });
  expect((await service.query('{ __typename }')).data).toEqual({ __typename: 'Query' });
});

slowTest(
  'If more than 64 MiB are unread, the clients are disconnected that have read nothing for the longest time',
  async () => {
    const { service } = await startWithUpstream(NEVER_MS);
    const clients: ReturnType<typeof open>[] = [];
    for (let index = 0; index < 14; index += 1) {
      const before = service.logs.length;
      clients.push(open(service, listRequest(index)));
      await until(() => service.logs.slice(before).some(({ msg }) => msg === 'operation'));
      expect((await readGauges(service.url)).unsentBytes).toBeLessThanOrEqual(64 * MiB);
    }
    await until(() => clients.some(({ isClosed }) => isClosed()));
    expect(clients[0]?.isClosed()).toBe(true);
    expect(clients.at(-1)?.isClosed()).toBe(false);
    expect(disconnected(service, 'TOO_MUCH_UNSENT')).toBeGreaterThan(0);
    const whole = await service.query('{ assistants { nodes { id } } }');
    expect(whole.errors).toBeUndefined();
  },
);

test('Pipelined requests wait while more than 8 MiB of the responses before them is unread', async () => {
  const { service, upstream } = await startWithUpstream(NEVER_MS);
  const requests = [0, 1, 2, 3, 4, 5];
  const { socket } = open(service, requests.map(listRequest).join(''));
  await until(async () => (await readGauges(service.url)).unsentBytes > 8 * MiB);
  const { unsentBytes } = await readGauges(service.url);
  expect(unsentBytes).toBeLessThan(8 * MiB + RESPONSE_BYTES + MiB);
  expect(upstream.calls.length).toBeLessThan(4);

  let received = 0;
  socket.on('data', (part) => (received += part.length));
  await until(() => received > requests.length * RESPONSE_BYTES);
  expect(upstream.calls.map(({ path }) => /limit=(\d+)/.exec(path)?.[1])).toEqual(
    requests.map((index) => String(91 - index)),
  );
  await expectNothingHeld(service.url);
});

test.each(casesOf(1, ['/nothing', '/metrics', '/graphiql']))(
  'A client that requests %s and reads nothing is disconnected',
  async (path) => {
    const { service } = await startWithUpstream(1000);
    const client = open(service, `GET ${path} HTTP/1.1\r\nHost: localhost\r\n\r\n`.repeat(20_000));
    // Thousands of responses are made before the buffers of a connection are full.
    await until(client.isClosed, 280_000);
    expect(disconnected(service, 'STALLED')).toBe(1);
    await expectNothingHeld(service.url);
  },
  400_000,
);
