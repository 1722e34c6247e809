import { describe, expect, test } from '@jest/globals';
import { GraphQLError } from 'graphql';
import { PublicError, type PublicErrorDetails } from '../../../../src/runtime/errors.ts';
import { ServiceError } from '../../../../src/graphql/errors/codes.ts';
import { createTestApollo, execute, type GraphQLResponse, type Operation } from '../execute.ts';
import { InMemoryAssistants } from '../in-memory-assistants.ts';

const open = createTestApollo({ introspection: true });
const closed = createTestApollo({ introspection: false });

const failed = async (failure: Error, apollo = open): Promise<GraphQLResponse> => {
  const assistants = new InMemoryAssistants();
  assistants.failure = failure;
  return execute(apollo, { query: '{ assistants { nodes { id } } }' }, assistants);
};
const only = ({ errors }: GraphQLResponse): GraphQLResponse['errors'][number] => {
  expect(errors).toHaveLength(1);
  return errors[0] ?? { message: 'none' };
};

describe('an error of upstream', () => {
  const aiml = (details: Partial<PublicErrorDetails>): PublicError =>
    new PublicError({ code: 'RATE_LIMITED', message: 'Too many requests.', retryable: true, ...details });

  test('contains the known details and nothing else', async () => {
    const response = await failed(aiml({ retryAfterMs: 1500, upstream: { status: 429, requestId: 'up-1' } }));
    expect(response.status).toBe(200);
    expect(only(response)).toEqual({
      message: 'Too many requests.',
      locations: [{ line: 1, column: 3 }],
      path: ['assistants'],
      extensions: {
        code: 'RATE_LIMITED',
        retryable: true,
        retryAfterMs: 1500,
        upstream: { status: 429, requestId: 'up-1' },
        requestId: 'req-1',
      },
    });
  });

  test('omits unknown details', async () => {
    expect(only(await failed(aiml({ code: 'UPSTREAM_TIMEOUT', message: 'Too late.' }))).extensions).toEqual({
      code: 'UPSTREAM_TIMEOUT',
      retryable: true,
      requestId: 'req-1',
    });
  });

  test('has the reason in its message if upstream rejected the request', async () => {
    const response = await failed(aiml({ code: 'BAD_USER_INPUT', message: 'Refused.', reason: 'No such order.' }));
    expect(only(response).message).toBe('Refused: No such order.');
  });

  test('about the object that a list belongs to is BAD_USER_INPUT', async () => {
    expect(only(await failed(aiml({ code: 'NOT_FOUND' }))).extensions?.['code']).toBe('BAD_USER_INPUT');
  });
});

describe('an unexpected error', () => {
  test('is masked, and the original is logged', async () => {
    const reported: unknown[] = [];
    const apollo = createTestApollo({ onInternalError: (error) => void reported.push(error) });
    const bug = new TypeError('secret');
    const response = await failed(bug, apollo);
    expect(response.status).toBe(200);
    expect(only(response)).toMatchObject({
      message: 'Internal server error.',
      extensions: { code: 'INTERNAL_SERVER_ERROR', requestId: 'req-1' },
    });
    expect(response.text).not.toContain('secret');
    expect(response.text).not.toContain('stack');
    expect(reported).toEqual([bug]);
  });

  test('is masked even if the log fails', async () => {
    const apollo = createTestApollo({
      onInternalError: () => {
        throw new Error('secret');
      },
    });
    const response = await failed(new Error('secret'), apollo);
    expect(only(response).extensions?.['code']).toBe('INTERNAL_SERVER_ERROR');
    expect(response.text).not.toContain('secret');
  });

  test.each([
    new GraphQLError('secret', { extensions: { code: 'CONFLICT', secret: 'secret' } }),
    new GraphQLError('secret'),
    Object.assign(new Error('secret'), { extensions: { code: 'BAD_REQUEST', secret: 'secret' } }),
    Object.assign(new Error('secret'), { path: ['secret'], locations: 'secret' }),
    new Error('Argument "secret" has invalid value secret'),
  ])('exposes nothing of its message, extensions and other fields', async (error) => {
    const response = await failed(error);
    expect(only(response).extensions?.['code']).toBe('INTERNAL_SERVER_ERROR');
    expect(response.text).not.toContain('secret');
  });

  test('is masked if the thrown value is not an error', async () => {
    const thrown: unknown = { secret: 'secret' };
    expect((await failed(thrown as Error)).text).not.toContain('secret');
  });
});

test('an error of the service keeps its code and its message', async () => {
  const response = await failed(new ServiceError('FORBIDDEN', 'The scope assistants:read is missing.'));
  expect(response.status).toBe(200);
  expect(only(response)).toMatchObject({
    message: 'The scope assistants:read is missing.',
    extensions: { code: 'FORBIDDEN', requestId: 'req-1' },
  });
});

describe('a rejected request', () => {
  const cases: readonly (readonly [string, Operation, number, string, string])[] = [
    ['does not parse', { query: '{' }, 400, 'GRAPHQL_PARSE_FAILED', 'Syntax Error: Expected Name, found <EOF>.'],
    [
      'selects an unknown field',
      { query: '{ nix }' },
      400,
      'GRAPHQL_VALIDATION_FAILED',
      'Cannot query field "nix" on type "Query".',
    ],
    [
      'names an unknown operation',
      { query: 'query A { __typename }', operationName: 'B' },
      400,
      'OPERATION_RESOLUTION_FAILURE',
      'The document has no such operation.',
    ],
    [
      'has several operations and no operation name',
      { query: 'query A { __typename } query B { __typename }' },
      400,
      'OPERATION_RESOLUTION_FAILURE',
      'Must provide operation name if query contains multiple operations.',
    ],
    [
      'subscribes but does not accept a stream',
      { query: 'subscription { runEvents(threadId: "t", runId: "r") { cursor } }' },
      400,
      'BAD_REQUEST',
      'The response to a subscription is a stream: accept text/event-stream, or multipart/mixed with ' +
        'subscriptionSpec=1.0, or use a WebSocket.',
    ],
    [
      'has no document',
      {},
      400,
      'BAD_REQUEST',
      'GraphQL operations must contain a non-empty `query` or a `persistedQuery` extension.',
    ],
    [
      'names an unknown persisted query',
      { extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } },
      400,
      'PERSISTED_QUERY_NOT_FOUND',
      'PersistedQueryNotFound',
    ],
    [
      'has another version of persisted queries',
      { extensions: { persistedQuery: { version: 9 } } },
      400,
      'BAD_REQUEST',
      'Unsupported persisted query version',
    ],
    [
      'has a hash of another document',
      { query: '{ __typename }', extensions: { persistedQuery: { version: 1, sha256Hash: 'x' } } },
      400,
      'BAD_REQUEST',
      'provided sha does not match query',
    ],
    [
      'lacks a variable',
      { query: 'query ($id: ID!) { node(id: $id) { id } }' },
      400,
      'BAD_USER_INPUT',
      'Variable "$id" of required type "ID!" was not provided.',
    ],
    [
      'has null for a variable',
      { query: 'query ($id: ID!) { node(id: $id) { id } }', variables: { id: null } },
      400,
      'BAD_USER_INPUT',
      'Variable "$id" of non-null type "ID!" must not be null.',
    ],
    [
      'has a variable of another kind',
      { query: 'query ($n: Int) { assistants(first: $n) { nodes { id } } }', variables: { n: 'x' } },
      400,
      'BAD_USER_INPUT',
      'Variable "$n" cannot be used: Int cannot represent non-integer value.',
    ],
    [
      'has an invalid value deep in a variable',
      {
        query: 'mutation ($i: CreateAssistantInput!) { createAssistant(input: $i) { userErrors { code } } }',
        variables: { i: { model: 'm', tools: [{ codeInterpreter: true }, { function: { name: 5 } }] } },
      },
      400,
      'BAD_USER_INPUT',
      'Variable "$i" cannot be used at "i.tools[1].function.name": String cannot represent a non string value.',
    ],
    [
      'has invalid JSON in a variable',
      {
        query: 'mutation ($i: CreateAssistantInput!) { createAssistant(input: $i) { userErrors { code } } }',
        variables: { i: { model: 'm', metadata: [] } },
      },
      400,
      'BAD_USER_INPUT',
      'Variable "$i" cannot be used at "i.metadata": Metadata is an object whose values are strings.',
    ],
    [
      'has invalid JSON in a literal',
      { query: 'mutation { createAssistant(input: { model: "m", metadata: { a: 1 } }) { userErrors { code } } }' },
      400,
      'GRAPHQL_VALIDATION_FAILED',
      'Argument "input" cannot be used at "input.metadata": Metadata is an object whose values are strings.',
    ],
  ];

  test.each(cases)('because it %s', async (_, operation, status, code, message) => {
    for (const apollo of [open, closed]) {
      const response = await execute(apollo, operation);
      expect([response.status, only(response).extensions?.['code'], only(response).message]).toEqual([
        status,
        code,
        message,
      ]);
      expect(only(response).extensions?.['requestId']).toBe('req-1');
    }
  });

  test('because of invalid variables inside a literal has the status of an executed operation', async () => {
    const response = await execute(open, {
      query:
        'mutation ($v: String) { createAssistant(input: { model: "m", metadata: { a: { b: $v } } }) { userErrors { code } } }',
      variables: { v: 'secret' },
    });
    expect(only(response).extensions?.['code']).toBe('GRAPHQL_VALIDATION_FAILED');
    const late = await execute(open, {
      query:
        'mutation ($v: Int) { createAssistant(input: { model: "m", metadata: { a: $v } }) { userErrors { code } } }',
      variables: { v: 12_345_678 },
    });
    expect(late.status).toBe(200);
    expect(only(late)).toMatchObject({
      message: 'Argument "input" has a value that cannot be used.',
      extensions: { code: 'BAD_USER_INPUT' },
    });
    expect(late.text).not.toContain('12345678');
  });

  test('because of introspection that is off', async () => {
    const response = await execute(closed, { query: '{ __schema { types { name } } }' });
    expect(response.status).toBe(400);
    expect(response.errors[0]).toMatchObject({
      message: 'Introspection is disabled.',
      extensions: { code: 'GRAPHQL_VALIDATION_FAILED' },
    });
  });
});

describe('suggestions', () => {
  const operations: readonly Operation[] = [
    { query: '{ assistant(id: "a") { nam } }' },
    { query: '{ assistant(idd: "a") { name } }' },
    { query: '{ assistants(order: DESCC) { nodes { id } } }' },
    { query: '{ assistants }' },
    { query: 'query ($i: CreateAssistantInputt) { __typename }' },
    {
      query: 'mutation ($i: CreateAssistantInput!) { createAssistant(input: $i) { userErrors { code } } }',
      variables: { i: { model: 'm', nam: 'x' } },
    },
  ];

  test.each(operations)('are sent only if introspection is on: $query', async (operation) => {
    expect((await execute(closed, operation)).text).not.toContain('Did you mean');
    // The suggestion for an enum follows the value, and is removed with it.
    if (!operation.query?.includes('DESCC')) expect((await execute(open, operation)).text).toContain('Did you mean');
  });
});

describe('messages that contain names only are sent unchanged', () => {
  test.each([
    ['{ assistant { id } }', 'Field "assistant" argument "id" of type "ID!" is required, but it was not provided.'],
    ['{ __typename @nix }', 'Unknown directive "@nix".'],
    ['{ ...F }', 'Unknown fragment "F".'],
    [
      '{ __typename } fragment F on Query { ...G } fragment G on Query { ...F }',
      'Cannot spread fragment "F" within itself via "G".',
    ],
    ['{ __typename } fragment F on Nix { x }', 'Unknown type "Nix".'],
    [
      '{ a: node(id: "1") { id } a: assistant(id: "1") { id } }',
      'Fields "a" conflict because "node" and "assistant" are different fields. Use different aliases on the fields to fetch both if this was intentional.',
    ],
    [
      '{ node(id: "1") { a: id ... on Assistant { a: model } } }',
      'Fields "a" conflict because "id" and "model" are different fields. Use different aliases on the fields to fetch both if this was intentional.',
    ],
    [
      '{ a: node(id: "1") { id } a: node(id: "2") { id } }',
      'Fields "a" conflict because they have differing arguments. Use different aliases on the fields to fetch both if this was intentional.',
    ],
    ['query ($a: Int) { node(id: $a) { id } }', 'Variable "$a" of type "Int" used in position expecting type "ID!".'],
    ['query A($a: Int) { __typename }', 'Variable "$a" is never used in operation "A".'],
    ['{ node(id: $a) { id } }', 'Variable "$a" is not defined.'],
    ['{ __typename } { __typename }', 'This anonymous operation must be the only defined operation.'],
    [
      'subscription { ...F } fragment F on Subscription { a: runEvents(threadId: "t", runId: "r") { event } b: runEvents(threadId: "t", runId: "s") { event } }',
      'Anonymous Subscription must select only one top level field.',
    ],
    ['subscription A { __typename }', 'Subscription "A" must not select an introspection top level field.'],
    ['type A { b: Int }', 'The "A" definition is not executable.'],
    [
      '{ assistants { pageInfo { hasNextPage { x } } } }',
      'Field "hasNextPage" must not have a selection since type "Boolean!" has no subfields.',
    ],
    ['query ($a: Query) { __typename }', 'Variable "$a" cannot be non-input type "Query".'],
    [
      'mutation { createAssistant(input: { model: "m", nix: 1 }) { userErrors { code } } }',
      'Field "nix" is not defined by type "CreateAssistantInput".',
    ],
    [
      'mutation { createAssistant(input: {}) { userErrors { code } } }',
      'Argument "input" cannot be used: Field "CreateAssistantInput.model" of required type "String!" was not provided.',
    ],
    ['query ($a: Int = $b) { __typename }', 'Syntax Error: Unexpected variable "$b" in constant value.'],
    ['{ a(b: }', 'Syntax Error: Unexpected "}".'],
    ['{ a(b: "x" "y") }', 'Syntax Error: Expected Name, found String.'],
    ["{ a(b: 'x') }", 'Syntax Error: Unexpected single quote character, strings have double quotes.'],
    ['{ a(b: "x', 'Syntax Error: Unterminated string.'],
    ['{ a(b: 1x) }', 'Syntax Error: Invalid number.'],
    ['{ a(b: "\\x") }', 'Syntax Error: Invalid character escape sequence.'],
    ['{ a(b: "\\uZZZZ") }', 'Syntax Error: Invalid Unicode escape sequence.'],
    ['{ a(b: %) }', 'Syntax Error: Unexpected character.'],
  ])('%s', async (query, message) => {
    const { errors } = await execute(closed, { query });
    expect(errors.map((error) => error.message)).toContain(message);
  });
});
