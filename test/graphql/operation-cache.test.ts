// A repeated operation runs from its cached plan and has the same response.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { sha256 } from '../support/persisted.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startServiceOn, type TestService } from '../support/service.ts';

let upstream: ScriptedUpstream;
let service: TestService;

beforeAll(async () => {
  upstream = await startScriptedUpstream(({ path }, response) => {
    const id = path.split('/').at(2) ?? 'asst_new';
    if (id === 'broken') sendJson(response, 403, { message: 'no' });
    else if (id === 'none') sendJson(response, 404, { message: 'no' });
    else sendJson(response, 200, wireAssistant(id, { name: 'Ünïcode 🙂', tools: [{ type: 'new', __proto__: null }] }));
  });
  service = await startServiceOn(upstream, { AIML_API_KEY: 'test-key' });
});
afterAll(async () => {
  await service.stop();
  await upstream.stop();
});

interface Body extends Readonly<Record<string, unknown>> {
  readonly query?: string;
}

/** The response without the parts that differ in every response. */
async function send(body: unknown): Promise<unknown> {
  upstream.calls.length = 0;
  const response = await fetch(`${service.url}/graphql`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify(body),
  });
  const requestId = response.headers.get('x-request-id') ?? '';
  const text = (await response.text()).replaceAll(requestId, 'request-id');
  const headers = Object.fromEntries(response.headers);
  delete headers['date'];
  const line = service.logs.at(-1);
  expect(line?.['requestId']).toBe(requestId);
  return {
    status: response.status,
    headers: { ...headers, 'x-request-id': '' },
    text,
    line: { ...line, requestId: '', time: '', durationMs: 0 },
    calls: upstream.lines(),
  };
}

const READ = `query Read($id: ID!) {
  assistant(id: $id) { id name createdAt metadata tools { __typename type ... on UnknownTool { raw } } }
}`;
const MANY = 'query ($ids: [ID!]!) { a: nodes(ids: $ids) { id } b: nodes(ids: $ids) { __typename } }';
const TWO = 'query A { __typename } query B { assistant(id: "b") { id } }';
const CREATE = `mutation Create($input: CreateAssistantInput!) {
  createAssistant(input: $input) { assistant { id } userErrors { field code message } }
}`;
const DELETE = 'mutation ($id: ID!) { deleteAssistant(input: { id: $id }) { deletedAssistantId userErrors { code } } }';
const DIRECTIVES = 'query ($yes: Boolean!) { assistant(id: "a") { id name @include(if: $yes) } }';

const cases: readonly (readonly [name: string, body: Body])[] = [
  ['a read', { query: READ, variables: { id: 'a' } }],
  ['a read of what is not there', { query: READ, variables: { id: 'none' } }],
  ['a read that fails', { query: READ, variables: { id: 'broken' } }],
  ['a read of which a part fails', { query: MANY, variables: { ids: ['a', 'broken', 'none'] } }],
  ['an invalid id', { query: READ, variables: { id: '..' } }],
  ['a variable that does not fit', { query: READ, variables: { id: { canary: 1 } } }],
  ['a variable that is missing', { query: READ }],
  ['a variable that is null', { query: READ, variables: { id: null } }],
  ['no variables', { query: '{ __typename }', variables: null, operationName: null, extensions: null }],
  [
    'the name and version of the client library',
    { query: '{ __typename }', extensions: { clientLibrary: { name: 'x' } } },
  ],
  ['one of two operations', { query: TWO, operationName: 'B' }],
  ['neither of two operations', { query: TWO, operationName: 'C' }],
  ['two operations and no name', { query: TWO }],
  ['a name that is empty', { query: TWO, operationName: '' }],
  ['an invalid name', { query: TWO, operationName: 'A\n{' }],
  ['a create', { query: CREATE, variables: { input: { model: 'm', name: 'n' } } }],
  ['a create with a mistake', { query: CREATE, variables: { input: { model: '', name: 'n' } } }],
  ['a delete that fails', { query: DELETE, variables: { id: 'broken' } }],
  ['directives', { query: DIRECTIVES, variables: { yes: true } }],
  ['introspection', { query: '{ __schema { queryType { name } } }' }],
  ['what does not parse', { query: '{ assistant(' }],
  ['what does not fit the schema', { query: '{ nothing }' }],
  ['variables that are a list', { query: '{ __typename }', variables: [] }],
  ['variables that are a text', { query: '{ __typename }', variables: '{}' }],
  ['extensions that are a list', { query: '{ __typename }', extensions: [] }],
  ['a hash that is not known', { extensions: { persistedQuery: { version: 1, sha256Hash: sha256('?') } } }],
  [
    'a document with a hash that is not its own',
    { query: '{ __typename }', extensions: { persistedQuery: { version: 1, sha256Hash: sha256('?') } } },
  ],
];

describe('a repeated operation', () => {
  test.each(cases)('has the same response as the first time: %s', async (name, { query, ...rest }) => {
    const body = { ...rest, ...(query !== undefined && { query: `# ${name}\n${query}` }) };
    const first = await send(body);
    expect(await send(body)).toEqual(first);
    expect(await send(body)).toEqual(first);
  });

  test('directives use the variables of each request', async () => {
    for (const yes of [true, false, true, false]) {
      const { data } = await service.query(DIRECTIVES, { yes });
      expect(Object.keys(data?.['assistant'] as object)).toEqual(yes ? ['id', 'name'] : ['id']);
    }
  });

  test('an operation that failed halfway is not executed again for its error', async () => {
    const document =
      'mutation ($a: ID!, $b: ID!) { a: deleteAssistant(input: { id: $a }) { deletedAssistantId } b: deleteAssistant(input: { id: $b }) { deletedAssistantId } }';
    for (let time = 0; time < 3; time += 1) {
      await send({ query: document, variables: { a: 'none', b: 'broken' } });
      expect(upstream.lines()).toEqual(['DELETE /assistants/none', 'DELETE /assistants/broken']);
    }
  });

  test('a hash identifies its document, and a document is not mistaken for a hash', async () => {
    const extensions = { persistedQuery: { version: 1, sha256Hash: sha256(READ) } };
    const whole = await send({ query: READ, variables: { id: 'a' }, extensions });
    for (let time = 0; time < 3; time += 1) expect(await send({ variables: { id: 'a' }, extensions })).toEqual(whole);
    expect(await send({ query: '{ __typename }', extensions })).toMatchObject({ status: 400, calls: [] });
    expect(await send({ extensions: { persistedQuery: { version: 2, sha256Hash: sha256(READ) } } })).toMatchObject({
      status: 400,
    });
  });
});
