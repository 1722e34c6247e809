// Reads that are in flight during a write, in two services that share a Redis, on an upstream that the test controls.
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from '@jest/globals';
import type { Environment } from '../../src/runtime/environment.ts';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { createGate, type Gate } from '../support/gate.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startService, type TestService } from '../support/service.ts';
import { until } from '../support/until.ts';

const ONE = 'query One($id: ID!) { assistant(id: $id) { id name } }';
const UPDATE = 'mutation ($input: UpdateAssistantInput!) { updateAssistant(input: $input) { assistant { id } } }';

describeWithRedis('Two services with one Redis', () => {
  let redis: TestRedis;
  let upstream: ScriptedUpstream;
  let services: [TestService, TestService] | [];
  let names: Map<string, string>;
  /** The responses to reads wait for it; with `holdsWrites`, the responses to writes do. */
  let gate: Gate;
  let holdsWrites: boolean;

  beforeAll(async () => {
    redis = await startRedis();
  });
  afterAll(() => redis.stop());
  beforeEach(async () => {
    names = new Map();
    services = [];
    holdsWrites = false;
    gate = createGate();
    gate.open();
    upstream = await startScriptedUpstream(async ({ method, path, body }, response) => {
      const id = path.split('/').at(-1) ?? '';
      if (method === 'POST') names.set(id, (body as { name: string }).name);
      const name = names.get(id) ?? 'first';
      if ((method === 'POST') === holdsWrites) await gate.opened;
      sendJson(response, 200, wireAssistant(id, { name }));
    });
  });
  afterEach(async () => {
    gate.open();
    for (const service of services) await service.stop();
    await upstream.stop();
    await redis.client.flushall();
  });

  const startBoth = async (environment: Environment = {}): Promise<[TestService, TestService]> => {
    const settings = {
      AUTH_MODE: 'passthrough',
      AIML_API_BASE_URL: upstream.url,
      CACHE_TTL_SECONDS: '60',
      REDIS_URL: redis.url,
      ...environment,
    };
    const both: [TestService, TestService] = [await startService(settings), await startService(settings)];
    services = both;
    return both;
  };
  const read = (service: TestService, id: string, key = 'a') =>
    service.query(ONE, { id }, { authorization: `Bearer ${key}` });
  const nameOf = async (response: ReturnType<typeof read>) =>
    ((await response).data as { assistant: { name: string } }).assistant.name;
  const rename = (service: TestService, id: string, name: string) =>
    service.query(UPDATE, { input: { id, name } }, { authorization: 'Bearer a' });
  const received = (count: number) => until(() => upstream.calls.length >= count);

  test('do not cache a read that started before a write through either and ended after it', async () => {
    const both = await startBoth();
    for (const [index, writer] of both.entries()) {
      const id = `x${index}`;
      gate = createGate();
      const begun = upstream.calls.length;
      const before = read(both[1], id);
      await received(begun + 1);
      await rename(writer, id, 'second');
      gate.open();
      expect(await nameOf(before)).toBe('first');
      for (const service of both) expect(await nameOf(read(service, id))).toBe('second');
    }
  });

  test('return no read from before a write was sent, even if the writing process dies before the write ends', async () => {
    const [one, other] = await startBoth();
    for (const service of [one, other]) await read(service, 'x');
    holdsWrites = true;
    gate = createGate();
    const begun = upstream.calls.length;
    const write = rename(one, 'x', 'second');
    await received(begun + 1);
    expect(await nameOf(read(other, 'x'))).toBe('second');
    gate.open();
    await write;
  });

  test.each(['60', '0'])(
    'share no read that began before a write through the other, and every read that began after it (CACHE_TTL_SECONDS=%s)',
    async (ttl) => {
      const [one, other] = await startBoth({ CACHE_TTL_SECONDS: ttl });
      // From its second execution on, an operation is cached as a query and could be shared as a whole.
      await read(other, 'warm');
      upstream.calls.length = 0;
      gate = createGate();
      const before = read(other, 'x');
      await received(1);
      await rename(one, 'x', 'second');
      const after = [read(other, 'x'), read(other, 'x'), read(other, 'x')];
      await received(3);
      gate.open();
      expect(await nameOf(before)).toBe('first');
      for (const response of after) expect(await nameOf(response)).toBe('second');
      expect(upstream.lines()).toEqual(['GET /assistants/x', 'POST /assistants/x', 'GET /assistants/x']);
    },
  );

  test('share reads on the same embedded AIML API, and nothing if each has its own', async () => {
    const settings = { REDIS_URL: redis.url, CACHE_TTL_SECONDS: '60' };
    const [DATA_DIR, another] = [await mkdtemp(join(tmpdir(), 'store-')), await mkdtemp(join(tmpdir(), 'store-'))];
    const embedded = await Promise.all(
      [DATA_DIR, DATA_DIR, another].map((folder) => startService({ ...settings, DATA_DIR: folder })),
    );
    const [one, same, other] = embedded as [TestService, TestService, TestService];
    await one.query('mutation { createAssistant(input: { model: "m", name: "first" }) { assistant { id } } }');
    const list = async (service: TestService) => (await service.query('{ assistants { nodes { name } } }')).data;
    for (const service of [one, same])
      expect(await list(service)).toEqual({ assistants: { nodes: [{ name: 'first' }] } });
    expect(same.logs.filter(({ msg }) => msg === 'operation')).toMatchObject([{ upstreamCalls: 0 }]);
    expect(await list(other)).toEqual({ assistants: { nodes: [] } });
    for (const service of embedded) await service.stop();
    for (const folder of [DATA_DIR, another]) await rm(folder, { recursive: true });
  });

  test('together send at most as many requests for a credential as UPSTREAM_RATE_LIMIT allows', async () => {
    const both = await startBoth({ UPSTREAM_RATE_LIMIT: '5/h' });
    const codes: unknown[] = [];
    for (const [index, service] of [...both, ...both, ...both, ...both].entries()) {
      const { errors } = await read(service, `x${index}`);
      codes.push(errors?.[0]?.extensions['code'] ?? 'ok');
    }
    expect(codes).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'RATE_LIMITED', 'RATE_LIMITED', 'RATE_LIMITED']);
    expect(upstream.calls).toHaveLength(5);
    for (const service of both) expect((await read(service, 'x', 'b')).errors).toBeUndefined();
  });

  test('apply the limit separately while Redis is unavailable', async () => {
    const both = await startBoth({ UPSTREAM_RATE_LIMIT: '2/h' });
    await redis.kill();
    for (const [index, service] of [...both, ...both].entries())
      expect((await read(service, `x${index}`)).errors).toBeUndefined();
    for (const service of both) expect((await read(service, 'y')).errors?.[0]?.extensions['code']).toBe('RATE_LIMITED');
    await redis.restart();
  });
});
