// UPSTREAM_RATE_LIMIT: requests over the limit are not sent, and do not count as failures of upstream.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { AimlClient } from '../../src/aiml/client.ts';
import type { AssistantResource } from '../support/source.ts';
import { createRateLimit, type RateLimit } from '../../src/aiml/rate-limit.ts';
import { inTurn, reset, status, work } from '../support/raw-responses.ts';
import { endSources, failureOf, startSource } from '../support/source.ts';
import { until } from '../support/until.ts';

afterEach(endSources);

const perHour = (requests: number) => createRateLimit({ requests, perSeconds: 3600 }, null);

/** A limit that returns the given waits and counts its calls. */
function scriptedLimit(...responses: readonly number[]): RateLimit & { taken: number } {
  const limit = {
    taken: 0,
    accept: () => undefined,
    take: () => {
      limit.taken += 1;
      return Promise.resolve(responses[limit.taken - 1] ?? 0);
    },
  };
  return limit;
}

const operations: readonly [string, (source: AssistantResource) => Promise<unknown>][] = [
  ['get', (source) => source.get('asst_1')],
  ['list', (source) => source.list({ limit: 1, order: 'asc', after: null })],
  ['create', (source) => source.create({ model: 'm' })],
  ['modify', (source) => source.modify('asst_1', { name: 'n' })],
  ['delete', (source) => source.delete('asst_1')],
];

const openBreaker = (client: AimlClient, another: () => AssistantResource) =>
  until(async () => {
    await failureOf(another().create({ model: 'm' }));
    return client.isBreakerOpen;
  });

describe('A request over the limit', () => {
  test.each(operations)('is not sent, and fails at once with the time to wait: %s', async (name, operate) => {
    const { source, lines, reports } = await startSource(work(), { rateLimit: perHour(2) });
    await source.get('asst_1');
    await source.get('asst_1');
    const failure = await failureOf(operate(source));
    expect(failure).toMatchObject({ code: 'RATE_LIMITED', retryable: true });
    expect(failure.upstream).toBeUndefined();
    expect(failure.outcome).toBe(name === 'get' || name === 'list' ? undefined : 'NOT_APPLIED');
    expect(failure.retryAfterMs).toBeGreaterThan(3_000_000);
    expect(failure.retryAfterMs).toBeLessThanOrEqual(3_600_000);
    expect(lines()).toHaveLength(2);
    expect(reports).toHaveLength(2);
  });

  test('waits if the deadline allows it', async () => {
    const rateLimit = createRateLimit({ requests: 1, perSeconds: 1 }, null);
    const { another, lines, reports } = await startSource(work(), { rateLimit });
    await Promise.all([another().get('asst_1'), another().get('asst_1'), another().create({ model: 'm' })]);
    expect(lines()).toHaveLength(3);
    expect(reports.map(({ kind, isRetry }) => [kind, isRetry])).toEqual(Array(3).fill(['OK', false]));
  });

  test('does not affect other credentials', async () => {
    const limit = perHour(1);
    expect(await limit.take('a')).toBe(0);
    expect(await limit.take('a')).toBeGreaterThan(0);
    expect(await limit.take('b')).toBe(0);
  });

  test('stops waiting when the client disconnects', async () => {
    const { source, lines, cancel } = await startSource(work(), { rateLimit: scriptedLimit(15_000) });
    const failure = failureOf(source.get('asst_1'));
    await new Promise((resolve) => setImmediate(resolve));
    cancel();
    expect(await failure).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(lines()).toEqual([]);
  });
});

describe('The limit counts', () => {
  test('every attempt', async () => {
    const { source, another, lines } = await startSource(inTurn(status(503), status(503), work()), {
      rateLimit: perHour(3),
    });
    await source.get('asst_1');
    expect(lines()).toHaveLength(3);
    expect(await failureOf(another().get('asst_1'))).toMatchObject({ code: 'RATE_LIMITED' });
  });

  test('a read-back, and the outcome of the modify stays unknown if it is not allowed', async () => {
    const { source, lines } = await startSource(reset, { rateLimit: perHour(1) });
    expect(await failureOf(source.modify('asst_1', { name: 'n' }))).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      outcome: 'UNKNOWN',
    });
    expect(lines()).toEqual(['POST /assistants/asst_1']);
  });

  test('a read-back, which waits if the deadline allows it', async () => {
    const { source, lines } = await startSource(inTurn(reset, work({ name: 'n' })), {
      rateLimit: scriptedLimit(0, 1),
    });
    expect(await source.modify('asst_1', { name: 'n' })).toMatchObject({ name: 'n' });
    expect(lines()).toEqual(['POST /assistants/asst_1', 'GET /assistants/asst_1']);
  });

  test('no attempt that the breaker blocks', async () => {
    const rateLimit = scriptedLimit();
    const { another, client } = await startSource(status(503), { rateLimit });
    await openBreaker(client, another);
    const { taken } = rateLimit;
    expect(await failureOf(another().create({ model: 'm' }))).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE' });
    expect(rateLimit.taken).toBe(taken);
  });
});

describe('An attempt that the limit delays or blocks', () => {
  test('does not use the retry budget', async () => {
    const waits = Array.from({ length: 20 }, () => 1);
    const rateLimit = scriptedLimit(...waits);
    const { another, lines } = await startSource(
      inTurn(...Array<ReturnType<typeof status>>(5).fill(status(503)), work()),
      {
        rateLimit,
      },
    );
    await Promise.all(Array.from({ length: 5 }, () => another().get('asst_1')));
    expect(rateLimit.taken).toBe(30);
    expect(lines()).toHaveLength(10);
  });

  test('is no failure for the breaker', async () => {
    const { another, client } = await startSource(work(), { rateLimit: scriptedLimit(...Array<number>(50).fill(1e9)) });
    for (let index = 0; index < 50; index += 1)
      expect(await failureOf(another().get('asst_1'))).toMatchObject({ code: 'RATE_LIMITED' });
    expect(client.isBreakerOpen).toBe(false);
    await another().get('asst_1');
  });

  test('does not use up the trial attempt of an open breaker', async () => {
    let isDown = true;
    const rateLimit = scriptedLimit();
    const { another, client } = await startSource(
      (socket, request) => (isDown ? status(503) : work())(socket, request),
      { rateLimit },
    );
    await openBreaker(client, another);
    isDown = false;
    rateLimit.take = () => Promise.resolve(1e9);
    // The breaker allows an attempt after a while, and the limit blocks it.
    await until(async () => (await failureOf(another().get('asst_1'))).code === 'RATE_LIMITED');
    rateLimit.take = () => Promise.resolve(0);
    expect(await another().get('asst_1')).toMatchObject({ id: 'asst_1' });
  });
});
