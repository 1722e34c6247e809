// The number of attempts during an outage, and the recovery after it: the retry budget and the breaker.
import { afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import type { AssistantResource } from '../support/source.ts';
import { hang, reset, status, work } from '../support/raw-responses.ts';
import { startRawUpstream, type RawResponse } from '../support/raw-upstream.ts';
import { endSources, startSource } from '../support/source.ts';
import { until } from '../support/until.ts';

afterEach(endSources);

const REQUESTS_PER_SECOND = 50;
const OUTAGE_SECONDS = 3;
const REQUESTS = REQUESTS_PER_SECOND * OUTAGE_SECONDS;
const MAX_BURST = 5;
/** All outages run before the tests. The time-out allows for a busy machine. */
const RUN_TIMEOUT_MS = 300_000;

type Operate = (source: AssistantResource) => Promise<unknown>;
const mixed: readonly Operate[] = [
  (source) => source.get('asst_1'),
  (source) => source.list({ limit: 1, order: 'asc', after: null }),
  (source) => source.modify('asst_1', { name: 'n' }),
  (source) => source.delete('asst_1'),
  (source) => source.create({ model: 'm' }),
];
const reads = mixed.slice(0, 2);

/**
 * Sends the operations in turn at a constant rate and ignores their failures. Resolves with the calls when all have
 * been sent.
 */
async function sendEvenly(count: number, operations: readonly Operate[], another: () => AssistantResource) {
  const started = performance.now();
  const calls: Promise<boolean>[] = [];
  while (calls.length < count) {
    const due = Math.min(count, Math.ceil(((performance.now() - started) * REQUESTS_PER_SECOND) / 1000));
    // After a pause the process catches up in bursts, so that the breaker sees the first failures before all calls are
    // sent.
    const last = Math.min(due, calls.length + MAX_BURST);
    for (let sent = calls.length; sent < last; sent += 1)
      calls.push(operations[sent % operations.length]?.(another()).then(...succeeded) ?? Promise.resolve(false));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return { calls };
}

const succeeded = [() => true, () => false] as const;

/** Resolves when a read succeeds after the outage. */
const recover = (another: () => AssistantResource): Promise<void> =>
  until(() =>
    another()
      .get('asst_1')
      .then(...succeeded),
  );

interface Outage {
  readonly name: string;
  /** Null: there is no listener. */
  readonly response: RawResponse | null;
  readonly operations: readonly Operate[];
  readonly attemptTimeoutMs?: number;
}

const outages: readonly Outage[] = [
  { name: 'resets', response: reset, operations: mixed },
  { name: 'resets, for reads alone', response: reset, operations: reads },
  { name: '503', response: status(503), operations: mixed },
  { name: '503 with Retry-After', response: status(503, [['retry-after', '1']]), operations: reads },
  { name: '429, which does not open the breaker', response: status(429), operations: mixed },
  { name: 'silence', response: hang, operations: mixed, attemptTimeoutMs: 3000 },
  { name: 'refused connections', response: null, operations: mixed },
];

interface Cost {
  readonly served: number;
  /** The attempts while requests were sent. */
  readonly attempts: number;
  readonly attemptsInAll: number;
  /** The failed attempts after upstream was healthy again. */
  readonly failuresAfterwards: readonly unknown[];
}

async function runOutage({ response, operations, attemptTimeoutMs = 20_000 }: Outage): Promise<Cost> {
  let current = response ?? hang;
  const { another, upstream, reports } = await startSource((socket, request) => current(socket, request), {
    attemptTimeoutMs,
    connections: 64,
  });
  if (!response) await upstream.stop();
  const { calls } = await sendEvenly(REQUESTS, operations, another);
  // Upstream cannot count connections that were refused, so those are counted by the client's reports.
  const attempts = response ? upstream.requests.length : reports.length;
  const served = (await Promise.all(calls)).filter(Boolean).length;
  const attemptsInAll = reports.length;
  current = work();
  const back = response ? null : await startRawUpstream({ response: current, port: upstream.port });
  const before = reports.length;
  await recover(another);
  const failuresAfterwards = reports.slice(before).filter(({ kind }) => kind !== 'OK');
  await back?.stop();
  return { served, attempts, attemptsInAll, failuresAfterwards };
}

describe('a total outage at fifty requests a second', () => {
  const costs = new Map<string, Cost>();

  beforeAll(async () => {
    await Promise.all(outages.map(async (outage) => costs.set(outage.name, await runOutage(outage))));
    await endSources();
  }, RUN_TIMEOUT_MS);

  test.each(outages)('of $name causes at most 1.2 attempts per request', ({ name }) => {
    const { served, attempts = NaN, attemptsInAll } = costs.get(name) ?? {};
    expect(served).toBe(0);
    expect(attemptsInAll).toBeGreaterThan(0);
    expect(attempts).toBeLessThanOrEqual(REQUESTS * 1.2);
  });

  test.each(outages)('of $name ends with the first attempt that the breaker allows', ({ name }) => {
    expect(costs.get(name)?.failuresAfterwards).toEqual([]);
  });
});

describe('the breaker', () => {
  test('stays closed while four of five attempts succeed', async () => {
    const { another, client, upstream } = await startSource((socket, request) =>
      (request.index % 5 === 4 ? status(503) : work())(socket, request),
    );
    let opened = 0;
    for (let round = 0; round < 50; round += 1) {
      await Promise.all(
        Array.from({ length: 10 }, () =>
          another()
            .create({ model: 'm' })
            .then(...succeeded),
        ),
      );
      if (client.isBreakerOpen) opened += 1;
    }
    expect(opened).toBe(0);
    expect(upstream.count('POST')).toBe(500);
  });

  test('reports unsent writes as NOT_APPLIED and retryable, and does not call upstream', async () => {
    const { another, client, upstream } = await startSource(status(503, [['retry-after', '3600']]));
    await Promise.all(
      Array.from({ length: 20 }, () =>
        another()
          .create({ model: 'm' })
          .then(...succeeded),
      ),
    );
    await until(() => client.isBreakerOpen);
    const sent = upstream.requests.length;
    await expect(another().create({ model: 'm' })).rejects.toMatchObject({
      details: { code: 'UPSTREAM_UNAVAILABLE', outcome: 'NOT_APPLIED', retryable: true },
    });
    expect(upstream.requests).toHaveLength(sent);
  });
});
