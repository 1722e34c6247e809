import { describe, expect, test } from '@jest/globals';
import { FairShare } from '../../../src/runtime/fair-share.ts';

function setUp(options: { capacity: number; reserve?: number }) {
  let time = 0;
  const share = new FairShare({ ...options, now: () => time });
  const acquired: (() => void)[] = [];
  return {
    pass: (ms: number) => (time += ms),
    acquire: (tenant: string) => {
      const release = share.tryAcquire(tenant);
      if (release) acquired.push(release);
      return release !== null;
    },
    releaseAll: () => acquired.splice(0).forEach((release) => release()),
  };
}

const countOf = (acquire: (tenant: string) => boolean, tenant: string) =>
  Array.from({ length: 200 }, () => acquire(tenant)).filter(Boolean).length;

describe('A share', () => {
  test('of a single active tenant leaves a reserve for others', () => {
    const { acquire } = setUp({ capacity: 100 });
    expect(countOf(acquire, 'a')).toBe(88);
    expect(acquire('b')).toBe(true);
    expect(countOf(setUp({ capacity: 100, reserve: 2 }).acquire, 'a')).toBe(98);
  });

  test('is half while others are active, and for a minute after', () => {
    const { acquire, pass, releaseAll } = setUp({ capacity: 100 });
    expect(acquire('b')).toBe(true);
    expect(countOf(acquire, 'a')).toBe(50);
    releaseAll();
    pass(60_000);
    expect(countOf(acquire, 'a')).toBe(50);
    releaseAll();
    pass(1);
    expect(countOf(acquire, 'a')).toBe(88);
  });

  test('is at least one', () => {
    const { acquire } = setUp({ capacity: 1 });
    expect(acquire('a')).toBe(true);
    expect(acquire('a')).toBe(false);
    expect(acquire('b')).toBe(true);
  });

  test('is released once, even if the function is called again', () => {
    const share = new FairShare({ capacity: 2 });
    const release = share.tryAcquire('a');
    share.tryAcquire('a');
    release?.();
    release?.();
    expect([share.tryAcquire('a'), share.tryAcquire('a')].map((held) => held !== null)).toEqual([true, false]);
  });
});
