// The service as one of two subgraphs behind a gateway, configured as in production: the schema is available through
// `_service` only, and each caller has its own account.
import { beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { startRecordedService, type RecordedService } from '../graphql/recorded-service.ts';
import { startGateway, type Gateway } from './gateway.ts';
import { startTickets, TICKETS_SDL, type TicketsSubgraph } from './tickets.ts';

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const A = bearer('key-of-tenant-a');
const B = bearer('key-of-tenant-b');

const CREATE = `mutation ($input: CreateAssistantInput!) {
  createAssistant(input: $input) { assistant { id tickets { id } } userErrors { message } }
}`;
const EVERY_FIELD = `id createdAt model name description instructions metadata temperature topP reasoningEffort
  tools { __typename type ... on FunctionTool { name description parameters strict }
    ... on FileSearchTool { maxNumResults rankingOptions { ranker scoreThreshold } } ... on UnknownTool { raw } }
  toolResources { codeInterpreter { fileIds } fileSearch { vectorStoreIds } }
  responseFormat { type jsonSchema { name description schema strict } }`;

let service: RecordedService;
let tickets: TicketsSubgraph;
let gateway: Gateway;
/** Two assistants of caller A. */
let one: string;
let other: string;

beforeAll(async () => {
  service = await startRecordedService({ AUTH_MODE: 'passthrough', INTROSPECTION: 'false', FEDERATION: 'true' });
  tickets = await startTickets();
  // Without introspection, every operation needs a credential, also those of a gateway.
  const { data } = await service.query('{ _service { sdl } }', undefined, A);
  const { _service } = data as { _service: { sdl: string } };
  gateway = await startGateway([
    { name: 'assistants', url: `${service.url}/graphql`, sdl: _service.sdl },
    { name: 'tickets', url: tickets.url, sdl: TICKETS_SDL },
  ]);
  one = await create('one');
  other = await create('other');
});
beforeEach(() => void service.upstreamCalls());

async function create(name: string): Promise<string> {
  const input = { model: 'gpt-4o', name, tools: [{ function: { name: 'f' } }, { fileSearch: {} }] };
  const { data } = await gateway.query(CREATE, { input }, A);
  return (data as { createAssistant: { assistant: { id: string } } }).createAssistant.assistant.id;
}
const linesUpstream = (): string[] => service.upstreamCalls().map(([line]) => line);
const codesOf = (errors: readonly { readonly extensions: Readonly<Record<string, unknown>> }[] | undefined) =>
  errors?.map(({ extensions }) => extensions['code']);

describe('a query across both subgraphs', () => {
  test('resolves every field of a ticket’s assistant, with one upstream request for each assistant', async () => {
    tickets.assign({ t1: one, t2: other, t3: one });
    const { data, errors } = await gateway.query(`{ tickets { id assignee { ${EVERY_FIELD} } } }`, undefined, A);
    expect(errors).toBeUndefined();
    expect(data?.['tickets']).toMatchObject([
      { id: 't1', assignee: { id: one, name: 'one', tools: [{ __typename: 'FunctionTool', name: 'f' }, {}] } },
      { id: 't2', assignee: { id: other, name: 'other', metadata: {} } },
      { id: 't3', assignee: { id: one, name: 'one', model: 'gpt-4o' } },
    ]);
    expect(linesUpstream().sort()).toEqual([`GET /assistants/${one}`, `GET /assistants/${other}`].sort());
  });

  test('resolves the tickets of an assistant and back', async () => {
    tickets.assign({ t1: one, t2: other, t3: one });
    const { data, errors } = await gateway.query(
      '{ assistants(order: ASC) { nodes { name tickets { id assignee { name } } } pageInfo { hasNextPage } } }',
      undefined,
      A,
    );
    expect(errors).toBeUndefined();
    expect(data?.['assistants']).toEqual({
      nodes: [
        {
          name: 'one',
          tickets: [
            { id: 't1', assignee: { name: 'one' } },
            { id: 't3', assignee: { name: 'one' } },
          ],
        },
        { name: 'other', tickets: [{ id: 't2', assignee: { name: 'other' } }] },
      ],
      pageInfo: { hasNextPage: false },
    });
  });

  test('returns null for a deleted assistant, and everything else', async () => {
    tickets.assign({ t1: one, t2: 'asst_gone' });
    const { data, errors } = await gateway.query('{ tickets { id assignee { name } } }', undefined, A);
    expect(errors).toBeUndefined();
    expect(data?.['tickets']).toEqual([
      { id: 't1', assignee: { name: 'one' } },
      { id: 't2', assignee: { name: null } },
    ]);
    // The gateway fills the non-null fields of the assistant with null.
    expect((await gateway.query('{ tickets { assignee { model } } }', undefined, A)).data).toEqual({
      tickets: [{ assignee: { model: 'gpt-4o' } }, { assignee: null }],
    });
  });

  test('sees the data of the credential that the gateway forwards', async () => {
    tickets.assign({ t1: one });
    const READ = '{ tickets { id assignee { name } } }';
    expect((await gateway.query(READ, undefined, B)).data).toEqual({
      tickets: [{ id: 't1', assignee: { name: null } }],
    });
    service.upstreamCalls();
    const { data, errors } = await gateway.query(READ);
    expect(data).toEqual({ tickets: [{ id: 't1', assignee: { name: null } }] });
    expect(codesOf(errors)).toEqual(['UNAUTHENTICATED']);
    expect(linesUpstream()).toEqual([]);
  });

  test('returns the reason if the service cannot resolve a reference', async () => {
    tickets.assign({ t1: one, t2: '../secret' });
    const { data, errors, text } = await gateway.query('{ tickets { assignee { name } } }', undefined, A);
    expect(data).toEqual({ tickets: [{ assignee: { name: null } }, { assignee: { name: null } }] });
    expect(codesOf(errors)).toContain('BAD_USER_INPUT');
    expect(text).not.toContain('secret');
    expect(linesUpstream()).toEqual([]);
  });
});

describe('the entities of a request', () => {
  const READ = 'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Assistant { id } } }';
  const refer = (...ids: readonly string[]) => ({ r: ids.map((id) => ({ __typename: 'Assistant', id })) });

  test('are requested from upstream once, however often they are referenced', async () => {
    const { data, errors } = await service.query(READ, refer(one, 'asst_gone', one, other, one), A);
    expect(errors).toBeUndefined();
    expect(data).toEqual({ _entities: [{ id: one }, null, { id: one }, { id: other }, { id: one }] });
    expect(linesUpstream().sort()).toEqual([one, other, 'asst_gone'].map((id) => `GET /assistants/${id}`).sort());
  });

  test('are not returned without a credential', async () => {
    const { data, errors } = await service.query(READ, refer(one));
    expect(data).toBeUndefined();
    expect(codesOf(errors)).toEqual(['UNAUTHENTICATED']);
    expect(linesUpstream()).toEqual([]);
  });
});

describe('the supergraph', () => {
  test('contains @oneOf and @specifiedBy', async () => {
    const { data } = await gateway.query(
      `{ tool: __type(name: "AssistantToolInput") { isOneOf } instant: __type(name: "DateTime") { specifiedByURL } }`,
    );
    expect(data).toEqual({
      tool: { isOneOf: true },
      instant: { specifiedByURL: 'https://datatracker.ietf.org/doc/html/rfc3339' },
    });
  });
});
