import { describe, expect, test } from '@jest/globals';
import type { Evidence } from '../../../src/aiml/exchange.ts';
import { UpstreamHealth } from '../../../src/aiml/upstream-health.ts';
import type { ChangedBreaker } from '../../../src/observability/logger.ts';

function setUp() {
  let time = 1000;
  const changes: ChangedBreaker[] = [];
  const health = new UpstreamHealth(
    () => time,
    (change) => changes.push(change),
  );
  return {
    health,
    /** The breakers that have opened and closed. */
    changes,
    pass: (ms: number) => (time += ms),
    /** Makes the attempt if it is admitted. Returns whether it was. */
    attempt: (tenant: string, request: string, evidence: Evidence) => {
      const isAdmitted = health.tryAdmit(tenant, request);
      if (isAdmitted) health.record(tenant, request, evidence);
      return isAdmitted;
    },
  };
}

describe('One request that keeps failing', () => {
  test('is blocked after twenty attempts, and admitted once a second', () => {
    const { attempt, pass } = setUp();
    const admitted = Array.from({ length: 100 }, () => attempt('a', 'get /1', 'failing')).filter(Boolean);
    expect(admitted).toHaveLength(20);
    pass(1000);
    expect([attempt('a', 'get /1', 'failing'), attempt('a', 'get /1', 'failing')]).toEqual([true, false]);
    pass(1000);
    expect(attempt('a', 'get /1', 'alive')).toBe(true);
    expect(attempt('a', 'get /1', 'alive')).toBe(true);
  });

  test.each([1, 10, 100])('blocks no other request, of its tenant or of others, at %d attempts to one', (ratio) => {
    const { attempt, health, pass } = setUp();
    for (let round = 0; round < 200; round += 1) {
      for (let index = 0; index < ratio; index += 1) attempt('a', 'get /poisonous', 'failing');
      pass(97);
      expect(attempt('a', 'get /healthy', 'alive')).toBe(true);
      expect(attempt('b', 'get /poisonous', 'alive')).toBe(true);
      expect(attempt('a', `get /new-${round}`, 'alive')).toBe(true);
    }
    expect(health.isFailing('a', 'get /poisonous')).toBe(true);
    expect(health.isFailing('a', 'get /healthy')).toBe(false);
  });
});

describe('The breaker of one request', () => {
  const opened: ChangedBreaker = { scope: 'request', isOpen: true, tenant: 'a' };
  const closed = { ...opened, isOpen: false };
  const failing = () => {
    const { attempt, changes, ...rest } = setUp();
    for (let index = 0; index < 20; index += 1) attempt('a', 'get /1', 'failing');
    expect(changes).toEqual([opened]);
    return { attempt, changes, ...rest };
  };

  test('is reported with its tenant when it opens and when it closes', () => {
    const { attempt, pass, changes } = failing();
    pass(1000);
    attempt('a', 'get /1', 'failing');
    expect(changes).toEqual([opened]);
    pass(1000);
    attempt('a', 'get /1', 'alive');
    expect(changes).toEqual([opened, closed]);
  });

  test('is reported as closed if later requests of the tenant take its place', () => {
    const { attempt, changes } = failing();
    for (let index = 0; index < 100; index += 1) attempt('a', `get /new-${index}`, 'alive');
    expect(changes).toEqual([opened, closed]);
  });

  test('is reported as closed if later tenants take the place of its tenant', () => {
    const { attempt, changes } = failing();
    for (let index = 0; index < 400; index += 1) attempt(`tenant-${index}`, 'get /1', 'alive');
    expect(changes).toEqual([opened, closed]);
  });
});

describe('A tenant whose attempts all fail', () => {
  test.each([1, 3])('does not block another tenant that sends %d requests a second', (perSecond) => {
    const { attempt, pass } = setUp();
    for (let round = 0; round < 300; round += 1) {
      for (let index = 0; index < 20; index += 1) attempt('noisy', `get /${round}-${index}`, 'failing');
      pass(1000 / perSecond);
      expect(attempt('victim', `get /${round}`, 'alive')).toBe(true);
    }
  });

  test('does not block a later tenant, or one with a single failure', () => {
    const { attempt, pass } = setUp();
    for (let round = 0; round < 50; round += 1) {
      attempt('noisy', `get /${round}`, 'failing');
      pass(20);
    }
    expect(attempt('late', 'get /1', 'failing')).toBe(true);
    for (let round = 0; round < 50; round += 1) {
      for (let index = 0; index < 20; index += 1) attempt('noisy', `get /${round}-${index}`, 'failing');
      pass(1000);
      expect(attempt('late', 'get /1', 'alive')).toBe(true);
    }
  });
});

describe('An outage', () => {
  test.each([
    ['for one tenant with several requests', (index: number) => ({ tenant: 'a', request: `get /${index % 5}` })],
    ['for one tenant whose requests all differ', (index: number) => ({ tenant: 'a', request: `create ${index}` })],
    [
      'for many tenants with one request each',
      (index: number) => ({ tenant: `tenant-${index % 50}`, request: 'get /1' }),
    ],
  ])('opens the breaker %s, and ends with the first success', (_, caseOf) => {
    const { attempt, health, pass } = setUp();
    const attemptCase = (index: number, evidence: Evidence) => {
      const { tenant, request } = caseOf(index);
      return attempt(tenant, request, evidence);
    };
    for (let index = 0; index < 100; index += 1) attemptCase(index, 'alive');
    pass(11_000);
    let admitted = 0;
    for (let index = 0; index < 1000; index += 1) {
      pass(20);
      if (attemptCase(index, 'failing')) admitted += 1;
    }
    expect(health.isAnyOpen).toBe(true);
    expect(admitted).toBeLessThan(600);
    // Upstream is healthy from now on.
    pass(1000);
    for (let index = 0; index < 50; index += 1) {
      pass(100);
      attemptCase(index, 'alive');
    }
    const served = Array.from({ length: 50 }, (_unused, index) => attemptCase(index, 'alive'));
    expect(served.every(Boolean)).toBe(true);
  });

  test('of connections opens the breaker for all tenants', () => {
    const { attempt, health } = setUp();
    for (let index = 0; index < 20; index += 1) attempt('a', 'get /1', 'unreachable');
    expect(health.tryAdmit('b', 'get /2')).toBe(false);
  });

  test('is not detected while four of five attempts succeed, in any order', () => {
    const { attempt, pass } = setUp();
    for (let index = 0; index < 5000; index += 1) {
      pass(7);
      expect(attempt(`tenant-${index % 3}`, `get /${index % 7}`, index % 5 === 0 ? 'failing' : 'alive')).toBe(true);
    }
  });
});

test('the memory is bounded for any number of tenants and requests', () => {
  const { attempt } = setUp();
  const heapBefore = heapUsed();
  for (let tenant = 0; tenant < 2000; tenant += 1)
    for (let index = 0; index < 50; index += 1)
      attempt(`tenant-${tenant}`, `get /${'x'.repeat(100)}${index}`, 'failing');
  expect(heapUsed() - heapBefore).toBeLessThan(24 * 1024 * 1024);
  expect(attempt('another', 'get /1', 'alive')).toBe(true);
});

function heapUsed(): number {
  globalThis.gc?.();
  return process.memoryUsage().heapUsed;
}
