// The executor against graphql-js: the same response with the same schema and the same resolvers.
import { execute, parse, validate, type DocumentNode, type ExecutionResult } from 'graphql';
import { beforeEach, describe, expect, test } from '@jest/globals';
import { toPublicMessage } from '../../../../src/graphql/errors/public-message.ts';
import { Executor } from '../../../../src/graphql/execution/executor.ts';
import { buildServiceSchema } from '../../../../src/graphql/schema/schema.ts';
import { recordingContext } from './recording-context.ts';

const schema = buildServiceSchema({ federation: true });
const executor = new Executor(schema);
const run = async (
  document: DocumentNode,
  variables: Readonly<Record<string, unknown>> = {},
  operationName?: string,
): Promise<ExecutionResult> =>
  (await executor.prepare(document, operationName)?.run(variables, context())) ??
  executor.reject(document, operationName);
let calls: string[] = [];

beforeEach(() => {
  calls = [];
});

const context = () => recordingContext(calls);

const FIELDS = `id createdAt model name description metadata temperature
  tools { __typename type ... on FunctionTool { name parameters strict } ...Search ... on UnknownTool { raw } }
  responseFormat { type jsonSchema { name strict } } toolResources { fileSearch { vectorStoreIds } }`;
const SEARCH = 'fragment Search on FileSearchTool { maxNumResults rankingOptions { ranker } }';

const REFERENCES = { r: ['a', 'none', 'broken', 'b'].map((id) => ({ __typename: 'Assistant', id })) };

const documents: readonly (readonly [document: string, variables?: Readonly<Record<string, unknown>>])[] = [
  ['{ __typename }'],
  [`{ assistant(id: "a") { ${FIELDS} } } ${SEARCH}`],
  [`{ assistants { edges { cursor node { ${FIELDS} } } nodes { id } pageInfo { endCursor hasNextPage } } } ${SEARCH}`],
  [
    'query ($id: ID!) { x: assistant(id: $id) { id } y: assistant(id: $id) { name } z: assistant(id: "b") { id } }',
    { id: 'a' },
  ],
  ['query ($id: ID!) { assistant(id: $id) { id } }', {}],
  ['query ($id: ID!) { assistant(id: $id) { id } }', { id: { canary: 1 } }],
  ['{ node(id: "a") { __typename id ... on Assistant { name } } none: node(id: "none") { id } }'],
  ['{ nodes(ids: ["a", "none", "broken", "b"]) { id } }'],
  ['query ($r: [_Any!]!) { _entities(representations: $r) { __typename ... on Assistant { id name } } }', REFERENCES],
  [
    `query ($r: [_Any!]!) { _entities(representations: $r) { ... on Node { id } ...F } assistant(id: "c") { model } }
      fragment F on Assistant { tools { type } }`,
    { r: REFERENCES.r.filter(({ id }) => id !== 'broken') },
  ],
  [
    'query ($r: [_Any!]!) { _entities(representations: $r) { ... on Assistant @include(if: true) { id } } }',
    REFERENCES,
  ],
  ['query ($r: [_Any!]!) { _entities(representations: $r) { __typename } }', { r: [{ __typename: 'Query' }] }],
  ['{ _service { __typename sdl } }'],
  ['{ a: assistant(id: "a") { id } b: assistant(id: "broken") { id } c: assistant(id: "broken") { name } }'],
  ['{ a: assistant(id: "a") { id } odd: assistant(id: "odd") { createdAt } }'],
  ['{ a: assistant(id: "..") { id } b: assistant(id: "a") { id } }'],
  ['query ($yes: Boolean!) { assistant(id: "a") { id @include(if: $yes) name @skip(if: $yes) } }', { yes: true }],
  ['query ($yes: Boolean!) { assistant(id: "a") { id @include(if: $yes) name @skip(if: $yes) } }', { yes: false }],
  ['query ($yes: Boolean = true) { assistant(id: "a") @include(if: $yes) { id } b: assistant(id: "b") { id } }'],
  [
    'query ($yes: Boolean = true) { assistant(id: "a") @include(if: $yes) { id } b: assistant(id: "b") { id } }',
    { yes: false },
  ],
  [
    'query ($yes: Boolean!) { assistant(id: "a") { ...F @skip(if: $yes) id } } fragment F on Node { id name: id }',
    { yes: true },
  ],
  [
    'query ($yes: Boolean!) { assistant(id: "a") { ...F @skip(if: $yes) id } } fragment F on Node { id name: id }',
    { yes: false },
  ],
  [
    'query ($a: Boolean!, $b: Boolean!) { assistant(id: "a") { id @skip(if: $a) @include(if: $b) name } }',
    { a: false, b: true },
  ],
  [
    'query ($a: Boolean!, $b: Boolean!) { assistant(id: "a") { id @skip(if: $a) @include(if: $b) name } }',
    { a: true, b: true },
  ],
  ['{ assistant(id: "a") { id @skip(if: true) name @include(if: true) ... @include(if: false) { model } } }'],
  [
    'query ($yes: Boolean!) { assistant(id: "broken") @include(if: $yes) { id } a: assistant(id: "a") { id } }',
    { yes: true },
  ],
  [
    'query ($yes: Boolean!) { __schema @include(if: $yes) { queryType { name } } assistant(id: "a") { id } }',
    { yes: true },
  ],
  [
    'query ($yes: Boolean!) { __schema @include(if: $yes) { queryType { name } } assistant(id: "a") { id } }',
    { yes: false },
  ],
  ['query ($yes: Boolean!) { assistant(id: "a") @skip(if: $yes) { id } }', { yes: true }],
  [
    `query ($a: Boolean!, $b: Boolean!, $c: Boolean!, $d: Boolean!, $e: Boolean!) { assistant(id: "a") {
      id name @skip(if: $a) model @skip(if: $b) metadata @skip(if: $c) temperature @skip(if: $d) description @skip(if: $e) } }`,
    { a: true, b: false, c: true, d: false, e: true },
  ],
  ['{ assistant(id: "a") { __proto__: name id } }'],
  [
    '{ assistant(id: "a") { name ... { name metadata } ...More } } fragment More on Node { id ... on Assistant { model } }',
  ],
  ['{ a: thread(id: "a") { id messages { nodes { id text } } } b: thread(id: "a") { id metadata createdAt } }'],
  [
    `{ thread(id: "a") { x: messages(first: 1) { nodes { run { id } } edges { node { run { status x: id } } } }
      y: messages(first: 2) { nodes { assistant { name } content { __typename } } } } }`,
  ],
  [
    `query ($n: Int) { run(threadId: "a", id: "b") { ...F thread { id ...L } } message(threadId: "a", id: "holed") { run { ...F } } }
      fragment F on Run { status assistant { id } steps { nodes { __typename } } }
      fragment L on Thread { runs(last: $n) { nodes { ...F messages { nodes { text } } } } }`,
    { n: 2 },
  ],
  ['{ thread(id: "b") { runs(first: 60) { nodes { id assistant { id } thread { createdAt } } } } }'],
  [
    '{ thread(id: "a") { id messages(first: 0) { nodes { id } } } b: thread(id: "none") { messages { nodes { id } } } }',
  ],
  ['{ node(id: "thread_a") { id ... on Thread { messages { nodes { id assistant { id } } } } } }'],
  [
    `mutation { a: createThread(input: {}) { thread { messages { nodes { id } } } }
      b: createThread(input: { metadata: { k: "v" } }) { thread { messages(first: 0) { nodes { id } } } }
      c: deleteAssistant(input: { id: "c" }) { deletedAssistantId } }`,
  ],
  ['{ __schema { queryType { name } } assistant(id: "a") { id } }'],
  ['query A { __typename } query B { assistant(id: "a") { id } }'],
  ['mutation { a: createAssistant(input: { model: "m" }) { assistant { id } userErrors { code } } }'],
  ['mutation { a: createAssistant(input: { model: "" }) { assistant { id } userErrors { field code } } }'],
  [
    `mutation { a: deleteAssistant(input: { id: "a" }) { deletedAssistantId }
      b: updateAssistant(input: { id: "broken", name: "x" }) { assistant { id } }
      c: deleteAssistant(input: { id: "c" }) { deletedAssistantId } }`,
  ],
];

/** The response as a client sees it, with errors as clients get them, which contain no invalid values. */
const plain = ({ data, errors }: ExecutionResult): unknown =>
  JSON.parse(
    JSON.stringify({
      data,
      errors: errors
        ?.map((error) => ({ ...error.toJSON(), message: toPublicMessage(error, true)?.message ?? error.message }))
        // With graphql-js their order is that of the failures in time.
        .toSorted((a, b) => String(a.path).localeCompare(String(b.path))),
    }),
  );

describe('the executor', () => {
  test.each(documents)('executes %s like graphql-js, without more calls', async (...[text, variables]) => {
    const document = parse(text);
    expect(validate(schema, document).map(({ message }) => message)).toEqual([]);
    const expected = plain(
      await execute({ schema, document, contextValue: context(), ...(variables && { variableValues: variables }) }),
    );
    const expectedCalls = [...new Set(calls)];
    calls = [];
    expect(plain(await run(document, variables))).toEqual(expected);
    expect(calls.toSorted()).toEqual(expectedCalls.toSorted());
  });

  test('selects the operation by its name', async () => {
    const document = parse('query A { a: __typename } query B { b: __typename }');
    for (const [operationName, data] of [
      ['A', { a: 'Query' }],
      ['B', { b: 'Query' }],
    ] as const)
      expect(plain(await run(document, {}, operationName))).toEqual({ data });
  });

  test('keeps the order of the fields of the document', async () => {
    const document = parse('{ z: __typename assistant(id: "a") { name id } a: __typename }');
    expect(JSON.stringify(await run(document))).toBe(
      '{"data":{"z":"Query","assistant":{"name":"name of a","id":"a"},"a":"Query"}}',
    );
  });
});
