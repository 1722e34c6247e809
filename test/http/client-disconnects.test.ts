// Clients that disconnect at random points. HANG_UPS sets their number, and HANG_UPS_SEED repeats a run.
import { connect, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { expect, test } from '@jest/globals';
import { mapAtMost } from '../support/at-most.ts';
import { expectNothingHeld } from '../support/gauges.ts';
import { createRandom, type Random } from '../support/random.ts';
import { sendJson, startScriptedUpstream, wireAssistant } from '../support/scripted-upstream.ts';
import { amountOf } from '../support/slow.ts';
import { startServiceOn } from '../support/service.ts';

const CONNECTIONS = amountOf('HANG_UPS', { fast: 100, slow: 10_000 });
const SEED = Number(process.env['HANG_UPS_SEED'] ?? Date.now() % 2 ** 31);
const AT_ONCE = 60;
const TIMEOUT_MS = 180_000 + CONNECTIONS * 60;

const READ = 'query ($id: ID!) { assistant(id: $id) { id } }';
const LIST = '{ assistants(first: 20) { nodes { id instructions } } }';
const CREATE = 'mutation { createAssistant(input: { model: "m" }) { assistant { id } } }';

const head = (line: string, ...headers: string[]): string =>
  `${[`${line} HTTP/1.1`, 'Host: localhost', ...headers].join('\r\n')}\r\n\r\n`;

function post(body: Buffer, ...headers: string[]): Buffer {
  const start = head('POST /graphql', 'Content-Type: application/json', `Content-Length: ${body.length}`, ...headers);
  return Buffer.concat([Buffer.from(start), body]);
}

function postChunked(body: Buffer, random: Random): Buffer {
  const start = head('POST /graphql', 'Content-Type: application/json', 'Transfer-Encoding: chunked');
  const parts: Buffer[] = [Buffer.from(start)];
  for (let sent = 0; sent < body.length;) {
    const part = body.subarray(sent, sent + 1 + random.below(body.length));
    parts.push(Buffer.from(`${part.length.toString(16)}\r\n`), part, Buffer.from('\r\n'));
    sent += part.length;
  }
  return Buffer.concat([...parts, Buffer.from('0\r\n\r\n')]);
}

function toBody(random: Random): Buffer {
  const padding = random.pick([0, 0, 0, 6000, 150_000]);
  const id = `asst_${random.below(20)}`;
  const query = random.pick([READ, READ, LIST, CREATE]);
  return Buffer.from(JSON.stringify({ query, variables: { id, unused: 'x'.repeat(padding) } }));
}

function toRequest(random: Random): Buffer {
  switch (random.below(8)) {
    case 0:
      return Buffer.from(head(`GET /graphql?query=${encodeURIComponent(LIST)}`, 'Apollo-Require-Preflight: true'));
    case 1:
      return Buffer.from(head(random.pick(['GET /metrics', 'GET /readyz', 'GET /other', 'HEAD /healthz'])));
    case 2:
      return postChunked(toBody(random), random);
    case 3:
      return post(gzipSync(toBody(random)), 'Content-Encoding: gzip');
    case 4:
      return post(Buffer.from('{"query":'));
    default:
      return post(toBody(random));
  }
}

/** Opens a connection, sends random requests in pieces, and disconnects in a random way. */
async function leave(port: number, random: Random): Promise<void> {
  const requests = Array.from({ length: random.pick([1, 1, 2, 5, 20]) }, () => toRequest(random));
  const bytes = Buffer.concat(requests);
  const sent = random.next() < 0.5 ? bytes : bytes.subarray(0, random.below(bytes.length));
  const socket = connect(port, '127.0.0.1');
  const closed = new Promise<void>((resolve) => socket.once('close', () => resolve()));
  socket.on('error', () => undefined);
  if (random.next() < 0.5) socket.resume();
  const pieces = 1 + random.below(3);
  for (let piece = 0; piece < pieces && !socket.destroyed; piece += 1) {
    socket.write(sent.subarray((sent.length * piece) / pieces, (sent.length * (piece + 1)) / pieces));
    await sleep(random.below(4));
  }
  await sleep(random.below(30));
  await cancellation(socket, random);
  await closed;
}

async function cancellation(socket: Socket, random: Random): Promise<void> {
  switch (random.below(3)) {
    case 0:
      socket.destroy();
      return;
    case 1:
      socket.resetAndDestroy();
      return;
    default:
      // Closes one direction only, for a while.
      socket.end();
      await sleep(random.below(30));
      socket.destroy();
  }
}

test(
  `${CONNECTIONS} connections that end at random points leave nothing in flight and no memory taken (seed ${SEED})`,
  async () => {
    const random = createRandom(SEED);
    const delays = createRandom(SEED + 1);
    const list = Array.from({ length: 20 }, (_, index) => ({
      ...wireAssistant(`asst_${index}`),
      instructions: 'x'.repeat(10_000),
    }));
    const upstream = await startScriptedUpstream(async ({ path }, response) => {
      await sleep(delays.below(40));
      if (path.includes('?')) sendJson(response, 200, { object: 'list', data: list, has_more: false });
      else sendJson(response, 200, wireAssistant(path.split('/')[2] ?? 'asst_new'));
    });
    const service = await startServiceOn(upstream, { AIML_API_KEY: 'test-key' });
    const port = Number(new URL(service.url).port);
    const seeds = Array.from({ length: CONNECTIONS }, () => random.below(2 ** 31));

    await mapAtMost(AT_ONCE, seeds, (seed) => leave(port, createRandom(seed)));

    await expectNothingHeld(service.url);
    const large = await service.query(READ, { id: 'asst_1', unused: Array<string>(16_000).fill('x'.repeat(90)) });
    expect(large.data).toEqual({ assistant: { id: 'asst_1' } });
    await expectNothingHeld(service.url);
    expect(service.logs.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  },
  TIMEOUT_MS,
);
