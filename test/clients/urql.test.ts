// urql with its normalised cache against the running service, set up as docs/clients.md says.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { Client, fetchExchange, gql } from '@urql/core';
import { getIntrospectionQuery, type IntrospectionQuery } from 'graphql';
import { startService, type TestService } from '../support/service.ts';
import { eventually, until } from '../support/until.ts';
import {
  ASSISTANT,
  ASSISTANTS,
  CREATE_ASSISTANT,
  DELETE_ASSISTANT,
  UPDATE_ASSISTANT,
  type AssistantsData,
} from './snippets/operations.ts';
import { createUrqlClient } from './snippets/urql.ts';
import { createAssistants, deleteElsewhere, restoreAssistants } from './support/assistants.ts';
import { countRequests, settle } from './support/requests.ts';

let service: TestService;
let schema: IntrospectionQuery;
let client: Client;
/** Newest first. */
let ids: string[] = [];
const watching: (() => void)[] = [];

beforeAll(async () => {
  service = await startService();
  const { data } = await service.query(getIntrospectionQuery());
  schema = data as unknown as IntrospectionQuery;
});
afterAll(() => service.stop());
beforeEach(async () => {
  ids = await restoreAssistants(service, ids, 25);
  client = createUrqlClient(`${service.url}/graphql`, schema);
});
afterEach(() => {
  for (const stop of watching.splice(0)) stop();
});

/**
 * A page on the screen with every page before it: it sends one query and receives every later change from the cache.
 */
async function watchPage(first: number, after: string | null = null) {
  let shown: AssistantsData['assistants'] | undefined;
  const variables = { first, after };
  const subscription = client.query(ASSISTANTS, variables).subscribe(({ data }) => (shown = data?.assistants));
  watching.push(() => subscription.unsubscribe());
  await client.query(ASSISTANTS, variables);
  const nodes = () => shown?.edges.map(({ node }) => node) ?? [];
  return { data: () => shown, nodes, ids: () => nodes().map(({ id }) => id) };
}

/** The cursor for the next page, as docs/clients.md says. */
const next = (page: { data: () => AssistantsData['assistants'] | undefined }) => page.data()?.edges.at(-1)?.cursor;

/** An assistant with a value in every field. */
const EVERYTHING = {
  model: 'gpt-4o',
  tools: [
    { codeInterpreter: true },
    { function: { name: 'get_weather', parameters: { type: 'object' } } },
    { fileSearch: { maxNumResults: 5, rankingOptions: { ranker: 'auto', scoreThreshold: 0.5 } } },
  ],
  toolResources: { codeInterpreter: { fileIds: ['file-1'] }, fileSearch: { vectorStoreIds: ['vs-1'] } },
  responseFormat: { jsonSchema: { name: 'report', schema: { type: 'object' } } },
};

describe('a list in urql', () => {
  test('grows page by page to the whole list, in order, without duplicates or gaps', async () => {
    const requests = countRequests();
    const one = await watchPage(10);
    expect(one.ids()).toEqual(ids.slice(0, 10));
    const two = await watchPage(10, next(one));
    expect(two.ids()).toEqual(ids.slice(0, 20));
    const three = await watchPage(10, next(two));
    expect(three.ids()).toEqual(ids);
    expect(three.data()?.pageInfo.hasNextPage).toBe(false);
    expect(requests()).toBe(3);
  });

  test('shows created, updated and deleted assistants without another request', async () => {
    const screen = await watchPage(10, next(await watchPage(10)));
    const before = screen.ids();
    expect(before).toHaveLength(20);
    const requests = countRequests();

    const input = { model: 'gpt-4o', name: 'new' };
    const { data } = await client.mutation(CREATE_ASSISTANT, { input });
    const id = data?.createAssistant.assistant?.id ?? '';
    await eventually(() => expect(screen.ids()).toEqual([id, ...before]));

    await client.mutation(UPDATE_ASSISTANT, { input: { id, name: 'changed' } });
    await eventually(() => expect(screen.nodes()[0]).toMatchObject({ id, name: 'changed' }));

    await client.mutation(DELETE_ASSISTANT, { input: { id } });
    await eventually(() => expect(screen.ids()).toEqual(before));
    expect(requests()).toBe(3);
  });

  test('loads the next page after its last assistant was deleted', async () => {
    const [newest = '', last = ''] = await createAssistants(service, 2);
    const one = await watchPage(2);
    expect(one.ids()).toEqual([newest, last]);
    await client.mutation(DELETE_ASSISTANT, { input: { id: last } });
    await eventually(() => expect(one.ids()).toEqual([newest]));
    const two = await watchPage(2, next(one));
    expect(two.ids()).toEqual([newest, ...ids.slice(0, 2)]);
    await client.mutation(DELETE_ASSISTANT, { input: { id: newest } });
  });
});

describe('a list that others change, in urql', () => {
  test('of the oldest first shows a new assistant in the end, once all pages are loaded', async () => {
    const pageOf = async (first: number, isWhole: boolean) => {
      const other = createUrqlClient(`${service.url}/graphql`, schema);
      let shown: string[] = [];
      const subscription = other
        .query(ASSISTANTS, { first, order: 'ASC' })
        .subscribe(({ data }) => (shown = data?.assistants.edges.map(({ node }) => node.id) ?? []));
      watching.push(() => subscription.unsubscribe());
      await until(() => shown.length > 0);
      const before = shown;
      const { data } = await other.mutation(CREATE_ASSISTANT, { input: { model: 'gpt-4o' } });
      const id = data?.createAssistant.assistant?.id ?? '';
      if (!isWhole) await settle();
      await eventually(() => expect(shown).toEqual(isWhole ? [...before, id] : before));
      await other.mutation(DELETE_ASSISTANT, { input: { id } });
    };
    await pageOf(100, true);
    await pageOf(5, false);
  });

  test.each([
    ['an update', (id: string) => client.mutation(UPDATE_ASSISTANT, { input: { id, name: 'late' } })],
    ['a delete', (id: string) => client.mutation(DELETE_ASSISTANT, { input: { id } })],
  ])('loses the row of a deleted assistant with %s', async (_name, change) => {
    const [id = ''] = await createAssistants(service, 1);
    const screen = await watchPage(10);
    expect(screen.ids()[0]).toBe(id);
    await deleteElsewhere(service, id);
    await change(id);
    await eventually(() => expect(screen.ids()).toEqual(ids.slice(0, 9)));
  });
});

describe('an assistant in the cache of urql', () => {
  test('is one object in every query that contains it', async () => {
    const screen = await watchPage(10);
    const [id = ''] = ids;
    const input = { id, name: 'renamed', tools: [{ function: { name: 'only' } }] };
    await client.mutation(UPDATE_ASSISTANT, { input });
    const renamed = { id, name: 'renamed', tools: [{ type: 'function', name: 'only' }] };
    await eventually(() => expect(screen.nodes()[0]).toMatchObject(renamed));
    const { data } = await client.query(ASSISTANT, { id });
    expect(data?.assistant).toMatchObject({ ...renamed, metadata: { index: '24' } });
  });

  test('may be queried for every field, of every kind of tool and through the interfaces', async () => {
    const created = await client.mutation(CREATE_ASSISTANT, { input: EVERYTHING });
    const id = created.data?.createAssistant.assistant?.id ?? '';
    const everything = gql<{ node: unknown }, { id: string }>`
      query Everything($id: ID!) {
        node(id: $id) {
          id
          ... on Assistant {
            tools {
              ... on AssistantTool {
                type
              }
              ... on FunctionTool {
                name
                parameters
              }
              ... on FileSearchTool {
                maxNumResults
                rankingOptions {
                  ranker
                }
              }
              ... on UnknownTool {
                raw
              }
            }
            toolResources {
              codeInterpreter {
                fileIds
              }
              fileSearch {
                vectorStoreIds
              }
            }
            responseFormat {
              type
              jsonSchema {
                name
              }
            }
          }
        }
      }
    `;
    const first = await client.query(everything, { id });
    expect(first.data?.node).toMatchObject({
      id,
      tools: [
        { type: 'code_interpreter' },
        { type: 'function', name: 'get_weather', parameters: { type: 'object' } },
        { type: 'file_search', maxNumResults: 5, rankingOptions: { ranker: 'auto' } },
      ],
      toolResources: EVERYTHING.toolResources,
      responseFormat: { type: 'JSON_SCHEMA', jsonSchema: { name: 'report' } },
    });
    const requests = countRequests();
    const second = await client.query(everything, { id });
    expect(second.data?.node).toEqual(first.data?.node);
    expect(requests()).toBe(0);
  });
});

describe('an error in urql', () => {
  test('of the input is returned as data, and the cache does not change', async () => {
    const screen = await watchPage(10);
    const before = screen.ids();
    const created = await client.mutation(CREATE_ASSISTANT, { input: { model: ' ' } });
    expect(created.data?.createAssistant).toMatchObject({
      assistant: null,
      userErrors: [{ code: 'BLANK', field: ['input', 'model'] }],
    });
    const deleted = await client.mutation(DELETE_ASSISTANT, { input: { id: 'asst_none' } });
    expect(deleted.data?.deleteAssistant.userErrors).toMatchObject([{ code: 'NOT_FOUND' }]);
    await settle();
    expect(screen.ids()).toEqual(before);
  });

  test('of the request has a code and a request id', async () => {
    const { error } = await client.query(ASSISTANTS, { first: 0 });
    expect(error?.graphQLErrors).toMatchObject([
      { extensions: { code: 'BAD_USER_INPUT', requestId: expect.any(String) } },
    ]);
    const unknownField = await client.query(gql('{ assistants(first: 1) { nothing } }'), {});
    expect(unknownField.error?.graphQLErrors).toMatchObject([
      { extensions: { code: 'GRAPHQL_VALIDATION_FAILED', requestId: expect.any(String) } },
    ]);
  });

  test('is returned for every query if urql sends GET requests, as it does by default', async () => {
    const byGet = new Client({ url: `${service.url}/graphql`, exchanges: [fetchExchange] });
    const { error } = await byGet.query(ASSISTANTS, { first: 1 });
    expect(error?.graphQLErrors).toMatchObject([
      { message: expect.stringContaining('cross-site'), extensions: { code: 'BAD_REQUEST' } },
    ]);
  });
});
