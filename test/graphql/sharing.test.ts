import { afterEach, describe, expect, test } from '@jest/globals';
import { createGate, type Gate } from '../support/gate.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startServiceOn, type GraphQLHttpResponse, type TestService } from '../support/service.ts';
import { until } from '../support/until.ts';
import type { Environment } from '../../src/runtime/environment.ts';
import { slowTest } from '../support/slow.ts';

const ONE = 'query One($id: ID!) { assistant(id: $id) { id name } }';
const MODIFY =
  'mutation ($input: UpdateAssistantInput!) { updateAssistant(input: $input) { assistant { name } userErrors { message } } }';

let upstream: ScriptedUpstream;
let service: TestService;
let names: Map<string, string>;
/** Reads wait for this gate. */
let gate: Gate;

async function setUp(environment: Environment = {}): Promise<void> {
  names = new Map();
  gate = createGate();
  gate.open();
  upstream = await startScriptedUpstream(async ({ method, path, headers, body }, response) => {
    const id = path.split('/').at(-1) ?? '';
    if (method === 'POST') {
      names.set(id, (body as { name: string }).name);
      sendJson(response, 200, wireAssistant(id, { name: names.get(id) }));
      return;
    }
    const name = `${names.get(id) ?? 'first'} of ${headers.authorization ?? ''}`;
    const etag = `W/"${name.length}-${names.get(id) ?? 'first'}"`;
    await gate.opened;
    if (id === 'broken') sendJson(response, 403, { message: 'no' });
    else if (headers['if-none-match'] === etag) response.writeHead(304, { etag }).end();
    else sendJson(response, 200, wireAssistant(id, { name }), { etag });
  });
  service = await startServiceOn(upstream, { AUTH_MODE: 'passthrough', ...environment });
  await send('warm-up', 'a');
  upstream.calls.length = 0;
}

afterEach(async () => {
  await service.stop();
  await upstream.stop();
});

const send = (id: string, key: string): Promise<GraphQLHttpResponse> =>
  service.query(ONE, { id }, { authorization: `Bearer ${key}` });
const rename = (id: string, key: string, name: string): Promise<GraphQLHttpResponse> =>
  service.query(MODIFY, { input: { id, name } }, { authorization: `Bearer ${key}` });
const nameIn = ({ data }: GraphQLHttpResponse): string => (data as { assistant: { name: string } }).assistant.name;

const received = (count: number) => until(() => upstream.calls.length >= count);
const inFlight = (count: number) =>
  until(async () => {
    if (upstream.calls.length === 0) return false;
    const text = await (await fetch(`${service.url}/metrics`)).text();
    return text.includes(`assistants_operations_in_flight ${count}\n`);
  });

describe('identical queries in flight', () => {
  test('of one credential are executed once, and each has its own request id and log entry', async () => {
    await setUp();
    gate = createGate();
    const responses = Array.from({ length: 20 }, () => send('x', 'a'));
    await inFlight(20);
    gate.open();
    const settled = await Promise.all(responses);
    expect(new Set(settled.map(nameIn))).toEqual(new Set(['first of Bearer a']));
    expect(new Set(settled.map(({ headers }) => headers.get('x-request-id'))).size).toBe(20);
    expect(upstream.lines()).toEqual(['GET /assistants/x']);
    const lines = service.logs.filter(({ msg, operationName }) => msg === 'operation' && operationName === 'One');
    expect(lines.filter(({ isShared }) => isShared === true)).toHaveLength(19);
    expect(new Set(lines.map(({ requestId }) => requestId)).size).toBe(21);
  });

  slowTest('are executed again for a second request if only the deadline of the first has passed', async () => {
    await setUp({ UPSTREAM_DEADLINE_MS: '6000', UPSTREAM_ATTEMPT_TIMEOUT_MS: '60000' });
    gate = createGate();
    const first = send('x', 'a');
    await received(1);
    // Only the read in flight waits; later reads do not.
    const { open } = gate;
    gate = createGate();
    gate.open();
    // Half of the first request's time passes here, so that the second request still has half when the first times out.
    await new Promise((resolve) => setTimeout(resolve, 3000));
    const second = send('x', 'a');
    expect((await first).errors?.[0]?.extensions['code']).toBe('UPSTREAM_TIMEOUT');
    expect(nameIn(await second)).toBe('first of Bearer a');
    expect(upstream.calls).toHaveLength(2);
    open();
  });

  test('are not shared if a number is too large for JavaScript, which would look like null', async () => {
    await setUp();
    const document =
      'query ($first: Int, $order: SortOrder = ASC) { assistants(first: $first, order: $order) { nodes { id } } }';
    const send = async (variables: string) => {
      const response = await fetch(`${service.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: 'Bearer a' },
        body: `{"query":${JSON.stringify(document)},"variables":${variables}}`,
      });
      return (await response.text()).replaceAll(response.headers.get('x-request-id') ?? '', '');
    };
    const alone = await send('{"first":1e400}');
    expect(alone).toContain('BAD_USER_INPUT');
    gate = createGate();
    const calls = upstream.calls.length;
    const waiting = send('{"first":null}');
    await received(calls + 1);
    expect(await send('{"first":1e400}')).toBe(alone);
    expect(await send('{"first":-1e400}')).toBe(alone);
    gate.open();
    await waiting;
  });

  test('give each request an error with its own request id', async () => {
    await setUp();
    gate = createGate();
    const responses = Array.from({ length: 5 }, () => send('broken', 'a'));
    await inFlight(5);
    gate.open();
    for (const { errors, headers } of await Promise.all(responses))
      expect(errors?.[0]?.extensions).toMatchObject({
        code: 'FORBIDDEN',
        requestId: headers.get('x-request-id'),
      });
    expect(upstream.calls).toHaveLength(1);
  });

  test('of different credentials are not shared', async () => {
    await setUp();
    gate = createGate();
    const responses = ['a', 'b', 'a', 'b', 'c'].map((key) => send('x', key));
    await inFlight(5);
    gate.open();
    expect((await Promise.all(responses)).map(nameIn)).toEqual(
      ['a', 'b', 'a', 'b', 'c'].map((key) => `first of Bearer ${key}`),
    );
    expect(upstream.calls).toHaveLength(3);
  });

  test('are not shared after a write of the credential was acknowledged', async () => {
    await setUp();
    gate = createGate();
    const before = send('x', 'a');
    await received(1);
    await rename('x', 'a', 'second');
    const after = send('x', 'a');
    await received(3);
    gate.open();
    expect(nameIn(await before)).toBe('first of Bearer a');
    expect(nameIn(await after)).toBe('second of Bearer a');
  });

  test('continue while one client waits, and end when the last has disconnected', async () => {
    await setUp();
    gate = createGate();
    const disconnecting = new AbortController();
    const left = fetch(`${service.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', authorization: 'Bearer a' },
      body: JSON.stringify({ query: ONE, variables: { id: 'x' } }),
      signal: disconnecting.signal,
    }).catch(() => 'left');
    await received(1);
    const stays = send('x', 'a');
    await inFlight(2);
    disconnecting.abort();
    expect(await left).toBe('left');
    gate.open();
    expect(nameIn(await stays)).toBe('first of Bearer a');
    expect(upstream.calls).toHaveLength(1);
  });
});

describe('different queries in flight', () => {
  test('share their identical reads at upstream', async () => {
    await setUp();
    gate = createGate();
    const authorization = { authorization: 'Bearer a' };
    const responses = ['id', 'name', 'model'].map((field) =>
      service.query(`{ assistant(id: "x") { ${field} } }`, undefined, authorization),
    );
    await inFlight(3);
    gate.open();
    for (const { errors } of await Promise.all(responses)) expect(errors).toBeUndefined();
    expect(upstream.lines()).toEqual(['GET /assistants/x']);
  });
});

describe('mutations', () => {
  test('are never shared, even if they are identical', async () => {
    await setUp();
    await rename('x', 'a', 'same');
    await Promise.all(Array.from({ length: 10 }, () => rename('x', 'a', 'same')));
    expect(upstream.calls).toHaveLength(11);
  });
});

describe('the cache', () => {
  test('is off by default', async () => {
    await setUp();
    await send('x', 'a');
    await send('x', 'a');
    expect(upstream.calls).toHaveLength(2);
  });

  test('responds without upstream within the TTL, to the same credential only', async () => {
    await setUp({ CACHE_TTL_SECONDS: '60' });
    for (const key of ['a', 'a', 'b', 'a', 'b']) expect(nameIn(await send('x', key))).toBe(`first of Bearer ${key}`);
    expect(upstream.calls).toHaveLength(2);
  });

  test('contains every write of the credential at once', async () => {
    await setUp({ CACHE_TTL_SECONDS: '60' });
    await send('x', 'a');
    await rename('x', 'a', 'second');
    expect(nameIn(await send('x', 'a'))).toBe('second of Bearer a');
  });

  test('keeps the reads of one credential when another one writes, successfully or not', async () => {
    await setUp({ CACHE_TTL_SECONDS: '60' });
    gate = createGate();
    const reads = ['x', 'y'].map((id) => send(id, 'a'));
    await received(2);
    await rename('x', 'b', 'second');
    await rename('missing', 'b', 'second');
    gate.open();
    await Promise.all(reads);
    const before = upstream.calls.length;
    await rename('x', 'b', 'third');
    for (const id of ['x', 'y', 'x']) expect(nameIn(await send(id, 'a'))).toBe('first of Bearer a');
    expect(upstream.calls.length).toBe(before + 1);
  });

  test('does not store a read that began before a write and ended after it', async () => {
    await setUp({ CACHE_TTL_SECONDS: '60' });
    gate = createGate();
    const before = send('x', 'a');
    await received(1);
    await rename('x', 'a', 'second');
    gate.open();
    await before;
    expect(nameIn(await send('x', 'a'))).toBe('second of Bearer a');
  });
});
