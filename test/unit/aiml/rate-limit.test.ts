import { expect, test } from '@jest/globals';
import { MemoryRateLimit } from '../../../src/aiml/rate-limit.ts';

function setUp(requests: number) {
  let time = 0;
  const limit = new MemoryRateLimit({ requests, perSeconds: 60 }, () => time);
  return { limit, pass: (ms: number) => (time += ms) };
}

test('counts each credential separately, in windows that begin with its first request', async () => {
  const { limit, pass } = setUp(2);
  expect([await limit.take('a'), await limit.take('a')]).toEqual([0, 0]);
  pass(20_000);
  expect([await limit.take('a'), await limit.take('b')]).toEqual([40_000, 0]);
  pass(40_000);
  expect(await limit.take('a')).toBe(0);
});

test('continues to count when a credential is accepted', async () => {
  const { limit } = setUp(2);
  await limit.take('a');
  limit.accept('a');
  expect([await limit.take('a'), await limit.take('a')]).toEqual([0, 60_000]);
});

test('a flood of unaccepted credentials uses little memory and evicts no accepted one', async () => {
  const { limit } = setUp(1);
  await limit.take('real');
  limit.accept('real');
  for (let index = 0; index < 5_000; index += 1) await limit.take(`made-up-${index}`);
  expect(limit.size).toBeLessThanOrEqual(1001);
  expect(await limit.take('real')).toBeGreaterThan(0);
});

test('remembers a bounded number of accepted credentials', async () => {
  const { limit } = setUp(1);
  for (let index = 0; index < 25_000; index += 1) {
    await limit.take(`real-${index}`);
    limit.accept(`real-${index}`);
  }
  expect(limit.size).toBeLessThanOrEqual(20_000);
  expect(await limit.take('real-24999')).toBeGreaterThan(0);
});
