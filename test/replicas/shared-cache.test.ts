// Responses that are cached in Redis are returned exactly as upstream sent them, or not at all.
import { connect, createServer, type Socket } from 'node:net';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { AimlClient } from '../../src/aiml/client.ts';
import { createAssistantResource, createContext } from '../support/source.ts';
import { ReadThroughCache } from '../../src/aiml/cache/read-through.ts';
import { RedisResponseCache } from '../../src/aiml/cache/redis.ts';
import { RedisConnection } from '../../src/redis/connection.ts';
import { cleanUpLater } from '../support/cleanup.ts';
import { listen } from '../support/listen.ts';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { until } from '../support/until.ts';

const HOUR_MS = 60 * 60 * 1000;

describeWithRedis('What replicas share of their reads', () => {
  let redis: TestRedis;
  let upstream: ScriptedUpstream;
  let client: AimlClient;
  let connection: RedisConnection;
  let reads: ReadThroughCache;
  /** The fields that upstream adds to an assistant. */
  let fields: Record<string, unknown>;
  let etag: string;

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    fields = {};
    etag = 'W/"1"';
    upstream = await startScriptedUpstream(({ path, headers }, response) => {
      const id = path.split('/').at(-1) ?? '';
      if (path.startsWith('/assistants?')) sendJson(response, 200, { object: 'list', data: [] });
      else if (id === 'gone') sendJson(response, 404, {});
      else if (headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
      else sendJson(response, 200, wireAssistant(id, { name: id, ...fields }), { etag });
    });
    client = new AimlClient({ baseUrl: new URL(upstream.url), connections: 4, attemptTimeoutMs: 60_000 });
    connection = new RedisConnection({ url: new URL(redis.url), namespace: 'test', onChange: () => undefined });
    reads = new ReadThroughCache(client, { cacheTtlMs: 60_000, shared: new RedisResponseCache(connection, 60_000) });
    await connection.open();
  });
  afterEach(async () => {
    connection.close();
    await client.close();
    await upstream.stop();
    await redis.client.flushall();
  });

  const sourceOf = (name: string, responseBytesLeft?: { bytes: number }) =>
    createAssistantResource({
      client,
      reads: reads,
      context: createContext({
        credential: `key of ${name}`,
        tenant: name,
        subject: name,
        ...(responseBytesLeft && { responseBytesLeft }),
      }),
    });
  /** A second connection to the same Redis, whose replies can be held back. */
  async function connectThroughProxy() {
    const held: (() => void)[] = [];
    let state: 'open' | 'held from the next epoch on' | 'held' = 'open';
    const sockets = new Set<Socket>();
    const proxy = createServer((socket) => {
      sockets.add(socket);
      const server = connect(redis.port, '127.0.0.1');
      server.on('data', (bytes) => (state === 'held' ? held.push(() => socket.write(bytes)) : socket.write(bytes)));
      socket.on('error', () => undefined).on('close', () => server.destroy());
      socket.on('data', (bytes) => {
        if (state === 'held from the next epoch on' && bytes.includes(':epoch')) state = 'held';
        server.write(bytes);
      });
    });
    const url = new URL(`redis://127.0.0.1:${await listen(proxy)}`);
    const other = new RedisConnection({ url, namespace: 'test', onChange: () => undefined });
    cleanUpLater(() => other.close());
    const cache = new RedisResponseCache(other, 60_000);
    await other.open();
    return {
      connection: other,
      reads: new ReadThroughCache(client, { cacheTtlMs: 60_000, shared: cache }),
      reconnectAndHold: () => {
        state = 'held from the next epoch on';
        for (const socket of sockets) socket.destroy();
      },
      release: () => {
        state = 'open';
        for (const send of held) send();
      },
    };
  }
  const get = (id: string, tenant = 'a') => sourceOf(tenant).get(id);
  const responseKeys = (tenant = 'a') => redis.client.keys(`assistants:1:test:${tenant}:response:*`);
  const responseKey = async (tenant?: string) => {
    const [key, ...others] = await responseKeys(tenant);
    if (key === undefined || others.length > 0) throw new Error('one response was expected');
    return key;
  };

  test('is exactly what upstream sent, including unpaired surrogates and odd keys', async () => {
    fields = {
      name: '\ud800 and \udfff',
      description: '\u0000 \u2028 \u{1f600}',
      metadata: JSON.parse('{ "__proto__": "data", "constructor": "data", "": "" }') as unknown,
      tools: [
        {
          type: 'function',
          function: { name: 'f', parameters: JSON.parse('{ "__proto__": { "a": 1e300 } }') as unknown },
        },
        { type: 'new', of: [1] },
      ],
    };
    const first = await get('x');
    const second = await get('x');
    expect(upstream.calls).toHaveLength(1);
    expect(second).toEqual(first);
    expect(second.name).toBe('\ud800 and \udfff');
    expect(Object.entries(second.metadata)).toEqual([
      ['__proto__', 'data'],
      ['constructor', 'data'],
      ['', ''],
    ]);
    expect(({} as Record<string, unknown>)['a']).toBeUndefined();
  });

  describe('is not used if', () => {
    test.each<[string, (cached: Buffer) => Buffer | string]>([
      ['a bit of it is another', (cached) => flipped(cached, cached.length >> 1)],
      ['its last bit is another', (cached) => flipped(cached, cached.length - 1)],
      ['its first bit is another', (cached) => flipped(cached, 0)],
      ['a bit of its ETag is another', (cached) => flipped(cached, cached.indexOf(etag))],
      ['it is cut short', (cached) => cached.subarray(0, -1)],
      ['only its seal is left', (cached) => cached.subarray(0, 32)],
      ['it is empty', () => ''],
      ['it is another text', () => '{"id":"x","name":"forged"}\n{}'],
    ])('%s', async (_name, damaged) => {
      const first = await get('x');
      const key = await responseKey();
      await redis.client.set(key, damaged((await redis.client.getBuffer(key)) ?? Buffer.alloc(0)), 'KEEPTTL');
      await expectMiss(first);
    });

    test('it is not text', async () => {
      const first = await get('x');
      const key = await responseKey();
      await redis.client.del(key);
      await redis.client.lpush(key, 'forged');
      await redis.client.pexpire(key, 2 * HOUR_MS);
      await expectMiss(first);
    });

    test.each(['assistants:1:test:epoch', 'assistants:1:test:a:generation'])('%s is missing', async (pattern) => {
      const first = await get('x');
      await redis.client.del(await redis.client.keys(pattern));
      await expectMiss(first);
    });

    /** It is requested again without a condition, and stored. */
    const expectMiss = async (first: unknown) => {
      for (let time = 0; time < 2; time += 1) expect(await get('x')).toEqual(first);
      expect(upstream.calls).toHaveLength(2);
      expect(upstream.calls[1]?.headers['if-none-match']).toBeUndefined();
      expect(connection.isUp).toBe(true);
    };

    test('it is the response to another request of the same generation', async () => {
      const list = (limit: number) => sourceOf('a').list({ limit, order: 'asc', after: null });
      await list(1);
      const one = await responseKey();
      await list(2);
      const [other = ''] = (await responseKeys()).filter((key) => key !== one);
      await redis.client.copy(one, other, 'REPLACE');
      await list(1);
      expect(upstream.calls).toHaveLength(2);
      await list(2);
      expect(upstream.calls).toHaveLength(3);
    });

    test('it was read with another credential, even if its key matches', async () => {
      await get('x', 'b');
      const keys = await redis.client.keys('assistants:1:test:b:*');
      expect(keys).toHaveLength(2);
      for (const key of keys) await redis.client.copy(key, key.replace(':b:', ':a:'));
      await get('x', 'a');
      expect(upstream.calls.map(({ headers }) => headers.authorization)).toEqual([
        'Bearer key of b',
        'Bearer key of a',
      ]);
      await get('x', 'b');
      expect(upstream.calls).toHaveLength(2);
    });
  });

  test('is revalidated by its ETag when it expires, and is fresh again if it has not changed', async () => {
    await get('x');
    const key = await responseKey();
    await redis.client.pexpire(key, HOUR_MS);
    expect((await get('x')).name).toBe('x');
    expect((await get('x')).name).toBe('x');
    expect(upstream.calls.map(({ headers }) => headers['if-none-match'])).toEqual([undefined, etag]);
    expect(await redis.client.pttl(key)).toBeGreaterThan(HOUR_MS);
  });

  test('is revalidated by its ETag after any write of the tenant, and not after writes of others', async () => {
    await get('x');
    await sourceOf('b').modify('y', { name: 'n' });
    await get('x');
    expect(upstream.calls.map(({ method }) => method)).toEqual(['GET', 'POST']);
    await sourceOf('a').modify('y', { name: 'n' });
    expect((await get('x')).name).toBe('x');
    expect((await get('x')).name).toBe('x');
    expect(upstream.calls.slice(2).map(({ method, headers }) => [method, headers['if-none-match']])).toEqual([
      ['POST', undefined],
      ['GET', etag],
    ]);
  });

  test('is not returned after a write that ended while the connection to Redis was being restored', async () => {
    const writer = await connectThroughProxy();
    const context = createContext({ credential: 'key of a', tenant: 'a', subject: 'a' });
    const getAgain = () => createAssistantResource({ client, reads: writer.reads, context }).get('x');
    const epoch = () => redis.client.get('assistants:1:test:epoch');
    const before = await epoch();
    writer.reconnectAndHold();
    await until(async () => (await epoch()) !== before);
    expect(await get('x')).toMatchObject({ name: 'x' });
    await writer.reads.write(context, () => Promise.resolve((fields = { name: 'written' })));
    etag = 'W/"2"';
    writer.release();
    await until(() => writer.connection.isUp);
    expect(await getAgain()).toMatchObject({ name: 'written' });
  });

  test('does not store 404s and responses larger than 2 MiB', async () => {
    for (let time = 0; time < 2; time += 1) await expect(get('gone')).rejects.toMatchObject({ code: 'NOT_FOUND' });
    fields = { instructions: 'x'.repeat(2 * 1024 * 1024) };
    await get('large');
    await get('large');
    expect(upstream.calls).toHaveLength(4);
    expect(await responseKeys()).toEqual([]);
  });

  test('removes keys of failed requests soon', async () => {
    await expect(get('gone')).rejects.toThrow();
    const keys = await redis.client.keys('assistants:1:test:a:*');
    expect(keys).toHaveLength(1);
    for (const key of keys) expect(await redis.client.pttl(key)).toBeLessThanOrEqual(2 * 60 * 1000);
  });

  test('counts towards the memory of an operation like a response of upstream', async () => {
    fields = { instructions: 'x'.repeat(1000) };
    for (const id of ['a', 'b', 'c']) await get(id);
    const source = sourceOf('a', { bytes: 3000 });
    await source.get('a');
    await source.get('b');
    await expect(source.get('c')).rejects.toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      details: { retryable: false },
    });
    expect(upstream.calls).toHaveLength(3);
  });
});

function flipped(value: Buffer, index: number): Buffer {
  const copy = Buffer.from(value);
  copy.writeUInt8(copy.readUInt8(index) ^ 1, index);
  return copy;
}
