import { beforeEach, expect, test } from '@jest/globals';
import OpenAI from 'openai';
import { startHere } from '../support.ts';

/* eslint-disable @typescript-eslint/no-deprecated -- OpenAI has deprecated its Assistants API; this server keeps it. */

let client: OpenAI;
beforeEach(async () => {
  const { url } = await startHere();
  client = new OpenAI({ apiKey: 'sdk-key', baseURL: url, maxRetries: 0 });
});

const WEATHER = {
  type: 'function' as const,
  function: {
    name: 'get_weather',
    parameters: { type: 'object', properties: { city: { type: 'string' } }, required: ['city'] },
  },
};
const createAssistant = () =>
  client.beta.assistants.create({ model: 'gpt-4o', name: 'Ada', instructions: 'Be brief.', tools: [WEATHER] });

test('createAndPoll runs a thread to its end, and the response is listed', async () => {
  const assistant = await createAssistant();
  const thread = await client.beta.threads.create({ messages: [{ role: 'user', content: 'Good morning' }] });
  const run = await client.beta.threads.runs.createAndPoll(thread.id, { assistant_id: assistant.id });
  expect(run).toMatchObject({ status: 'completed', usage: { total_tokens: expect.any(Number) } });
  const { data } = await client.beta.threads.messages.list(thread.id);
  expect(data.map(({ role }) => role)).toEqual(['assistant', 'user']);
  expect(data[0]?.content[0]).toMatchObject({ type: 'text', text: { value: expect.stringContaining('Good morning') } });
});

test('A stream has every event in order, and the helper assembles them', async () => {
  const assistant = await createAssistant();
  const thread = await client.beta.threads.create({ messages: [{ role: 'user', content: 'Good morning' }] });
  const stream = client.beta.threads.runs.stream(thread.id, { assistant_id: assistant.id });
  const events: string[] = [];
  let text = '';
  stream.on('event', ({ event }) => events.push(event)).on('textDelta', ({ value }) => (text += value ?? ''));
  const done = new Promise<void>((resolve) => stream.on('messageDone', () => resolve()));
  const run = await stream.finalRun();
  await done;
  expect(run.status).toBe('completed');
  const [message] = await stream.finalMessages();
  expect(message?.content).toMatchObject([{ type: 'text', text: { value: text } }]);
  expect(events.filter((event, index) => event !== events[index - 1])).toEqual([
    'thread.run.created',
    'thread.run.queued',
    'thread.run.in_progress',
    'thread.run.step.created',
    'thread.run.step.in_progress',
    'thread.message.created',
    'thread.message.in_progress',
    'thread.message.delta',
    'thread.message.completed',
    'thread.run.step.completed',
    'thread.run.completed',
  ]);
});

test('Functions are called, their outputs are submitted, and the response is streamed', async () => {
  const assistant = await createAssistant();
  const stream = client.beta.threads.createAndRunStream({
    assistant_id: assistant.id,
    thread: { messages: [{ role: 'user', content: 'get_weather {"city":"Rome"}' }] },
  });
  const events: string[] = [];
  let argumentsText = '';
  stream
    .on('event', ({ event }) => events.push(event))
    .on('toolCallDelta', (delta) => {
      if (delta.type === 'function') argumentsText += delta.function?.arguments ?? '';
    });
  const run = await stream.finalRun();
  expect(run.status).toBe('requires_action');
  expect(JSON.parse(argumentsText)).toEqual({ city: 'Rome' });
  expect(events[0]).toBe('thread.created');
  expect(events.at(-1)).toBe('thread.run.requires_action');
  const calls = run.required_action?.submit_tool_outputs.tool_calls ?? [];
  const next = client.beta.threads.runs.submitToolOutputsStream(run.id, {
    thread_id: run.thread_id,
    tool_outputs: calls.map(({ id }) => ({ tool_call_id: id, output: 'sunny' })),
  });
  const nextEvents: string[] = [];
  let text = '';
  next.on('event', ({ event }) => nextEvents.push(event)).on('textDelta', ({ value }) => (text += value ?? ''));
  expect((await next.finalRun()).status).toBe('completed');
  expect(text).toContain('sunny');
  expect(nextEvents.slice(0, 4)).toEqual([
    'thread.run.step.completed',
    'thread.run.queued',
    'thread.run.in_progress',
    'thread.run.step.created',
  ]);
});

test('A run in progress is cancelled, and keeps the text written so far', async () => {
  const assistant = await createAssistant();
  const thread = await client.beta.threads.create({ messages: [{ role: 'user', content: '/words 500\n/slow 20' }] });
  const stream = client.beta.threads.runs.stream(thread.id, { assistant_id: assistant.id });
  const events: string[] = [];
  stream.on('event', ({ event }) => events.push(event));
  await new Promise<void>((resolve) => stream.on('textDelta', () => resolve()));
  const runId = stream.currentRun()?.id ?? '';
  const cancelling = await client.beta.threads.runs.cancel(runId, { thread_id: thread.id });
  expect(cancelling.status).toBe('cancelling');
  expect((await stream.finalRun()).status).toBe('cancelled');
  const { data } = await client.beta.threads.messages.list(thread.id);
  expect(data[0]).toMatchObject({ status: 'incomplete', incomplete_details: { reason: 'run_cancelled' } });
  expect(events.slice(-4)).toEqual(
    expect.arrayContaining(['thread.message.incomplete', 'thread.run.step.cancelled', 'thread.run.cancelled']),
  );
});

test('Threads, messages, runs and steps have pages in both directions, also under /v1', async () => {
  const v1 = new OpenAI({ apiKey: 'sdk-key', baseURL: `${client.baseURL}/v1`, maxRetries: 0 });
  const assistant = await createAssistant();
  const { threads } = v1.beta;
  const thread = await threads.create({ metadata: { a: 'b' } });
  expect(await threads.retrieve(thread.id)).toEqual(thread);
  expect((await threads.update(thread.id, { metadata: { c: 'd' } })).metadata).toEqual({ c: 'd' });
  const made: string[] = [];
  for (let index = 0; index < 7; index++)
    made.push((await threads.messages.create(thread.id, { role: 'user', content: `message ${index}` })).id);
  const ascending: string[] = [];
  for await (const message of threads.messages.list(thread.id, { limit: 3, order: 'asc' })) ascending.push(message.id);
  expect(ascending).toEqual(made);
  const descending: string[] = [];
  for await (const message of threads.messages.list(thread.id, { limit: 2 })) descending.push(message.id);
  expect(descending).toEqual(made.toReversed());
  const before = await threads.messages.list(thread.id, { before: made[2] ?? '', limit: 10 });
  expect(before.data.map(({ id }) => id)).toEqual(made.slice(3).toReversed());

  const run = await threads.runs.createAndPoll(thread.id, { assistant_id: assistant.id });
  const written = await threads.messages.list(thread.id, { run_id: run.id });
  expect(written.data.map(({ run_id: runId }) => runId)).toEqual([run.id]);
  const { data: steps } = await threads.runs.steps.list(run.id, { thread_id: thread.id });
  expect(steps.map(({ type, status }) => [type, status])).toEqual([['message_creation', 'completed']]);
  expect(await threads.runs.steps.retrieve(steps[0]?.id ?? '', { run_id: run.id, thread_id: thread.id })).toEqual(
    steps[0],
  );
  expect((await threads.runs.list(thread.id)).data.map(({ id }) => id)).toEqual([run.id]);
  expect((await threads.runs.update(run.id, { thread_id: thread.id, metadata: { e: 'f' } })).metadata).toEqual({
    e: 'f',
  });
  const [first = ''] = made;
  expect((await threads.messages.delete(first, { thread_id: thread.id })).deleted).toBe(true);
  await expect(threads.messages.retrieve(first, { thread_id: thread.id })).rejects.toBeInstanceOf(OpenAI.NotFoundError);
  expect((await threads.delete(thread.id)).deleted).toBe(true);
  await expect(threads.retrieve(thread.id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
});

test('createAndRunPoll and submitToolOutputsAndPoll complete a run', async () => {
  const assistant = await createAssistant();
  const run = await client.beta.threads.createAndRunPoll({
    assistant_id: assistant.id,
    thread: { messages: [{ role: 'user', content: 'get_weather' }] },
    tool_choice: 'required',
  });
  expect(run.status).toBe('requires_action');
  const done = await client.beta.threads.runs.submitToolOutputsAndPoll(run.id, {
    thread_id: run.thread_id,
    tool_outputs: (run.required_action?.submit_tool_outputs.tool_calls ?? []).map(({ id }) => ({
      tool_call_id: id,
      output: 'cloudy',
    })),
  });
  expect(done.status).toBe('completed');
  const { data } = await client.beta.threads.messages.list(run.thread_id, { limit: 1 });
  expect(data[0]?.content[0]).toMatchObject({ text: { value: expect.stringContaining('cloudy') } });
});

test('A thread with an active run, wrong outputs and late cancels are rejected with the messages that clients match', async () => {
  const assistant = await createAssistant();
  const thread = await client.beta.threads.create({ messages: [{ role: 'user', content: 'get_weather' }] });
  const run = await client.beta.threads.runs.createAndPoll(thread.id, { assistant_id: assistant.id });
  const { messages, runs } = client.beta.threads;
  await expect(messages.create(thread.id, { role: 'user', content: 'more' })).rejects.toThrow(
    `Can't add messages to ${thread.id} while a run ${run.id} is active.`,
  );
  await expect(runs.create(thread.id, { assistant_id: assistant.id })).rejects.toThrow(
    `Thread ${thread.id} already has an active run ${run.id}.`,
  );
  const wrong = { thread_id: thread.id, tool_outputs: [{ tool_call_id: 'call_x', output: '' }] };
  await expect(runs.submitToolOutputs(run.id, wrong)).rejects.toThrow('Expected tool outputs for call_ids [');
  expect((await runs.cancel(run.id, { thread_id: thread.id })).status).toMatch(/cancel/);
  await expect(runs.cancel(run.id, { thread_id: thread.id })).rejects.toThrow(
    "Cannot cancel run with status 'cancelled'.",
  );
  await expect(runs.submitToolOutputs(run.id, wrong)).rejects.toThrow(
    'Runs in status "cancelled" do not accept tool outputs.',
  );
});
