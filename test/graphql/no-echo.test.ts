import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { startRecordedService, type RecordedService } from './recorded-service.ts';

let service: RecordedService;
beforeAll(async () => {
  service = await startRecordedService({ FEDERATION: 'true' });
});
afterAll(() => service.stop());

/** It occurs in no name and in no message of the service. */
const C = 'cAnArY7319';
const json = { 'content-type': 'application/json' };
const post = (body: unknown, headers: Record<string, string> = json): RequestInit => ({
  method: 'POST',
  headers,
  body: typeof body === 'string' ? body : JSON.stringify(body),
});
const create = 'mutation ($i: CreateAssistantInput!) { createAssistant(input: $i) { userErrors { message field } } }';

const requests: readonly (readonly [string, string, RequestInit])[] = [
  ['a body that is not JSON', '', post(`{"query": "${C}`)],
  ['a body that is a list', '', post([{ query: C }])],
  ['a body that is a string', '', post(`"${C}"`)],
  ['a query that is not a string', '', post({ query: { [C]: C } })],
  ['variables that are a string', '', post({ query: '{ __typename }', variables: C })],
  ['an operation name that is an object', '', post({ query: '{ __typename }', operationName: { [C]: C } })],
  ['an unknown operation name', '', post({ query: 'query A { __typename }', operationName: C })],
  ['extensions that are a string', '', post({ query: '{ __typename }', extensions: C })],
  ['an unknown persisted query', '', post({ extensions: { persistedQuery: { version: 1, sha256Hash: C } } })],
  ['a content type of another format', '', post(C, { 'content-type': 'text/plain' })],
  ['an unknown content type', '', post(C, { 'content-type': `application/${C}` })],
  ['a syntax error', '', post({ query: `{ a(b: "x" "${C}") }` })],
  ['a literal', '', post({ query: `{ assistants(first: "${C}") { nodes { id } } }` })],
  ['a cursor that upstream does not know', '', post({ query: `{ assistants(after: "${C}") { nodes { id } } }` })],
  [
    'a reference to an entity',
    '',
    post({
      query: 'query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }',
      variables: { r: [{ __typename: C, [C]: C }] },
    }),
  ],
  ['a variable', '', post({ query: create, variables: { i: { model: 5, [C]: C } } })],
  [
    'a user error',
    '',
    post({ query: create, variables: { i: { model: '', name: C.repeat(30), metadata: { [C.repeat(9)]: C } } } }),
  ],
  ['a GET request without a preflight', `?query=${C}`, { headers: {} }],
  ['a GET request with a syntax error', `?query=${C}`, { headers: { 'apollo-require-preflight': '1' } }],
  [
    'a GET request with invalid variables',
    `?query={__typename}&variables=${C}`,
    { headers: { 'apollo-require-preflight': '1' } },
  ],
  [
    'a GET request for a mutation',
    `?query=mutation { ${C}: __typename }`,
    { headers: { 'apollo-require-preflight': '1' } },
  ],
  [
    'an Accept header with an unknown type',
    `?query={__typename ${C}: __typename}`,
    { headers: { 'apollo-require-preflight': '1', accept: `text/${C}` } },
  ],
  ['another method', `?a=${C}`, { method: 'PUT', ...post({ query: C }), headers: json }],
];

describe('a value of the caller occurs in no error and no log entry', () => {
  test.each(requests)('from %s', async (_, search, request) => {
    const response = await fetch(`${service.url}/graphql${search}`, request);
    const text = await response.text();
    expect([text, ...response.headers.values()].join('\n')).not.toContain(C);
    const requestId = response.headers.get('x-request-id');
    const { errors = [] } = JSON.parse(text) as { errors?: { extensions: unknown }[] };
    for (const error of errors) expect(error.extensions).toMatchObject({ code: expect.any(String), requestId });
    expect(errors.length > 0 || text.includes('userErrors')).toBe(true);
    expect(text).not.toContain('INTERNAL_SERVER_ERROR');
    expect(JSON.stringify(service.logs)).not.toContain(C);
  });
});
