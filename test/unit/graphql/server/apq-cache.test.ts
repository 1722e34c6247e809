import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createApqCache, type DocumentCache } from '../../../../src/graphql/server/apq-cache.ts';
import { RedisConnection } from '../../../../src/redis/connection.ts';
import { sha256 } from '../../../support/persisted.ts';
import { describeWithRedis, startRedis, type TestRedis } from '../../../support/redis.ts';

const keyOf = (document: string) => `apq:${sha256(document)}`;
const put = (cache: DocumentCache, document: string) => cache.set(keyOf(document), document);
const find = (cache: DocumentCache, document: string) => cache.get(keyOf(document));

describe('documents stored by their hash', () => {
  test('are limited by their size in memory, also if they are many and small', async () => {
    const cache = createApqCache(null, 100_000);
    const documents = Array.from({ length: 10_000 }, (_, index) => `{a${index}}`);
    for (const document of documents) await put(cache, document);
    const stored = (await Promise.all(documents.map((document) => find(cache, document)))).filter(Boolean);
    expect(stored.length).toBeGreaterThan(100);
    expect(stored.length).toBeLessThan(300);
    expect(stored.at(-1)).toBe(documents.at(-1));
  });

  test('stay while they are used', async () => {
    const cache = createApqCache(null, 100_000);
    await put(cache, 'used');
    for (let index = 0; index < 1000; index += 1) {
      await put(cache, `{a${index}}`);
      expect(await find(cache, 'used')).toBe('used');
    }
  });

  test('are not stored if they are very long', async () => {
    const cache = createApqCache(null);
    const [long, longest] = ['x'.repeat(60_000), 'x'.repeat(70_000)];
    await put(cache, long);
    await put(cache, longest);
    expect(await find(cache, long)).toBe(long);
    expect(await find(cache, longest)).toBeUndefined();
  });

  test('can be deleted', async () => {
    const cache = createApqCache(null);
    await put(cache, 'a');
    expect(await cache.delete(keyOf('a'))).toBe(true);
    expect(await find(cache, 'a')).toBeUndefined();
  });
});

describeWithRedis('Documents kept by their hash in Redis', () => {
  let redis: TestRedis;
  let connection: RedisConnection;
  let one: DocumentCache;
  let other: DocumentCache;
  const redisKey = (document: string) => `assistants:1:test:document:${sha256(document)}`;

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    connection = new RedisConnection({ url: new URL(redis.url), namespace: 'test', onChange: () => undefined });
    await connection.open();
    [one, other] = [createApqCache(connection), createApqCache(connection)];
  });
  afterEach(() => connection.close());

  test('are found by other processes for a day', async () => {
    await put(one, 'shared');
    expect(await find(other, 'shared')).toBe('shared');
    const leftMs = await redis.client.pttl(redisKey('shared'));
    expect(leftMs).toBeGreaterThan(0);
    expect(leftMs).toBeLessThanOrEqual(24 * 60 * 60 * 1000);
  });

  test.each<[string, (key: string) => Promise<unknown>]>([
    ['another text', (key) => redis.client.set(key, 'other')],
    ['no text', (key) => redis.client.set(key, '')],
  ])('are not found if the entry of the hash has %s', async (_name, damage) => {
    await put(one, 'damaged');
    await damage(redisKey('damaged'));
    expect(await find(other, 'damaged')).toBeUndefined();
    expect(await find(one, 'damaged')).toBe('damaged');
  });

  test('are looked up by valid hashes only', async () => {
    await redis.client.set('assistants:1:test:document:x', 'x');
    expect(await other.get('apq:x')).toBeUndefined();
  });

  test('are found by the process that received them while Redis is unavailable', async () => {
    await redis.kill();
    await put(one, 'alone');
    expect(await find(one, 'alone')).toBe('alone');
    expect(await find(other, 'alone')).toBeUndefined();
    await redis.restart();
  });
});
