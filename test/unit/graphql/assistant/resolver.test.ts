import { describe, expect, test } from '@jest/globals';
import { PublicError, type PublicErrorDetails } from '../../../../src/runtime/errors.ts';
import { createTestApollo, execute, type GraphQLResponse } from '../execute.ts';
import { assistantsInOrder, InMemoryAssistants } from '../in-memory-assistants.ts';

const apollo = createTestApollo();
const failure = (details: Partial<PublicErrorDetails>): PublicError =>
  new PublicError({ code: 'UPSTREAM_UNAVAILABLE', message: 'Not now.', retryable: true, ...details });

const run = (query: string, assistants: InMemoryAssistants, variables = {}): Promise<GraphQLResponse> =>
  execute(apollo, { query, variables }, assistants);

describe('node and nodes', () => {
  test('return assistants by id, in order, and null for missing ones', async () => {
    const assistants = new InMemoryAssistants(assistantsInOrder(3));
    const { data, errors } = await run(
      '{ node(id: "a1") { __typename id } none: node(id: "zzz") { id } nodes(ids: ["a2", "zzz", "a0", "a2"]) { id } }',
      assistants,
    );
    expect(errors).toEqual([]);
    expect(data).toEqual({
      node: { __typename: 'Assistant', id: 'a1' },
      none: null,
      nodes: [{ id: 'a2' }, null, { id: 'a0' }, { id: 'a2' }],
    });
  });

  test('accept a hundred ids and reject more', async () => {
    const assistants = new InMemoryAssistants();
    const query = 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }';
    const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `a${index}`);
    expect((await run(query, assistants, { ids: ids(100) })).data).toEqual({ nodes: ids(100).map(() => null) });
    expect(assistants.calls).toHaveLength(100);
    const tooMany = await run(query, assistants, { ids: ids(101) });
    expect(tooMany.errors).toMatchObject([{ message: 'Argument "ids" takes at most 100 ids.' }]);
    expect(assistants.calls).toHaveLength(100);
  });

  test.each([
    ['{ assistant(id: "..") { id } }', 'id'],
    ['{ node(id: "a/b") { id } }', 'id'],
    ['{ nodes(ids: ["a", "", "b"]) { id } }', 'ids'],
  ])('make no upstream call if an id is invalid: %s', async (query, argument) => {
    const assistants = new InMemoryAssistants();
    const { status, errors } = await run(query, assistants);
    expect(status).toBe(200);
    expect(errors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT' }, message: expect.stringContaining(`Argument "${argument}"`) },
    ]);
    expect(assistants.calls).toEqual([]);
  });

  test('contain an error for an id whose read fails, and the other objects', async () => {
    const assistants = new InMemoryAssistants(assistantsInOrder(2));
    const load = assistants.load.bind(assistants);
    assistants.load = (id) => (id === 'bad' ? Promise.reject(failure({})) : load(id));
    const { data, errors } = await run('{ nodes(ids: ["a0", "bad", "a1"]) { id } }', assistants);
    expect(data).toEqual({ nodes: [{ id: 'a0' }, null, { id: 'a1' }] });
    expect(errors).toMatchObject([{ path: ['nodes', 1], extensions: { code: 'UPSTREAM_UNAVAILABLE' } }]);
  });
});

describe('a list', () => {
  test('has edges, nodes and page info of the same page', async () => {
    const { data } = await run(
      '{ assistants(first: 2, order: ASC) { edges { cursor node { id } } nodes { id createdAt } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }',
      new InMemoryAssistants(assistantsInOrder(3)),
    );
    expect(data).toEqual({
      assistants: {
        edges: [
          { cursor: 'a0', node: { id: 'a0' } },
          { cursor: 'a1', node: { id: 'a1' } },
        ],
        nodes: [
          { id: 'a0', createdAt: '2023-11-14T22:13:20.000Z' },
          { id: 'a1', createdAt: '2023-11-14T22:13:21.000Z' },
        ],
        pageInfo: { hasNextPage: true, hasPreviousPage: false, startCursor: 'a0', endCursor: 'a1' },
      },
    });
  });

  test('that is empty has no cursors', async () => {
    const { data } = await run(
      '{ assistants { nodes { id } pageInfo { hasNextPage hasPreviousPage startCursor endCursor } } }',
      new InMemoryAssistants(),
    );
    expect(data).toEqual({
      assistants: {
        nodes: [],
        pageInfo: { hasNextPage: false, hasPreviousPage: false, startCursor: null, endCursor: null },
      },
    });
  });

  test('reports the argument if upstream does not know the cursor', async () => {
    const { errors } = await run(
      '{ assistants(last: 2, before: "gone") { nodes { id } } }',
      new InMemoryAssistants(assistantsInOrder(3)),
    );
    expect(errors).toMatchObject([
      {
        message: 'Argument "before" is a cursor that upstream does not know.',
        extensions: { code: 'BAD_USER_INPUT', reason: 'CURSOR_UNKNOWN', retryable: false, requestId: 'req-1' },
      },
    ]);
  });
});

describe('a mutation', () => {
  const update = `mutation ($input: UpdateAssistantInput!) {
    updateAssistant(input: $input) { assistant { id } userErrors { code field message } }
  }`;
  const remove = `mutation ($input: DeleteAssistantInput!) {
    deleteAssistant(input: $input) { deletedAssistantId userErrors { code field } }
  }`;
  const create = `mutation ($input: CreateAssistantInput!) {
    createAssistant(input: $input) { assistant { id } userErrors { code field message } }
  }`;

  test('sends the input and returns the object of upstream', async () => {
    const assistants = new InMemoryAssistants();
    expect((await run(create, assistants, { input: { model: 'm', name: null } })).data).toEqual({
      createAssistant: { assistant: { id: 'asst_new' }, userErrors: [] },
    });
    await run(update, assistants, { input: { id: 'a0', name: null, tools: null, metadata: {} } });
    expect((await run(remove, assistants, { input: { id: 'a0' } })).data).toEqual({
      deleteAssistant: { deletedAssistantId: 'a0', userErrors: [] },
    });
    expect(assistants.calls).toEqual([
      ['create', { model: 'm' }],
      ['modify', 'a0', { name: null, tools: [], metadata: {} }],
      ['delete', 'a0'],
    ]);
  });

  test('sends a key named __proto__ to upstream', async () => {
    const assistants = new InMemoryAssistants();
    const variables = JSON.parse(
      '{"input":{"model":"m","metadata":{"__proto__":"x"},"tools":[{"function":{"name":"f","parameters":{"__proto__":{"a":1}}}}]}}',
    ) as Record<string, unknown>;
    await run(create, assistants, variables);
    await run(
      'mutation { createAssistant(input: { model: "m", metadata: { __proto__: "x" } }) { userErrors { code } } }',
      assistants,
    );
    expect(assistants.calls.map((call) => JSON.stringify(call[1]))).toEqual([
      '{"model":"m","tools":[{"type":"function","function":{"name":"f","parameters":{"__proto__":{"a":1}}}}],"metadata":{"__proto__":"x"}}',
      '{"model":"m","metadata":{"__proto__":"x"}}',
    ]);
  });

  test('sends nothing if the input exceeds a limit', async () => {
    const assistants = new InMemoryAssistants();
    const { data, errors } = await run(create, assistants, { input: { model: '', temperature: 5 } });
    expect(errors).toEqual([]);
    expect(data).toMatchObject({
      createAssistant: {
        assistant: null,
        userErrors: [
          { code: 'BLANK', field: ['input', 'model'] },
          { code: 'OUT_OF_RANGE', field: ['input', 'temperature'] },
        ],
      },
    });
    await run(update, assistants, { input: { id: '../x', name: 'n' } });
    await run(remove, assistants, { input: { id: '' } });
    expect(assistants.calls).toEqual([]);
  });

  test('rejects an infinite number instead of sending null', async () => {
    const assistants = new InMemoryAssistants();
    const query = `mutation { updateAssistant(input: { id: "a0", temperature: 1e400 }) { userErrors { code field } } }`;
    expect((await run(query, assistants)).data).toEqual({
      updateAssistant: { userErrors: [{ code: 'OUT_OF_RANGE', field: ['input', 'temperature'] }] },
    });
    expect(assistants.calls).toEqual([]);
  });

  test('with an id only reads the assistant', async () => {
    const assistants = new InMemoryAssistants(assistantsInOrder(1));
    expect((await run(update, assistants, { input: { id: 'a0' } })).data).toMatchObject({
      updateAssistant: { assistant: { id: 'a0' }, userErrors: [] },
    });
    expect((await run(update, assistants, { input: { id: 'none' } })).data).toMatchObject({
      updateAssistant: { assistant: null, userErrors: [{ code: 'NOT_FOUND', field: ['input', 'id'] }] },
    });
    expect(assistants.calls).toEqual([
      ['load', 'a0'],
      ['load', 'none'],
    ]);
  });

  test('of a missing assistant reports the id', async () => {
    const assistants = new InMemoryAssistants();
    assistants.failure = failure({ code: 'NOT_FOUND', outcome: 'NOT_APPLIED' });
    expect((await run(update, assistants, { input: { id: 'a0', name: 'n' } })).data).toMatchObject({
      updateAssistant: { userErrors: [{ code: 'NOT_FOUND', field: ['input', 'id'] }] },
    });
    expect((await run(remove, assistants, { input: { id: 'a0' } })).data).toEqual({
      deleteAssistant: { deletedAssistantId: null, userErrors: [{ code: 'NOT_FOUND', field: ['input', 'id'] }] },
    });
  });

  test('that upstream rejects has the reason and the field', async () => {
    const assistants = new InMemoryAssistants();
    assistants.failure = failure({ code: 'BAD_USER_INPUT', reason: 'No such model.', param: 'model' });
    expect((await run(create, assistants, { input: { model: 'm' } })).data).toMatchObject({
      createAssistant: {
        userErrors: [{ code: 'REJECTED_BY_UPSTREAM', field: ['input', 'model'], message: 'No such model.' }],
      },
    });
    assistants.failure = failure({ code: 'BAD_USER_INPUT', reason: null, param: 'secret' });
    expect((await run(update, assistants, { input: { id: 'a', name: 'm' } })).data).toMatchObject({
      updateAssistant: {
        userErrors: [
          {
            code: 'REJECTED_BY_UPSTREAM',
            field: null,
            message: 'The AIML API rejected the input and gave no reason.',
          },
        ],
      },
    });
  });

  test('with any other failure is a top-level error with its outcome', async () => {
    const assistants = new InMemoryAssistants();
    assistants.failure = failure({ code: 'OUTCOME_UNKNOWN', outcome: 'UNKNOWN', retryable: false });
    const { status, errors, data } = await run(create, assistants, { input: { model: 'm' } });
    expect([status, data]).toEqual([200, null]);
    expect(errors).toMatchObject([
      { path: ['createAssistant'], extensions: { code: 'OUTCOME_UNKNOWN', outcome: 'UNKNOWN', retryable: false } },
    ]);
  });

  test('that fails before its write was not applied', async () => {
    const assistants = new InMemoryAssistants();
    assistants.failure = failure({ code: 'UPSTREAM_TIMEOUT' });
    const { errors } = await run(update, assistants, { input: { id: 'a0' } });
    expect(assistants.calls).toEqual([['load', 'a0']]);
    expect(errors).toMatchObject([{ extensions: { code: 'UPSTREAM_TIMEOUT', outcome: 'NOT_APPLIED' } }]);
  });

  test('that fails by a fault of the service has no outcome', async () => {
    const assistants = new InMemoryAssistants();
    assistants.failure = new TypeError('secret');
    const { errors } = await run(create, assistants, { input: { model: 'm' } });
    expect(errors[0]?.extensions).toEqual({ code: 'INTERNAL_SERVER_ERROR', requestId: 'req-1' });
  });
});
