// The log entries and metrics that show an operator what is wrong.
import { once } from 'node:events';
import { join } from 'node:path';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { describe, expect, jest, test } from '@jest/globals';
import Database from 'libsql';
import { createEventReporter } from '../../src/observability/event-reporter.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { cleanUpLater } from '../support/cleanup.ts';
import { createIdleMetrics } from '../support/metrics.ts';
import { takePort } from '../support/port.ts';
import { sendJson, startScriptedUpstream, wireAssistant } from '../support/scripted-upstream.ts';
import { createSelfSignedCertificate } from '../support/self-signed-certificate.ts';
import { startRawUpstream, type RawResponse } from '../support/raw-upstream.ts';
import { startService, startServiceOn, type TestService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { AUDIENCE, createKey, IdentityProvider, ISSUER, sign } from '../unit/auth/identity-provider.ts';

const READ = '{ assistant(id: "asst_1") { id } }';
const entries = ({ logs }: TestService, msg: string) => logs.filter((entry) => entry['msg'] === msg);
const FAILED_CALL = 'a call to the AIML API failed';
const OPENED = 'a circuit breaker for calls to the AIML API opened';
const CLOSED = 'a circuit breaker for calls to the AIML API closed';
const metricsOf = async ({ url }: TestService) => (await fetch(`${url}/metrics`)).text();

const startOver = (url: string, environment: Readonly<Record<string, string>> = {}) =>
  startService({ UPSTREAM: 'aiml', AIML_API_KEY: 'key', AIML_API_BASE_URL: url, ...environment });

describe('a failed call', () => {
  test('has an entry for each attempt, with the status, upstream’s request id and the id of the request', async () => {
    const upstream = await startScriptedUpstream((_call, response, index) => {
      response.setHeader('x-request-id', `req_${index}`);
      if (index < 2) sendJson(response, 503, {});
      else sendJson(response, 200, wireAssistant('asst_1'));
    });
    const service = await startOver(upstream.url);
    const { headers } = await service.query(READ);
    expect(entries(service, FAILED_CALL)).toEqual(
      [0, 1].map((index) =>
        expect.objectContaining({
          level: 'warn',
          requestId: headers.get('x-request-id'),
          call: 'assistants.get',
          cause: 'status',
          status: 503,
          upstreamRequestId: `req_${index}`,
          attempt: index + 1,
          outcome: 'UNKNOWN',
        }),
      ),
    );
  });

  test('names a refused connection', async () => {
    const service = await startOver(`http://127.0.0.1:${await takePort()}`);
    await service.query(READ);
    const [entry] = entries(service, FAILED_CALL);
    expect(entry).toMatchObject({ cause: 'refused', outcome: 'NOT_SENT', attempt: 1 });
    expect(entry).not.toHaveProperty('status');
  });

  test('names a certificate that is not trusted', async () => {
    const server = createServer(createSelfSignedCertificate());
    server.listen(0, '127.0.0.1');
    cleanUpLater(() => server.close());
    await once(server, 'listening');
    const service = await startOver(`https://localhost:${(server.address() as AddressInfo).port}`);
    await service.query(READ);
    expect(entries(service, FAILED_CALL)[0]).toMatchObject({ cause: 'tls', outcome: 'NOT_SENT' });
  });

  test('names a host that does not exist', async () => {
    const service = await startOver('http://nothing.invalid');
    await service.query(READ);
    expect(entries(service, FAILED_CALL)[0]).toMatchObject({ cause: 'dns', outcome: 'NOT_SENT', attempt: 1 });
    expect(JSON.stringify(service.logs)).not.toContain('nothing.invalid');
  });

  test.each<[string, RawResponse, object]>([
    ['reset', (socket) => socket.resetAndDestroy(), { cause: 'reset', outcome: 'UNKNOWN' }],
    ['timeout', () => undefined, { cause: 'timeout', outcome: 'UNKNOWN' }],
    [
      'truncated',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{'),
      { cause: 'truncated', outcome: 'UNKNOWN' },
    ],
    ['not_http', (socket) => socket.end('hello\r\n\r\n'), { cause: 'not_http', outcome: 'UNKNOWN' }],
    [
      'response',
      (socket) => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\n<html>'),
      { cause: 'response', status: 200, outcome: 'UNKNOWN' },
    ],
  ])('names the cause %s, for reads and writes', async (cause, response, entry) => {
    const upstream = await startRawUpstream({ response });
    const service = await startOver(upstream.url, cause === 'timeout' ? { UPSTREAM_ATTEMPT_TIMEOUT_MS: '200' } : {});
    for (const [document, call] of [
      [READ, 'assistants.get'],
      ['mutation { createThread(input: {}) { thread { id } } }', 'threads.create'],
    ] as const) {
      const { headers } = await service.query(document);
      const [first] = entries(service, FAILED_CALL).filter((logged) => logged['call'] === call);
      expect(first).toMatchObject({ ...entry, level: 'warn', attempt: 1, requestId: headers.get('x-request-id') });
      expect(first).toHaveProperty('tenant');
    }
  });

  test('is not logged if the requested object does not exist', async () => {
    const upstream = await startScriptedUpstream((_call, response) => sendJson(response, 404, {}));
    const service = await startOver(upstream.url);
    await service.query(READ);
    expect(upstream.calls).toHaveLength(1);
    expect(entries(service, FAILED_CALL)).toEqual([]);
  });

  test('is logged a limited number of times, and an open breaker has its own entry', async () => {
    let isDown = true;
    const upstream = await startScriptedUpstream((_call, response) =>
      sendJson(response, isDown ? 503 : 200, isDown ? {} : wireAssistant('asst_1')),
    );
    const service = await startOver(upstream.url);
    await until(async () => {
      await Promise.all(Array.from({ length: 10 }, () => service.query(READ)));
      return entries(service, OPENED).length > 0;
    });
    isDown = false;
    await until(async () => {
      await service.query(READ);
      return entries(service, CLOSED).length > 0;
    });
    const failures = upstream.calls.length - 1;
    const logged = entries(service, FAILED_CALL);
    expect(logged.length).toBeLessThanOrEqual(failures);
    expect(JSON.stringify(service.logs)).not.toContain('asst_1');
    const tenant = logged[0]?.['tenant'];
    expect(entries(service, OPENED)).toEqual([expect.objectContaining({ level: 'warn', scope: 'request', tenant })]);
    expect(entries(service, CLOSED)).toEqual([expect.objectContaining({ level: 'info', scope: 'request', tenant })]);
  });

  test('opens a breaker of its request, and of many such breakers a limited number is logged', () => {
    jest.useFakeTimers({ doNotFake: ['nextTick', 'setImmediate'] });
    try {
      const logged: unknown[] = [];
      const logger = createLogger('info', { write: (entry) => logged.push(JSON.parse(entry)) });
      const reporter = createEventReporter(logger, createIdleMetrics(), false);
      for (let count = 0; count < 100; count += 1)
        reporter.breakerChanged({ scope: 'request', isOpen: true, tenant: 'tenant-1' });
      reporter.breakerChanged({ scope: 'outage', isOpen: true, tenant: null });
      jest.advanceTimersByTime(2000);
      reporter.breakerChanged({ scope: 'request', isOpen: true, tenant: 'tenant-1' });
      expect(logged).toHaveLength(12);
      expect(logged[10]).toMatchObject({ msg: OPENED, scope: 'outage' });
      expect(logged[11]).toMatchObject({ msg: OPENED, scope: 'request', tenant: 'tenant-1', suppressed: 90 });
    } finally {
      jest.useRealTimers();
    }
  });
});

describe('a mutation', () => {
  test('that ends in user errors is logged and counted with its codes only', async () => {
    const service = await startService();
    const { data } = await service.query(
      'mutation { createAssistant(input: { model: " ", name: "a secret" }) { assistant { id } } }',
    );
    expect(data).toEqual({ createAssistant: { assistant: null } });
    await until(() => entries(service, 'operation').length > 0);
    expect(entries(service, 'operation')).toEqual([
      expect.objectContaining({ kind: 'mutation', outcome: 'user_error', errorCodes: ['BLANK'] }),
    ]);
    expect(JSON.stringify(service.logs)).not.toContain('a secret');
    const metrics = await metricsOf(service);
    expect(metrics).toContain('assistants_user_errors_total{code="BLANK"} 1');
    expect(metrics).toContain('assistants_operations_total{kind="mutation",outcome="user_error"} 1');
  });

  test('that wrote something is logged with the ids, even if the client does not select them', async () => {
    const service = await startService();
    const { data } = await service.query(
      'mutation { createAssistant(input: { model: "gpt-4o" }) { assistant { i: id } } }',
    );
    const { i: id } = (data?.['createAssistant'] as { assistant: { i: string } }).assistant;
    await service.query(`mutation { deleteAssistant(input: { id: "${id}" }) { userErrors { code } } }`);
    await until(() => entries(service, 'operation').length === 2);
    expect(entries(service, 'operation').map(({ writtenIds }) => writtenIds)).toEqual([[id], [id]]);
  });
});

test('Every entry of an operation names the tenant, and never its credential', async () => {
  const upstream = await startScriptedUpstream((_call, response) => sendJson(response, 200, wireAssistant('asst_1')));
  const service = await startServiceOn(upstream, { AUTH_MODE: 'passthrough' });
  for (const key of ['key-one', 'key-two', 'key-one'])
    await service.query(READ, undefined, { authorization: `Bearer ${key}` });
  await until(() => entries(service, 'operation').length === 3);
  const [first, second, third] = entries(service, 'operation').map(({ tenant }) => tenant);
  expect(first).toMatch(/^[\w-]{8}$/);
  expect(second).not.toBe(first);
  expect(third).toBe(first);
  expect(JSON.stringify(service.logs)).not.toContain('key-one');
});

test('The name of a tenant is the same after a restart, in each mode of authentication', async () => {
  const upstream = await startScriptedUpstream((_call, response) => sendJson(response, 200, wireAssistant('asst_1')));
  const tenantsOf = async (environment: Readonly<Record<string, string>>, authorization = '') => {
    const tenants: unknown[] = [];
    for (let start = 0; start < 2; start += 1) {
      const service = await startService(environment);
      await service.query(READ, undefined, { authorization });
      await until(() => entries(service, 'operation').length === 1);
      tenants.push(entries(service, 'operation')[0]?.['tenant']);
      await service.stop();
    }
    return tenants;
  };
  for (const [first, second] of [
    await tenantsOf({ AUTH_MODE: 'passthrough', AIML_API_BASE_URL: upstream.url }, 'Bearer key-one'),
    await tenantsOf({ UPSTREAM: 'local' }),
  ]) {
    expect(first).toMatch(/^[\w-]{8}$/);
    expect(second).toBe(first);
  }
});

test('The entry of an operation that is rejected because its caller has too many in flight names the caller', async () => {
  const upstream = await startScriptedUpstream(() => undefined);
  const service = await startServiceOn(upstream, { AUTH_MODE: 'passthrough', MAX_IN_FLIGHT: '8' });
  const read = () => service.query(READ, undefined, { authorization: 'Bearer key-one' });
  const pending = Array.from({ length: 7 }, () => read().catch(() => null));
  await until(async () => (await metricsOf(service)).includes('assistants_operations_in_flight 7'));
  expect((await read()).status).toBe(503);
  await until(() => entries(service, 'operation').length === 1);
  expect(entries(service, 'operation')[0]).toMatchObject({
    kind: 'unknown',
    errorCodes: ['OVERLOADED'],
    tenant: expect.stringMatching(/^[\w-]{8}$/),
  });
  await service.stop();
  await Promise.all(pending);
});

test('The embedded API logs its faults with the id of the request of the service', async () => {
  const service = await startService();
  const { data } = await service.query('mutation { createAssistant(input: { model: "m" }) { assistant { id } } }');
  expect(data).toMatchObject({ createAssistant: { assistant: {} } });
  const store = new Database(join(service.dataDir, 'aiml.db'));
  store.exec('ALTER TABLE assistants RENAME TO hidden');
  store.close();
  const { headers } = await service.query('{ assistants(first: 1) { nodes { id } } }');
  expect(entries(service, 'request failed')).toContainEqual(
    expect.objectContaining({ level: 'error', requestId: headers.get('x-request-id') }),
  );
});

describe('access tokens', () => {
  const startWith = (provider: IdentityProvider, url: string) =>
    startOver(url, {
      AUTH_MODE: 'jwt',
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
      JWKS_URL: provider.url.href,
    });

  test('that are rejected have an entry with the reason, and no part of the token', async () => {
    const [key, stranger] = await Promise.all([createKey('first'), createKey('first')]);
    const provider = await IdentityProvider.start(key);
    cleanUpLater(() => provider.goDown());
    const upstream = await startScriptedUpstream((_call, response) => sendJson(response, 200, wireAssistant('asst_1')));
    const service = await startWith(provider, upstream.url);
    const tokens = [
      await sign(key, { exp: 1 }),
      await sign(key, { aud: 'another' }),
      await sign(stranger),
      'not-a-token',
      await sign(key, { iss: 'another' }),
      await sign(key, { nbf: 4_000_000_000 }),
      await sign(await createKey('unknown')),
    ];
    for (const token of tokens) await service.query(READ, undefined, { authorization: `Bearer ${token}` });
    const logged = entries(service, 'an access token was rejected');
    expect(logged.map(({ reason }) => reason)).toEqual([
      'expired',
      'audience',
      'signature',
      'malformed',
      'issuer',
      'not valid yet',
      'unknown key',
    ]);
    expect(logged[0]).toHaveProperty('requestId');
    for (const token of tokens) expect(JSON.stringify(service.logs)).not.toContain(token);
  });

  test('whose keys cannot be fetched have an entry with the reason', async () => {
    const key = await createKey('first');
    const provider = await IdentityProvider.start(key);
    const service = await startWith(provider, 'http://127.0.0.1:9');
    await provider.goDown();
    await service.query(READ, undefined, { authorization: `Bearer ${await sign(key)}` });
    expect(entries(service, 'the keys of the identity provider cannot be fetched')).toEqual([
      expect.objectContaining({ level: 'warn', reason: 'ECONNREFUSED' }),
    ]);
  });
});

test('Traces that cannot be exported have one entry, and so has the first export that succeeds again', async () => {
  let isDown = true;
  const collector = await startScriptedUpstream((_call, response) => sendJson(response, isDown ? 400 : 200, {}));
  const service = await startService({ OTEL_EXPORTER_OTLP_ENDPOINT: collector.url });
  /** Spans are exported at once when there are enough for a batch. */
  const traceUntilLogged = (msg: string) =>
    until(async () => {
      await Promise.all(Array.from({ length: 64 }, () => service.query('{ __typename }')));
      return entries(service, msg).length > 0;
    });
  await traceUntilLogged('traces cannot be delivered to the collector');
  isDown = false;
  await traceUntilLogged('traces are delivered again');
  await service.stop();
  expect(entries(service, 'traces cannot be delivered to the collector')).toHaveLength(1);
  expect(entries(service, 'traces are delivered again')).toHaveLength(1);
});

test('Cache lookups are counted, and the rate limit of the service is distinguished from that of upstream', async () => {
  let isLimited = false;
  const upstream = await startScriptedUpstream((_call, response) =>
    sendJson(response, isLimited ? 429 : 200, isLimited ? {} : wireAssistant('asst_1')),
  );
  const cached = await startOver(upstream.url, { CACHE_TTL_SECONDS: '60' });
  for (let reads = 0; reads < 3; reads += 1) await cached.query(READ);
  const text = await metricsOf(cached);
  expect(text).toContain('assistants_cache_lookups_total{result="hit"} 2');
  expect(text).toContain('assistants_cache_lookups_total{result="miss"} 1');

  const limited = await startOver(upstream.url, { UPSTREAM_RATE_LIMIT: '1/min' });
  await limited.query(READ);
  await limited.query(READ);
  expect(await metricsOf(limited)).toContain('assistants_rate_limited_total{by="service"} 1');

  isLimited = true;
  const other = await startOver(upstream.url);
  await other.query(READ);
  expect(await metricsOf(other)).toMatch(/assistants_rate_limited_total\{by="upstream"\} [1-9]/);
});
