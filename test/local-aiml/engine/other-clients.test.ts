// Code that was written for other Assistants APIs: Azure's, OpenAI's with retired models, and every version of the
// beta.
import { expect, test } from '@jest/globals';
import OpenAI, { AzureOpenAI } from 'openai';
import { startHere } from '../support.ts';
import { textStage } from './staged-model-api.ts';
import { setUp } from './staged-runs.ts';

/* eslint-disable @typescript-eslint/no-deprecated -- OpenAI has deprecated its Assistants API; this server keeps it. */

/** Creates an assistant and reads the text of its response, with a stream and with polling. */
async function converse(client: OpenAI, model: string): Promise<string[]> {
  const { assistants, threads } = client.beta;
  const { id: assistant_id } = await assistants.create({ model, name: 'Ada' });
  const thread = await threads.create({ messages: [{ role: 'user', content: 'Hello' }] });
  const stream = threads.runs.stream(thread.id, { assistant_id });
  const [message] = await stream.finalMessages();
  const run = await threads.runs.createAndPoll(thread.id, { assistant_id });
  expect([(await stream.finalRun()).status, run.status]).toEqual(['completed', 'completed']);
  const { data } = await threads.messages.list(thread.id, { run_id: run.id });
  await assistants.delete(assistant_id);
  return [message, data[0]].map((item) => {
    const [content] = item?.content ?? [];
    return content?.type === 'text' ? content.text.value : '';
  });
}

test('The SDK for Azure has a conversation, with its paths, its api-key header and its api-version', async () => {
  const { url } = await startHere();
  const azure = new AzureOpenAI({
    apiKey: 'azure-key',
    endpoint: url,
    apiVersion: '2024-05-01-preview',
    maxRetries: 0,
  });
  for (const text of await converse(azure, 'gpt-4o')) expect(text).toContain('Hello');
  // A key is the same account in either header.
  const openai = new OpenAI({ apiKey: 'azure-key', baseURL: url, maxRetries: 0 });
  expect((await openai.get<{ data: unknown[] }>('/threads')).data).toHaveLength(1);
});

test.each([
  ['/v1', 'assistants=v1'],
  ['/v1/', 'assistants=v2'],
  ['', 'assistants=v9'],
  ['/', null],
])('The SDK has a conversation with the base URL …%s and OpenAI-Beta %s', async (base, beta) => {
  const { url } = await startHere();
  const client = new OpenAI({
    apiKey: 'any-token',
    baseURL: url + base,
    maxRetries: 0,
    defaultHeaders: { 'OpenAI-Beta': beta },
  });
  for (const text of await converse(client, 'gpt-4o')) expect(text).toContain('Hello');
});

test('A retired model is called by its alias, and keeps its name in assistants and runs', async () => {
  const { staged, client } = await setUp([textStage('fine')], { modelAliases: new Map([['gpt-4', 'gpt-4.1']]) });
  const openai = new OpenAI({ apiKey: 'any-token', baseURL: client.url, maxRetries: 0 });
  expect(await converse(openai, 'gpt-4')).toEqual(['fine', 'fine']);
  expect(staged.requests.map(({ body }) => body['model'])).toEqual(['gpt-4.1', 'gpt-4.1']);
  const run = await client.start('Hello', await client.createAssistant({ model: 'gpt-4' }));
  expect(run).toMatchObject({ model: 'gpt-4' });
});
