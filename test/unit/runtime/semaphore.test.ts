import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Semaphore, type AcquireOptions, type Release } from '../../../src/runtime/semaphore.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

const settle = () => jest.advanceTimersByTimeAsync(0);

/** Acquires each weight in turn, and records which were granted and which timed out, by index. */
async function acquireAll(semaphore: Semaphore, weights: readonly number[], options: AcquireOptions = {}) {
  const granted: number[] = [];
  const timedOut: number[] = [];
  const releases = new Map<number, Release>();
  for (const [index, weight] of weights.entries())
    void semaphore.acquire(weight, options).then((release) => {
      (release ? granted : timedOut).push(index);
      if (release) releases.set(index, release);
    });
  await settle();
  return {
    granted,
    timedOut,
    release: async (index: number) => {
      releases.get(index)?.();
      await settle();
    },
  };
}

describe('a semaphore', () => {
  test('grants what is available at once, and the rest in the order of arrival', async () => {
    const semaphore = new Semaphore(10);
    const { granted, release } = await acquireAll(semaphore, [6, 4, 5, 1]);
    expect(granted).toEqual([0, 1]);
    await release(1);
    expect(granted).toEqual([0, 1]);
    await release(0);
    expect(granted).toEqual([0, 1, 2, 3]);
    expect(semaphore.acquired).toBe(6);
  });

  test('counts one without a weight', async () => {
    const semaphore = new Semaphore(2);
    const release = await semaphore.acquire();
    expect(semaphore.tryAcquire()).not.toBeNull();
    expect(semaphore.tryAcquire()).toBeNull();
    release();
    expect(semaphore.acquired).toBe(1);
  });

  test('grants its whole capacity to a larger weight', async () => {
    const { granted, release } = await acquireAll(new Semaphore(10), [100, 1]);
    expect(granted).toEqual([0]);
    await release(0);
    expect(granted).toEqual([0, 1]);
  });

  test('counts a release once, even if it is called again', async () => {
    const semaphore = new Semaphore(10);
    const { granted, release } = await acquireAll(semaphore, [10, 10, 10]);
    await release(0);
    await release(0);
    expect(granted).toEqual([0, 1]);
    await release(1);
    await release(2);
    expect([granted, semaphore.acquired]).toEqual([[0, 1, 2], 0]);
  });

  test('acquires nothing without waiting while others wait, even if it would be available', async () => {
    const semaphore = new Semaphore(10);
    const { release } = await acquireAll(semaphore, [6, 5]);
    expect(semaphore.tryAcquire(1)).toBeNull();
    await release(0);
    expect(semaphore.tryAcquire(1)).not.toBeNull();
  });

  test('ends the wait that was too long, and grants later ones', async () => {
    const semaphore = new Semaphore(10);
    const { granted, timedOut } = await acquireAll(semaphore, [5, 10, 5], { maxWaitMs: 1000 });
    await jest.advanceTimersByTimeAsync(999);
    expect([granted, timedOut]).toEqual([[0], []]);
    await jest.advanceTimersByTimeAsync(1);
    expect([granted, timedOut]).toEqual([[0, 2], [1]]);
    expect(semaphore.acquired).toBe(10);
  });

  test('waits without a limit if there is no longest wait', async () => {
    const { granted, timedOut, release } = await acquireAll(new Semaphore(1), [1, 1]);
    await jest.advanceTimersByTimeAsync(3_600_000);
    expect(timedOut).toEqual([]);
    await release(0);
    expect(granted).toEqual([0, 1]);
  });
});
