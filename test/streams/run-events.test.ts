// The events of runs through the real service on the real embedded AIML API, over both kinds of HTTP streams.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { cleanUpLater } from '../support/cleanup.ts';
import {
  eventsOf,
  readMultipart,
  readSse,
  startRun,
  storedTexts,
  subscribe,
  textsOf,
  toArray,
  type RunEvent,
  type RunReference,
} from '../support/run-events.ts';
import { startService, type TestService } from '../support/service.ts';
import { until } from '../support/until.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService({ UPSTREAM: 'local' });
});

const MULTIPART = 'multipart/mixed;boundary=graphql;subscriptionSpec=1.0,application/json';

/** The states of the run. Text is excluded: it is split differently each time. */
const statesOf = (events: readonly RunEvent[]): string[] =>
  events
    .filter(({ __typename }) => __typename !== 'MessageTextEvent')
    .map(({ event, run, step, message }) => `${event} ${run?.status ?? step?.id ?? message?.id ?? ''}`);

describe('a stream of a run', () => {
  test('contains the states and the text of the message in order, and completes', async () => {
    const run = await startRun(service, '/words 200');
    const response = await subscribe(service, run);
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/event-stream; charset=utf-8');
    expect(response.headers.get('cache-control')).toBe('no-store, no-transform');
    expect(response.headers.get('x-accel-buffering')).toBe('no');
    expect(response.headers.get('content-encoding')).toBeNull();
    expect(response.headers.get('x-request-id')).not.toBeNull();
    const events = await eventsOf(readSse(response));
    expect(statesOf(events).map((state) => state.split(' ')[0])).toEqual([
      'thread.run.created',
      'thread.run.queued',
      'thread.run.in_progress',
      'thread.run.step.created',
      'thread.run.step.in_progress',
      'thread.message.created',
      'thread.message.in_progress',
      'thread.message.completed',
      'thread.run.step.completed',
      'thread.run.completed',
    ]);
    expect(events.at(-1)?.run).toMatchObject({ status: 'COMPLETED', hasEnded: true });
    expect(textsOf(events)).toEqual(await storedTexts(service, run));
  });

  test('can be a multipart body', async () => {
    const run = await startRun(service, '/words 50');
    const response = await subscribe(service, run, { accept: MULTIPART });
    expect(response.headers.get('content-type')).toBe('multipart/mixed; boundary="graphql"; subscriptionSpec=1.0');
    const events = await eventsOf(readMultipart(response));
    expect(events.at(-1)?.event).toBe('thread.run.completed');
    expect(textsOf(events)).toEqual(await storedTexts(service, run));
  });

  test('resumes exactly after any cursor', async () => {
    const run = await startRun(service, '/words 60');
    const events = await eventsOf(readSse(await subscribe(service, run)));
    for (const [index, { cursor }] of events.entries()) {
      const rest = await eventsOf(readSse(await subscribe(service, { ...run, after: cursor })));
      expect(statesOf(rest)).toEqual(statesOf(events.slice(index + 1)));
      expect(textsOf([...events.slice(0, index + 1), ...rest])).toEqual(textsOf(events));
    }
  });

  test('resumes after a cursor while the run continues, even if it is cut often', async () => {
    const run = await startRun(service, '/slow 15\n/words 80');
    const events: RunEvent[] = [];
    for (let isOver = false; !isOver;) {
      const cut = new AbortController();
      const after = events.at(-1)?.cursor;
      const response = await subscribe(service, { ...run, after }, { signal: cut.signal });
      let received = 0;
      for await (const { data } of readSse(response)) {
        if (data) events.push(data.runEvents);
        if ((received += 1) === 3) break;
      }
      cut.abort();
      isOver = events.at(-1)?.run?.hasEnded === true;
    }
    expect(textsOf(events)).toEqual(await storedTexts(service, run));
    expect(new Set(statesOf(events)).size).toBe(statesOf(events).length);
  });

  test('contains the tool calls of the run, and continues after their outputs are submitted', async () => {
    const tools = [{ function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];
    const run = await startRun(service, '/tool weather {}', { tools });
    const results = readSse(await subscribe(service, run));
    const events: RunEvent[] = [];
    for await (const { data } of results) {
      if (!data) throw new Error('an event was expected');
      events.push(data.runEvents);
      const { run: state } = data.runEvents;
      if (state?.status !== 'REQUIRES_ACTION') continue;
      const [call] = (state as { requiredToolCalls?: { id: string }[] }).requiredToolCalls ?? [];
      const input = { ...run, toolOutputs: [{ toolCallId: call?.id, output: 'sunny' }] };
      const { data: submitted } = await service.query(
        'mutation ($input: SubmitToolOutputsInput!) { submitToolOutputs(input: $input) { userErrors { code } } }',
        { input },
      );
      expect(submitted).toEqual({ submitToolOutputs: { userErrors: [] } });
    }
    expect(events.at(-1)?.event).toBe('thread.run.completed');
    expect(textsOf(events)).toEqual(await storedTexts(service, run));
    expect([...textsOf(events).values()].join()).toContain('sunny');
  });

  test('is waited for to its end after tool outputs, also in a process that did not start it', async () => {
    const other = await startService({ UPSTREAM: 'local', DATA_DIR: service.dataDir });
    const tools = [{ function: { name: 'weather', parameters: { type: 'object', properties: {} } } }];
    for (const follower of [service, other]) {
      const run = await startRun(service, '/tool weather {}', { tools });
      for await (const { data } of readSse(await subscribe(follower, run))) {
        const state = data?.runEvents.run as { requiredToolCalls: { id: string }[]; status: string } | undefined;
        if (state?.status !== 'REQUIRES_ACTION') continue;
        const toolOutputs = state.requiredToolCalls.map(({ id }) => ({ toolCallId: id, output: 'sunny' }));
        const { data: submitted } = await follower.query(
          'mutation ($input: SubmitToolOutputsInput!) { submitToolOutputs(input: $input) { run { status } userErrors { code } } }',
          { input: { ...run, toolOutputs, waitSeconds: 20 } },
        );
        expect(submitted).toEqual({ submitToolOutputs: { run: { status: 'COMPLETED' }, userErrors: [] } });
      }
    }
  });

  test('is the same for all clients that follow the run', async () => {
    const run = await startRun(service, '/slow 5\n/words 60');
    const streams = await Promise.all(Array.from({ length: 5 }, () => subscribe(service, run)));
    const all = await Promise.all(streams.map((response) => eventsOf(readSse(response))));
    for (const events of all) {
      expect(statesOf(events)).toEqual(statesOf(all[0] ?? []));
      expect(textsOf(events)).toEqual(await storedTexts(service, run));
    }
  });

  test('leaves one log entry when it ends', async () => {
    const run = await startRun(service, 'Hello');
    const response = await subscribe(service, run);
    const events = await eventsOf(readSse(response));
    const requestId = response.headers.get('x-request-id');
    const entries = () => service.logs.filter((entry) => entry['requestId'] === requestId);
    await until(() => entries().length > 0);
    expect(entries()).toMatchObject([
      {
        operationName: 'Follow',
        kind: 'subscription',
        outcome: 'ok',
        transport: 'sse',
        end: 'completed',
        events: events.length,
      },
    ]);
  });
});

/** Without states that are those before: what is created is queued, or in progress. */
const changesOf = (events: readonly RunEvent[]): string[] =>
  statesOf(events)
    .map((state) => state.replace('run.created', 'run.queued').replace('.created', '.in_progress'))
    .filter((state, index, states) => state !== states[index - 1]);

describe('another process', () => {
  /** Each cursor is resumed by a process that has not followed the run before. */
  const expectResumed = async (dataDir: string, run: RunReference, events: readonly RunEvent[]) => {
    const other = await startService({ UPSTREAM: 'local', DATA_DIR: dataDir });
    for (const [index, { cursor }] of events.entries()) {
      const rest = await eventsOf(readSse(await subscribe(other, { ...run, after: cursor })));
      expect(textsOf([...events.slice(0, index + 1), ...rest])).toEqual(textsOf(events));
      expect(changesOf([...events.slice(0, index + 1), ...rest])).toEqual(changesOf(events));
    }
  };

  test('resumes after any cursor of this one', async () => {
    const run = await startRun(service, '/words 60');
    const events = await eventsOf(readSse(await subscribe(service, run)));
    await expectResumed(service.dataDir, run, events);
  });

  test('resumes after any cursor of a run that waits for tool outputs twice', async () => {
    const tools = ['weather', 'clock'].map((name) => ({ function: { name, parameters: { type: 'object' } } }));
    const run = await startRun(service, '/tools weather clock', { tools, parallelToolCalls: false });
    const events: RunEvent[] = [];
    for await (const { data } of readSse(await subscribe(service, run))) {
      if (!data) throw new Error('an event was expected');
      events.push(data.runEvents);
      const state = data.runEvents.run as { requiredToolCalls: { id: string }[]; status: string } | undefined;
      if (state?.status !== 'REQUIRES_ACTION') continue;
      const toolOutputs = state.requiredToolCalls.map(({ id }) => ({ toolCallId: id, output: 'sunny' }));
      await service.query(
        'mutation ($input: SubmitToolOutputsInput!) { submitToolOutputs(input: $input) { userErrors { code } } }',
        { input: { ...run, toolOutputs } },
      );
    }
    expect(statesOf(events).filter((state) => state.startsWith('thread.run.requires_action'))).toHaveLength(2);
    await expectResumed(service.dataDir, run, events);
  });

  test('resumes a run that this one executes by its events, without polling', async () => {
    const run = await startRun(service, '/slow 10\n/words 60');
    const cut = new AbortController();
    cleanUpLater(() => cut.abort());
    const seen: RunEvent[] = [];
    for await (const { data } of readSse(await subscribe(service, run, { signal: cut.signal }))) {
      if (data) seen.push(data.runEvents);
      if (data?.runEvents.text !== undefined) break;
    }
    const other = await startService({ UPSTREAM: 'local', DATA_DIR: service.dataDir });
    const rest = await eventsOf(readSse(await subscribe(other, { ...run, after: seen.at(-1)?.cursor })));
    expect(textsOf([...seen, ...rest])).toEqual(await storedTexts(service, run));
    const whole = await eventsOf(readSse(await subscribe(service, run)));
    expect(statesOf([...seen, ...rest])).toEqual(statesOf(whole));
    const metrics = await (await fetch(`${other.url}/metrics`)).text();
    const attemptsOf = (call: string) =>
      Number(
        new RegExp(`^assistants_upstream_attempts_total\\{call="${call}".*\\} (\\d+)$`, 'm').exec(metrics)?.[1] ?? 0,
      );
    expect(attemptsOf('runs.events')).toBe(1);
    // What has happened is read once, to find the place of the cursor.
    expect(attemptsOf('run_steps.list')).toBe(1);
  });

  test('follows a run while this one executes it', async () => {
    const first = await startService({ UPSTREAM: 'local' });
    const second = await startService({ UPSTREAM: 'local', DATA_DIR: first.dataDir });
    const run = await startRun(first, '/slow 10\n/words 60');
    const events = await eventsOf(readSse(await subscribe(second, run)));
    expect(events.at(-1)?.event).toBe('thread.run.completed');
    expect(textsOf(events)).toEqual(await storedTexts(first, run));
    // By the events of the embedded AIML API, without polling.
    const metrics = await (await fetch(`${second.url}/metrics`)).text();
    const calls = [...metrics.matchAll(/^assistants_upstream_attempts_total\{call="([^"]+)"/gm)].map(
      ([, call]) => call,
    );
    expect(calls).toContain('runs.events');
    expect(calls).not.toContain('run_steps.list');
  });
});

describe('a subscription that cannot be executed', () => {
  test('is BAD_REQUEST if the client accepts no stream', async () => {
    const run = { threadId: 'thread_1', runId: 'run_1' };
    const response = await subscribe(service, run, { accept: 'application/json' });
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST' } }] });
  });

  test.each([
    ['a malformed cursor', { threadId: 'thread_1', runId: 'run_1', after: '1.abc' }, 'BAD_USER_INPUT'],
    ['a run that does not exist', { threadId: 'thread_1', runId: 'run_1' }, 'BAD_USER_INPUT'],
    ['an invalid id', { threadId: '../x', runId: 'run_1' }, 'BAD_USER_INPUT'],
    ['a missing variable', { threadId: 'thread_1' }, 'BAD_USER_INPUT'],
  ])('is a result with a code for %s, over both kinds of streams', async (_case, variables, code) => {
    for (const [accept, read] of [
      ['text/event-stream', readSse],
      [MULTIPART, readMultipart],
    ] as const) {
      const response = await subscribe(service, variables, { accept });
      expect(response.status).toBe(200);
      const results = await toArray(read(response));
      expect(results).toMatchObject([{ errors: [{ extensions: { code, requestId: expect.any(String) } }] }]);
    }
  });

  test('is a result if the document does not parse or is invalid', async () => {
    const field = 'runEvents(threadId: "thread_1", runId: "run_1")';
    for (const query of [
      'subscription {',
      'subscription { nothing }',
      'subscription { a: __typename }',
      `subscription ($is: Boolean!) { ${field} @include(if: $is) { event } }`,
      `subscription { ...F @skip(if: true) } fragment F on Subscription { ${field} { event } }`,
    ]) {
      const results = await toArray(readSse(await subscribe(service, {}, { query })));
      expect(results).toMatchObject([{ errors: [{ extensions: { code: expect.stringMatching(/^GRAPHQL_/) } }] }]);
    }
  });
});

test('a query is a stream of one result if the client accepts streams only, and JSON if it accepts both', async () => {
  const query = '{ __typename }';
  expect(await toArray(readSse(await subscribe(service, {}, { query })))).toEqual([{ data: { __typename: 'Query' } }]);
  const both = 'application/graphql-response+json, application/json, text/event-stream, multipart/mixed';
  for (const accept of [both, MULTIPART]) {
    const response = await subscribe(service, {}, { query, accept });
    expect(accept === both ? await response.json() : (await toArray(readMultipart(response)))[0]).toEqual({
      data: { __typename: 'Query' },
    });
  }
});
