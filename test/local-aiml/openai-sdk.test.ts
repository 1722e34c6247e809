import { beforeAll, expect, test } from '@jest/globals';
import OpenAI from 'openai';
import { startHere } from './support.ts';

/* eslint-disable @typescript-eslint/no-deprecated -- OpenAI has deprecated its Assistants API; the AIML API keeps it. */

let client: OpenAI;
beforeAll(async () => {
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

test('The official SDK reads the refusals', async () => {
  const { assistants } = client.beta;
  await expect(assistants.create({ model: '' })).rejects.toBeInstanceOf(OpenAI.BadRequestError);
  const stranger = new OpenAI({ apiKey: 'not a key', baseURL: client.baseURL, maxRetries: 0 });
  await expect(stranger.beta.assistants.list()).rejects.toBeInstanceOf(OpenAI.AuthenticationError);
});
