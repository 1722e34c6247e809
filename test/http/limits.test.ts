import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import { expectErrorResponse, sendBody } from '../support/rejected-requests.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startServiceOn, type TestService } from '../support/service.ts';

let upstream: ScriptedUpstream;
let service: TestService;

beforeAll(async () => {
  upstream = await startScriptedUpstream(({ path }, response) => {
    const id = path.split('/').at(2) ?? 'asst_new';
    if (id === 'asst_forbidden') sendJson(response, 403, { message: 'No.' });
    else sendJson(response, 200, wireAssistant(id));
  });
  service = await startServiceOn(upstream, { AIML_API_KEY: 'test-key' });
});
afterAll(async () => {
  await service.stop();
  await upstream.stop();
});
beforeEach(() => {
  upstream.calls.length = 0;
});

const repeat = (count: number, part: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');

const assistant = (fields: string): string => `{ assistant(id: "asst_1") { ${fields} } }`;
const createOne = (input: string): string => `createAssistant(input: ${input}) { userErrors { code } }`;

describe('the errors of a document', () => {
  const unknownFields = (padding: string): string => `{ assistants {${padding} nodes { a b } } }`;

  test.each([
    ['of 30 KB', ' '.repeat(30_000), { line: 1, column: 30_024 }],
    ['of 1,900 lines', '\n'.repeat(1900), { line: 1901, column: 10 }],
  ])('have locations, for a document %s', async (_what, padding, location) => {
    const { errors } = await service.query(unknownFields(padding));
    expect(errors).toMatchObject([
      { locations: [location] },
      { locations: [{ ...location, column: location.column + 2 }] },
    ]);
  });

  test.each([
    ['of 1 MB', ' '.repeat(1_000_000)],
    ['of 2,100 lines', '\n'.repeat(2100)],
    ['of 2,100 lines that end with carriage returns', '\r'.repeat(2100)],
  ])('have no locations, which would be expensive to find, for a document %s', async (_what, padding) => {
    const { errors, headers } = await service.query(unknownFields(padding));
    expect(errors?.map(({ message }) => message)).toEqual([
      expect.stringContaining('"a" on type "Assistant"'),
      expect.stringContaining('"b" on type "Assistant"'),
    ]);
    for (const error of errors ?? []) {
      expect(error).not.toHaveProperty('locations');
      expect(error.extensions).toMatchObject({
        code: 'GRAPHQL_VALIDATION_FAILED',
        requestId: headers.get('x-request-id'),
      });
    }
  });

  test('have no locations if a long document is executed', async () => {
    const { errors } = await service.query(`{ assistant(id: "asst_forbidden")${' '.repeat(40_000)} { id } }`);
    expect(errors).toEqual([expect.objectContaining({ path: ['assistant'] })]);
    expect(errors?.[0]).not.toHaveProperty('locations');
  });
});

describe('a document over a limit is rejected and sends nothing upstream', () => {
  test.each([
    ['tokens', assistant('id '.repeat(5000)), 'GRAPHQL_PARSE_FAILED', 'The document has more than 5000 tokens.'],
    [
      'depth',
      `{ a ${'{ a '.repeat(15)}${'}'.repeat(15)} }`,
      'GRAPHQL_VALIDATION_FAILED',
      'The document is more than 15 levels of fields deep.',
    ],
    [
      'aliases',
      assistant(repeat(31, (index) => `a${index}: id`)),
      'GRAPHQL_VALIDATION_FAILED',
      'The document has more than 30 aliases.',
    ],
    [
      'root fields of a query',
      `{ ${repeat(21, () => 'assistant(id: "asst_1") { id }')} }`,
      'GRAPHQL_VALIDATION_FAILED',
      'The query has more than 20 root fields.',
    ],
    [
      'root fields of a mutation',
      `mutation { ${repeat(11, (index) => `a${index}: ${createOne('{ model: "m" }')}`)} }`,
      'GRAPHQL_VALIDATION_FAILED',
      'The mutation has more than 10 root fields.',
    ],
    [
      'root fields of a mutation in a fragment',
      `mutation { ...F } fragment F on Mutation { ${repeat(11, (index) => `a${index}: ${createOne('{ model: "m" }')}`)} }`,
      'GRAPHQL_VALIDATION_FAILED',
      'The mutation has more than 10 root fields.',
    ],
    [
      'selections',
      assistant('id '.repeat(301)),
      'GRAPHQL_VALIDATION_FAILED',
      'A selection set has more than 300 selections.',
    ],
    [
      'directives',
      assistant(repeat(31, () => 'id @include(if: true)')),
      'GRAPHQL_VALIDATION_FAILED',
      'The document has more than 30 directives.',
    ],
  ])('%s', async (_, query, code, message) => {
    const response = await service.query(query);
    expectErrorResponse(upstream, response, code);
    expect(response.errors?.map((error) => error.message)).toEqual([message]);
  });

  test('with GET as well', async () => {
    const query = encodeURIComponent(assistant(repeat(31, (index) => `a${index}: id`)));
    const response = await fetch(`${service.url}/graphql?query=${query}`, {
      headers: { 'apollo-require-preflight': '1' },
    });
    expect([response.status, await response.text()]).toEqual([400, expect.stringContaining('more than 30 aliases')]);
    expect(upstream.lines()).toEqual([]);
  });

  test('again when it has been rejected before', async () => {
    const query = assistant(repeat(31, (index) => `b${index}: id`));
    for (let time = 0; time < 3; time += 1)
      expectErrorResponse(upstream, await service.query(query), 'GRAPHQL_VALIDATION_FAILED');
  });
});

describe('a document within the limits is served', () => {
  test('the standard introspection query', async () => {
    expect((await service.query(getIntrospectionQuery())).errors).toBeUndefined();
  });

  test('a query at every limit', async () => {
    const fields = repeat(30, (index) => `a${index}: id @include(if: true)`) + ' id'.repeat(270);
    const { data } = await service.query(`{ ${repeat(19, () => '__typename')} assistant(id: "asst_1") { ${fields} } }`);
    expect(data).toMatchObject({ assistant: { a0: 'asst_1', a29: 'asst_1', id: 'asst_1' } });
  });

  test('a mutation with ten root fields of 100 KB each', async () => {
    const variables = Object.fromEntries(
      Array.from({ length: 10 }, (_, index) => [`i${index}`, { model: 'm', instructions: 'x'.repeat(100_000) }]),
    );
    const query = `mutation (${repeat(10, (index) => `$i${index}: CreateAssistantInput!`)}) {
      ${repeat(10, (index) => `a${index}: ${createOne(`$i${index}`)}`)}
    }`;
    const { data, errors } = await service.query(query, variables);
    expect(errors).toBeUndefined();
    expect(Object.keys(data ?? {})).toHaveLength(10);
    expect(upstream.lines()).toEqual(Array(10).fill('POST /assistants'));
  });

  test('a hundred ids that cannot be read, with one error for each in a response of bounded size', async () => {
    const ids = Array.from({ length: 100 }, () => 'asst_forbidden');
    const query = `{ ${repeat(2, (index) => `a${index}: nodes(ids: ${JSON.stringify(ids)}) { id }`)} }`;
    const { errors = [], text, headers } = await service.query(query);
    expect(errors).toHaveLength(200);
    for (const { extensions } of errors)
      expect(extensions).toMatchObject({ code: 'FORBIDDEN', requestId: headers.get('x-request-id') });
    expect(text.length).toBeLessThan(1_000_000);
    expect(upstream.lines()).toEqual(['GET /assistants/asst_forbidden']);
  });
});

describe('malicious requests are rejected as client errors', () => {
  const MiB = 1024 * 1024;
  const overlapping = (count: number): string =>
    `{ ${repeat(count, (index) => `...F${index}`)} } ${repeat(
      count,
      (index) => `fragment F${index} on Query { node(id: "${'x'.repeat(400)}") { id } ...F${(index + 1) % count} }`,
    )}`;

  test.each<[string, () => string, string | RegExp]>([
    ['a mebibyte of braces', () => '{'.repeat(MiB - 100), 'GRAPHQL_PARSE_FAILED'],
    ['a mebibyte of one name', () => `{ ${'a'.repeat(MiB - 100)} }`, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'a mebibyte of one variable',
      () => `query ($${'a'.repeat(MiB - 100)}: [ID!]!) { __typename }`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    [
      'a mebibyte of one number',
      () => `{ assistants(first: ${'9'.repeat(MiB - 100)}) { nodes { id } } }`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
    ['a mebibyte of comments', () => `${'#\n'.repeat(300_000)} { __typename }`, 'GRAPHQL_VALIDATION_FAILED'],
    ['112 KB of overlapping fragments', () => overlapping(230), /^GRAPHQL_(?:PARSE|VALIDATION)_FAILED$/],
    [
      'fragments that double 500 times',
      () =>
        `{ ...F0 } ${repeat(500, (index) => `fragment F${index} on Query { ...F${index + 1} ...F${index + 1} }`)} fragment F500 on Query { a: __typename }`,
      /^GRAPHQL_(?:PARSE|VALIDATION)_FAILED$/,
    ],
    ['nested lists', () => `{ assistants(first: ${'['.repeat(4900)}`, 'GRAPHQL_PARSE_FAILED'],
    ['nested selections', () => `{ a ${'{ a '.repeat(1600)}${'}'.repeat(1600)} }`, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'thousands of unknown fields',
      () => `{ ${repeat(4900, (index) => `unknown${index}`)} }`,
      'GRAPHQL_VALIDATION_FAILED',
    ],
  ])('%s', async (_, document, code) => {
    expectErrorResponse(upstream, await service.query(document()), code);
  });

  const withValue = (value: string): string =>
    `{"query":"mutation ($p: JSONObject) { createAssistant(input: { model: \\"m\\", tools: [{ function: { name: \\"f\\", parameters: $p } }] }) { userErrors { code } } }","variables":{"p":${value}}}`;
  const nested = (levels: number, open: string, close: string): string =>
    open.repeat(levels) + '1' + close.repeat(levels);

  test.each([
    ['65 levels of a variable', withValue(nested(65, '{"a":', '}')), 'BAD_USER_INPUT'],
    ['200 levels of a variable', withValue(nested(200, '{"a":', '}')), 'BAD_USER_INPUT'],
    ['half a mebibyte of brackets in a variable', withValue(nested(500_000, '[', ']')), 'BAD_REQUEST'],
    ['a mebibyte of objects in a variable', withValue(nested(170_000, '{"a":', '}')), 'BAD_REQUEST'],
    ['brackets that do not end', withValue('['.repeat(1_000_000)), 'BAD_REQUEST'],
    ['deep extensions', `{"query":"{ __typename }","extensions":{"a":${nested(100_000, '[', ']')}}}`, 'BAD_REQUEST'],
    ['a batch', JSON.stringify([{ query: '{ __typename }' }]), 'BAD_REQUEST'],
    ['a batch of a thousand', JSON.stringify(Array(1000).fill({ query: assistant('id') })), 'BAD_REQUEST'],
  ])('%s', async (_, body, code) => {
    expectErrorResponse(upstream, await sendBody(service, body), code);
  });

  test('and afterwards the service still responds, and has logged no internal error', async () => {
    expect((await service.query(assistant('id'))).data).toEqual({ assistant: { id: 'asst_1' } });
    expect(service.logs.filter(({ level }) => level === 'error' || level === 'fatal')).toEqual([]);
  });
});
