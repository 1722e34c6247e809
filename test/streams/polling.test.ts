// Runs that are polled, because upstream has no stream of them: what its lists say at a moment becomes the same events.
import { describe, expect, test } from '@jest/globals';
import { cleanUpLater } from '../support/cleanup.ts';
import { eventsOf, readSse, subscribe, textsOf, type RunEvent, type StreamResult } from '../support/run-events.ts';
import { sendJson, startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startService, type TestService } from '../support/service.ts';
import { wireMessage, wireRun, wireStep } from '../support/stream-upstream.ts';
import { until } from '../support/until.ts';

const AIML = { UPSTREAM: 'aiml', AIML_API_KEY: 'key' };
const RUN = { threadId: 'thread_1', runId: 'run_1' };

/** The objects of a run at one moment. */
interface Moment {
  readonly run: object;
  readonly steps: readonly object[];
  readonly messages: readonly object[];
}

/** Reads of a run return each of these in turn: the next one after each read of the messages. */
async function startUpstream(moments: readonly Moment[]): Promise<ScriptedUpstream> {
  let index = 0;
  return startScriptedUpstream(({ path }, response) => {
    const { pathname, searchParams } = new URL(path, 'http://upstream');
    const { run, steps, messages } = moments[Math.min(index, moments.length - 1)] ?? {
      run: {},
      steps: [],
      messages: [],
    };
    const page = (all: readonly object[]) => {
      const after = searchParams.get('after');
      const start = after === null ? 0 : all.findIndex((item) => (item as { id: string }).id === after) + 1;
      const data = all.slice(start, start + Number(searchParams.get('limit')));
      sendJson(response, 200, { object: 'list', data, has_more: start + data.length < all.length });
      return start + data.length === all.length;
    };
    if (pathname.endsWith('/steps')) page(steps);
    else if (pathname.endsWith('/messages')) index += page(messages) ? 1 : 0;
    else sendJson(response, 200, run);
  });
}

/** Each service is a process of its own: none knows the runs that another one follows. */
const startFollower = ({ url }: ScriptedUpstream): Promise<TestService> =>
  startService({ ...AIML, AIML_API_BASE_URL: url }, { firstPollMs: 20 });

async function follow(moments: readonly Moment[]): Promise<{ events: RunEvent[]; lines: string[] }> {
  const upstream = await startUpstream(moments);
  const service = await startFollower(upstream);
  return { events: await eventsOf(readSse(await subscribe(service, RUN))), lines: upstream.lines() };
}

/** Without deltas, whose number depends on the time. */
const statesOf = (events: readonly RunEvent[]): string[] =>
  events.map(({ event }) => event).filter((event) => !event.endsWith('.delta'));
/** As OpenAI lists it. */
const withoutStatus = (text: string, id = 'msg_1') => wireMessage('', text, { id, status: undefined });

test('a message that is listed without a status grows until its step has ended', async () => {
  const { events } = await follow([
    { run: wireRun('in_progress'), steps: [wireStep('in_progress')], messages: [withoutStatus('')] },
    { run: wireRun('in_progress'), steps: [wireStep('in_progress')], messages: [withoutStatus('The canary')] },
    { run: wireRun('in_progress'), steps: [wireStep('completed')], messages: [withoutStatus('The canary sings.')] },
    { run: wireRun('completed'), steps: [wireStep('completed')], messages: [withoutStatus('The canary sings.')] },
  ]);
  expect(textsOf(events)).toEqual(new Map([['msg_1', 'The canary sings.']]));
  expect(statesOf(events)).toEqual([
    'thread.run.in_progress',
    'thread.run.step.in_progress',
    'thread.message.created',
    'thread.message.completed',
    'thread.run.step.completed',
    'thread.run.completed',
  ]);
  expect(events.find(({ event }) => event === 'thread.message.completed')?.message).toMatchObject({
    status: 'COMPLETED',
    text: 'The canary sings.',
  });
});

test('a message that is listed without a status is incomplete if its step was cancelled', async () => {
  const { events } = await follow([
    { run: wireRun('in_progress'), steps: [wireStep('in_progress')], messages: [withoutStatus('The')] },
    { run: wireRun('cancelled'), steps: [wireStep('cancelled')], messages: [withoutStatus('The can')] },
  ]);
  expect(textsOf(events)).toEqual(new Map([['msg_1', 'The can']]));
  expect(events.find(({ event }) => event === 'thread.message.incomplete')?.message).toMatchObject({
    status: 'INCOMPLETE',
  });
  expect(events.at(-1)?.event).toBe('thread.run.cancelled');
});

test('a run that waits for other tool outputs is a new state, even within the same second', async () => {
  const waiting = (id: string) =>
    wireRun('requires_action', {
      started_at: 1_700_000_000,
      required_action: {
        type: 'submit_tool_outputs',
        submit_tool_outputs: {
          tool_calls: [
            { id: 'call_0', type: 'custom', custom: { name: 'f', input: '' } },
            { id, type: 'function', function: { name: 'f', arguments: '{}' } },
          ],
        },
      },
    });
  const moments = [waiting('call_1'), waiting('call_1'), waiting('call_2'), wireRun('completed')];
  const { events } = await follow(moments.map((run) => ({ run, steps: [], messages: [] })));
  const calls = events.map(({ run }) => (run as { requiredToolCalls?: { id: string }[] }).requiredToolCalls);
  expect(calls).toMatchObject([[{ id: 'call_1' }], [{ id: 'call_2' }], []]);
  expect(calls.map((each) => each?.length)).toEqual([1, 1, 0]);
});

describe('a run that waits for tool outputs twice', () => {
  const CALLS = ['call_1', 'call_2'] as const;
  const waiting = (id: string) =>
    wireRun('requires_action', {
      started_at: 1_700_000_000,
      required_action: {
        type: 'submit_tool_outputs',
        submit_tool_outputs: { tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: '{}' } }] },
      },
    });
  const step = (index: 0 | 1, status: string) => ({
    ...wireStep(status),
    id: `step_${index + 1}`,
    type: 'tool_calls',
    step_details: {
      type: 'tool_calls',
      tool_calls: [
        {
          id: CALLS[index],
          type: 'function',
          function: { name: 'f', arguments: '{}', output: status === 'completed' ? 'x' : null },
        },
      ],
    },
  });
  const first: Moment = { run: waiting('call_1'), steps: [step(0, 'in_progress')], messages: [] };
  const between: Moment = { run: wireRun('in_progress'), steps: [step(0, 'completed')], messages: [] };
  const second: Moment = {
    run: waiting('call_2'),
    steps: [step(0, 'completed'), step(1, 'in_progress')],
    messages: [],
  };
  const last: Moment = { run: wireRun('completed'), steps: [step(0, 'completed'), step(1, 'completed')], messages: [] };

  test('is followed in the order of its steps, beginning with its state', async () => {
    const { events } = await follow([second, last]);
    expect(events.map(({ event, step: current }) => `${event} ${current?.id ?? ''}`.trim())).toEqual([
      'thread.run.requires_action',
      'thread.run.step.completed step_1',
      'thread.run.step.in_progress step_2',
      'thread.run.step.completed step_2',
      'thread.run.completed',
    ]);
  });

  test.each<readonly [string, Moment, readonly string[]]>([
    [
      'continued',
      between,
      ['thread.run.in_progress', 'thread.run.step.completed', 'thread.run.step.completed', 'thread.run.completed'],
    ],
    [
      'waits for other outputs',
      second,
      [
        'thread.run.requires_action',
        'thread.run.step.completed',
        'thread.run.step.in_progress',
        'thread.run.step.completed',
        'thread.run.completed',
      ],
    ],
    ['ended', last, ['thread.run.step.completed', 'thread.run.step.completed', 'thread.run.completed']],
    ['did not change', first, ['thread.run.step.completed', 'thread.run.step.completed', 'thread.run.completed']],
  ])('is resumed by another process where it %s meanwhile', async (_name, moment, expected) => {
    const before = await startUpstream([first]);
    const cut = new AbortController();
    cleanUpLater(() => cut.abort());
    const results = readSse(await subscribe(await startFollower(before), RUN, { signal: cut.signal }));
    await results.next();
    const { value } = (await results.next()) as { value: StreamResult };
    const { cursor } = value.data?.runEvents ?? {};
    expect(cursor).toEqual(expect.any(String));
    const service = await startFollower(await startUpstream([moment, last]));
    const events = await eventsOf(readSse(await subscribe(service, { ...RUN, after: cursor })));
    expect(events.map(({ event }) => event)).toEqual(expected);
  });
});

test('all messages and steps of a run are read, also beyond the first hundred', async () => {
  const ids = Array.from({ length: 230 }, (_, index) => `msg_${index}`);
  const messages = ids.map((id) => withoutStatus(`text of ${id}`, id));
  const steps = ids.map((id, index) => ({
    ...wireStep('completed'),
    id: `step_${index}`,
    step_details: { type: 'message_creation', message_creation: { message_id: id } },
  }));
  const { events, lines } = await follow([{ run: wireRun('completed'), steps, messages }]);
  expect([...textsOf(events)]).toEqual(ids.map((id) => [id, `text of ${id}`]));
  expect(events.filter(({ event }) => event === 'thread.run.step.completed')).toHaveLength(230);
  expect(lines.filter((line) => line.includes('/messages?'))).toHaveLength(3);
});

test('the retries of polls stay within the retry budget, however many runs are polled', async () => {
  const RUNS = 60;
  const reads = new Map<string, number>();
  const upstream = await startScriptedUpstream(({ path }, response) => {
    const id = path.split('/').at(-1) ?? '';
    const index = reads.get(id) ?? 0;
    reads.set(id, index + 1);
    if (index === 0) sendJson(response, 200, wireRun('in_progress', { id }));
    else sendJson(response, 429, { message: 'slow down' });
  });
  const service = await startService({ ...AIML, AIML_API_BASE_URL: upstream.url }, { firstPollMs: 100 });
  const startedAt = performance.now();
  const cut = new AbortController();
  cleanUpLater(() => cut.abort());
  for (let run = 0; run < RUNS; run += 1)
    void subscribe(service, { threadId: 'thread_1', runId: `run_${run}` }, { signal: cut.signal }).catch(() => null);
  // The lookup, and three polls.
  await until(() => reads.size === RUNS && [...reads.values()].every((count) => count >= 4));
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  const retries = Number(/^assistants_upstream_retries_total\{call="runs.get"\} (\d+)$/m.exec(metrics)?.[1]);
  const seconds = (performance.now() - startedAt) / 1000;
  const attempts = [...reads.values()].reduce((sum, count) => sum + count, 0);
  expect(retries).toBeGreaterThan(0);
  // Without the budget there would be two for each poll.
  expect(retries).toBeLessThanOrEqual(5 * (seconds + 1) + 0.1 * (attempts - retries));
});
