// Runs through the real service on the real embedded AIML API: started, waited for, answered, cancelled, and rejected.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { eventsOf, readSse, subscribe } from '../support/run-events.ts';
import { startService, type TestService } from '../support/service.ts';
import { until } from '../support/until.ts';

let service: TestService;
let assistantId: string;
beforeAll(async () => {
  service = await startService({ UPSTREAM: 'local' });
  const created = await mutate('createAssistant', 'assistant { id }', {
    model: 'built-in',
    tools: [{ function: { name: 'weather', parameters: { type: 'object', properties: {} } } }],
  });
  assistantId = (created['assistant'] as { id: string }).id;
});

interface Run {
  readonly id: string;
  readonly threadId: string;
  readonly status: string;
  readonly requiredToolCalls: readonly { readonly id: string; readonly name: string }[];
}
interface Payload extends Readonly<Record<string, unknown>> {
  readonly run?: Run | null;
  readonly userErrors: readonly { readonly code: string; readonly field: readonly string[] | null }[];
}
const RUN = 'run { id threadId status hasEnded requiredToolCalls { id name } messages { nodes { text } } }';

async function mutate(name: string, selection: string, input: unknown): Promise<Payload> {
  const type = `${name.charAt(0).toUpperCase()}${name.slice(1)}Input`;
  const document = `mutation ($input: ${type}!) { ${name}(input: $input) { ${selection} userErrors { code field } } }`;
  const { data, text } = await service.query(document, { input });
  if (!data) throw new Error(`data was expected, got ${text}`);
  return data[name] as Payload;
}

async function start(text: string, fields: object = {}): Promise<Run> {
  const input = { assistantId, thread: { messages: [{ text }] }, ...fields };
  const { run, userErrors } = await mutate('createThreadAndRun', RUN, input);
  if (!run) throw new Error(`a run was expected, got ${JSON.stringify(userErrors)}`);
  return run;
}

const read = async ({ threadId, id }: Run): Promise<Run> => {
  const { data } = await service.query(
    'query ($threadId: ID!, $id: ID!) { run(threadId: $threadId, id: $id) { id threadId status requiredToolCalls { id name } } }',
    { threadId, id },
  );
  return data?.['run'] as Run;
};
const waitUntil = (run: Run, status: string): Promise<void> => until(async () => (await read(run)).status === status);
const userError = (code: string, ...field: readonly string[]) => ({ code, field: ['input', ...field] });

describe('waitSeconds', () => {
  test('returns the run with its messages once it has ended, on a new thread and on one that exists', async () => {
    const first = await start('Hello', { waitSeconds: 20 });
    const written = (text: string) => ({ nodes: [{ text: expect.stringContaining(text) }] });
    expect(first).toMatchObject({ status: 'COMPLETED', hasEnded: true, messages: written('Hello') });
    const { run } = await mutate('createRun', RUN, {
      threadId: first.threadId,
      assistantId,
      additionalMessages: [{ text: 'Again' }],
      waitSeconds: 20,
    });
    expect(run).toMatchObject({ status: 'COMPLETED', messages: written('Again') });
  });

  test('ends where the run waits for tool outputs, and again once they made it end', async () => {
    const run = await start('/tool weather {}', { waitSeconds: 20 });
    expect(run).toMatchObject({ status: 'REQUIRES_ACTION', requiredToolCalls: [{ name: 'weather' }] });
    const submitted = await mutate('submitToolOutputs', RUN, {
      threadId: run.threadId,
      runId: run.id,
      toolOutputs: run.requiredToolCalls.map(({ id }) => ({ toolCallId: id, output: 'sunny' })),
      waitSeconds: 20,
    });
    expect(submitted).toMatchObject({ run: { status: 'COMPLETED', requiredToolCalls: [] }, userErrors: [] });
  });

  test('does not end the run with the time, and without it the run is returned as it began', async () => {
    const waited = await start('/hang', { waitSeconds: 1 });
    expect(waited.status).toBe('IN_PROGRESS');
    expect((await read(waited)).status).toBe('IN_PROGRESS');
    const begun = await start('/slow 20\n/words 20');
    expect(['QUEUED', 'IN_PROGRESS']).toContain(begun.status);
    await waitUntil(begun, 'COMPLETED');
  });

  test('leaves the run to itself where the caller disconnects', async () => {
    const { thread } = await mutate('createThread', 'thread { id }', { messages: [{ text: '/slow 20\n/words 40' }] });
    const { id: threadId } = thread as { id: string };
    const cut = new AbortController();
    const query = `mutation ($input: CreateRunInput!) { createRun(input: $input) { ${RUN} } }`;
    const request = fetch(`${service.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ query, variables: { input: { threadId, assistantId, waitSeconds: 25 } } }),
      signal: cut.signal,
    }).catch(() => null);
    const runs = async (): Promise<readonly Run[]> => {
      const { data } = await service.query('query ($id: ID!) { thread(id: $id) { runs { nodes { id status } } } }', {
        id: threadId,
      });
      return (data?.['thread'] as { runs: { nodes: Run[] } }).runs.nodes;
    };
    await until(async () => (await runs()).length === 1);
    cut.abort();
    expect(await request).toBeNull();
    await until(async () => (await runs())[0]?.status === 'COMPLETED');
  });

  test('is at most 25 and at least 0', async () => {
    for (const waitSeconds of [-1, 26]) {
      const { userErrors } = await mutate('createThreadAndRun', RUN, { assistantId, waitSeconds });
      expect(userErrors).toEqual([userError('OUT_OF_RANGE', 'waitSeconds')]);
    }
  });

  test('is within the deadline of the operation', async () => {
    const other = await startService({ UPSTREAM: 'local', UPSTREAM_DEADLINE_MS: '3000' });
    const document = `mutation ($input: CreateThreadAndRunInput!) { createThreadAndRun(input: $input) { ${RUN} } }`;
    const { data: created } = await other.query(
      'mutation { createAssistant(input: { model: "built-in" }) { assistant { id } } }',
    );
    const { assistant } = created?.['createAssistant'] as { assistant: { id: string } };
    const input = { assistantId: assistant.id, thread: { messages: [{ text: '/hang' }] }, waitSeconds: 25 };
    const { data, errors } = await other.query(document, { input });
    expect(errors).toBeUndefined();
    expect(data).toMatchObject({ createThreadAndRun: { run: { hasEnded: false } } });
  });
});

describe('a thread with a run in progress', () => {
  test('takes no message and no other run: THREAD_BUSY', async () => {
    const run = await start('/hang');
    const { threadId } = run;
    for (const [name, input] of [
      ['createMessage', { threadId, text: 'Hi' }],
      ['createRun', { threadId, assistantId }],
      ['createRun', { threadId, assistantId, additionalMessages: [{ text: 'Hi' }] }],
    ] as const)
      expect((await mutate(name, '', input)).userErrors).toEqual([userError('THREAD_BUSY', 'threadId')]);
    await mutate('cancelRun', '', { threadId, id: run.id });
    await waitUntil(run, 'CANCELLED');
    expect((await mutate('createMessage', '', { threadId, text: 'Hi' })).userErrors).toEqual([]);
    const { data } = await service.query('query ($id: ID!) { thread(id: $id) { messages { nodes { text } } } }', {
      id: threadId,
    });
    expect(data).toMatchObject({ thread: { messages: { nodes: [{ text: '/hang' }, { text: 'Hi' }] } } });
  });
});

describe('cancelRun', () => {
  test('stops a run and what it writes; a second cancel, and one behind the end, is WRONG_STATE', async () => {
    const run = await start('/slow 20\n/words 2000');
    const ids = { threadId: run.threadId, id: run.id };
    await until(async () => {
      const { data } = await service.query('query ($id: ID!) { thread(id: $id) { messages { nodes { role } } } }', {
        id: run.threadId,
      });
      return JSON.stringify(data).includes('ASSISTANT');
    });
    const events = subscribe(service, { threadId: run.threadId, runId: run.id }).then((response) =>
      eventsOf(readSse(response)),
    );
    const { userErrors, run: cancelled } = await mutate('cancelRun', RUN, ids);
    expect(userErrors).toEqual([]);
    expect(['CANCELLING', 'CANCELLED']).toContain(cancelled?.status);
    await waitUntil(run, 'CANCELLED');
    expect((await events).at(-1)?.run).toMatchObject({ status: 'CANCELLED', hasEnded: true });
    expect((await mutate('cancelRun', RUN, ids)).userErrors).toEqual([userError('WRONG_STATE', 'id')]);
    const { data } = await service.query(
      `query ($id: ID!) { thread(id: $id) { messages(last: 1) { nodes { status incompleteReason incompleteAt text } } } }`,
      { id: run.threadId },
    );
    expect(data).toMatchObject({
      thread: { messages: { nodes: [{ status: 'INCOMPLETE', incompleteReason: 'run_cancelled' }] } },
    });
    const ended = await start('Hello', { waitSeconds: 20 });
    const late = await mutate('cancelRun', RUN, { threadId: ended.threadId, id: ended.id });
    expect(late).toMatchObject({ run: null, userErrors: [userError('WRONG_STATE', 'id')] });
  });
});

describe('submitToolOutputs', () => {
  test('takes an output for each call and no other, each once', async () => {
    const run = await start('/tool weather {}\n/tool weather {}', { waitSeconds: 20 });
    const [first, second] = run.requiredToolCalls.map(({ id }) => id);
    expect(second).toBeDefined();
    const submit = async (...calls: readonly (string | undefined)[]) => {
      const toolOutputs = calls.map((toolCallId) => ({ toolCallId, output: 'sunny' }));
      return mutate('submitToolOutputs', RUN, { threadId: run.threadId, runId: run.id, toolOutputs, waitSeconds: 20 });
    };
    const invalid = (...field: readonly string[]) => userError('INVALID', 'toolOutputs', ...field);
    expect((await submit(first)).userErrors).toEqual([invalid()]);
    expect((await submit(first, second, 'call_other')).userErrors).toEqual([invalid('2', 'toolCallId')]);
    expect((await submit(first, first)).userErrors).toEqual([invalid('1', 'toolCallId')]);
    expect((await submit()).userErrors).toEqual([userError('BLANK', 'toolOutputs')]);
    expect((await read(run)).status).toBe('REQUIRES_ACTION');
    expect(await submit(second, first)).toMatchObject({ run: { status: 'COMPLETED' }, userErrors: [] });
    expect((await submit(second, first)).userErrors).toEqual([userError('WRONG_STATE', 'runId')]);
  });
});

describe('an input of a run', () => {
  test('that is wrong is reported whole, with the path of each problem', async () => {
    const wrong = {
      model: ' ',
      metadata: { ['k'.repeat(65)]: 'v' },
      temperature: 3,
      topP: -1,
      maxPromptTokens: 255,
      maxCompletionTokens: 1,
      truncation: { lastMessages: 0 },
      toolChoice: { required: false },
      tools: [{ function: { name: 'not a name' } }],
      waitSeconds: 26,
      idempotencyKey: '',
    };
    const { userErrors } = await mutate('createRun', '', {
      ...wrong,
      threadId: '../x',
      assistantId: 'not an id',
      additionalMessages: [
        { text: 'a' },
        { text: 'a', content: [] },
        { content: [{ imageUrl: { url: 'file:///x' } }] },
      ],
    });
    const paths = userErrors.map(({ field }) =>
      field
        ?.slice(1)
        .join('.')
        .replace(/^metadata.*/, 'metadata'),
    );
    expect(paths.sort()).toEqual([
      'additionalMessages.1.content',
      'additionalMessages.1.text',
      'additionalMessages.2.content.0.imageUrl.url',
      'assistantId',
      'idempotencyKey',
      'maxCompletionTokens',
      'maxPromptTokens',
      'metadata',
      'model',
      'temperature',
      'threadId',
      'toolChoice.required',
      'tools.0.function.name',
      'topP',
      'truncation.lastMessages',
      'waitSeconds',
    ]);
  });

  test.each<readonly [string, object, readonly string[]]>([
    ['33 messages', { thread: { messages: Array(33).fill({ text: 'a' }) } }, ['thread', 'messages']],
    ['21 tools', { tools: Array(21).fill({ codeInterpreter: true }) }, ['tools']],
    [
      'a text of 256,001 characters',
      { thread: { messages: [{ text: 'x'.repeat(256_001) }] } },
      ['thread', 'messages', '0', 'text'],
    ],
    [
      '256,001 characters in its parts',
      { thread: { messages: [{ content: [{ text: 'x'.repeat(256_000) }, { text: 'x' }] }] } },
      ['thread', 'messages', '0', 'content'],
    ],
  ])('with %s is over a limit', async (_name, input, path) => {
    // prettier-ignore
    const { userErrors } = await mutate('createThreadAndRun', '', { assistantId, ...input });
    expect(userErrors).toMatchObject([{ field: ['input', ...path] }]);
  });

  test('cannot create vector stores, other than for its new thread', async () => {
    const toolResources = { fileSearch: { vectorStores: [{ fileIds: ['file-1'] }] } };
    const { userErrors } = await mutate('createThreadAndRun', '', { assistantId, toolResources });
    expect(userErrors).toMatchObject([
      { code: 'INVALID', field: ['input', 'toolResources', 'fileSearch', 'vectorStores'] },
    ]);
    expect((await mutate('createThreadAndRun', '', { assistantId, thread: { toolResources } })).userErrors).toEqual([]);
  });

  test('with 32 messages of an astral character, 256,000 of them in one, is within the limits', async () => {
    const messages = [{ text: '\u{1f600}'.repeat(256_000) }, ...Array<object>(31).fill({ text: 'a' })];
    const { userErrors } = await mutate('createThread', '', { messages });
    expect(userErrors).toEqual([]);
  });
});

test('129 tool outputs are over a limit, and 128 are within it', async () => {
  const toolOutputs = Array.from({ length: 129 }, (_, index) => ({ toolCallId: `call_${index}`, output: 'x' }));
  const submit = (count: number) =>
    mutate('submitToolOutputs', '', { threadId: 'thread_1', runId: 'run_1', toolOutputs: toolOutputs.slice(0, count) });
  expect((await submit(129)).userErrors).toEqual([userError('TOO_MANY', 'toolOutputs')]);
  expect((await submit(128)).userErrors).toEqual([userError('NOT_FOUND', 'threadId')]);
});

test('runs come in pages, newest first, and steps and their messages oldest first', async () => {
  const first = await start('/tool weather {}', { waitSeconds: 20 });
  const { threadId } = first;
  const toolOutputs = first.requiredToolCalls.map(({ id }) => ({ toolCallId: id, output: 'sunny' }));
  await mutate('submitToolOutputs', RUN, { threadId, runId: first.id, toolOutputs, waitSeconds: 20 });
  const { run: second } = await mutate('createRun', RUN, { threadId, assistantId, waitSeconds: 20 });
  const { data, errors } = await service.query(
    `query ($id: ID!, $runId: ID) { thread(id: $id) {
      newest: runs(first: 1) { nodes { id } pageInfo { hasNextPage hasPreviousPage endCursor } }
      oldest: runs(last: 1) { nodes { id thread { id } assistant { id }
        steps { nodes { __typename ... on MessageCreationStep { message { run { id } } } ... on ToolCallsStep { toolCalls { ... on FunctionToolCall { name output } } } } } }
      pageInfo { hasNextPage hasPreviousPage } }
      messages(runId: $runId) { nodes { role runId } }
    } }`,
    { id: threadId, runId: second?.id },
  );
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({
    thread: {
      newest: { nodes: [{ id: second?.id }], pageInfo: { hasNextPage: true, hasPreviousPage: false } },
      oldest: {
        nodes: [
          {
            id: first.id,
            thread: { id: threadId },
            assistant: { id: assistantId },
            steps: {
              nodes: [
                { __typename: 'ToolCallsStep', toolCalls: [{ name: 'weather', output: 'sunny' }] },
                { __typename: 'MessageCreationStep', message: { run: { id: first.id } } },
              ],
            },
          },
        ],
        pageInfo: { hasNextPage: false, hasPreviousPage: true },
      },
      messages: { nodes: [{ role: 'ASSISTANT', runId: second?.id }] },
    },
  });
});

test('updateRun changes metadata alone, also of a run that has ended', async () => {
  const run = await start('Hello', { waitSeconds: 20, metadata: { a: 'b' } });
  const ids = { threadId: run.threadId, id: run.id };
  const update = (fields: object) => mutate('updateRun', 'run { metadata }', { ...ids, ...fields });
  expect(await update({})).toEqual({ run: { metadata: { a: 'b' } }, userErrors: [] });
  expect(await update({ metadata: { c: 'd' } })).toEqual({ run: { metadata: { c: 'd' } }, userErrors: [] });
  expect(await update({ metadata: null })).toEqual({ run: { metadata: {} }, userErrors: [] });
});

test('models of the embedded AIML API can be given to a run', async () => {
  const { data } = await service.query('{ models { id } }');
  const { models } = data as { models: readonly { id: string }[] };
  expect(models.map(({ id }) => id)).toContain('built-in');
  for (const { id: model } of models.slice(0, 2)) {
    const run = await start('Hello', { model, waitSeconds: 20 });
    expect(run.status).toBe('COMPLETED');
  }
});
