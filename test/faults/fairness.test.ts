// Failures of one tenant or one request at upstream do not make the service unavailable to others.
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { createKey, AUDIENCE, IdentityProvider, ISSUER, sign } from '../unit/auth/identity-provider.ts';
import { cleanUpLater } from '../support/cleanup.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ReceivedCall } from '../support/scripted-upstream.ts';
import { startService, startServiceOn, type TestService } from '../support/service.ts';
import { casesOf } from '../support/slow.ts';
import { until } from '../support/until.ts';

const MiB = 1024 * 1024;
/** With eight requests in each round, these are more attempts than open a breaker. */
const ROUNDS = 3;
const READ = 'query ($id: ID!) { assistant(id: $id) { id } }';
const UPDATE = 'mutation ($id: ID!) { updateAssistant(input: { id: $id, name: "n" }) { assistant { id } } }';
const as = (key: string) => ({ authorization: `Bearer ${key}` });

const codeOf = ({ errors }: { errors: readonly { extensions: Readonly<Record<string, unknown>> }[] | undefined }) =>
  errors?.[0]?.extensions['code'] ?? 'ok';

const serve = ({ method, path }: ReceivedCall, response: ServerResponse) => {
  if (method === 'GET' && path.startsWith('/assistants?'))
    sendJson(response, 200, { data: [wireAssistant('asst_listed')], has_more: false });
  else sendJson(response, 200, wireAssistant(path.split('/')[2] ?? 'asst_new'));
};

/** Responses, and missing responses, of an upstream that is healthy for all other requests. */
const poisons: Readonly<Record<string, (response: ServerResponse) => void>> = {
  'a body that cannot be read': (response) => sendJson(response, 200, wireAssistant('asst_1', { metadata: { n: 3 } })),
  'a 500': (response) => sendJson(response, 500, {}),
  'a lost connection': (response) => response.socket?.destroy(),
  'a body that is not JSON': (response) => response.end('<html>'),
  'a body that is too large': (response) => response.writeHead(200).end(Buffer.alloc(17 * MiB, ' ')),
  'a body that is cut short': (response) => {
    response.writeHead(200, { 'content-length': 1000 }).write('{"id":');
    setImmediate(() => response.destroy());
  },
  'a redirect': (response) => response.writeHead(302, { location: '/elsewhere' }).end(),
  'a 503': (response) => sendJson(response, 503, {}),
  silence: () => undefined,
};

describe.each(casesOf(3, Object.entries(poisons)))('%s', (name, poison) => {
  const requests = name === 'a body that is too large' ? 4 : 8;
  const timeouts = name === 'silence' ? { UPSTREAM_ATTEMPT_TIMEOUT_MS: '2500', UPSTREAM_DEADLINE_MS: '3500' } : {};

  test('for one account does not affect other accounts', async () => {
    const upstream = await startScriptedUpstream((call, response) =>
      call.headers.authorization === 'Bearer account-a' ? poison(response) : serve(call, response),
    );
    const service = await startServiceOn(upstream, { AUTH_MODE: 'passthrough', ...timeouts });
    const noisy: Promise<unknown>[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (let index = 0; index < requests; index += 1)
        noisy.push(service.query(READ, { id: `asst_${round}_${index}` }, as('account-a')));
      expect(codeOf(await service.query(READ, { id: 'asst_1' }, as('account-b')))).toBe('ok');
      await Promise.race([noisy.at(-1), noisy.at(-2)]);
    }
    await Promise.all(noisy);
    expect(codeOf(await service.query(READ, { id: 'asst_1' }, as('account-b')))).toBe('ok');
  });

  test('for one request does not affect other requests of the same account', async () => {
    const upstream = await startScriptedUpstream((call, response) =>
      call.path === '/assistants/asst_poisonous' ? poison(response) : serve(call, response),
    );
    const service = await startServiceOn(upstream, timeouts);
    const noisy: Promise<unknown>[] = [];
    for (let round = 0; round < ROUNDS; round += 1) {
      for (let index = 0; index < requests; index += 1)
        // Concurrent reads share their attempts, and writes do not.
        noisy.push(service.query(index % 2 === 0 ? READ : UPDATE, { id: 'asst_poisonous' }));
      expect(codeOf(await service.query(READ, { id: `asst_${round}` }))).toBe('ok');
      expect(codeOf(await service.query('{ assistants(first: 5) { nodes { id } } }'))).toBe('ok');
      await Promise.race([noisy.at(-1), noisy.at(-2)]);
    }
    await Promise.all(noisy);
    expect(codeOf(await service.query(READ, { id: 'asst_other' }))).toBe('ok');
  });
});

test('a create that upstream cannot process does not affect other creates', async () => {
  const upstream = await startScriptedUpstream((call, response) => {
    if ((call.body as { model?: string } | null)?.model === 'poison') sendJson(response, 500, {});
    else serve(call, response);
  });
  const service = await startServiceOn(upstream);
  const CREATE = 'mutation ($m: String!) { createAssistant(input: { model: $m }) { assistant { id } } }';
  for (let index = 0; index < 40; index += 1) await service.query(CREATE, { m: 'poison' });
  expect(codeOf(await service.query(CREATE, { m: 'poison' }))).toBe('UPSTREAM_UNAVAILABLE');
  expect(codeOf(await service.query(CREATE, { m: 'gpt-4o' }))).toBe('ok');
});

describe('an outage of upstream', () => {
  const breakerOf = async (service: TestService) =>
    /^assistants_upstream_breaker_open (\d)$/m.exec(await (await fetch(`${service.url}/metrics`)).text())?.[1];

  test.each(
    casesOf<readonly [string, string, (index: number) => { id: string; key: string }]>(1, [
      ['seen by many accounts', 'passthrough', (index: number) => ({ id: 'asst_1', key: `account-${index % 30}` })],
      ['seen by one account in many requests', 'none', (index: number) => ({ id: `asst_${index % 30}`, key: 'x' })],
      ['seen by one account in one request', 'none', () => ({ id: 'asst_1', key: 'x' })],
    ]),
  )('%s opens the breaker, which closes when upstream is healthy again', async (_, mode, requestOf) => {
    let isDown = true;
    const upstream = await startScriptedUpstream((call, response) => {
      if (isDown) sendJson(response, 503, {});
      else serve(call, response);
    });
    const service = await startService({
      AUTH_MODE: mode,
      ...(mode === 'none' && { AIML_API_KEY: 'key' }),
      AIML_API_BASE_URL: upstream.url,
    });
    const send = async (index: number) => {
      const { id, key } = requestOf(index);
      return codeOf(await service.query(READ, { id, number: index }, as(key)));
    };
    // The breaker counts the attempts of ten seconds, and identical reads share theirs, so the number of rounds depends
    // on their speed.
    let sent = 0;
    await until(async () => {
      await Promise.all(Array.from({ length: 12 }, () => send((sent += 1))));
      return (await breakerOf(service)) === '1';
    });
    // Far fewer requests arrive at upstream than were sent to the service.
    const before = upstream.calls.length;
    for (let round = 0; round < 10; round += 1)
      await Promise.all(Array.from({ length: 30 }, (_unused, index) => send(round * 30 + index)));
    expect(upstream.calls.length - before).toBeLessThan(200);
    isDown = false;
    await until(async () => (await send(1)) === 'ok');
    await until(async () => (await Promise.all([2, 3, 4].map(send))).every((code) => code === 'ok'));
  });
});

describe('a tenant whose reads hang', () => {
  const hangFor = (isNoisy: (call: ReceivedCall) => boolean) =>
    startScriptedUpstream((call, response) => {
      if (!isNoisy(call)) serve(call, response);
    });

  /** Sends reads that hang until the test ends. Returns the error codes of those that have ended. */
  function hang(service: TestService, count: number, headers: Readonly<Record<string, string>>) {
    const controller = new AbortController();
    cleanUpLater(() => controller.abort());
    const codes: unknown[] = [];
    for (let index = 0; index < count; index += 1)
      void fetch(`${service.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify({ query: READ, variables: { id: `asst_hang_${index}` } }),
        signal: controller.signal,
      })
        .then((response) => response.json())
        .then((body) => codes.push(codeOf(body as Parameters<typeof codeOf>[0])))
        .catch(() => undefined);
    return codes;
  }

  test('leaves slots to another tenant, and gets an error about too many concurrent requests', async () => {
    const upstream = await hangFor(({ headers }) => headers.authorization === 'Bearer noisy');
    const service = await startServiceOn(upstream, { AUTH_MODE: 'passthrough', MAX_IN_FLIGHT: '16' });
    const codes = hang(service, 40, as('noisy'));
    await until(() => codes.length >= 26);
    expect(codes).toEqual(Array(26).fill('OVERLOADED'));
    for (let round = 0; round < 5; round += 1)
      expect(codeOf(await service.query(READ, { id: 'asst_1' }, as('victim')))).toBe('ok');
    // With another tenant, its share is half of the slots, and it already uses more.
    expect((await service.query(READ, { id: 'asst_1' }, as('noisy'))).status).toBe(503);
  });

  test('leaves connections to another tenant', async () => {
    const upstream = await hangFor(({ headers }) => headers.authorization === 'Bearer noisy');
    const service = await startServiceOn(upstream, { AUTH_MODE: 'passthrough', UPSTREAM_CONNECTIONS: '8' });
    hang(service, 40, as('noisy'));
    await until(() => upstream.calls.length >= 7);
    for (let round = 0; round < 5; round += 1)
      expect(codeOf(await service.query(READ, { id: 'asst_1' }, as('victim')))).toBe('ok');
    expect(upstream.calls.filter(({ headers }) => headers.authorization === 'Bearer noisy')).toHaveLength(7);
  });

  test('while it reads large bodies, leaves memory to the bodies of others', async () => {
    const large = JSON.stringify(wireAssistant('asst_large', { instructions: 'x'.repeat(2 * MiB) }));
    const upstream = await startScriptedUpstream(({ headers }, response) => {
      response.writeHead(200, { connection: 'keep-alive', 'content-length': large.length });
      if (headers.authorization === 'Bearer noisy') response.write(large.slice(0, MiB + 100_000));
      else response.end(large);
    });
    const service = await startServiceOn(upstream, { AUTH_MODE: 'passthrough' });
    const read = () => service.query(READ, { id: 'asst_large' }, as('victim'));
    expect(codeOf(await read())).toBe('ok');
    const noisy = hang(service, 10, as('noisy'));
    await until(() => upstream.calls.length >= 11);
    for (let round = 0; round < 3; round += 1) expect(codeOf(await read())).toBe('ok');
    expect(noisy).toEqual([]);
  });

  test('is identified by the subject if tokens share an account', async () => {
    const key = await createKey('key-1');
    const provider = await IdentityProvider.start(key);
    cleanUpLater(() => provider.goDown());
    const upstream = await hangFor(({ path }) => path.includes('hang'));
    const service = await startServiceOn(upstream, {
      AUTH_MODE: 'jwt',
      AIML_API_KEY: 'held-key',
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
      JWKS_URL: provider.url.href,
      MAX_IN_FLIGHT: '16',
      UPSTREAM_CONNECTIONS: '16',
    });
    const codes = hang(service, 40, as(await sign(key, { sub: 'noisy' })));
    await until(() => codes.length >= 26);
    const victim = as(await sign(key, { sub: 'victim' }));
    expect(codeOf(await service.query(READ, { id: 'asst_1' }, victim))).toBe('ok');
  });
});

test('a tenant over its rate limit has a few waiting requests, and its other requests fail at once', async () => {
  const upstream = await startScriptedUpstream(serve);
  const service = await startServiceOn(upstream, {
    AUTH_MODE: 'passthrough',
    MAX_IN_FLIGHT: '200',
    UPSTREAM_RATE_LIMIT: '10/min',
    UPSTREAM_DEADLINE_MS: '120000',
  });
  const controller = new AbortController();
  cleanUpLater(() => controller.abort());
  const responses: { code: unknown; retryAfterMs: unknown }[] = [];
  const send = async (index: number) => {
    const response = await fetch(`${service.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', ...as('noisy') },
      body: JSON.stringify({ query: READ, variables: { id: `asst_${index}` } }),
      signal: controller.signal,
    });
    const body = (await response.json()) as Parameters<typeof codeOf>[0];
    responses.push({ code: codeOf(body), retryAfterMs: body.errors?.[0]?.extensions['retryAfterMs'] });
  };
  for (let index = 0; index < 100; index += 1) send(index).catch(() => undefined);
  await until(() => responses.length >= 75);
  const over = responses.filter(({ code }) => code !== 'ok');
  expect(over).toHaveLength(65);
  for (const { code, retryAfterMs } of over) {
    expect(code).toBe('RATE_LIMITED');
    expect(retryAfterMs).toBeGreaterThan(0);
  }
  expect(codeOf(await service.query(READ, { id: 'asst_1' }, as('victim')))).toBe('ok');
});

test('three concurrent pages of 15 MiB exceed the byte limit of one operation', async () => {
  const page = { data: Array.from({ length: 60 }, (_, index) => wireAssistant(`asst_${index}`, { instructions: 'x'.repeat(250_000) })), has_more: false }; // prettier-ignore
  const upstream = await startScriptedUpstream((_call, response) =>
    sendJson(response, 200, page, { connection: 'keep-alive' }),
  );
  const service = await startServiceOn(upstream);
  const list = (name: string, first: number) => `${name}: assistants(first: ${first}) { nodes { id } }`;
  const { errors, data } = await service.query(`{ ${list('a', 97)} ${list('b', 98)} ${list('c', 99)} }`);
  expect(data).toBeNull();
  expect(errors?.map(({ extensions }) => [extensions['code'], extensions['retryable']])).toContainEqual([
    'UPSTREAM_BAD_RESPONSE',
    false,
  ]);
  const two = await service.query(`{ ${list('a', 97)} ${list('b', 98)} }`);
  expect(codeOf(two)).toBe('ok');
});

test('a list whose last id cannot be a cursor is a bad response and not an internal error', async () => {
  const data = Array.from({ length: 100 }, (_, index) => wireAssistant(`asst.${index}`));
  const upstream = await startScriptedUpstream((_call, response) => sendJson(response, 200, { data }));
  const service = await startServiceOn(upstream);
  const paged = await service.query('{ assistants(first: 100) { nodes { id } pageInfo { hasNextPage } } }');
  expect(codeOf(paged)).toBe('UPSTREAM_BAD_RESPONSE');
});
