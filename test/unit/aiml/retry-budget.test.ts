import { describe, expect, test } from '@jest/globals';
import { RetryBudget } from '../../../src/aiml/retry-budget.ts';

function setUp() {
  let time = 12_345.6;
  const budget = new RetryBudget(() => time);
  return { budget, pass: (ms: number) => (time += ms) };
}

describe('the retry budget', () => {
  test('grants a single caller five retries a second', () => {
    const { budget, pass } = setUp();
    const take = () => Array.from({ length: 8 }, () => budget.takeRetry('t')).filter(Boolean).length;
    expect(take()).toBe(5);
    pass(1001);
    expect(take()).toBe(5);
    pass(60_000);
    expect(take()).toBe(5);
  });

  test.each([50, 200, 1000])(
    'limits a total outage to 1.2 attempts per request at %d requests a second',
    (perSecond) => {
      const { budget, pass } = setUp();
      const requests = perSecond * 20;
      let attempts = 0;
      for (let request = 0; request < requests; request += 1) {
        pass(1000 / perSecond);
        budget.countRequest('t');
        attempts += 1;
        if (budget.takeRetry('t')) attempts += 1;
        if (budget.takeRetry('t')) attempts += 1;
      }
      expect(attempts / requests).toBeLessThanOrEqual(1.2);
      expect(attempts / requests).toBeGreaterThan(1);
    },
  );
});

describe('several tenants', () => {
  test('have a share each, so that none uses the budget of the others', () => {
    const { budget, pass } = setUp();
    const take = (tenant: string) => Array.from({ length: 20 }, () => budget.takeRetry(tenant)).filter(Boolean).length;
    for (let second = 0; second < 20; second += 1) {
      for (let request = 0; request < 100; request += 1) budget.countRequest('noisy');
      budget.countRequest('other');
      if (second > 0) {
        expect(take('noisy')).toBe(12);
        expect(take('other')).toBeGreaterThanOrEqual(2);
      } else take('noisy');
      pass(1101);
    }
  });

  test.each([2, 50, 1000])('cause no more attempts than one tenant: %d of them', (tenants) => {
    const { budget, pass } = setUp();
    let attempts = 0;
    for (let request = 0; request < 4000; request += 1) {
      pass(10);
      const tenant = `tenant-${request % tenants}`;
      budget.countRequest(tenant);
      attempts += 1;
      if (budget.takeRetry(tenant)) attempts += 1;
      if (budget.takeRetry(tenant)) attempts += 1;
    }
    expect(attempts / 4000).toBeLessThanOrEqual(1.2);
    expect(attempts / 4000).toBeGreaterThan(1);
  });
});
