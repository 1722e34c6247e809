// Apollo Client 4 against the running service, set up as docs/clients.md says.
import './support/apollo-development.ts';
import { CombinedGraphQLErrors, gql, type ApolloClient } from '@apollo/client';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { takePort } from '../support/port.ts';
import { sendJson, startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startService, startServiceOn, type TestService } from '../support/service.ts';
import { createApolloClient, createAssistant, deleteAssistant, loadMore, renameAssistant } from './snippets/apollo.ts';
import { mayHaveHappened, toMessage, toMutationMessage } from './snippets/cookbook.ts';
import { ASSISTANT, ASSISTANTS, UPDATE_ASSISTANT } from './snippets/operations.ts';
import { createAssistants, deleteElsewhere, restoreAssistants } from './support/assistants.ts';
import { eventually } from '../support/until.ts';
import { countRequests, settle } from './support/requests.ts';

let service: TestService;
let client: ApolloClient;
/** Newest first. */
let ids: string[] = [];

beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());
beforeEach(async () => {
  ids = await restoreAssistants(service, ids, 25);
  client = createApolloClient(`${service.url}/graphql`);
});

/** A list on the screen: it sends one query and receives every later change from the cache. */
async function watchList(first = 10) {
  const list = client.watchQuery({ query: ASSISTANTS, variables: { first } });
  list.subscribe({});
  await client.query({ query: ASSISTANTS, variables: { first } });
  const data = () => {
    const result = list.getCurrentResult();
    return result.dataState === 'complete' ? result.data.assistants : undefined;
  };
  const nodes = () => data()?.edges.map(({ node }) => node) ?? [];
  return { list, data, nodes, ids: () => nodes().map(({ id }) => id) };
}

describe('a list in Apollo Client', () => {
  test('grows page by page to the whole list, in order, without duplicates or gaps', async () => {
    const screen = await watchList();
    expect(screen.ids()).toEqual(ids.slice(0, 10));
    const requests = countRequests();
    for (const loaded of [20, 25, 25]) {
      await loadMore(screen.list);
      await eventually(() => expect(screen.ids()).toEqual(ids.slice(0, loaded)));
    }
    expect(screen.data()?.pageInfo.hasNextPage).toBe(false);
    expect(requests()).toBe(2);
  });

  test('shows created, updated and deleted assistants without another request', async () => {
    const screen = await watchList();
    const before = screen.ids();
    const requests = countRequests();

    const { data } = await createAssistant(client, { model: 'gpt-4o', name: 'new' });
    const id = data?.createAssistant.assistant?.id ?? '';
    await eventually(() => expect(screen.ids()).toEqual([id, ...before]));
    expect(screen.nodes()[0]).toMatchObject({ id, name: 'new', tools: [] });

    await client.mutate({ mutation: UPDATE_ASSISTANT, variables: { input: { id, name: 'changed' } } });
    await eventually(() => expect(screen.nodes()[0]).toMatchObject({ id, name: 'changed' }));

    await deleteAssistant(client, id);
    await eventually(() => expect(screen.ids()).toEqual(before));
    expect(requests()).toBe(3);
    expect(client.extract()).not.toHaveProperty([`Assistant:${id}`]);
  });

  test('loads the next page after its last assistant was deleted', async () => {
    const [, last = ''] = await createAssistants(service, 2);
    const screen = await watchList(2);
    expect(screen.ids()).toHaveLength(2);
    await deleteAssistant(client, last);
    await eventually(() => expect(screen.ids()).toHaveLength(1));
    expect(screen.data()?.pageInfo.endCursor).toBe(last);
    await loadMore(screen.list);
    await eventually(() => expect(screen.ids().slice(1)).toEqual(ids.slice(0, 2)));
    await deleteAssistant(client, screen.ids()[0] ?? '');
  });
});

describe('a list that others change, in Apollo Client', () => {
  test('of the oldest first shows a new assistant in the end, once all pages are loaded', async () => {
    const pageOf = async (first: number, isWhole: boolean) => {
      const variables = { first, order: 'ASC' as const };
      const other = createApolloClient(`${service.url}/graphql`);
      const list = other.watchQuery({ query: ASSISTANTS, variables });
      list.subscribe({});
      const { data } = await other.query({ query: ASSISTANTS, variables });
      const { data: created } = await createAssistant(other, { model: 'gpt-4o' });
      const before = data?.assistants.edges.map(({ node }) => node.id) ?? [];
      const id = created?.createAssistant.assistant?.id ?? '';
      const shown = () => list.getCurrentResult().data?.assistants?.edges?.map((edge) => edge.node?.id);
      if (!isWhole) await settle();
      await eventually(() => expect(shown()).toEqual(isWhole ? [...before, id] : before));
      await deleteAssistant(other, id);
    };
    await pageOf(100, true);
    await pageOf(5, false);
  });

  test.each([
    ['an update', (id: string) => renameAssistant(client, id, 'late')],
    ['a delete', (id: string) => deleteAssistant(client, id)],
  ])('loses the row of a deleted assistant with %s', async (_name, change) => {
    const [id = ''] = await createAssistants(service, 1);
    const screen = await watchList();
    expect(screen.ids()[0]).toBe(id);
    await deleteElsewhere(service, id);
    await change(id);
    await eventually(() => expect(screen.ids()).toEqual(ids.slice(0, 9)));
    expect(client.extract()).not.toHaveProperty([`Assistant:${id}`]);
  });

  test('is loaded again if the assistant before the next page was deleted', async () => {
    const [newest = '', last = ''] = await createAssistants(service, 2);
    const screen = await watchList(2);
    await deleteElsewhere(service, last);
    await loadMore(screen.list);
    await eventually(() => expect(screen.ids()).toEqual([newest, ids[0]]));
    await deleteElsewhere(service, newest);
  });
});

describe('an assistant in the cache of Apollo Client', () => {
  test('is one object in every query that contains it', async () => {
    const screen = await watchList();
    const [id = ''] = ids;
    const detail = client.watchQuery({ query: ASSISTANT, variables: { id } });
    detail.subscribe({});
    await client.query({ query: ASSISTANT, variables: { id } });
    const update = { input: { id, name: 'renamed', tools: [{ function: { name: 'only' } }] } };
    const { data } = await client.mutate({ mutation: UPDATE_ASSISTANT, variables: update });
    expect(data?.updateAssistant.userErrors).toEqual([]);
    const renamed = {
      id,
      name: 'renamed',
      tools: [{ __typename: 'FunctionTool', type: 'function', name: 'only' }],
    };
    await eventually(() => expect(screen.nodes()[0]).toMatchObject(renamed));
    const whole = { assistant: { ...renamed, metadata: { index: '24' } } };
    await eventually(() => expect(detail.getCurrentResult().data).toMatchObject(whole));
  });

  test('may be queried for different parts of objects without ids, which replace each other without a warning', async () => {
    const [, id = ''] = ids;
    const partsOf = (parts: string) => gql(`query ($id: ID!) { assistant(id: $id) { id ${parts} } }`);
    const update = gql(
      'mutation ($input: UpdateAssistantInput!) { updateAssistant(input: $input) { assistant { id } } }',
    );
    const input = {
      id,
      toolResources: { codeInterpreter: { fileIds: ['file-1'] }, fileSearch: { vectorStoreIds: ['vs-1'] } },
      responseFormat: { jsonSchema: { name: 'report', schema: { type: 'object' } } },
    };
    await client.mutate({ mutation: update, variables: { input } });
    const first = partsOf('toolResources { codeInterpreter { fileIds } } responseFormat { type }');
    const second = partsOf('toolResources { fileSearch { vectorStoreIds } } responseFormat { jsonSchema { name } }');
    await client.query({ query: first, variables: { id } });
    const { data } = await client.query({ query: second, variables: { id } });
    expect(data).toMatchObject({
      assistant: {
        toolResources: { fileSearch: { vectorStoreIds: ['vs-1'] } },
        responseFormat: { jsonSchema: { name: 'report' } },
      },
    });
  });

  test('keeps the fields of every kind of tool, and is found by fragments on the interfaces', async () => {
    const screen = await watchList();
    expect(screen.nodes()[1]?.tools).toEqual([
      { __typename: 'CodeInterpreterTool', type: 'code_interpreter' },
      { __typename: 'FunctionTool', type: 'function', name: 'get_weather' },
      { __typename: 'FileSearchTool', type: 'file_search', maxNumResults: 5 },
    ]);
    const [, id = ''] = ids;
    const read = client.readFragment<{ id: string; tools: { type: string }[] }>({
      id: `Assistant:${id}`,
      fragment: gql`
        fragment OfInterfaces on Node {
          id
          ... on Assistant {
            tools {
              ... on AssistantTool {
                type
              }
            }
          }
        }
      `,
    });
    expect(read).toMatchObject({
      id,
      tools: [{ type: 'code_interpreter' }, { type: 'function' }, { type: 'file_search' }],
    });
  });
});

describe('an error in Apollo Client', () => {
  test('of the input is returned as data, and the cache does not change', async () => {
    const screen = await watchList();
    const before = screen.ids();
    const created = await createAssistant(client, { model: ' ' });
    expect(created.data?.createAssistant).toMatchObject({
      assistant: null,
      userErrors: [{ code: 'BLANK', field: ['input', 'model'], message: expect.any(String) }],
    });
    const deleted = await deleteAssistant(client, 'asst_none');
    expect(deleted.data?.deleteAssistant).toMatchObject({
      deletedAssistantId: null,
      userErrors: [{ code: 'NOT_FOUND', field: ['input', 'id'] }],
    });
    await settle();
    expect(screen.ids()).toEqual(before);
  });

  test('of the request has a code and a request id, whatever the HTTP status', async () => {
    const badSize = await failure(client.query({ query: ASSISTANTS, variables: { first: 0 } }));
    expect(badSize.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT', requestId: expect.any(String) } }]);
    const badField = await failure(
      client.query({
        query: gql`
          {
            nothing
          }
        `,
      }),
    );
    expect(badField.errors).toMatchObject([
      { extensions: { code: 'GRAPHQL_VALIDATION_FAILED', requestId: expect.any(String) } },
    ]);
    expect(toMessage(badField)).toMatch(/^Something failed \(GRAPHQL_VALIDATION_FAILED, .+\)\.$/);
  });

  test('of upstream says whether to try again, and whether a write was applied', async () => {
    const upstream = await startScriptedUpstream(({ method }, response) => {
      if (method === 'GET') sendJson(response, 429, {}, { 'retry-after': '600' });
      else if (method === 'DELETE') sendJson(response, 409, {});
      else response.destroy();
    });
    const failing = await startServiceOn(upstream, { UPSTREAM_DEADLINE_MS: '60000', PORT: String(await takePort()) });
    const other = createApolloClient(`${failing.url}/graphql`);
    const limited = await failure(other.query({ query: ASSISTANTS, variables: { first: 1 } }));
    expect(limited.errors[0]?.extensions).toMatchObject({
      code: 'RATE_LIMITED',
      retryable: true,
      retryAfterMs: 600_000,
    });
    expect(toMessage(limited)).toBe('Try again in 600 s.');
    const lost = await failure(createAssistant(other, { model: 'gpt-4o' }));
    expect(lost.errors[0]?.extensions).toMatchObject({
      code: 'OUTCOME_UNKNOWN',
      outcome: 'UNKNOWN',
      requestId: expect.any(String),
    });
    expect(toMutationMessage(lost)).toMatch(/^It may have happened/);
    const rejected = await failure(deleteAssistant(other, 'asst_1'));
    expect(rejected.errors[0]?.extensions).toMatchObject({ code: 'CONFLICT', outcome: 'NOT_APPLIED', retryable: true });
    expect(mayHaveHappened(rejected)).toBe(false);
    await failing.stop();
    await upstream.stop();
    const unreachable: unknown = await deleteAssistant(other, 'asst_1').catch((error: unknown) => error);
    expect(toMessage(unreachable)).toBe('The service cannot be reached.');
    expect(toMutationMessage(unreachable)).toMatch(/^It may have happened/);
  });
});

async function failure(work: Promise<unknown>): Promise<CombinedGraphQLErrors> {
  const error = await work.catch((reason: unknown) => reason);
  if (!CombinedGraphQLErrors.is(error)) throw new Error(`GraphQL errors were expected, got ${String(error)}`);
  return error;
}
