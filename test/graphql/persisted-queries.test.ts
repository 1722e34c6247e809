// Automatic persisted queries: a client sends a document once, and then only its SHA-256 hash.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { codeOf, get, post, sha256 } from '../support/persisted.ts';
import { startService, type TestService } from '../support/service.ts';

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

describe.each([
  ['POST', post],
  ['GET', get],
])('by %s, a document', (method, send) => {
  test('is requested if its hash is unknown; after that the hash is enough', async () => {
    // Each try has a document of its own.
    const name = `By${method}_${randomUUID().replaceAll('-', '')}`;
    const query = `query ${name}($first: Int) { assistants(first: $first) { pageInfo { hasPreviousPage } } }`;
    const id = sha256(query);
    const variables = { first: 1 };
    const unknown = await send(service.url, { id, variables });
    expect([unknown.status, codeOf(unknown)]).toEqual([400, 'PERSISTED_QUERY_NOT_FOUND']);
    const response = { status: 200, data: { assistants: { pageInfo: { hasPreviousPage: false } } } };
    expect(await send(service.url, { id, query, variables })).toEqual(response);
    for (const sendAgain of [get, post]) expect(await sendAgain(service.url, { id, variables })).toEqual(response);
  });

  test('is rejected if it does not match its hash', async () => {
    const id = sha256(`query Meant${method} { __typename }`);
    const response = await send(service.url, { id, query: '{ __typename }' });
    expect([response.status, codeOf(response), response.errors?.[0]?.message]).toEqual([
      400,
      'BAD_REQUEST',
      'provided sha does not match query',
    ]);
    expect(codeOf(await send(service.url, { id }))).toBe('PERSISTED_QUERY_NOT_FOUND');
  });

  test.each([
    ['does not parse', `query Broken${method} {`, 'GRAPHQL_PARSE_FAILED'],
    ['is invalid in the schema', `query Unfit${method} { nothing }`, 'GRAPHQL_VALIDATION_FAILED'],
    ['breaks a limit', `query Large${method} { ${'a: __typename '.repeat(31)} }`, 'GRAPHQL_VALIDATION_FAILED'],
  ])('that %s is not registered', async (_name, query, code) => {
    const id = sha256(query);
    expect(codeOf(await send(service.url, { id, query }))).toBe(code);
    expect(codeOf(await send(service.url, { id }))).toBe('PERSISTED_QUERY_NOT_FOUND');
  });
});

test('a mutation with a known hash is still rejected by GET', async () => {
  const query = 'mutation { createAssistant(input: { model: "m" }) { assistant { model } } }';
  const id = sha256(query);
  expect((await post(service.url, { id, query })).data).toEqual({ createAssistant: { assistant: { model: 'm' } } });
  const response = await get(service.url, { id });
  expect([response.status, codeOf(response)]).toEqual([405, 'BAD_REQUEST']);
});

test.each([[[sha256('{ __typename }')]], [1], [null], [undefined]])('the hash %j is no text', async (sha256Hash) => {
  await post(service.url, { id: sha256('{ __typename }'), query: '{ __typename }' });
  const extensions = { persistedQuery: { version: 1, sha256Hash } };
  const requests = [
    [
      `/graphql?extensions=${encodeURIComponent(JSON.stringify(extensions))}`,
      { headers: { 'apollo-require-preflight': '1' } },
    ],
    [
      '/graphql',
      { method: 'POST', headers: { 'content-type': 'application/json' }, body: JSON.stringify({ extensions }) },
    ],
  ] as const;
  for (const [path, init] of requests) {
    const response = await fetch(service.url + path, init);
    expect(response.status).toBe(400);
    expect(await response.json()).toEqual({
      errors: [
        {
          message: '`extensions.persistedQuery.sha256Hash` must be a string.',
          extensions: { code: 'BAD_REQUEST', requestId: response.headers.get('x-request-id') },
        },
      ],
    });
  }
});

test.each([
  ['no hash', 'x'],
  ['the name of a method', 'constructor'],
  ['empty', ''],
])('a hash that is %s is not found', async (_name, id) => {
  expect(codeOf(await post(service.url, { id }))).toBe('PERSISTED_QUERY_NOT_FOUND');
});
