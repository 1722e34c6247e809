// The peak memory of the process while many large requests and responses arrive at once. Linux only.
import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { request as httpRequest } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { brotliCompressSync, constants, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import type { Environment } from '../../src/runtime/environment.ts';
import { listeningUrl, runProcess, type RunningProcess } from '../support/process.ts';
import { amountOf, casesOf, runsSlowTests } from '../support/slow.ts';
import { json, message, workingBody } from '../support/raw-responses.ts';
import { wireAssistant } from '../support/scripted-upstream.ts';
import { startRawUpstream, type RawResponse, type RawUpstream } from '../support/raw-upstream.ts';

const MiB = 1024 * 1024;
/** How many requests arrive at once. */
const REQUESTS = amountOf('MEMORY_REQUESTS', { fast: 20, slow: 100 });
/** The connections to upstream: the maximum. */
const CONNECTIONS = amountOf('MEMORY_CONNECTIONS', { fast: 16, slow: 64 });
/** Reading them is faster than writing, so without a limit most of them are held. */
const PAGES = 50;
/** Each test takes some seconds of CPU time. */
jest.setTimeout(300_000);
const MAX_RESIDENT_BYTES = 512 * MiB;

let upstream: RawUpstream;
let service: RunningProcess;
let url: string;
/** What upstream does with the next requests. */
let response: RawResponse;

/** Responds slowly, so that the memory of each request stays in use. */
const work: RawResponse = (socket, request) => {
  void sleep(200).then(() => json(200, workingBody({ ...request, body: '' }))(socket, request));
};

/** Sends all requests at once, each on its own connection; resolves to the number of responses by status and code. */
async function sendAll(
  count: number,
  request: (index: number) => readonly [body: string | Buffer, encoding?: string],
): Promise<Readonly<Record<string, number>>> {
  const responses = await Promise.all(Array.from({ length: count }, (_, index) => send(...request(index))));
  const counts: Record<string, number> = {};
  for (const responded of responses) counts[responded] = (counts[responded] ?? 0) + 1;
  return counts;
}

const send = (body: string | Buffer, encoding?: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const headers = {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
      ...(encoding !== undefined && { 'content-encoding': encoding }),
    };
    const request = httpRequest(`${url}/graphql`, { method: 'POST', agent: false, headers }, (response) => {
      let text = '';
      // Errors come first.
      response.setEncoding('utf8').on('data', (part: string) => (text ||= part));
      const code = () => /"code":"(\w+)"/.exec(text)?.[1] ?? 'data';
      response.once('error', () => undefined);
      response.once('close', () => resolve(response.complete ? `${response.statusCode ?? 0} ${code()}` : 'cut off'));
    });
    request.once('error', reject);
    request.end(body);
  });

/** The peak RSS of the process, in bytes. */
async function peakBytes(): Promise<number> {
  const status = await readFile(`/proc/${service.child.pid ?? 0}/status`, 'utf8');
  return Number(/^VmHWM:\s+(\d+) kB$/m.exec(status)?.[1]) * 1024;
}

const CREATE = 'mutation ($i: CreateAssistantInput!) { createAssistant(input: $i) { userErrors { code } } }';

/** A request of this size whose value repeats `unit`. */
function bodyOf(bytes: number, query: string, head: string, unit: string, tail: string): Buffer {
  const start = `{"query":${JSON.stringify(query)},"variables":${head}`;
  const end = `${tail}}`;
  const times = Math.floor((bytes - start.length - end.length) / unit.length);
  return Buffer.from(start + unit.repeat(times).slice(0, -1) + end);
}
const PARAMETERS = '{"i":{"model":"m","tools":[{"function":{"name":"f","parameters":{"a":';

const brotli = (bytes: Buffer): Buffer =>
  brotliCompressSync(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } });

/** Cycles through the values. */
const inTurns =
  <T>(...values: readonly [T, ...T[]]) =>
  (index: number): T =>
    values[index % values.length] ?? values[0];

describe.each<[string, Environment]>([
  ...(runsSlowTests ? [['with its default heap', {}] as [string, Environment]] : []),
  ['with a heap of 256 MB', { NODE_OPTIONS: '--max-old-space-size=256' }],
])('a process %s', (_name, environment) => {
  beforeAll(async () => {
    response = work;
    upstream = await startRawUpstream({ response: (socket, request) => response(socket, request) });
    service = runProcess({ AIML_API_KEY: 'test-key', AIML_API_BASE_URL: upstream.url, ...environment });
    url = await listeningUrl(service);
  });
  afterAll(async () => {
    service.child.kill('SIGKILL');
    await service.exit;
    await upstream.stop();
  });

  describe(`${REQUESTS} requests at once`, () => {
    test('that are decompression bombs are rejected', async () => {
      const zeros = Buffer.alloc(64 * MiB);
      const bombs = inTurns<readonly [Buffer, string]>(
        [gzipSync(zeros), 'gzip'],
        [deflateSync(zeros), 'deflate'],
        [brotli(zeros), 'br'],
      );
      expect(await sendAll(REQUESTS, bombs)).toEqual({ '413 BAD_REQUEST': REQUESTS });
    });

    test.each(
      casesOf(1, [
        ['a megabyte', 1_000_000],
        ['2 MiB, the maximum', 2 * MiB],
      ] as const),
    )('of %s are executed, or get OVERLOADED if memory is exhausted for too long', async (_size, bytes) => {
      const text = bodyOf(bytes, CREATE, `${PARAMETERS}"`, 'xyz ', '"}}}]}}');
      // Nearly as many values as a body of 2 MiB may hold.
      const padding = 'x'.repeat(300);
      const objects = bodyOf(bytes, CREATE, `${PARAMETERS}[`, `{"a":"${padding}"},`, ']}}}]}}');
      const unused = bodyOf(bytes, '{ assistant(id: "asst_1") { id } }', '{"unused":[', `["${padding}",[]],`, ']}');
      const bodies = inTurns(text, objects, text, text, text, unused, text, text);
      const {
        '200 data': served = 0,
        '503 OVERLOADED': shed = 0,
        ...others
      } = await sendAll(REQUESTS, (index) => [bodies(index)]);
      expect(others).toEqual({});
      expect(served).toBeGreaterThan(REQUESTS / 5);
      expect(served + shed).toBe(REQUESTS);
    });

    test('with different documents of comments are served in small numbers and not cached', async () => {
      const long = `#${'x'.repeat(900_000)}`;
      const many = '#\n'.repeat(300_000);
      const { '200 data': served, '400 GRAPHQL_VALIDATION_FAILED': rejected } = await sendAll(REQUESTS, (index) => [
        JSON.stringify({ query: `#${index}\n{ __typename }${index % 10 === 0 ? many : long}` }),
      ]);
      expect([served, rejected]).toEqual([REQUESTS * 0.9, REQUESTS * 0.1]);
    });
  });

  describe('upstream', () => {
    const encoded = (body: Buffer, encoding: string): Buffer => {
      const head = message(200, '', [
        ['connection', 'keep-alive'],
        ['content-encoding', encoding],
      ]);
      return Buffer.concat([Buffer.from(head.replace('content-length: 0', `content-length: ${body.length}`)), body]);
    };

    test(`may send ${PAGES} pages of 12 MB at once`, async () => {
      const instructions = 'é'.repeat(200_000);
      const page = Array.from({ length: 30 }, (_, index) => wireAssistant(`asst_${index}`, { instructions }));
      response = json(200, { object: 'list', data: page, has_more: false }, [['connection', 'keep-alive']]);
      const query = (index: number) =>
        `{ assistants(first: 100, after: "asst_${index}") { nodes { id instructions } } }`;
      const counts = await sendAll(PAGES, (index) => [JSON.stringify({ query: query(index) })]);
      response = work;
      // Unsent bytes have a limit of their own, which clients reach that read slowly. A page that waits too long is not read.
      const { '200 data': written = 0, 'cut off': cutOff = 0, '200 UPSTREAM_TIMEOUT': late = 0 } = counts;
      expect(written).toBeGreaterThan(0);
      expect(written + cutOff + late).toBe(PAGES);
    });

    test(`may send bombs and other oversized responses on ${CONNECTIONS} connections at once`, async () => {
      const objects = Buffer.alloc(16 * MiB - 7, '{},');
      objects.write('{"data":[');
      const bomb = encoded(gzipSync(Buffer.alloc(64 * MiB)), 'gzip');
      const tooLarge = encoded(Buffer.alloc(16 * MiB + 1), 'identity');
      const responses = inTurns(
        bomb,
        encoded(gzipSync(objects), 'gzip'),
        tooLarge,
        encoded(brotli(Buffer.alloc(64 * MiB)), 'br'),
        bomb,
        encoded(gzipSync(Buffer.alloc(16 * MiB - 10_000), { level: 0 }), 'gzip'),
        tooLarge,
      );
      response = (socket, { index }) => void socket.write(responses(index));
      const counts = await sendAll(CONNECTIONS, (index) => [
        JSON.stringify({ query: `{ assistants(after: "asst_${index}") { nodes { id } } }` }),
      ]);
      response = work;
      // After enough failures the circuit breaker is open.
      expect(Object.keys(counts)).toEqual(expect.arrayContaining(['200 UPSTREAM_BAD_RESPONSE']));
      expect(Object.keys(counts).filter((key) => !key.startsWith('200 UPSTREAM_'))).toEqual([]);
      // How many are processed at a time depends on the machine, but it must be more than one.
      expect(upstream.connections()).toBeGreaterThan(CONNECTIONS / 7);
    });
  });

  test('the process never used more than 512 MB, and still responds', async () => {
    expect(await send(JSON.stringify({ query: '{ __typename }' }))).toBe('200 data');
    if (existsSync('/proc/self/status')) expect(await peakBytes()).toBeLessThan(MAX_RESIDENT_BYTES);
    const lines = service.output().split('\n');
    expect(lines.filter((line) => line.includes('"level":"error"'))).toEqual([]);
  });
});
