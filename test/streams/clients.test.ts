// The subscription with clients of its transports, and the limits of streams.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { createClient as createSseClient } from 'graphql-sse';
import { cleanUpLater } from '../support/cleanup.ts';
import {
  eventsOf,
  readSse,
  RUN_EVENTS,
  startRun,
  storedTexts,
  subscribe,
  textsOf,
  type StreamResult,
} from '../support/run-events.ts';
import { startService, type TestService } from '../support/service.ts';
import { readOpenStreams } from '../support/gauges.ts';
import { until } from '../support/until.ts';
import { connect, openSocket } from '../support/websocket.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService({ UPSTREAM: 'local' });
});

/** The test sends `connection_init` itself. */
const MANUAL = { connectionParams: null };
describe('a run is followed to its end', () => {
  test('by the client of graphql-ws', async () => {
    const run = await startRun(service, '/words 80');
    const results = connect(service).iterate({ query: RUN_EVENTS, variables: { ...run } });
    const events = await eventsOf(results as AsyncIterable<StreamResult>);
    expect(events.at(-1)?.event).toBe('thread.run.completed');
    expect(textsOf(events)).toEqual(await storedTexts(service, run));
  });

  test('by the client of graphql-sse', async () => {
    const run = await startRun(service, '/words 80');
    const client = createSseClient({ url: `${service.url}/graphql`, retryAttempts: 0 });
    cleanUpLater(() => client.dispose());
    const results = client.iterate({ query: RUN_EVENTS, variables: { ...run } });
    const events = await eventsOf(results as AsyncIterable<StreamResult>);
    expect(events.at(-1)?.event).toBe('thread.run.completed');
    expect(textsOf(events)).toEqual(await storedTexts(service, run));
  });
});

test('the stream ends when its client disconnects, and the run continues', async () => {
  const tools = [{ function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];
  // It waits for the output until the first client has left.
  const run = await startRun(service, '/tool weather {}', { tools });
  const cut = new AbortController();
  const response = await subscribe(service, run, { signal: cut.signal });
  await readSse(response).next();
  await until(async () => (await readOpenStreams(service))['sse'] === 1);
  cut.abort();
  await until(async () => (await readOpenStreams(service))['sse'] === 0);
  const following = eventsOf(readSse(await subscribe(service, run)));
  const { data } = await service.query(
    'query ($threadId: ID!, $id: ID!) { run(threadId: $threadId, id: $id) { requiredToolCalls { id } } }',
    { threadId: run.threadId, id: run.runId },
  );
  const { requiredToolCalls } = data?.['run'] as { requiredToolCalls: readonly { id: string }[] };
  await service.query(
    'mutation ($input: SubmitToolOutputsInput!) { submitToolOutputs(input: $input) { run { id } } }',
    { input: { ...run, toolOutputs: requiredToolCalls.map(({ id }) => ({ toolCallId: id, output: 'sunny' })) } },
  );
  const events = await following;
  expect(events.at(-1)?.event).toBe('thread.run.completed');
  expect([...textsOf(events).values()].join()).toContain('sunny');
  expect(textsOf(events)).toEqual(await storedTexts(service, run));
});

describe('limits', () => {
  test('a stream beyond MAX_STREAMS gets 503 OVERLOADED, and can begin when another has ended', async () => {
    const small = await startService({ UPSTREAM: 'local', MAX_STREAMS: '1' });
    const run = await startRun(small, '/hang');
    const cut = new AbortController();
    await readSse(await subscribe(small, run, { signal: cut.signal })).next();
    const rejected = await subscribe(small, run);
    expect(rejected.status).toBe(503);
    expect(await rejected.json()).toMatchObject({ errors: [{ extensions: { code: 'OVERLOADED' } }] });
    cut.abort();
    await until(async () => (await readOpenStreams(small))['sse'] === 0);
    expect((await subscribe(small, run)).status).toBe(200);
  });

  test('one caller can have 20 streams, and other callers have their own limit', async () => {
    const shared = await startService({ UPSTREAM: 'local', AUTH_MODE: 'passthrough', MODEL_API_BASE_URL: '' });
    const [alice, bob] = [{ authorization: 'Bearer alice' }, { authorization: 'Bearer bob' }];
    const input = { messages: [{ text: 'x' }] };
    await shared.query(
      'mutation ($i: CreateThreadInput!) { createThread(input: $i) { thread { id } } }',
      { i: input },
      alice,
    );
    const run = await startRun(shared, '/hang', { headers: alice });
    const streams = await Promise.all(Array.from({ length: 20 }, () => subscribe(shared, run, { headers: alice })));
    expect(streams.map(({ status }) => status)).toEqual(Array(20).fill(200));
    expect((await subscribe(shared, run, { headers: alice })).status).toBe(503);
    const [foreign] = await Promise.all([readSse(await subscribe(shared, run, { headers: bob })).next()]);
    expect(foreign.value).toMatchObject({ errors: [{ extensions: { code: 'BAD_USER_INPUT' } }] });
  });

  test('a stop closes idle sockets with 1001 and cuts streams, so that clients reconnect', async () => {
    const stopping = await startService({ UPSTREAM: 'local', SHUTDOWN_TIMEOUT_MS: '600' });
    const run = await startRun(stopping, '/hang');
    const idle = await openSocket(stopping, MANUAL);
    const busy = await openSocket(stopping, MANUAL);
    busy.send({ type: 'connection_init' });
    await until(() => busy.messages.length === 1);
    busy.send({ type: 'subscribe', id: '1', payload: { query: RUN_EVENTS, variables: run } });
    await until(() => busy.messages.some(({ type }) => type === 'next'));
    const stream = eventsOf(readSse(await subscribe(stopping, run)));
    const failed = stream.then(
      () => false,
      () => true,
    );
    const stopped = stopping.stop();
    await until(() => idle.state.closedWith !== null);
    expect(idle.state.closedWith).toBe(1001);
    expect(busy.state.closedWith).toBeNull();
    await stopped;
    expect(await failed).toBe(true);
    await until(() => busy.state.closedWith !== null);
    expect(busy.state.closedWith).toBe(1001);
  });
});
