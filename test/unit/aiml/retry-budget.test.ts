import { describe, expect, it } from '@jest/globals';
import { RetryBudget } from '../../../src/aiml/retry-budget.ts';

function setUp() {
  let time = 12_345.6;
  const budget = new RetryBudget(() => time);
  return { budget, pass: (ms: number) => (time += ms) };
}

describe('the retry budget', () => {
  it('grants five retries in a second to a single caller, and five more in the next', () => {
    const { budget, pass } = setUp();
    const take = () => Array.from({ length: 8 }, () => budget.takeRetry()).filter(Boolean).length;
    expect(take()).toBe(5);
    pass(1001);
    expect(take()).toBe(5);
    pass(60_000);
    expect(take()).toBe(5);
  });

  it.each([50, 200, 1000])('keeps a total outage at 1.2 attempts a request at %d requests a second', (perSecond) => {
    const { budget, pass } = setUp();
    const requests = perSecond * 20;
    let attempts = 0;
    for (let request = 0; request < requests; request += 1) {
      pass(1000 / perSecond);
      budget.countRequest();
      attempts += 1;
      if (budget.takeRetry()) attempts += 1;
      if (budget.takeRetry()) attempts += 1;
    }
    expect(attempts / requests).toBeLessThanOrEqual(1.2);
    expect(attempts / requests).toBeGreaterThan(1);
  });
});
