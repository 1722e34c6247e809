import { describe, expect, test } from '@jest/globals';
import { MemoryResponseCache } from '../../../../src/aiml/cache/memory.ts';

function setUp() {
  let time = 0;
  const cache = new MemoryResponseCache({ ttlMs: 1000, now: () => time });
  const lookup = (tenant: string, path: string) => cache.lookup({ path }, { tenant });
  const get = (tenant: string, path: string) => lookup(tenant, path).cached;
  const generationOf = (tenant: string) => lookup(tenant, '/').generation;
  /** A body of zeros takes four bytes of memory for each of its bytes. */
  const put = (tenant: string, path: string, value: unknown, size = 40, generation = generationOf(tenant)) =>
    cache.store(path, { tenant }, generation, { etag: '"e"', value, body: Buffer.alloc(size / 4) });
  const renew = (tenant: string, path: string, generation = generationOf(tenant)) =>
    cache.store(path, { tenant }, generation, { etag: '"e"', value: 1, body: null });
  return { cache, get, generationOf, put, renew, pass: (ms: number) => (time += ms) };
}

describe('the read cache', () => {
  test('returns fresh entries, and stale ones with their ETag', () => {
    const { get, put, renew, pass } = setUp();
    put('t', '/assistants/a', 1);
    expect(get('t', '/assistants/a')).toEqual({ etag: '"e"', value: 1, body: null, isFresh: true });
    pass(1000);
    expect(get('t', '/assistants/a')).toEqual({ etag: '"e"', value: 1, body: null, isFresh: false });
    renew('t', '/assistants/a');
    expect(get('t', '/assistants/a')?.isFresh).toBe(true);
  });

  test('returns nothing to another tenant', () => {
    const { get, put } = setUp();
    put('t', '/assistants/a', 1);
    expect(get('u', '/assistants/a')).toBeNull();
  });

  test('makes all entries of a tenant stale after its write, and keeps their ETags', () => {
    const { cache, get, put, renew } = setUp();
    put('t', '/assistants/a', 1);
    put('t', '/assistants?limit=21', 2);
    cache.invalidate('t');
    expect(get('t', '/assistants/a')).toEqual({ etag: '"e"', value: 1, body: null, isFresh: false });
    expect(get('t', '/assistants?limit=21')?.isFresh).toBe(false);
    renew('t', '/assistants/a');
    expect(get('t', '/assistants/a')?.isFresh).toBe(true);
  });

  test('neither stores nor refreshes a read that overlapped with a write of the tenant', () => {
    const { cache, get, generationOf, put, renew, pass } = setUp();
    put('t', '/assistants/b', 1);
    pass(1000);
    const generation = generationOf('t');
    cache.invalidate('t');
    put('t', '/assistants/a', 1, 40, generation);
    renew('t', '/assistants/b', generation);
    expect(get('t', '/assistants/a')).toBeNull();
    expect(get('t', '/assistants/b')?.isFresh).toBe(false);
  });

  test('keeps the entries of a tenant when other tenants write', () => {
    const { cache, get, generationOf, put } = setUp();
    const generation = generationOf('t');
    for (let index = 0; index < 100; index += 1) cache.invalidate(`u${index % 3}`);
    put('t', '/assistants/a', 1, 40, generation);
    put('t', '/assistants/b', 2);
    cache.invalidate('u0');
    expect(get('t', '/assistants/a')?.isFresh).toBe(true);
    expect(get('t', '/assistants/b')?.isFresh).toBe(true);
  });

  test('makes the entries of a tenant stale if its generation was evicted', () => {
    const { get, generationOf, put } = setUp();
    put('t', '/assistants/a', 1);
    for (let index = 0; index < 20_000; index += 1) generationOf(`u${index}`);
    generationOf('t');
    expect(get('t', '/assistants/a')?.isFresh).toBe(false);
  });

  test('is bounded for any number of paths and tenants', () => {
    const { get, put } = setUp();
    const megabyte = 1024 * 1024;
    for (let index = 0; index < 200; index += 1) put(`t${index}`, `/assistants?limit=${index}`, index, megabyte);
    let cached = 0;
    for (let index = 0; index < 200; index += 1) if (get(`t${index}`, `/assistants?limit=${index}`)) cached += 1;
    expect(cached).toBeGreaterThan(10);
    expect(cached).toBeLessThanOrEqual(64);
    put('t', '/assistants/large', 1, 9 * megabyte);
    expect(get('t', '/assistants/large')).toBeNull();
    for (let index = 0; index < 25_000; index += 1) put('t', `/assistants/${index}`, index);
    expect([0, 4999].map((index) => get('t', `/assistants/${index}`))).toEqual([null, null]);
    expect(get('t', '/assistants/24999')?.value).toBe(24_999);
  });
});
