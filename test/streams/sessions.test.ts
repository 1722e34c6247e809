// What happens during the life of a stream: heartbeats, credentials, slow readers, masking, traces and
// metrics, over each transport.
import { connect } from 'node:net';
import { createServer } from 'node:http';
import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { RunFollower } from '../../src/aiml/runs/run-follower.ts';
import { cleanUpLater } from '../support/cleanup.ts';
import { expectNothingHeld } from '../support/gauges.ts';
import { listen } from '../support/listen.ts';
import {
  eventsOf,
  readMultipart,
  readSse,
  RUN_EVENTS,
  startRun,
  subscribe,
  toArray,
  type StreamResult,
} from '../support/run-events.ts';
import { sendJson } from '../support/scripted-upstream.ts';
import { startService, type TestService } from '../support/service.ts';
import { casesOf, slowTest } from '../support/slow.ts';
import { BEGINNING, beginStream, frame, startStreamUpstream, wireRun } from '../support/stream-upstream.ts';
import { until } from '../support/until.ts';
import { openSocket } from '../support/websocket.ts';
import {
  AUDIENCE,
  createKey,
  goodClaims,
  IdentityProvider,
  ISSUER,
  now,
  sign,
} from '../unit/auth/identity-provider.ts';

const MULTIPART = 'multipart/mixed;subscriptionSpec=1.0';
const MiB = 1024 * 1024;
const HTTP_TRANSPORTS = [
  ['sse', 'text/event-stream', readSse],
  ['multipart', MULTIPART, readMultipart],
] as const;

afterEach(() => {
  jest.restoreAllMocks();
});

async function metric({ url }: TestService, name: string): Promise<number> {
  const text = await (await fetch(`${url}/metrics`)).text();
  const line = text.split('\n').find((candidate) => candidate.startsWith(`${name} `));
  return Number(line?.split(' ')[1] ?? 0);
}

/** The results of a stream that ends, for each transport. */
async function resultsOver(service: TestService, variables: object): Promise<readonly (readonly StreamResult[])[]> {
  const overHttp = HTTP_TRANSPORTS.map(async ([, accept, read]) =>
    toArray(read(await subscribe(service, variables, { accept }))),
  );
  const { of, subscribe: send } = await openSocket(service);
  send('1', RUN_EVENTS, variables);
  await until(() => of('1').some(({ type }) => type !== 'next'));
  const overSocket = of('1').flatMap(({ type, payload }) =>
    type === 'next' ? [payload as StreamResult] : type === 'error' ? [{ errors: payload } as StreamResult] : [],
  );
  return [...(await Promise.all(overHttp)), overSocket];
}

describe('while a run has no events', () => {
  test('each transport sends heartbeats, and no client is disconnected', async () => {
    const service = await startService({ UPSTREAM: 'local' }, { heartbeatMs: 100, stallTimeoutMs: 1000 });
    const run = await startRun(service, '/hang');
    const bodies = await Promise.all(
      HTTP_TRANSPORTS.map(async ([, accept]) => {
        const cut = new AbortController();
        cleanUpLater(() => cut.abort());
        const response = await subscribe(service, run, { accept, signal: cut.signal });
        const body = { text: '' };
        void (async () => {
          for await (const chunk of response.body as AsyncIterable<Uint8Array>)
            body.text += Buffer.from(chunk).toString();
        })().catch(() => undefined);
        return body;
      }),
    );
    const { state, of, subscribe: send } = await openSocket(service);
    send('1', RUN_EVENTS, run);
    await until(() => of('1').length > 0);
    const [sse, multipart] = bodies;
    await until(() => (sse?.text.match(/\n\n:\n\n/g)?.length ?? 0) > 12);
    await until(() => (multipart?.text.match(/\r\n\r\n\{\}\r\n--graphql/g)?.length ?? 0) > 12);
    await until(() => state.pings > 12);
    expect(state.closedWith).toBeNull();
    expect(await metric(service, 'assistants_streams_open{transport="sse"}')).toBe(1);
  });
});

describe('a credential', () => {
  slowTest(
    'that expires ends no stream; a new operation is UNAUTHENTICATED, and the socket is closed with 4403',
    async () => {
      const key = await createKey('key-1');
      const provider = await IdentityProvider.start(key);
      cleanUpLater(() => provider.goDown());
      const service = await startService({
        UPSTREAM: 'local',
        AUTH_MODE: 'jwt',
        JWT_ISSUER: ISSUER,
        JWT_AUDIENCE: AUDIENCE,
        JWKS_URL: provider.url.href,
      });
      // Because of the clock tolerance of 30 seconds, the token is accepted for another moment.
      const scope = 'assistants:read assistants:write';
      const claims = () => ({ ...goodClaims({ scope }), exp: now() - 26 });
      const authorization = `Bearer ${await sign(key, claims())}`;
      const run = await startRun(service, '/slow 60\n/words 100', { headers: { authorization } });
      const streams = HTTP_TRANSPORTS.map(async ([, accept, read]) =>
        eventsOf(read(await subscribe(service, run, { accept, headers: { authorization } }))),
      );
      const { state, of, subscribe: send } = await openSocket(service, { connectionParams: { authorization } });
      send('1', RUN_EVENTS, run);
      await until(() => of('1').length > 0);
      await until(async () => {
        const { errors } = await service.query('{ models { id } }', undefined, { authorization });
        return errors?.[0]?.extensions['code'] === 'UNAUTHENTICATED';
      });
      send('2', '{ models { id } }');
      send('3', RUN_EVENTS, run);
      await until(() => of('2').length > 0 && of('3').length > 0);
      for (const id of ['2', '3'])
        expect(JSON.stringify(of(id))).toMatch(
          /"code":"UNAUTHENTICATED".*"requestId"|"requestId".*"code":"UNAUTHENTICATED"/,
        );
      expect(state.closedWith).toBeNull();
      for (const events of await Promise.all(streams)) expect(events.at(-1)?.event).toBe('thread.run.completed');
      await until(() => state.closedWith !== null);
      expect(state.closedWith).toBe(4403);
      expect(of('1').at(-1)?.type).toBe('complete');
    },
  );

  test('that is invalid leaves the socket open, and each operation is UNAUTHENTICATED', async () => {
    const service = await startService({ UPSTREAM: 'local', AUTH_MODE: 'passthrough' });
    const { state, of, subscribe: send } = await openSocket(service);
    for (const id of ['1', '2']) {
      send(id, '{ models { id } }');
      await until(() => of(id).length > 0);
      expect(JSON.stringify(of(id))).toContain('UNAUTHENTICATED');
    }
    expect(state.closedWith).toBeNull();
  });

  test('without the scope to read cannot follow runs over any transport', async () => {
    const key = await createKey('key-1');
    const provider = await IdentityProvider.start(key);
    cleanUpLater(() => provider.goDown());
    const service = await startService({
      UPSTREAM: 'local',
      AUTH_MODE: 'jwt',
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
      JWKS_URL: provider.url.href,
    });
    const authorization = `Bearer ${await sign(key, { scope: 'assistants:write' })}`;
    const variables = { threadId: 'thread_1', runId: 'run_1' };
    for (const [, accept, read] of HTTP_TRANSPORTS) {
      const response = await subscribe(service, variables, { accept, headers: { authorization } });
      expect(await toArray(read(response))).toMatchObject([{ errors: [{ extensions: { code: 'FORBIDDEN' } }] }]);
    }
    const { of, subscribe: send } = await openSocket(service, { headers: { authorization } });
    send('1', RUN_EVENTS, variables);
    await until(() => of('1').length > 0);
    expect(of('1')).toMatchObject([{ type: 'error', payload: [{ extensions: { code: 'FORBIDDEN' } }] }]);
  });
});

describe('pages of other sites', () => {
  test('cannot begin a stream without a preflight, which is rejected', async () => {
    const service = await startService({ UPSTREAM: 'local', NODE_ENV: 'production' });
    const origin = 'https://evil.example';
    const body = JSON.stringify({ query: RUN_EVENTS, variables: { threadId: 'thread_1', runId: 'run_1' } });
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'multipart/form-data; boundary=x']) {
      const headers = { accept: 'text/event-stream', origin, 'content-type': type };
      const response = await fetch(`${service.url}/graphql`, { method: 'POST', headers, body });
      expect(response.status).toBe(415);
      expect(await response.text()).toContain('"code":"BAD_REQUEST"');
    }
    const search = new URLSearchParams({ query: 'subscription { runEvents(threadId: "a", runId: "b") { cursor } }' });
    const got = await fetch(`${service.url}/graphql?${search.toString()}`, {
      headers: { accept: 'text/event-stream' },
    });
    expect(got.status).toBeGreaterThanOrEqual(400);
    const preflight = await fetch(`${service.url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type',
      },
    });
    expect(preflight.headers.get('access-control-allow-origin')).toBeNull();
    expect((await openSocket(service, { origin })).state.status).toBe(403);
  });

  test('that are listed in CORS_ORIGINS can begin streams over each transport', async () => {
    const origin = 'https://app.example';
    const service = await startService({ UPSTREAM: 'local', NODE_ENV: 'production', CORS_ORIGINS: origin });
    const run = await startRun(service, 'Hello');
    for (const [, accept, read] of HTTP_TRANSPORTS) {
      const response = await subscribe(service, run, { accept, headers: { origin } });
      expect(response.headers.get('access-control-allow-origin')).toBe(origin);
      expect(response.headers.get('cache-control')).toBe('no-store, no-transform');
      expect(response.headers.get('x-accel-buffering')).toBe('no');
      expect(response.headers.get('content-encoding')).toBeNull();
      expect((await eventsOf(read(response))).at(-1)?.event).toBe('thread.run.completed');
    }
    const { of, subscribe: send, socket } = await openSocket(service, { origin });
    // No compression, though the client offers it.
    expect(socket.extensions).toBe('');
    send('1', RUN_EVENTS, run);
    await until(() => of('1').some(({ type }) => type === 'complete'));
  });
});

describe('a fault of the service', () => {
  test('during a stream is masked over every transport, and logged with the tenant', async () => {
    const service = await startService({ UPSTREAM: 'local', NODE_ENV: 'production' });
    const run = await startRun(service, 'Hello');
    jest.spyOn(RunFollower.prototype, 'next').mockRejectedValue(new Error('canary: 10.0.0.1'));
    for (const results of await resultsOver(service, run)) {
      expect(results).toMatchObject([{ errors: [{ extensions: { code: 'INTERNAL_SERVER_ERROR' } }] }]);
      expect(JSON.stringify(results)).not.toContain('canary');
    }
    await until(() => service.logs.filter(({ end }) => end === 'failed').length === 3);
    const masked = service.logs.filter(({ msg }) => msg === 'an internal error was masked');
    const ended = service.logs.filter(({ end }) => end === 'failed');
    const caller = ({ requestId, tenant }: Record<string, unknown>) => `${String(requestId)} of ${String(tenant)}`;
    expect(masked.map(caller).sort()).toEqual(ended.map(caller).sort());
    expect(ended[0]?.['tenant']).toMatch(/^[\w-]{8}$/);
  });
});

describe('a client that reads nothing', () => {
  /** A run of 40 MiB that continues as long as it is read. */
  const startLarge = async () => {
    const upstream = await startStreamUpstream({
      text: '',
      create: (response) => {
        beginStream(response);
        response.write(BEGINNING);
        for (let count = 0; count < 40; count += 1) response.write(frame('large', { x: 'x'.repeat(MiB) }));
      },
      read: (response) => sendJson(response, 200, wireRun('in_progress')),
    });
    const service = await startService(
      { UPSTREAM: 'aiml', AIML_API_KEY: 'key', AIML_API_BASE_URL: upstream.url },
      { stallTimeoutMs: 1500, heartbeatMs: 200 },
    );
    await service.query(
      'mutation { createRun(input: { threadId: "thread_1", assistantId: "asst_1" }) { run { id } } }',
    );
    return service;
  };
  const query = `subscription { runEvents(threadId: "thread_1", runId: "run_1") {
    cursor event ... on UnknownRunEvent { raw }
  } }`;

  test.each(casesOf(1, ['sse', 'websocket']))(
    'over %s is disconnected, and others are not affected',
    async (transport) => {
      const service = await startLarge();
      let isClosed = false;
      if (transport === 'sse') {
        const body = JSON.stringify({ query });
        const socket = connect(Number(new URL(service.url).port), '127.0.0.1');
        // A paused socket notices a closed connection by writing.
        const timer = setInterval(() => socket.write('\r\n'), 100);
        cleanUpLater(() => {
          clearInterval(timer);
          socket.destroy();
        });
        socket.on('error', () => undefined).once('close', () => (isClosed = true));
        socket.pause();
        socket.write(
          'POST /graphql HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n' +
            `Accept: text/event-stream\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
        );
      } else {
        const { socket, subscribe: send } = await openSocket(service);
        send('1', query);
        socket.pause();
      }
      const open = `assistants_streams_open{transport="${transport}"}`;
      await until(async () => (await metric(service, open)) === 1);
      const response = await subscribe(service, {}, { query, accept: MULTIPART });
      let received = 0;
      for await (const { data } of readMultipart(response)) {
        if (data?.runEvents.event === 'large') received += 1;
        if (received === 40) break;
      }
      await until(async () => (await metric(service, open)) === 0);
      expect(await metric(service, `assistants_streams_total{transport="${transport}",end="cut"}`)).toBe(1);
      if (transport === 'sse') await until(() => isClosed);
      await expectNothingHeld(service.url);
    },
  );
});

describe('telemetry', () => {
  let traces: string[];
  let service: TestService;
  beforeEach(async () => {
    traces = [];
    const collector = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => traces.push(text));
      request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
    });
    const port = await listen(collector);
    service = await startService({ UPSTREAM: 'local', OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
  });

  test('of streams has a trace, a log entry and metrics for each transport', async () => {
    const run = await startRun(service, 'Hello');
    const all = await resultsOver(service, run);
    await until(() => service.logs.filter(({ end }) => end === 'completed').length === 3);
    const entries = service.logs.filter(({ end }) => end !== undefined);
    expect(new Set(entries.map(({ transport }) => transport))).toEqual(new Set(['sse', 'multipart', 'websocket']));
    for (const entry of entries) {
      const events = all.map((results) => results.length);
      expect(entry).toMatchObject({ kind: 'subscription', operationName: 'Follow', outcome: 'ok' });
      expect(events).toContain(entry['events']);
      expect(entry['traceId']).toMatch(/^[0-9a-f]{32}$/);
      expect(entry['durationMs']).toBeGreaterThanOrEqual(0);
      const transport = entry['transport'] as string;
      expect(await metric(service, `assistants_streams_total{transport="${transport}",end="completed"}`)).toBe(1);
    }
    expect(await metric(service, 'assistants_stream_first_text_seconds_count')).toBe(3);
    expect(await metric(service, 'assistants_stream_events_total')).toBe(all.flat().length);
    expect(JSON.stringify(service.logs)).not.toContain('Hello');
    expect(JSON.stringify(entries)).not.toMatch(/(?:thread|run)_[A-Za-z0-9]{20}/);
    await service.stop();
    for (const { traceId } of entries) expect(traces.join('')).toContain(traceId);
    expect(traces.join('')).not.toMatch(/(?:thread|run)_[A-Za-z0-9]{20}/);
  });
});
