import { afterEach, describe, expect, test } from '@jest/globals';
import { readRetryAfter } from '../../src/aiml/outcome.ts';
import type { AssistantResource } from '../support/source.ts';
import { inTurn, status, work } from '../support/raw-responses.ts';
import { endSources, failureOf, startSource } from '../support/source.ts';

afterEach(endSources);

const after = (code: number, value: string) => status(code, [['retry-after', value]]);
const httpDate = (inMs: number) => new Date(Date.now() + inMs).toUTCString();

const operations: readonly [string, (source: AssistantResource) => Promise<unknown>][] = [
  ['get', (source) => source.get('asst_1')],
  ['create', (source) => source.create({ model: 'm' })],
  ['modify', (source) => source.modify('asst_1', { name: 'n' })],
  ['delete', (source) => source.delete('asst_1')],
];

describe('Retry-After', () => {
  test('in seconds or as a date delays the retry if the deadline allows it', async () => {
    const waits = operations.map(async ([, operate]) => {
      const { source, upstream } = await startSource(inTurn(after(429, '1'), work()));
      await operate(source);
      expect(upstream.requests).toHaveLength(2);
      // A timer may fire early by up to its resolution.
      const [first, second] = upstream.requests;
      expect((second?.at ?? 0) - (first?.at ?? 0)).toBeGreaterThan(980);
    });
    // Dates have whole seconds, so this one is between one and two seconds in the future.
    const date = httpDate(2000);
    const { source, upstream } = await startSource(inTurn(after(503, date), work()));
    await source.get('asst_1');
    expect(upstream.requests).toHaveLength(2);
    expect(Date.now()).toBeGreaterThan(Date.parse(date) - 20);
    await Promise.all(waits);
  });

  test.each(operations)('beyond the deadline fails at once: %s', async (_name, operate) => {
    const { source, upstream } = await startSource(after(429, '3600'));
    expect(await failureOf(operate(source))).toMatchObject({
      code: 'RATE_LIMITED',
      retryable: true,
      retryAfterMs: 3_600_000,
    });
    expect(upstream.requests).toHaveLength(1);
  });

  test('as a date beyond the deadline fails at once', async () => {
    const { source, upstream } = await startSource(after(503, httpDate(600_000)));
    const { code, retryAfterMs } = await failureOf(source.list({ limit: 1, order: 'asc', after: null }));
    expect(code).toBe('UPSTREAM_UNAVAILABLE');
    expect(retryAfterMs).toBeGreaterThan(500_000);
    expect(retryAfterMs).toBeLessThanOrEqual(600_000);
    expect(upstream.requests).toHaveLength(1);
  });

  test('is part of the error of a write with an unknown outcome', async () => {
    const { source, upstream } = await startSource(after(503, '3600'));
    expect(await failureOf(source.delete('asst_1'))).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      outcome: 'UNKNOWN',
      retryAfterMs: 3_600_000,
    });
    expect(upstream.requests).toHaveLength(1);
  });

  test.each([
    ['0', 0],
    [' 120 ', 120_000],
    ['99999999999999999999', Number.MAX_SAFE_INTEGER],
    ['Sun, 06 Nov 1994 08:49:37 GMT', 60_000],
    ['Sunday, 06-Nov-94 08:49:37 GMT', 60_000],
    ['Sun Nov  6 08:49:37 1994', 60_000],
    ['Sun, 06 Nov 1994 08:00:00 GMT', 0],
    ['-1', undefined],
    ['1.5', undefined],
    ['1, 2', undefined],
    ['soon', undefined],
    ['Someday, 99 Foo 2026', undefined],
    ['', undefined],
    [undefined, undefined],
  ])('%j means %p milliseconds', (header, expected) => {
    expect(readRetryAfter(header, Date.UTC(1994, 10, 6, 8, 48, 37))).toBe(expected);
  });
});
