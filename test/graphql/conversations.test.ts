// Threads, messages and runs through the real service on the real embedded AIML API.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startService, type TestService } from '../support/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService({ UPSTREAM: 'local' });
});
afterAll(() => service.stop());

interface UserError {
  readonly code: string;
  readonly field: readonly string[] | null;
}
interface Connection<T> {
  readonly nodes: readonly T[];
  readonly pageInfo: { readonly hasNextPage: boolean; readonly hasPreviousPage: boolean };
}

async function data<T>(document: string, variables?: unknown): Promise<T> {
  const { data: result, errors, text } = await service.query(document, variables);
  if (!result || errors) throw new Error(`data was expected, got ${text}`);
  return result as T;
}

async function write<T>(mutation: string, selection: string, input: unknown): Promise<T & { userErrors: UserError[] }> {
  const type = `${mutation[0]?.toUpperCase() ?? ''}${mutation.slice(1)}Input`;
  const document = `mutation ($input: ${type}!) { ${mutation}(input: $input) { ${selection} userErrors { code field } } }`;
  return (await data<Record<string, T & { userErrors: UserError[] }>>(document, { input }))[mutation] as T & {
    userErrors: UserError[];
  };
}

async function createThread(input: unknown = {}): Promise<string> {
  const { thread, userErrors } = await write<{ thread: { id: string } }>('createThread', 'thread { id }', input);
  expect(userErrors).toEqual([]);
  return thread.id;
}

async function createMessage(threadId: string, text: string): Promise<string> {
  const { message } = await write<{ message: { id: string } }>('createMessage', 'message { id }', { threadId, text });
  return message.id;
}

describe('a thread', () => {
  test('is created with its messages, read, updated and deleted', async () => {
    const id = await createThread({
      messages: [{ text: 'One' }, { role: 'ASSISTANT', text: 'Two', metadata: { a: 'b' } }],
      metadata: { title: 'first' },
    });
    const read = `query ($id: ID!) { thread(id: $id) { id metadata createdAt messages { nodes { role text metadata } } } }`;
    expect(await data(read, { id })).toMatchObject({
      thread: {
        id,
        metadata: { title: 'first' },
        messages: {
          nodes: [
            { role: 'USER', text: 'One', metadata: {} },
            { role: 'ASSISTANT', text: 'Two', metadata: { a: 'b' } },
          ],
        },
      },
    });
    const update = await write('updateThread', 'thread { metadata }', { id, metadata: null });
    expect(update).toEqual({ thread: { metadata: {} }, userErrors: [] });
    expect(await write('deleteThread', 'deletedThreadId', { id })).toEqual({ deletedThreadId: id, userErrors: [] });
    expect(await data(read, { id })).toEqual({ thread: null });
    expect(await write('deleteThread', 'deletedThreadId', { id })).toEqual({
      deletedThreadId: null,
      userErrors: [{ code: 'NOT_FOUND', field: ['input', 'id'] }],
    });
  });

  test('is a node, and is listed newest first', async () => {
    const ids = [await createThread(), await createThread()];
    const list = await data<{ threads: Connection<{ id: string }> }>(
      '{ threads(first: 2) { nodes { id } pageInfo { hasNextPage hasPreviousPage } } }',
    );
    expect(list.threads.nodes.map(({ id }) => id)).toEqual(ids.toReversed());
    expect(await data('query ($ids: [ID!]!) { nodes(ids: $ids) { __typename id } }', { ids })).toEqual({
      nodes: ids.map((id) => ({ __typename: 'Thread', id })),
    });
  });

  test('with the same idempotency key is created once', async () => {
    const input = { metadata: { n: '1' }, idempotencyKey: 'thread-key' };
    expect(await createThread(input)).toBe(await createThread(input));
    const other = await write('createThread', 'thread { id }', { ...input, metadata: { n: '2' } });
    expect(other).toEqual({ thread: null, userErrors: [{ code: 'INVALID', field: ['input', 'idempotencyKey'] }] });
  });

  test('that was deleted is not created again with its idempotency key', async () => {
    const input = { idempotencyKey: 'key-of-deleted' };
    await write('deleteThread', 'deletedThreadId', { id: await createThread(input) });
    const { createThread: again } = await data<Record<string, unknown>>(
      'mutation ($input: CreateThreadInput!) { createThread(input: $input) { userErrors { code field message } } }',
      { input },
    );
    const message = 'What was created with the idempotency key has been deleted: nothing was created again.';
    expect(again).toEqual({ userErrors: [{ code: 'INVALID', field: ['input', 'idempotencyKey'], message }] });
  });
});

describe('the messages of a thread', () => {
  test('come in pages, forward and backward, in both orders', async () => {
    const threadId = await createThread();
    const ids: string[] = [];
    for (let index = 0; index < 5; index += 1) ids.push(await createMessage(threadId, `message ${index}`));
    const page = async (args: string) => {
      const { thread } = await data<{ thread: { messages: Connection<{ id: string }> } }>(
        `query ($id: ID!) { thread(id: $id) { messages(${args}) { nodes { id } pageInfo { hasNextPage hasPreviousPage } } } }`,
        { id: threadId },
      );
      const { nodes, pageInfo } = thread.messages;
      return [nodes.map(({ id }) => ids.indexOf(id)), pageInfo.hasPreviousPage, pageInfo.hasNextPage];
    };
    expect(await page('first: 2')).toEqual([[0, 1], false, true]);
    expect(await page(`first: 2, after: "${ids[1] ?? ''}"`)).toEqual([[2, 3], true, true]);
    expect(await page('last: 2')).toEqual([[3, 4], true, false]);
    expect(await page(`last: 2, before: "${ids[1] ?? ''}"`)).toEqual([[0], false, true]);
    expect(await page('first: 2, order: DESC')).toEqual([[4, 3], false, true]);
  });

  test('keep text exactly, and parts in order', async () => {
    const threadId = await createThread();
    const text = 'ZWJ \u{1f469}\u200d\u{1f4bb} NUL \0 lone \ud800 sep \u2028';
    const { message } = await write<{ message: unknown }>(
      'createMessage',
      'message { text content { type ... on TextContent { text } ... on ImageUrlContent { url detail } } }',
      {
        threadId,
        content: [{ text }, { imageUrl: { url: 'https://example.com/a.png', detail: 'LOW' } }, { text: 'end' }],
      },
    );
    expect(message).toEqual({
      text: `${text}\n\nend`,
      content: [
        { type: 'text', text },
        { type: 'image_url', url: 'https://example.com/a.png', detail: 'low' },
        { type: 'text', text: 'end' },
      ],
    });
  });

  test('are updated and deleted by thread and id, and NOT_FOUND names the id that upstream does not have', async () => {
    const threadId = await createThread();
    const id = await createMessage(threadId, 'x');
    const update = (input: unknown) => write('updateMessage', 'message { metadata }', input);
    expect(await update({ threadId, id, metadata: { k: 'v' } })).toEqual({
      message: { metadata: { k: 'v' } },
      userErrors: [],
    });
    const notFound = (field: string) => [{ code: 'NOT_FOUND', field: ['input', field] }];
    expect((await update({ threadId, id: 'msg_none', metadata: null })).userErrors).toEqual(notFound('id'));
    expect((await update({ threadId: 'thread_none', id, metadata: null })).userErrors).toEqual(notFound('threadId'));
    expect((await update({ threadId, id: 'msg_none' })).userErrors).toEqual(notFound('id'));
    expect((await update({ threadId: 'thread_none', id })).userErrors).toEqual(notFound('threadId'));
    const updateRun = (input: unknown) => write('updateRun', 'run { id }', input);
    expect((await updateRun({ threadId, id: 'run_none' })).userErrors).toEqual(notFound('id'));
    expect((await updateRun({ threadId: 'thread_none', id: 'run_none' })).userErrors).toEqual(notFound('threadId'));
    const remove = (input: unknown) => write('deleteMessage', 'deletedMessageId', input);
    expect(await remove({ threadId, id })).toEqual({ deletedMessageId: id, userErrors: [] });
    expect((await remove({ threadId, id })).userErrors).toEqual(notFound('id'));
    const create = await write('createMessage', 'message { id }', { threadId: 'thread_none', text: 'x' });
    expect(create.userErrors).toEqual(notFound('threadId'));
  });

  test('with invalid input are rejected before anything is sent, with the path of each problem', async () => {
    const { userErrors } = await write('createMessage', 'message { id }', {
      threadId: 'not an id',
      text: 'x',
      content: [{ imageUrl: { url: 'ftp://x' } }],
      metadata: Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'v'])),
      idempotencyKey: 'not a key',
    });
    expect(userErrors).toEqual([
      { code: 'INVALID', field: ['input', 'threadId'] },
      { code: 'INVALID', field: ['input', 'text'] },
      { code: 'INVALID', field: ['input', 'content', '0', 'imageUrl', 'url'] },
      { code: 'TOO_MANY', field: ['input', 'metadata'] },
      { code: 'INVALID', field: ['input', 'idempotencyKey'] },
    ]);
  });
});

describe('an idempotency key of the embedded AIML API', () => {
  test('creates each kind of object once, also while the thread has a run', async () => {
    const assistant = await write<{ assistant: { id: string } }>('createAssistant', 'assistant { id }', {
      model: 'built-in',
    });
    const assistantId = assistant.assistant.id;
    const threadId = await createThread();
    const thread = { messages: [{ text: '/hang' }] };
    const creates: readonly (readonly [mutation: string, selection: string, input: object])[] = [
      ['createAssistant', 'assistant { id }', { model: 'built-in' }],
      ['createThread', 'thread { id }', {}],
      ['createMessage', 'message { id }', { threadId, text: 'Hi' }],
      ['createThreadAndRun', 'run { id } thread { id }', { assistantId, thread }],
      ['createRun', 'run { id }', { threadId, assistantId, additionalMessages: thread.messages }],
    ];
    for (const [mutation, selection, input] of creates) {
      const keyed = { ...input, idempotencyKey: randomUUID() };
      const first = await write<object>(mutation, selection, keyed);
      expect(first).toMatchObject({ userErrors: [] });
      expect(await write(mutation, selection, keyed)).toEqual(first);
      expect(await write(mutation, selection, { ...keyed, metadata: { other: 'x' } })).toMatchObject({
        userErrors: [{ code: 'INVALID', field: ['input', 'idempotencyKey'] }],
      });
    }
    // Without the key the thread is busy.
    expect(await write('createRun', 'run { id }', { threadId, assistantId })).toMatchObject({
      userErrors: [{ code: 'THREAD_BUSY', field: ['input', 'threadId'] }],
    });
    const { thread: stored } = await data<{ thread: unknown }>(
      'query ($id: ID!) { thread(id: $id) { runs { nodes { id } } messages { nodes { text } } } }',
      { id: threadId },
    );
    expect(stored).toMatchObject({
      runs: { nodes: [expect.anything()] },
      messages: { nodes: [{ text: 'Hi' }, { text: '/hang' }] },
    });
  });
});
