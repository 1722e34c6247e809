import { expect, test } from '@jest/globals';
import { LogSampler } from '../../../src/observability/log-sampler.ts';

test('A limited number of entries is written in each window, and the next window reports how many were dropped', () => {
  let now = 5;
  const sampler = new LogSampler(2, 1000, () => now);
  expect([sampler.take(), sampler.take(), sampler.take(), sampler.take()]).toEqual([0, 0, null, null]);
  now += 1000;
  expect([sampler.take(), sampler.take(), sampler.take()]).toEqual([2, 0, null]);
});
