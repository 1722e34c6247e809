import { afterEach, describe, expect, test } from '@jest/globals';
import { AimlClient } from '../../../../src/aiml/client.ts';
import { createAssistantResource, createContext } from '../../../support/source.ts';
import { ReadThroughCache } from '../../../../src/aiml/cache/read-through.ts';
import {
  sendJson,
  startScriptedUpstream,
  wireAssistant,
  type ScriptedUpstream,
} from '../../../support/scripted-upstream.ts';
import { until } from '../../../support/until.ts';

let upstream: ScriptedUpstream;
let client: AimlClient;

afterEach(async () => {
  await client.close();
  await upstream.stop();
});

test.each([
  ['a 304', {}],
  ['a 304 with the Content-Length of the body that it omits', { 'content-length': '1000' }],
])('revalidates a stale entry by its ETag, and uses it after %s', async (_, headersOf304) => {
  let etag = 'W/"1"';
  upstream = await startScriptedUpstream(({ headers }, response) => {
    if (headers['if-none-match'] === etag) response.writeHead(304, { etag, ...headersOf304 }).end();
    else sendJson(response, 200, wireAssistant('x', { name: etag }), { etag });
  });
  client = new AimlClient({ baseUrl: new URL(upstream.url), connections: 1, attemptTimeoutMs: 60_000 });
  const source = createAssistantResource({
    client,
    reads: new ReadThroughCache(client, { cacheTtlMs: 0.001 }),
    context: createContext(),
  });
  expect((await source.get('x')).name).toBe('W/"1"');
  expect((await source.get('x')).name).toBe('W/"1"');
  etag = 'W/"2"';
  expect((await source.get('x')).name).toBe('W/"2"');
  expect(upstream.calls.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, 'W/"1"', 'W/"1"']);
});

test('rejects a 304 to an unconditional request', async () => {
  upstream = await startScriptedUpstream((_call, response) => void response.writeHead(304).end());
  client = new AimlClient({ baseUrl: new URL(upstream.url), connections: 1, attemptTimeoutMs: 60_000 });
  const source = createAssistantResource({
    client,
    reads: new ReadThroughCache(client, { cacheTtlMs: 1000 }),
    context: createContext(),
  });
  await expect(source.get('x')).rejects.toMatchObject({ code: 'UPSTREAM_BAD_RESPONSE' });
});

test.each([
  ['time', { deadlineMs: 1000 }, 'UPSTREAM_TIMEOUT'],
  ['bytes', { bytes: 100 }, 'UPSTREAM_BAD_RESPONSE'],
])('a shared read is repeated if only the %s of the first operation ran out', async (_, limits, code) => {
  let isOpen = false;
  const responses: (() => void)[] = [];
  upstream = await startScriptedUpstream(({ path }, response) => {
    const respond = () => sendJson(response, 200, wireAssistant(path.split('/').at(-1) ?? ''));
    if (isOpen) respond();
    else responses.push(respond);
  });
  client = new AimlClient({ baseUrl: new URL(upstream.url), connections: 4, attemptTimeoutMs: 60_000 });
  const reads = new ReadThroughCache(client, { cacheTtlMs: 0 });
  const sourceOf = ({ deadlineMs = 60_000, bytes = 1_000_000 }: { deadlineMs?: number; bytes?: number }) =>
    createAssistantResource({
      client,
      reads,
      context: createContext({ deadlineAt: performance.now() + deadlineMs, responseBytesLeft: { bytes } }),
    });
  const first = sourceOf(limits).get('x');
  const firstFailure = expect(first).rejects.toMatchObject({ code });
  const second = sourceOf({}).get('x');
  await until(() => responses.length === 1);
  isOpen = true;
  if (code === 'UPSTREAM_BAD_RESPONSE') responses[0]?.();
  await firstFailure;
  expect((await second).id).toBe('x');
  expect(upstream.lines()).toEqual(['GET /assistants/x', 'GET /assistants/x']);
});

describe('an operation that may hold 3,000 bytes', () => {
  async function setUp(status = 200) {
    upstream = await startScriptedUpstream(({ path }, response) =>
      sendJson(response, status, wireAssistant(path.split('/').at(-1) ?? '', { instructions: 'x'.repeat(1000) })),
    );
    client = new AimlClient({ baseUrl: new URL(upstream.url), connections: 4, attemptTimeoutMs: 60_000 });
    const responseBytesLeft = { bytes: 3000 };
    const source = createAssistantResource({
      client,
      reads: new ReadThroughCache(client, { cacheTtlMs: 0 }),
      context: createContext({ responseBytesLeft }),
    });
    return { source, budget: responseBytesLeft };
  }
  const tooLarge = { code: 'UPSTREAM_BAD_RESPONSE', details: { retryable: false } };

  test('reads no more in sequential reads', async () => {
    const { source } = await setUp();
    await source.get('a');
    await source.get('b');
    await expect(source.get('c')).rejects.toMatchObject(tooLarge);
    await source.create({ model: 'm' });
    expect(upstream.lines()).toEqual([
      'GET /assistants/a',
      'GET /assistants/b',
      'GET /assistants/c',
      'POST /assistants',
    ]);
  });

  test('reads no more in concurrent reads', async () => {
    const { source, budget } = await setUp();
    const reads = await Promise.allSettled(['a', 'b', 'c', 'd'].map((id) => source.get(id)));
    const failed = reads.filter((read) => read.status === 'rejected');
    expect(failed).toHaveLength(2);
    for (const { reason } of failed) expect(reason).toMatchObject(tooLarge);
    expect(budget.bytes).toBeGreaterThanOrEqual(0);
  });

  test('does not count failed reads', async () => {
    const { source, budget } = await setUp(400);
    for (const id of ['a', 'b', 'c', 'd'])
      await expect(source.get(id)).rejects.toMatchObject({ code: 'BAD_USER_INPUT' });
    expect(budget.bytes).toBe(3000);
  });
});
