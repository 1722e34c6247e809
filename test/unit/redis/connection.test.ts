import { connect as netConnect, createServer } from 'node:net';
import { afterEach, expect, test } from '@jest/globals';
import { RedisConnection } from '../../../src/redis/connection.ts';
import { listen } from '../../support/listen.ts';
import { describeWithRedis, startRedis, type TestRedis } from '../../support/redis.ts';
import { until } from '../../support/until.ts';

describeWithRedis('The connection to Redis', () => {
  let redis: TestRedis;
  let connection: RedisConnection;
  /** The reported reasons for which Redis became unavailable; null when it was available again. */
  let changes: (string | null)[];

  const connect = async (url: string) => {
    changes = [];
    connection = new RedisConnection({
      url: new URL(url),
      namespace: 'test',
      onChange: (reason) => changes.push(reason),
    });
    await connection.open();
  };
  const ping = () => connection.pipeline((pipeline) => pipeline.ping());
  const untilUp = () => until(() => connection.isUp);
  afterEach(async () => {
    connection.close();
    await redis.stop();
  });

  test('is available once it is open, and reports nothing', async () => {
    redis = await startRedis();
    await connect(`${redis.url}/3`);
    expect(connection.isUp).toBe(true);
    expect(await connection.pipeline((pipeline) => pipeline.set('a', '1').get('a'))).toEqual(['OK', '1']);
    await redis.client.select(3);
    expect(await redis.client.get('a')).toBe('1');
    expect(changes).toEqual([]);
  });

  test('opens without a Redis, returns null, reports it once, and recovers when Redis starts', async () => {
    redis = await startRedis();
    await redis.kill();
    await connect(redis.url);
    expect(connection.isUp).toBe(false);
    expect(await ping()).toBeNull();
    await redis.restart();
    await untilUp();
    expect(await ping()).toEqual(['PONG']);
    expect(changes).toEqual(['ECONNREFUSED', null]);
  });

  test('opens with a Redis that rejects its password, and reports the reason without the password', async () => {
    redis = await startRedis(['--requirepass', 'right']);
    await connect(redis.url.replace('//', '//:wrong@'));
    expect(await ping()).toBeNull();
    expect(changes).toEqual(['WRONGPASS']);
    connection.close();
    await connect(redis.url.replace('//', '//:right@'));
    expect(await ping()).toEqual(['PONG']);
  });

  test('opens with a Redis that hangs, and recovers when Redis resumes', async () => {
    redis = await startRedis();
    redis.hang();
    await connect(redis.url);
    expect(connection.isUp).toBe(false);
    redis.resume();
    await untilUp();
    expect(changes).toEqual([expect.any(String), null]);
  });

  test('is unavailable while Redis rejects writes', async () => {
    redis = await startRedis();
    await connect(redis.url);
    connection.onConnect((client) => client.set('entrance', '1'));
    await redis.client.config('SET', 'maxmemory', '1');
    expect(await connection.pipeline((pipeline) => pipeline.set('a', '1'))).toBeNull();
    expect(connection.isUp).toBe(false);
    await redis.client.config('SET', 'maxmemory', '0');
    await untilUp();
    expect(changes).toEqual(['OOM', null]);
  });

  test('notices that Redis hangs without any command', async () => {
    redis = await startRedis();
    await connect(redis.url);
    redis.hang();
    await until(() => !connection.isUp);
    expect(changes).toEqual(['NO_REPLY']);
    redis.resume();
  });

  test('stays available while the process is too busy to read a reply', async () => {
    redis = await startRedis();
    await connect(redis.url);
    const response = ping();
    await new Promise((resolve) => setImmediate(resolve));
    const end = performance.now() + 600;
    while (performance.now() < end);
    expect(await response).toEqual(['PONG']);
    expect(changes).toEqual([]);
  });

  test('waits for a reply while parts of it arrive', async () => {
    redis = await startRedis();
    let isSlow = false;
    const proxy = createServer((socket) => {
      const server = netConnect(redis.port, '127.0.0.1');
      socket.on('data', (bytes) => server.write(bytes)).on('close', () => server.destroy());
      server.on('data', (bytes) => {
        if (isSlow)
          for (const [index, byte] of bytes.entries()) setTimeout(() => socket.write(Buffer.of(byte)), index * 30);
        else socket.write(bytes);
      });
    });
    const port = await listen(proxy);
    await connect(`redis://127.0.0.1:${port}`);
    isSlow = true;
    expect(await connection.pipeline((pipeline) => pipeline.echo('a text of some length'))).not.toBeNull();
    expect(changes).toEqual([]);
  });

  test('returns null once it is closed, and reports nothing', async () => {
    redis = await startRedis();
    await connect(redis.url);
    connection.close();
    expect(await ping()).toBeNull();
    await redis.kill();
    expect(changes).toEqual([]);
  });
});
