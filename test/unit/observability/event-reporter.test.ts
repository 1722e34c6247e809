import { expect, test } from '@jest/globals';
import { sampled } from '../../../src/observability/event-reporter.ts';

test('Ten entries of a kind are written in each second, and the next second reports how many were left out', () => {
  let now = 5;
  const written: (number | undefined)[] = [];
  const log = sampled(
    (_event: string, suppressed?: number) => written.push(suppressed),
    () => now,
  );
  for (let event = 0; event < 12; event += 1) log('event');
  expect(written.splice(0)).toEqual(Array.from({ length: 10 }));
  now += 1000;
  for (let event = 0; event < 3; event += 1) log('event');
  expect(written).toEqual([2, undefined, undefined]);
});
