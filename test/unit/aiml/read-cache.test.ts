import { describe, expect, it } from '@jest/globals';
import { ReadCache } from '../../../src/aiml/read-cache.ts';

function setUp() {
  let time = 0;
  const cache = new ReadCache({ ttlMs: 1000, now: () => time });
  const put = (tenant: string, path: string, value: unknown, size = 10) =>
    cache.set(tenant, path, { etag: '"e"', value }, size, cache.writes);
  return { cache, put, pass: (ms: number) => (time += ms) };
}

describe('the read cache', () => {
  it('gives what is fresh without asking, and what is stale with its ETag', () => {
    const { cache, put, pass } = setUp();
    put('t', '/assistants/a', 1);
    expect(cache.get('t', '/assistants/a')).toEqual({ etag: '"e"', value: 1, isFresh: true });
    pass(1000);
    expect(cache.get('t', '/assistants/a')).toEqual({ etag: '"e"', value: 1, isFresh: false });
    cache.renew('t', '/assistants/a', cache.writes);
    expect(cache.get('t', '/assistants/a')?.isFresh).toBe(true);
  });

  it('gives nothing to another tenant', () => {
    const { cache, put } = setUp();
    put('t', '/assistants/a', 1);
    expect(cache.get('u', '/assistants/a')).toBeNull();
  });

  it('loses with a write what the write may change: the entity and every list of the tenant, and nothing else', () => {
    const { cache, put } = setUp();
    put('t', '/assistants/a', 1);
    put('t', '/assistants/b', 2);
    put('t', '/assistants?limit=21', 3);
    put('t', '/assistants?limit=21', 4);
    put('u', '/assistants?limit=21', 5);
    cache.removeForWrite('t', '/assistants/a');
    expect(cache.get('t', '/assistants/a')).toBeNull();
    expect(cache.get('t', '/assistants?limit=21')).toBeNull();
    expect(cache.get('t', '/assistants/b')?.value).toBe(2);
    expect(cache.get('u', '/assistants?limit=21')?.value).toBe(5);
  });

  it('keeps nothing that was read while a write was under way', () => {
    const { cache } = setUp();
    const { writes } = cache;
    cache.removeForWrite('t', '/assistants/a');
    cache.set('t', '/assistants/a', { etag: null, value: 1 }, 10, writes);
    expect(cache.get('t', '/assistants/a')).toBeNull();
  });

  it('is bounded, whatever the number of paths and tenants', () => {
    const { cache, put } = setUp();
    const megabyte = 1024 * 1024;
    for (let index = 0; index < 200; index += 1) put(`t${index}`, `/assistants?limit=${index}`, index, megabyte);
    let kept = 0;
    for (let index = 0; index < 200; index += 1) if (cache.get(`t${index}`, `/assistants?limit=${index}`)) kept += 1;
    expect(kept).toBeGreaterThan(10);
    expect(kept).toBeLessThanOrEqual(64);
    put('t', '/assistants/large', 1, 9 * megabyte);
    expect(cache.get('t', '/assistants/large')).toBeNull();
    for (let index = 0; index < 25_000; index += 1) put('t', `/assistants/${index}`, index);
    expect([0, 4999].map((index) => cache.get('t', `/assistants/${index}`))).toEqual([null, null]);
    expect(cache.get('t', '/assistants/24999')?.value).toBe(24_999);
  });
});
