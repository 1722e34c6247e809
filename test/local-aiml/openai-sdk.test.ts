import { beforeEach, expect, test } from '@jest/globals';
import OpenAI, { AzureOpenAI } from 'openai';
import { claim, complete, requireOutputs, startConversation, textOf } from './conversations.ts';
import { problemsOfEvent, problemsOfResponse } from '../support/conformance/responses.ts';
import { call, startHere } from './support.ts';

/* eslint-disable @typescript-eslint/no-deprecated -- OpenAI has deprecated its Assistants API; the AIML API keeps it. */

let client: OpenAI;
beforeEach(async () => {
  const { url } = await startHere();
  client = new OpenAI({ apiKey: 'sdk-key', baseURL: url, maxRetries: 0 });
});

test('The official SDK creates, retrieves, updates, lists page by page and deletes', async () => {
  const { assistants } = client.beta;
  const made: string[] = [];
  for (let i = 0; i < 7; i++) made.push((await assistants.create({ model: 'gpt-4o', name: `n${i}` })).id);

  const id = String(made[3]);
  expect((await assistants.retrieve(id)).name).toBe('n3');
  expect(await assistants.update(id, { name: null, metadata: { a: 'b' } })).toMatchObject({
    name: null,
    metadata: { a: 'b' },
  });

  const listed: string[] = [];
  for await (const assistant of assistants.list({ limit: 3, order: 'asc' })) listed.push(assistant.id);
  expect(listed).toEqual(made);

  expect(await assistants.delete(id)).toEqual({ id, object: 'assistant.deleted', deleted: true });
  await expect(assistants.retrieve(id)).rejects.toBeInstanceOf(OpenAI.NotFoundError);
});

test('The official SDK reads error responses', async () => {
  const { assistants } = client.beta;
  await expect(assistants.create({ model: '' })).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  const otherClient = new OpenAI({ apiKey: 'not a key', baseURL: client.baseURL, maxRetries: 0 });
  await expect(otherClient.beta.assistants.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
});

test('The official SDK uses a thread: messages, runs, steps, outputs and cancel', async () => {
  const conversation = await startConversation();
  const sdk = new OpenAI({ apiKey: 'key-1', baseURL: `${conversation.url}/v1`, maxRetries: 0 });
  const { assistants, threads } = sdk.beta;
  const assistant = await assistants.create({
    model: 'gpt-4o',
    tools: [{ type: 'function', function: { name: 'f', parameters: {} } }],
  });
  const thread = await threads.create({ messages: [{ role: 'user', content: 'one' }] });
  await threads.messages.create(thread.id, { role: 'user', content: [{ type: 'text', text: 'two' }] });
  expect(await threads.update(thread.id, { metadata: { a: 'b' } })).toMatchObject({ metadata: { a: 'b' } });

  const run = await threads.runs.create(thread.id, {
    assistant_id: assistant.id,
    additional_instructions: 'Be brief.',
  });
  expect(run.status).toBe('queued');
  await requireOutputs(conversation.work, await claim(conversation.work), ['call_1']);
  const waiting = await threads.runs.poll(run.id, { thread_id: thread.id });
  expect(waiting.required_action?.submit_tool_outputs.tool_calls.map(({ id }) => id)).toEqual(['call_1']);
  await threads.runs.submitToolOutputs(run.id, {
    thread_id: thread.id,
    tool_outputs: [{ tool_call_id: 'call_1', output: '42' }],
  });
  await complete(conversation.work, await claim(conversation.work));
  expect(await threads.runs.poll(run.id, { thread_id: thread.id })).toMatchObject({ status: 'completed' });

  const steps = await threads.runs.steps.list(run.id, { thread_id: thread.id });
  expect(await threads.runs.steps.retrieve(steps.data[0]?.id ?? '', { thread_id: thread.id, run_id: run.id })).toEqual(
    steps.data[0],
  );
  const second = await threads.createAndRun({ assistant_id: assistant.id, thread: {} });
  expect(await threads.runs.cancel(second.id, { thread_id: second.thread_id })).toMatchObject({ status: 'cancelled' });

  const listed: unknown[] = [];
  for await (const message of threads.messages.list(thread.id, { limit: 1, order: 'asc' }))
    listed.push(message.content);
  expect(listed).toEqual([textOf('one'), textOf('two')]);
  expect(await threads.delete(thread.id)).toEqual({ id: thread.id, object: 'thread.deleted', deleted: true });
});

test('The official SDK has the message, param and code of an error', async () => {
  await expect(client.beta.threads.retrieve('thread_unknown')).rejects.toMatchObject({
    status: 404,
    message: "404 No thread found with id 'thread_unknown'.",
  });
  await expect(client.beta.assistants.create({ model: '' })).rejects.toMatchObject({
    param: 'model',
    code: 'empty_string',
    type: 'invalid_request_error',
  });
});

test('The SDK for Azure works with its own key header and version', async () => {
  const azure = new AzureOpenAI({
    apiKey: 'azure-key',
    endpoint: client.baseURL,
    apiVersion: '2024-05-01-preview',
    maxRetries: 0,
  });
  const thread = await azure.beta.threads.create({});
  expect(await azure.beta.threads.retrieve(thread.id)).toEqual(thread);
});

// Checks the check that all other tests rely on: it must reject an invalid response.
test('A response that the types of the official SDK do not allow is reported', async () => {
  const { url } = await startHere();
  const { text, body } = await call(url, 'POST /threads', { body: {} });
  const problems = (change: object, status = 200) =>
    problemsOfResponse({ method: 'POST', url: '/v1/threads', status, body: JSON.stringify({ ...body, ...change }) });
  expect(problemsOfResponse({ method: 'POST', url: '/threads', status: 201, body: text })).toBeUndefined();
  expect(problems({ created_at: undefined })).toMatch(/required property 'created_at'/);
  expect(problems({ created_at: '1' })).toMatch(/created_at must be number/);
  expect(problems({ created: 1 })).toMatch(/additional properties.*created/);
  expect(problems({ object: 'thread.run' })).toMatch(/object must be equal to constant/);
  expect(problems({}, 400)).toMatch(/required property 'message'/);
  expect(problemsOfResponse({ method: 'GET', url: '/unknown', status: 200, body: '{}' })).toBe('no such operation');

  const frame = (event: string, data: unknown, id = 'id: 1\n') => `event: ${event}\n${id}data: ${JSON.stringify(data)}`;
  expect(problemsOfEvent(frame('thread.created', body))).toBeUndefined();
  expect(problemsOfEvent(frame('thread.created', body, ''))).toBe('an event without an id');
  expect(problemsOfEvent(frame('thread.run.created', body))).toMatch(/required property/);
  expect(problemsOfEvent(frame('thread.unknown', body))).toBe('no such event');
  expect(problemsOfEvent(frame('error', { message: 'Sorry' }))).toMatch(/required property 'error'/);
  expect(problemsOfEvent('event: done\ndata: []')).toBe('done without [DONE]');
});
