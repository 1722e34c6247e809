import { describe, expect, test } from '@jest/globals';
import { MemoryResponseCache } from '../../../../src/aiml/cache/memory.ts';

function setUp() {
  let time = 0;
  const cache = new MemoryResponseCache({ ttlMs: 1000, now: () => time });
  const put = (tenant: string, path: string, value: unknown, size = 10) =>
    cache.set(tenant, path, { etag: '"e"', value }, size, cache.generationOf(tenant));
  return { cache, put, pass: (ms: number) => (time += ms) };
}

describe('the read cache', () => {
  test('returns fresh entries, and stale ones with their ETag', () => {
    const { cache, put, pass } = setUp();
    put('t', '/assistants/a', 1);
    expect(cache.get('t', '/assistants/a')).toEqual({ etag: '"e"', value: 1, isFresh: true });
    pass(1000);
    expect(cache.get('t', '/assistants/a')).toEqual({ etag: '"e"', value: 1, isFresh: false });
    cache.renew('t', '/assistants/a', cache.generationOf('t'));
    expect(cache.get('t', '/assistants/a')?.isFresh).toBe(true);
  });

  test('returns nothing to another tenant', () => {
    const { cache, put } = setUp();
    put('t', '/assistants/a', 1);
    expect(cache.get('u', '/assistants/a')).toBeNull();
  });

  test('makes all entries of a tenant stale after its write, and keeps their ETags', () => {
    const { cache, put } = setUp();
    put('t', '/assistants/a', 1);
    put('t', '/assistants?limit=21', 2);
    cache.invalidate('t');
    expect(cache.get('t', '/assistants/a')).toEqual({ etag: '"e"', value: 1, isFresh: false });
    expect(cache.get('t', '/assistants?limit=21')?.isFresh).toBe(false);
    cache.renew('t', '/assistants/a', cache.generationOf('t'));
    expect(cache.get('t', '/assistants/a')?.isFresh).toBe(true);
  });

  test('neither stores nor refreshes a read that overlapped with a write of the tenant', () => {
    const { cache, put, pass } = setUp();
    put('t', '/assistants/b', 1);
    pass(1000);
    const generation = cache.generationOf('t');
    cache.invalidate('t');
    cache.set('t', '/assistants/a', { etag: null, value: 1 }, 10, generation);
    cache.renew('t', '/assistants/b', generation);
    expect(cache.get('t', '/assistants/a')).toBeNull();
    expect(cache.get('t', '/assistants/b')?.isFresh).toBe(false);
  });

  test('keeps the entries of a tenant when other tenants write', () => {
    const { cache, put } = setUp();
    const generation = cache.generationOf('t');
    for (let index = 0; index < 100; index += 1) cache.invalidate(`u${index % 3}`);
    cache.set('t', '/assistants/a', { etag: null, value: 1 }, 10, generation);
    put('t', '/assistants/b', 2);
    cache.invalidate('u0');
    expect(cache.get('t', '/assistants/a')?.isFresh).toBe(true);
    expect(cache.get('t', '/assistants/b')?.isFresh).toBe(true);
  });

  test('makes the entries of a tenant stale if its generation was evicted', () => {
    const { cache, put } = setUp();
    put('t', '/assistants/a', 1);
    for (let index = 0; index < 20_000; index += 1) cache.generationOf(`u${index}`);
    cache.generationOf('t');
    expect(cache.get('t', '/assistants/a')?.isFresh).toBe(false);
  });

  test('is bounded for any number of paths and tenants', () => {
    const { cache, put } = setUp();
    const megabyte = 1024 * 1024;
    for (let index = 0; index < 200; index += 1) put(`t${index}`, `/assistants?limit=${index}`, index, megabyte);
    let cached = 0;
    for (let index = 0; index < 200; index += 1) if (cache.get(`t${index}`, `/assistants?limit=${index}`)) cached += 1;
    expect(cached).toBeGreaterThan(10);
    expect(cached).toBeLessThanOrEqual(64);
    put('t', '/assistants/large', 1, 9 * megabyte);
    expect(cache.get('t', '/assistants/large')).toBeNull();
    for (let index = 0; index < 25_000; index += 1) put('t', `/assistants/${index}`, index);
    expect([0, 4999].map((index) => cache.get('t', `/assistants/${index}`))).toEqual([null, null]);
    expect(cache.get('t', '/assistants/24999')?.value).toBe(24_999);
  });
});
