import { beforeEach, describe, expect, test } from '@jest/globals';
import { createFolder, startHere } from '../support.ts';
import { ConversationClient, textOf, type WireRun } from './conversation-client.ts';
import { collectEvents, namesOf, openEvents, outlineOf, textsOf, type StreamedEvent } from './event-stream.ts';

let client: ConversationClient;
let assistantId: string;
beforeEach(async () => {
  client = new ConversationClient((await startHere()).url);
  assistantId = await client.createAssistant();
});

const streamRun = async (message: string, body: object = {}): Promise<StreamedEvent[]> => {
  const threadId = await client.createThread(message);
  return collectEvents(`${client.url}/threads/${threadId}/runs`, {
    method: 'POST',
    body: { assistant_id: assistantId, stream: true, ...body },
  });
};

const follow = (run: WireRun, after?: string): Promise<StreamedEvent[]> =>
  collectEvents(client.eventsUrl(run) + (after === undefined ? '' : `?after=${after}`));

const BEGIN = ['thread.run.created', 'thread.run.queued', 'thread.run.in_progress'];
const MESSAGE = [
  'thread.run.step.created',
  'thread.run.step.in_progress',
  'thread.message.created',
  'thread.message.in_progress',
  'thread.message.delta',
];
const CALLS = ['thread.run.step.created', 'thread.run.step.in_progress', 'thread.run.step.delta'];

describe('Sequences', () => {
  const sequences: Record<string, { message: string; body?: object; expected: string[] }> = {
    'a plain response': {
      message: 'Hello',
      expected: [
        ...BEGIN,
        ...MESSAGE,
        'thread.message.completed',
        'thread.run.step.completed',
        'thread.run.completed',
        'done',
      ],
    },
    'a function call': {
      message: 'get_weather',
      expected: [...BEGIN, ...CALLS, 'thread.run.requires_action', 'done'],
    },
    'a failure behind text': {
      message: '/fail server_error after 3\n/words 9',
      expected: [
        ...BEGIN,
        ...MESSAGE,
        'thread.message.incomplete',
        'thread.run.step.failed',
        'thread.run.failed',
        'done',
      ],
    },
    'a failure before any text': {
      message: '/fail rate_limit_exceeded',
      expected: [...BEGIN, 'thread.run.failed', 'done'],
    },
    'a cut response': {
      message: '/incomplete',
      expected: [
        ...BEGIN,
        ...MESSAGE,
        'thread.message.incomplete',
        'thread.run.step.completed',
        'thread.run.incomplete',
        'done',
      ],
    },
    'a refusal': {
      message: '/refuse',
      expected: [
        ...BEGIN,
        ...MESSAGE,
        'thread.message.completed',
        'thread.run.step.completed',
        'thread.run.completed',
        'done',
      ],
    },
  };
  for (const [name, { message, body, expected }] of Object.entries(sequences))
    test(`${name}: every event has its shape and its order`, async () => {
      expect(outlineOf(await streamRun(message, body))).toEqual(expected);
    });

  test('Creating a thread with its run begins with the thread', async () => {
    const events = await collectEvents(`${client.url}/threads/runs`, {
      method: 'POST',
      body: {
        assistant_id: assistantId,
        stream: true,
        thread: { messages: [{ role: 'user', content: 'Hello' }] },
      },
    });
    expect(outlineOf(events)).toEqual(['thread.created', ...(sequences['a plain response']?.expected ?? [])]);
  });

  test('Submitting outputs returns a stream from the end of the tool step', async () => {
    const run = await client.settle(await client.start('/tools get_weather get_time', assistantId));
    const calls = run.required_action?.submit_tool_outputs.tool_calls ?? [];
    expect(calls).toHaveLength(2);
    const events = await collectEvents(`${client.url}${client.pathOf(run)}/submit_tool_outputs`, {
      method: 'POST',
      body: { stream: true, tool_outputs: calls.map(({ id }) => ({ tool_call_id: id, output: 'fine' })) },
    });
    expect(outlineOf(events)).toEqual([
      'thread.run.step.completed',
      'thread.run.queued',
      'thread.run.in_progress',
      ...MESSAGE,
      'thread.message.completed',
      'thread.run.step.completed',
      'thread.run.completed',
      'done',
    ]);
  });

  test('Parallel calls are streamed one after another, each completely before the next', async () => {
    const events = await streamRun('/tools get_weather get_time get_weather');
    const deltas = events
      .filter(({ event }) => event === 'thread.run.step.delta')
      .map(
        ({ data }) => (data as { delta: { step_details: { tool_calls: [Call] } } }).delta.step_details.tool_calls[0],
      );
    const indexes = deltas.map(({ index }) => index);
    expect(indexes).toEqual([...indexes].sort());
    for (const index of [0, 1, 2]) {
      const [first, ...others] = deltas.filter((delta) => delta.index === index);
      expect(first).toMatchObject({ id: expect.any(String), function: { arguments: '', output: null } });
      expect(others.every((delta) => delta.id === undefined && !('output' in delta.function))).toBe(true);
      const text = others.map((delta) => delta.function.arguments).join('');
      expect(JSON.parse(text)).toBeInstanceOf(Object);
    }
  });

  test('An open stream contains the cancel', async () => {
    const run = await client.start('/words 1000\n/slow 20', assistantId);
    const events: StreamedEvent[] = [];
    for await (const event of await openEvents(client.eventsUrl(run))) {
      events.push(event);
      if (event.event === 'thread.message.delta' && events.length < 12) await client.cancel(run);
    }
    const outline = outlineOf(events);
    expect(outline.slice(0, 8)).toEqual([...BEGIN, ...MESSAGE]);
    expect(outline).toEqual(
      expect.arrayContaining(['thread.run.cancelling', 'thread.message.incomplete', 'thread.run.step.cancelled']),
    );
    expect(outline.slice(-2)).toEqual(['thread.run.cancelled', 'done']);
  });
});

interface Call {
  readonly index: number;
  readonly id?: string;
  readonly function: { readonly arguments: string };
}

describe('Joining and resuming', () => {
  test('A run that has ended can be followed from its beginning to done', async () => {
    const run = await client.settle(await client.start('/words 300', assistantId));
    const events = await follow(run);
    expect(namesOf(events).slice(0, 3)).toEqual(BEGIN);
    expect(namesOf(events).slice(-2)).toEqual(['thread.run.completed', 'done']);
    const [message] = await client.messages(run.thread_id);
    expect([...textsOf(events)]).toEqual([[message?.id, textOf(message)]]);
  });

  test('Followers that join at any time all get the complete text', async () => {
    const run = await client.start('/words 60\n/slow 5', assistantId);
    const followers = await Promise.all(
      Array.from({ length: 12 }, async (_, index) => {
        await new Promise((resolve) => setTimeout(resolve, index * 25));
        return follow(run);
      }),
    );
    const [message] = await client.messages(run.thread_id);
    for (const events of followers) {
      expect([...textsOf(events).values()]).toEqual([textOf(message)]);
      expect(namesOf(events).at(-1)).toBe('done');
    }
  });

  for (const message of ['/words 20\n/slow 1', '/fail server_error after 5\n/words 9', '/incomplete', '/refuse'])
    test(`A stream resumes exactly after each event: ${message.replace('\n', ' ')}`, async () => {
      const events = await streamRun(message);
      const run = events[0]?.data as unknown as WireRun;
      const whole = [...textsOf(events)];
      for (const [index, { id }] of events.entries()) {
        const rest = await follow(run, id);
        const before = events.slice(0, index + 1);
        expect([...textsOf([...before, ...rest])]).toEqual(whole);
        if (index < events.length - 1) expect(outlineOf([...before, ...rest])).toEqual(outlineOf(events));
        else expect(namesOf(rest)).toEqual(['done']);
      }
    });

  test('Last-Event-ID resumes as ?after= does', async () => {
    const events = await streamRun('/words 5');
    const run = events[0]?.data as unknown as WireRun;
    const id = events[4]?.id ?? '';
    const rest = await collectEvents(client.eventsUrl(run), { headers: { 'last-event-id': id } });
    expect(rest).toEqual(await follow(run, id));
    expect(await collectEvents(client.eventsUrl(run), { headers: { 'last-event-id': '' } })).toEqual(await follow(run));
  });

  test('A joined stream continues after requires_action until the run ends', async () => {
    const run = await client.settle(await client.start('get_weather', assistantId));
    const events: StreamedEvent[] = [];
    for await (const event of await openEvents(client.eventsUrl(run))) {
      events.push(event);
      if (event.event === 'thread.run.requires_action') await client.submit(run, 'rainy');
    }
    expect(outlineOf(events)).toEqual([
      ...BEGIN,
      ...CALLS,
      'thread.run.requires_action',
      'thread.run.step.completed',
      'thread.run.queued',
      'thread.run.in_progress',
      ...MESSAGE,
      'thread.message.completed',
      'thread.run.step.completed',
      'thread.run.completed',
      'done',
    ]);
    expect([...textsOf(events).values()][0]).toContain('rainy');
    expect(outlineOf(await follow(run))).toEqual(outlineOf(events));
    // And from each of its events.
    for (const [index, { id }] of events.slice(0, -1).entries())
      expect(outlineOf([...events.slice(0, index + 1), ...(await follow(run, id))])).toEqual(outlineOf(events));
  });

  test('Cursors of another run are rejected before the stream begins', async () => {
    const run = await client.settle(await client.start('Hello', assistantId));
    for (const after of ['nonsense', '1-2-3', '99-5-0-0-0-0', '1-5-9-0-0-0', '1-5-7-4-1-1', '-1', '1-99-0-0-0-0']) {
      const reply = await client.call(`GET ${client.pathOf(run)}/events?after=${after}`);
      expect([after, reply.status, (reply.body['error'] as { param: string }).param]).toEqual([after, 400, 'after']);
    }
    const other = new ConversationClient(client.url, 'key-2');
    expect((await other.call(`GET ${client.pathOf(run)}/events`)).status).toBe(404);
  });

  test('Events have the same data in every stream', async () => {
    const events = await streamRun('/words 3');
    const again = await follow(events[0]?.data as unknown as WireRun);
    const withoutDeltas = (all: StreamedEvent[]) =>
      all.filter(({ event }) => !event.endsWith('.delta')).map(({ event, data }) => ({ event, data }));
    expect(withoutDeltas(again)).toEqual(withoutDeltas(events));
  });
});

test('A client that disconnects does not end the run', async () => {
  const threadId = await client.createThread('/words 40\n/slow 5');
  const controller = new AbortController();
  const events = await openEvents(`${client.url}/threads/${threadId}/runs`, {
    method: 'POST',
    body: { assistant_id: assistantId, stream: true },
    signal: controller.signal,
  });
  const first = await events.next();
  controller.abort();
  const run = (first.value as StreamedEvent).data as unknown as WireRun;
  expect((await client.reach(run, 'completed')).status).toBe('completed');
  expect(textOf((await client.messages(threadId))[0]).split(' ')).toHaveLength(40);
});

test('Deleting a thread ends the streams of its run with cancelled and done, and with all of the text so far', async () => {
  const run = await client.start('/words 1000\n/slow 20', assistantId);
  const events: StreamedEvent[] = [];
  let isDeleted = false;
  for await (const event of await openEvents(client.eventsUrl(run))) {
    events.push(event);
    if (isDeleted || events.length < 20) continue;
    isDeleted = true;
    expect((await client.call(`DELETE /threads/${run.thread_id}`)).status).toBe(200);
  }
  expect(outlineOf(events)).toEqual([
    ...BEGIN,
    ...MESSAGE,
    'thread.message.incomplete',
    'thread.run.step.cancelled',
    'thread.run.cancelling',
    'thread.run.cancelled',
    'done',
  ]);
  const [text = ''] = textsOf(events).values();
  const end = events.find(({ event }) => event === 'thread.message.incomplete');
  expect(text.split(' ').length).toBeGreaterThan(10);
  expect(end?.data).toMatchObject({ content: [{ text: { value: text } }] });
  expect((await client.call(`GET ${client.pathOf(run)}`)).status).toBe(404);
});

test('A run is followed through another process on the same store', async () => {
  const dataDir = await createFolder();
  const first = new ConversationClient((await startHere({ dataDir })).url);
  const second = new ConversationClient((await startHere({ dataDir })).url);
  const assistant = await first.createAssistant();
  const run = await first.start('/words 150\n/slow 20', assistant);
  const [here, there] = await Promise.all([collectEvents(first.eventsUrl(run)), collectEvents(second.eventsUrl(run))]);
  expect(outlineOf(there)).toEqual(outlineOf(here));
  expect([...textsOf(there)]).toEqual([...textsOf(here)]);
  // It was followed during the run, not read after its end.
  expect(there.filter(({ event }) => event === 'thread.message.delta').length).toBeGreaterThan(1);

  const waiting = await first.settle(await first.start('get_weather', assistant));
  const following = collectEvents(first.eventsUrl(waiting));
  await second.submit(waiting, 'windy');
  expect([...textsOf(await following).values()][0]).toContain('windy');

  const doomed = await first.start('/words 1000\n/slow 20', assistant);
  const events: StreamedEvent[] = [];
  for await (const event of await openEvents(second.eventsUrl(doomed))) {
    events.push(event);
    if (event.event === 'thread.message.created') await first.call(`DELETE /threads/${doomed.thread_id}`);
  }
  expect(namesOf(events).slice(-2)).toEqual(['thread.run.cancelled', 'done']);
});

test('A run is cancelled through another process on the same store', async () => {
  const dataDir = await createFolder();
  const clients = [
    new ConversationClient((await startHere({ dataDir })).url),
    new ConversationClient((await startHere({ dataDir })).url),
  ] as const;
  const assistant = await clients[0].createAssistant();
  const run = await clients[0].start('/hang', assistant);
  await clients[0].reach(run, 'in_progress');
  await Promise.all(clients.map((each) => each.cancel(run)));
  expect((await clients[1].reach(run, 'cancelled')).status).toBe('cancelled');
});
