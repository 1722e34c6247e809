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

test('createAndPoll runs a thread to its end, and the answer is listed', async () => {
  const assistant = await createAssistant();
  const thread = await client.beta.threads.create({ messages: [{ role: 'user', content: 'Good morning' }] });
  const run = await client.beta.threads.runs.createAndPoll(thread.id, { assistant_id: assistant.id });
  expect(run).toMatchObject({ status: 'completed', usage: { total_tokens: expect.any(Number) } });
  const { data } = await client.beta.threads.messages.list(thread.id);
  expect(data.map(({ role }) => role)).toEqual(['assistant', 'user']);
  expect(data[0]?.content[0]).toMatchObject({ type: 'text', text: { value: expect.stringContaining('Good morning') } });
});

test('A stream has every event in its order, and the helper adds it up', async () => {
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

test('Functions are called, their outputs submitted, and the answer streamed', async () => {
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

test('A run in progress is cancelled, and what was written stays', async () => {
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
