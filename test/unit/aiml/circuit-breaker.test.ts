import { describe, expect, test } from '@jest/globals';
import { CircuitBreaker } from '../../../src/aiml/circuit-breaker.ts';

function setUp() {
  let time = 0;
  const breaker = new CircuitBreaker(() => time);
  return { breaker, pass: (ms: number) => (time += ms) };
}

describe('the circuit breaker', () => {
  test('stays closed while four of five attempts succeed', () => {
    const { breaker, pass } = setUp();
    for (let attempt = 0; attempt < 5000; attempt += 1) {
      pass(7);
      expect(breaker.tryAcquire()).toBe(true);
      breaker.record(attempt % 5 !== 0);
    }
  });

  test('opens after twenty attempts if none succeeds', () => {
    const { breaker } = setUp();
    for (let attempt = 0; attempt < 19; attempt += 1) breaker.record(false);
    expect(breaker.isOpen).toBe(false);
    breaker.record(false);
    expect(breaker.isOpen).toBe(true);
    expect(breaker.tryAcquire()).toBe(false);
  });

  test('admits one attempt a second while it is open, even if the last one is still in flight', () => {
    const { breaker, pass } = setUp();
    for (let attempt = 0; attempt < 20; attempt += 1) breaker.record(false);
    let admitted = 0;
    for (let step = 0; step < 100; step += 1) {
      pass(100);
      if (breaker.tryAcquire()) admitted += 1;
    }
    expect(admitted).toBe(10);
  });

  test('closes with the first success and resets its counts', () => {
    const { breaker, pass } = setUp();
    for (let attempt = 0; attempt < 20; attempt += 1) breaker.record(false);
    pass(1000);
    expect(breaker.tryAcquire()).toBe(true);
    breaker.record(true);
    expect(breaker.tryAcquire()).toBe(true);
    for (let attempt = 0; attempt < 19; attempt += 1) breaker.record(false);
    expect(breaker.isOpen).toBe(false);
  });

  test('forgets failures that are older than ten seconds', () => {
    const { breaker, pass } = setUp();
    for (let attempt = 0; attempt < 19; attempt += 1) breaker.record(false);
    pass(10_001);
    breaker.record(false);
    expect(breaker.isOpen).toBe(false);
    pass(1_000_000);
    breaker.record(false);
    expect(breaker.isOpen).toBe(false);
  });
});
