// Two replicas of the service on one AIML API and one Redis.
import { createHash, randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, expect, test } from '@jest/globals';
import { listeningUrl, runProcess, type RunningProcess } from '../support/process.ts';
import { describeWithRedis, startRedis, type TestRedis } from '../support/redis.ts';
import { query } from '../support/service.ts';
import { until } from '../support/until.ts';

const ONE = 'query One($id: ID!) { assistant(id: $id) { id name } }';
const LIST = '{ assistants { nodes { id name } } }';
const CREATE = 'mutation ($input: CreateAssistantInput!) { createAssistant(input: $input) { assistant { id } } }';
const UPDATE = 'mutation ($input: UpdateAssistantInput!) { updateAssistant(input: $input) { assistant { id } } }';
const DELETE = 'mutation ($input: DeleteAssistantInput!) { deleteAssistant(input: $input) { deletedAssistantId } }';

/** Long enough to be redacted in a log entry. Neither may occur in any output. */
const USER = 'canary-user';
const PASSWORD = 'canary-password';

interface Replica {
  readonly process: RunningProcess;
  readonly url: string;
}

describeWithRedis('Two processes with one Redis', () => {
  let folder: string;
  let redis: TestRedis;
  let aiml: RunningProcess;
  let environment: Readonly<Record<string, string>>;
  let replicas: [Replica, Replica];
  let one: Replica;
  let other: Replica;
  /** Each test uses its own account. */
  let key: string;

  const start = async (settings: Readonly<Record<string, string>>, entry?: string): Promise<Replica> => {
    const process = runProcess(settings, { entry });
    return { process, url: await listeningUrl(process) };
  };
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'replicas-'));
    redis = await startRedis(['--user', USER, 'on', `>${PASSWORD}`, '~*', '&*', '+@all']);
    const upstream = await start({ DATA_DIR: folder }, 'local-aiml/main.js');
    aiml = upstream.process;
    environment = {
      AUTH_MODE: 'passthrough',
      AIML_API_BASE_URL: upstream.url,
      CACHE_TTL_SECONDS: '60',
      REDIS_URL: `redis://${USER}:${PASSWORD}@127.0.0.1:${redis.port}`,
      SHUTDOWN_TIMEOUT_MS: '200',
    };
    replicas = await Promise.all([start(environment), start(environment)]);
    [one, other] = replicas;
  });
  afterAll(async () => {
    for (const { process } of replicas) process.child.kill('SIGTERM');
    expect(await Promise.all(replicas.map(({ process }) => process.exit))).toEqual([0, 0]);
    const output = replicas.map(({ process }) => process.output()).join('');
    expect(output).not.toMatch(/canary|"err"|redis:/);
    aiml.child.kill('SIGTERM');
    await aiml.exit;
    await redis.stop();
    await rm(folder, { recursive: true, force: true });
  });
  beforeEach(async () => {
    key = `key-${randomUUID()}`;
    // A test that failed may have left Redis stopped.
    redis.resume();
    await redis.restart();
    await untilBoth(UP);
  });

  const send = ({ url }: Replica, document: string, variables?: unknown, as = key) =>
    query(url, document, variables, { authorization: `Bearer ${as}` });
  const name = async (replica: Replica, id: string, as?: string) =>
    ((await send(replica, ONE, { id }, as)).data as { assistant: { name: string } | null }).assistant?.name ?? null;
  const names = async (replica: Replica) =>
    ((await send(replica, LIST)).data as { assistants: { nodes: { name: string }[] } }).assistants.nodes.map(
      (node) => node.name,
    );
  const create = async (replica: Replica, model: string) =>
    (
      (await send(replica, CREATE, { input: { model, name: model } })).data as {
        createAssistant: { assistant: { id: string } };
      }
    ).createAssistant.assistant.id;
  const rename = (replica: Replica, id: string, to: string) => send(replica, UPDATE, { input: { id, name: to } });
  /** Both replicas read the lists and each assistant. */
  const warmUp = async (...ids: readonly string[]) => {
    for (const replica of replicas) {
      await send(replica, LIST);
      for (const id of ids) await send(replica, ONE, { id });
    }
  };
  const metrics = async ({ url }: Replica) => (await fetch(`${url}/metrics`)).text();
  /** The number of attempts of calls to upstream so far. */
  const attempts = async (replica: Replica) =>
    [...(await metrics(replica)).matchAll(/^assistants_upstream_attempts_total\{.*\} (\d+)$/gm)].reduce(
      (sum, [, count]) => sum + Number(count),
      0,
    );
  /** The state of Redis in `/readyz` and in the gauge. */
  const state = async (replica: Replica) => {
    const response = await fetch(`${replica.url}/readyz`);
    const up = /^assistants_redis_up (\d)$/m.exec(await metrics(replica))?.[1];
    return [response.status, await response.json(), up];
  };
  const UP = [200, { status: 'ready', redis: 'up' }, '1'];
  const UNAVAILABLE = [200, { status: 'ready', redis: 'unavailable' }, '0'];
  const untilBoth = async (expected: readonly unknown[]) => {
    for (const replica of replicas)
      await until(async () => JSON.stringify(await state(replica)) === JSON.stringify(expected));
  };
  const lines = ({ process }: Replica, text: string) =>
    process
      .output()
      .split('\n')
      .filter((line) => line.includes(text));

  test('respond from the reads of the other, without upstream', async () => {
    const id = await create(one, 'first');
    await send(one, LIST);
    await send(one, ONE, { id });
    const before = await attempts(other);
    expect(await names(other)).toEqual(['first']);
    expect(await name(other, id)).toBe('first');
    expect(await attempts(other)).toBe(before);
  });

  test('return a write through one at once through the other, in lists and by id', async () => {
    const first = await create(one, 'first');
    await warmUp(first);

    const second = await create(one, 'second');
    expect(await names(other)).toEqual(['second', 'first']);
    expect(await name(other, second)).toBe('second');
    await warmUp(first, second);

    await rename(other, first, 'renamed');
    for (const replica of replicas) {
      expect(await names(replica)).toEqual(['second', 'renamed']);
      expect(await name(replica, first)).toBe('renamed');
    }
    await warmUp(first, second);

    await send(one, DELETE, { input: { id: second } });
    for (const replica of [other, one]) {
      expect(await names(replica)).toEqual(['renamed']);
      expect(await name(replica, second)).toBeNull();
    }
  });

  test('read everything of a credential again after it has written', async () => {
    const [first, second] = [await create(one, 'first'), await create(one, 'second')];
    await warmUp(first, second);
    await rename(one, first, 'renamed');
    const before = await attempts(other);
    for (let time = 0; time < 2; time += 1) expect(await name(other, second)).toBe('second');
    expect(await attempts(other)).toBe(before + 1);
  });

  test('never share reads across credentials', async () => {
    const id = await create(one, 'first');
    await warmUp(id);
    for (const replica of replicas) expect(await name(replica, id, 'another-key')).toBeNull();
    key = 'another-key';
    for (const replica of replicas) expect(await names(replica)).toEqual([]);
  });

  test('execute a persisted query by the hash that was registered through the other', async () => {
    // Persisted queries are those of all callers: each try has another one.
    const document = `query Persisted_${randomUUID().replaceAll('-', '')} { assistants(first: 1) { nodes { id } } }`;
    const sha256Hash = createHash('sha256').update(document).digest('hex');
    const persisted = async ({ url }: Replica, text?: string) => {
      const response = await fetch(`${url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${key}` },
        body: JSON.stringify({ query: text, extensions: { persistedQuery: { version: 1, sha256Hash } } }),
      });
      return (await response.json()) as { data?: unknown; errors?: { extensions: { code: string } }[] };
    };
    expect((await persisted(other)).errors?.[0]?.extensions.code).toBe('PERSISTED_QUERY_NOT_FOUND');
    expect((await persisted(one, document)).data).toEqual({ assistants: { nodes: [] } });
    expect(await persisted(other)).toEqual({ data: { assistants: { nodes: [] } } });
  });

  test('store no credential, id or address in keys, no credential in values, and nothing without an expiry', async () => {
    const id = await create(one, 'first');
    await warmUp(id);
    const keys = await redis.client.keys('*');
    expect(keys.length).toBeGreaterThan(3);
    for (const name of keys)
      expect(name).toMatch(
        /^assistants:1:[\w-]{22}:(?:epoch|document:[0-9a-f]{64}|[\w-]{22}:generation|[\w-]{22}:[a-z]+:[\w-]+)$/,
      );
    const cached = await Promise.all(keys.map((name) => redis.client.getBuffer(name)));
    expect(cached.map((value) => value?.toString('latin1') ?? '').filter((text) => text.includes('key-'))).toEqual([]);
    for (const name of keys) expect(await redis.client.pttl(name)).toBeGreaterThan(0);
  });

  test('continue without Redis when it crashes, report it, and return nothing stale after its restart', async () => {
    const id = await create(one, 'first');
    await warmUp(id);
    await untilBoth(UP);
    const before = replicas.map((replica) => lines(replica, 'Redis is').length);

    await redis.kill();
    await untilBoth(UNAVAILABLE);
    await rename(one, id, 'second');
    for (const replica of replicas) {
      expect(await names(replica)).toEqual(['second']);
      expect(await name(replica, id)).toBe('second');
    }

    await redis.restart();
    await untilBoth(UP);
    for (const replica of replicas) expect(await name(replica, id)).toBe('second');
    const attemptsBefore = await attempts(other);
    expect(await name(other, id)).toBe('second');
    expect(await attempts(other)).toBe(attemptsBefore);
    for (const [index, replica] of replicas.entries()) {
      const since = () => lines(replica, 'Redis is').slice(before[index]);
      await until(() => Promise.resolve(since().length >= 2));
      expect(since().map((line) => /Redis is \w+/.exec(line)?.[0])).toEqual([
        'Redis is unavailable',
        'Redis is available',
      ]);
    }
  });

  test('continue without Redis when it hangs, and return nothing stale when it resumes', async () => {
    const id = await create(one, 'first');
    await warmUp(id);

    redis.hang();
    expect(await name(one, id)).toBe('first');
    expect(await state(one)).toEqual(UNAVAILABLE);
    await rename(one, id, 'second');
    expect(await name(one, id)).toBe('second');
    await untilBoth(UNAVAILABLE);
    expect(await name(other, id)).toBe('second');

    // The write did not reach Redis, which still contains the earlier reads.
    redis.resume();
    await untilBoth(UP);
    for (const replica of replicas) {
      expect(await name(replica, id)).toBe('second');
      expect(await names(replica)).toEqual(['second']);
    }
  });

  test('stop promptly while Redis hangs', async () => {
    const third = await start(environment);
    redis.hang();
    third.process.child.kill('SIGTERM');
    expect(await third.process.exit).toBe(0);
    redis.resume();
    await untilBoth(UP);
  });
});
