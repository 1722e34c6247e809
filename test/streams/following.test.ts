// Following runs that an upstream of the test stages: what is read beside the events, by whom, and how often.
import type { ServerResponse } from 'node:http';
import { describe, expect, test } from '@jest/globals';
import { cleanUpLater } from '../support/cleanup.ts';
import { sha256, writeManifest } from '../support/persisted.ts';
import {
  eventsOf,
  readMultipart,
  readSse,
  RUN_EVENTS,
  subscribe,
  textsOf,
  toArray,
  type StreamResult,
} from '../support/run-events.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type Script } from '../support/scripted-upstream.ts';
import { startService, startServiceOn, type TestService } from '../support/service.ts';
import {
  BEGINNING,
  beginStream,
  DONE,
  endOf,
  startStreamUpstream,
  textDelta,
  wireRun,
} from '../support/stream-upstream.ts';
import { until } from '../support/until.ts';
import { openSocket } from '../support/websocket.ts';
import { AUDIENCE, createKey, IdentityProvider, ISSUER, sign } from '../unit/auth/identity-provider.ts';
import { graphqlCalls } from '../faults/graphql-calls.ts';

const RUN = { threadId: 'thread_1', runId: 'run_1' };
const TEXT = 'The canary sings.';
const CREATE_RUN =
  'mutation { createRun(input: { threadId: "thread_1", assistantId: "asst_1" }) { run { id } userErrors { code } } }';
const AIML = { UPSTREAM: 'aiml', AIML_API_KEY: 'key' };
const TRANSPORTS = [
  ['text/event-stream', readSse],
  ['multipart/mixed;subscriptionSpec=1.0', readMultipart],
] as const;

/** A stream that the test writes, and ends with {@link end}. */
function openStream() {
  let response: ServerResponse | null = null;
  return {
    create: (one: ServerResponse) => {
      response = one;
      beginStream(one);
      one.write(BEGINNING);
    },
    write: (text: string) => response?.write(text),
    /** Resolves when the operating system has all of it. */
    end: () => new Promise<void>((resolve) => response?.end(endOf(TEXT) + DONE, () => resolve())),
  };
}

describe('a run that is started here', () => {
  test('is asked for as a stream, and read to its end whether or not anyone subscribes', async () => {
    const stream = openStream();
    const upstream = await startStreamUpstream({ text: TEXT, create: stream.create });
    const service = await startService({ ...AIML, AIML_API_BASE_URL: upstream.url });
    await service.query(CREATE_RUN);
    expect(upstream.calls[0]?.body).toMatchObject({ assistant_id: 'asst_1', stream: true });
    // More than the buffers between the processes hold.
    stream.write(`: ${'x'.repeat(1021)}\n`.repeat(16 * 1024) + textDelta(TEXT));
    await stream.end();
    // Everything is known of it: only its lookup is read then.
    const events = await eventsOf(readSse(await subscribe(service, RUN)));
    expect(textsOf(events)).toEqual(new Map([['msg_1', TEXT]]));
    expect(upstream.lines()).toEqual(['POST /threads/thread_1/runs', 'GET /threads/thread_1/runs/run_1']);
  });

  test('takes no connection of other calls', async () => {
    const upstream = await startStreamUpstream({ text: TEXT, create: openStream().create });
    const service = await startService({ ...AIML, AIML_API_BASE_URL: upstream.url, UPSTREAM_CONNECTIONS: '1' });
    for (let count = 0; count < 3; count += 1) expect((await service.query(CREATE_RUN)).errors).toBeUndefined();
    const { data } = await service.query('{ assistant(id: "asst_1") { id } }');
    expect(data).toEqual({ assistant: { id: 'asst_1' } });
    expect(upstream.counts().creates).toBe(3);
  });
});

test('what is nested in events is read once a stream, and each event has a deadline of its own', async () => {
  const stream = openStream();
  const upstream = await startStreamUpstream({ text: TEXT, create: stream.create });
  const service = await startService({ ...AIML, AIML_API_BASE_URL: upstream.url, UPSTREAM_DEADLINE_MS: '3000' });
  await service.query(CREATE_RUN);
  const query = `subscription { runEvents(threadId: "thread_1", runId: "run_1") {
    cursor event
    ... on RunStateEvent { run { id hasEnded assistant { id } messages { nodes { id assistant { id } } } } }
    ... on MessageStateEvent { message { id assistant { id } run { id status } } }
  } }`;
  const results = readSse(await subscribe(service, RUN, { query }));
  const first = await results.next();
  expect(first.value).toMatchObject({ data: { runEvents: { run: { assistant: { id: 'asst_1' } } } } });
  // The deadline of the operation passes while the stream is open.
  const openedAt = performance.now();
  await until(() => performance.now() - openedAt > 3000);
  stream.write(textDelta(TEXT));
  await stream.end();
  const rest = await toArray(results);
  expect(rest.flatMap(({ errors = [] }) => errors)).toEqual([]);
  expect(rest.at(-1)?.data?.runEvents.run?.hasEnded).toBe(true);
  const lines = upstream.lines().map((line) => line.replace(/\?.*/, ''));
  expect(lines.filter((line) => line === 'GET /assistants/asst_1')).toHaveLength(1);
  expect(lines.filter((line) => line === 'GET /threads/thread_1/messages')).toHaveLength(1);
  expect(lines.filter((line) => line === 'GET /threads/thread_1/runs/run_1')).toHaveLength(1);
});

test('a stream that has begun takes no slot of MAX_IN_FLIGHT', async () => {
  const upstream = await startStreamUpstream({ text: TEXT, create: openStream().create });
  const service = await startService({ ...AIML, AIML_API_BASE_URL: upstream.url, MAX_IN_FLIGHT: '1' });
  await service.query(CREATE_RUN);
  const cut = new AbortController();
  cleanUpLater(() => cut.abort());
  for (const [accept, read] of TRANSPORTS) {
    const response = await subscribe(service, RUN, { accept, signal: cut.signal });
    expect((await read(response).next()).value).toMatchObject({ data: { runEvents: { event: 'thread.run.created' } } });
  }
  const { of, subscribe: send } = await openSocket(service);
  for (const id of ['1', '2']) {
    send(id, RUN_EVENTS, RUN);
    await until(() => of(id).length > 0);
    expect(of(id)[0]?.type).toBe('next');
  }
  expect((await service.query('{ __typename }')).data).toEqual({ __typename: 'Query' });
});

describe('another caller under passthrough', () => {
  const start = async () => {
    const stream = openStream();
    /** Keys that upstream accepts, and of which it has the run. */
    const keys = { accepted: ['alice', 'bob'], withRun: ['alice'] };
    const script: Script = ({ method, headers }, response) => {
      const key = (headers.authorization ?? '').replace('Bearer ', '');
      if (!keys.accepted.includes(key)) sendJson(response, 401, {});
      else if (!keys.withRun.includes(key)) sendJson(response, 404, {});
      else if (method === 'POST') stream.create(response);
      else sendJson(response, 200, wireRun('in_progress'));
    };
    const upstream = await startScriptedUpstream(script);
    const service = await startServiceOn(upstream, { AUTH_MODE: 'passthrough' });
    const { data } = await service.query(CREATE_RUN, {}, { authorization: 'Bearer alice' });
    expect(data).toMatchObject({ createRun: { run: { id: 'run_1' } } });
    return { stream, keys, service };
  };
  const follow = async (service: { readonly url: string }, key: string, after?: string) => {
    const all: (StreamResult | undefined)[] = [];
    for (const [accept, read] of TRANSPORTS) {
      const cut = new AbortController();
      cleanUpLater(() => cut.abort());
      const headers = { authorization: `Bearer ${key}` };
      const response = await subscribe(service, { ...RUN, after }, { accept, headers, signal: cut.signal });
      const { value } = await read(response).next();
      all.push(value ?? undefined);
      cut.abort();
    }
    const { of, subscribe: send, socket } = await openSocket(service, { connectionParams: { Authorization: `Bearer ${key}` } }); // prettier-ignore
    send('1', RUN_EVENTS, { ...RUN, after });
    await until(() => of('1').length > 0);
    const [first] = of('1');
    all.push((first?.type === 'error' ? { errors: first.payload } : first?.payload) as StreamResult);
    socket.terminate();
    return all;
  };

  test('has nothing of a run that this process follows, nor of its cursors', async () => {
    const { service } = await start();
    const [own] = await follow(service, 'alice');
    const cursor = own?.data?.runEvents.cursor;
    expect(cursor).toBeDefined();
    for (const after of [undefined, cursor])
      expect(await follow(service, 'bob', after)).toEqual(
        Array(3).fill({ errors: [expect.objectContaining({ extensions: expect.objectContaining({ code: 'BAD_USER_INPUT' }) })], ...{} }), // prettier-ignore
      );
  });

  test('has no events of its own run with a key that upstream no longer accepts', async () => {
    const { service, keys } = await start();
    await follow(service, 'alice');
    keys.accepted.splice(0, 1);
    for (const result of await follow(service, 'alice'))
      expect(result?.errors).toMatchObject([{ extensions: { code: 'UNAUTHENTICATED' } }]);
  });
});

test('every mutation of conversations takes the scope to write, and every read the scope to read', async () => {
  const key = await createKey('key-1');
  const provider = await IdentityProvider.start(key);
  cleanUpLater(() => provider.goDown());
  const upstream = await startScriptedUpstream((_call, response) => sendJson(response, 500, {}));
  const service = await startService({
    ...AIML,
    AIML_API_BASE_URL: upstream.url,
    AUTH_MODE: 'jwt',
    JWT_ISSUER: ISSUER,
    JWT_AUDIENCE: AUDIENCE,
    JWKS_URL: provider.url.href,
  });
  const reader = { authorization: `Bearer ${await sign(key, { scope: 'assistants:read' })}` };
  const writer = { authorization: `Bearer ${await sign(key, { scope: 'assistants:write' })}` };
  const threads = { document: '{ threads(first: 1) { nodes { id } } }', kind: 'query' };
  for (const { document, kind } of [...graphqlCalls, threads]) {
    if (kind === 'subscription') continue;
    const { errors } = await service.query(document, {}, kind === 'mutation' ? reader : writer);
    expect([document, errors?.[0]?.extensions['code']]).toEqual([document, 'FORBIDDEN']);
  }
  expect(upstream.lines()).toEqual([]);
});

describe('a limit of documents holds for subscriptions', () => {
  const wide = Array.from({ length: 31 }, (_, index) => `a${index}: event`).join(' ');
  const deep = `${'thread { runs { nodes { '.repeat(5)}id${' } } }'.repeat(5)}`;
  test.each([
    ['31 aliases', `subscription { runEvents(threadId: "a", runId: "b") { ${wide} } }`],
    [
      'a depth of 16',
      `subscription { runEvents(threadId: "a", runId: "b") { ... on RunStateEvent { run { ${deep} } } } }`,
    ],
    [
      'two root fields',
      'subscription { runEvents(threadId: "a", runId: "b") { event } b: runEvents(threadId: "a", runId: "b") { event } }',
    ],
    [
      'a field that the schema does not have',
      'subscription { runEvents(threadId: "a", runId: "b") { event nothing } }',
    ],
  ])('over each transport: %s', async (_name, query) => {
    // prettier-ignore
    const upstream = await startScriptedUpstream((_call, response) => sendJson(response, 200, wireAssistant('asst_1')));
    const service = await startService({ ...AIML, AIML_API_BASE_URL: upstream.url });
    for (const [accept, read] of TRANSPORTS)
      expect(await toArray(read(await subscribe(service, {}, { accept, query })))).toMatchObject([
        { errors: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED', requestId: expect.any(String) } }] },
      ]);
    const { of, subscribe: send } = await openSocket(service);
    send('1', query);
    await until(() => of('1').length > 0);
    expect(of('1')).toMatchObject([
      {
        type: 'error',
        payload: [{ extensions: { code: 'GRAPHQL_VALIDATION_FAILED', requestId: expect.any(String) } }],
      },
    ]);
    expect(upstream.lines()).toEqual([]);
  });
});

describe('persisted operations hold for subscriptions over each transport:', () => {
  const persisted = (text: string) => ({ persistedQuery: { version: 1, sha256Hash: sha256(text) } });
  const FOLLOW = 'subscription Follow { runEvents(threadId: "thread_1", runId: "run_1") { event } }';
  const OTHER = 'subscription Other { runEvents(threadId: "thread_1", runId: "run_1") { cursor } }';
  /** The first result or error of a request, over each transport. */
  const firstOf = async (service: TestService, request: { query?: string; extensions?: object }) => {
    const all = await Promise.all(
      TRANSPORTS.map(async ([accept, read]) => {
        const cut = new AbortController();
        cleanUpLater(() => cut.abort());
        const response = await fetch(`${service.url}/graphql`, {
          method: 'POST',
          headers: { 'content-type': 'application/json', accept },
          body: JSON.stringify(request),
          signal: cut.signal,
        });
        const { value } = await read(response).next();
        cut.abort();
        return value ?? undefined;
      }),
    );
    const { messages, send, socket } = await openSocket(service);
    send({ type: 'subscribe', id: '1', payload: { query: '', ...request } });
    await until(() => messages.some(({ id }) => id === '1'));
    const payload = messages.find(({ id }) => id === '1')?.payload;
    socket.terminate();
    return [...all, (Array.isArray(payload) ? { errors: payload } : payload) as StreamResult];
  };
  const codesOf = (results: readonly (StreamResult | undefined)[]) =>
    results.map((result) => result?.errors?.[0]?.extensions['code'] ?? (result?.data ? 'data' : 'nothing'));

  test('a hash stands for a document that was sent once', async () => {
    const upstream = await startStreamUpstream({ text: TEXT, create: openStream().create });
    const service = await startService({ ...AIML, AIML_API_BASE_URL: upstream.url });
    const unknown = await firstOf(service, { extensions: persisted(FOLLOW) });
    expect(codesOf(unknown)).toEqual(Array(3).fill('PERSISTED_QUERY_NOT_FOUND'));
    await firstOf(service, { query: FOLLOW, extensions: persisted(FOLLOW) });
    expect(codesOf(await firstOf(service, { extensions: persisted(FOLLOW) }))).toEqual(Array(3).fill('data'));
  });

  test('where a manifest is enforced, what it lists is followed and nothing else', async () => {
    const upstream = await startStreamUpstream({ text: TEXT, create: openStream().create });
    const file = await writeManifest([{ id: 'follow', name: 'Follow', type: 'subscription', body: FOLLOW }]);
    cleanUpLater(() => file.remove());
    const service = await startService({ ...AIML, AIML_API_BASE_URL: upstream.url, PERSISTED_OPERATIONS: file.path });
    const rejected = await firstOf(service, { query: OTHER });
    expect(codesOf(rejected)).toEqual(Array(3).fill('BAD_REQUEST'));
    expect(upstream.lines()).toEqual([]);
    expect(codesOf(await firstOf(service, { query: FOLLOW }))).toEqual(Array(3).fill('data'));
  });
});
