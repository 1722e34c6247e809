import { buildASTSchema, isInputObjectType, isScalarType, parse, printSchema } from 'graphql';
import { describe, expect, test } from '@jest/globals';
import { PublicError } from '../../../../src/runtime/errors.ts';
import { toSubgraphSdl } from '../../../../src/graphql/federation/subgraph-sdl.ts';
import { buildServiceSchema } from '../../../../src/graphql/schema/schema.ts';
import { createTestApollo, execute, type GraphQLResponse } from '../execute.ts';
import { assistantsInOrder, InMemoryAssistants, upstreamOf } from '../in-memory-assistants.ts';

const schema = buildServiceSchema({ federation: true });
const apollo = createTestApollo({ schema });

const ENTITIES = `query ($representations: [_Any!]!) {
  _entities(representations: $representations) { __typename ... on Assistant { id model } }
}`;
const entities = (representations: unknown, assistants = new InMemoryAssistants()): Promise<GraphQLResponse> =>
  execute(apollo, { query: ENTITIES, variables: { representations } }, assistants);
const assistant = (id: unknown) => ({ __typename: 'Assistant', id });

describe('the schema of a subgraph', () => {
  const sdl = toSubgraphSdl(schema);
  // Federation defines these directives.
  const composable = buildASTSchema(parse(sdl), { assumeValidSDL: true });

  test('is the same with and without Federation, except for the root fields of Federation', () => {
    const { _entities, _service, ...fields } = schema.getQueryType()?.getFields() ?? {};
    expect([_entities, _service].map((field) => String(field?.type))).toEqual(['[_Entity]!', '_Service!']);
    const plain = buildServiceSchema();
    expect(Object.keys(fields)).toEqual(Object.keys(plain.getQueryType()?.getFields() ?? {}));
    const typesOf = (text: string): string[] => text.split(/\n\n(?=\S)/).filter((type) => !/^type Query/m.test(type));
    expect(typesOf(printSchema(schema)).filter((type) => !/^(?:type|scalar|union) _/m.test(type))).toEqual(
      typesOf(printSchema(plain)),
    );
  });

  test('has the directives that Federation needs, on existing types', () => {
    const annotated = sdl.split('\n').filter((line) => /^(?!input|scalar).*@/.test(line));
    expect(annotated).toEqual([
      'extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])',
      'directive @oneOf on INPUT_OBJECT',
      'type PageInfo @shareable {',
      'type Assistant implements Node @key(fields: "id") {',
      'type UserError @shareable {',
    ]);
  });

  test('has no root field that several subgraphs define, and no fields for gateways', () => {
    expect(Object.keys(composable.getQueryType()?.getFields() ?? {})).toEqual([
      'assistant',
      'assistants',
      'message',
      'models',
      'run',
      'thread',
      'threads',
    ]);
    expect(Object.keys(composable.getTypeMap()).filter((name) => /^_(?!_)/.test(name))).toEqual([]);
  });

  test('keeps @oneOf and @specifiedBy', () => {
    const types = Object.values(composable.getTypeMap());
    expect(types.filter((type) => isInputObjectType(type) && type.isOneOf).map(({ name }) => name)).toEqual([
      'AssistantToolInput',
      'ChunkingStrategyInput',
      'ResponseFormatInput',
      'MessageContentInput',
      'TruncationInput',
      'ToolChoiceInput',
    ]);
    const dateTime = types.find(({ name }) => name === 'DateTime');
    expect(isScalarType(dateTime) && dateTime.specifiedByURL).toBe('https://datatracker.ietf.org/doc/html/rfc3339');
  });

  test('is returned without a credential, even if introspection is off', async () => {
    const production = createTestApollo({ schema, introspection: false });
    const { body } = await production.executeOperation(
      { query: '{ _service { sdl } }' },
      {
        contextValue: {
          scope: { requestId: 'r', upstream: upstreamOf(new InMemoryAssistants()), authorize: denyAccess },
        },
      },
    );
    expect(body).toMatchObject({ kind: 'single', singleResult: { data: { _service: { sdl } } } });
  });

  test('does not exist without Federation, and neither do entities', async () => {
    const plain = createTestApollo();
    for (const query of ['{ _service { sdl } }', '{ _entities(representations: []) { __typename } }'])
      expect((await execute(plain, { query })).errors).toMatchObject([
        { extensions: { code: 'GRAPHQL_VALIDATION_FAILED' } },
      ]);
  });
});

describe('entities', () => {
  test('have the order of their representations, with null for missing ones', async () => {
    const assistants = new InMemoryAssistants(assistantsInOrder(2));
    const { data, errors } = await entities(['a1', 'none', 'a0', 'a1'].map(assistant), assistants);
    expect(errors).toEqual([]);
    expect(data?.['_entities']).toEqual([
      { __typename: 'Assistant', id: 'a1', model: 'gpt-4o' },
      null,
      { __typename: 'Assistant', id: 'a0', model: 'gpt-4o' },
      { __typename: 'Assistant', id: 'a1', model: 'gpt-4o' },
    ]);
  });

  test('contain an error for an entity whose read fails, and the other entities', async () => {
    const assistants = new InMemoryAssistants(assistantsInOrder(2));
    const load = assistants.load.bind(assistants);
    const failure = new PublicError({ code: 'UPSTREAM_TIMEOUT', message: 'Late.', retryable: true });
    assistants.load = (id) => (id === 'bad' ? Promise.reject(failure) : load(id));
    const { data, errors } = await entities(['a0', 'bad', 'a1'].map(assistant), assistants);
    expect(data?.['_entities']).toMatchObject([{ id: 'a0' }, null, { id: 'a1' }]);
    expect(errors).toMatchObject([{ path: ['_entities', 1], extensions: { code: 'UPSTREAM_TIMEOUT' } }]);
  });

  test('accept literals with other fields than the key', async () => {
    const query = `{ _entities(representations: [{ __typename: "Assistant", id: "a0", model: 5, more: [{ a: null }] }]) {
      ... on Node { id }
    } }`;
    const { data } = await execute(apollo, { query }, new InMemoryAssistants(assistantsInOrder(1)));
    expect(data).toEqual({ _entities: [{ id: 'a0' }] });
  });

  test('require the scope to read', async () => {
    const assistants = new InMemoryAssistants(assistantsInOrder(1));
    const { body } = await apollo.executeOperation(
      { query: ENTITIES, variables: { representations: [assistant('a0')] } },
      { contextValue: { scope: { requestId: 'r', upstream: upstreamOf(assistants), authorize: denyAccess } } },
    );
    expect(body).toMatchObject({
      singleResult: { data: null, errors: [{ path: ['_entities'], extensions: { code: 'FORBIDDEN' } }] },
    });
    expect(assistants.calls).toEqual([]);
  });

  const CANARY = 'cAnArY7319';
  test.each<[string, unknown, string]>([
    ['a string', CANARY, 'representations[1]": An entity is referred to by an object.'],
    ['a list', [CANARY], 'representations[1].__typename": The only entities are of type "Assistant".'],
    ['no type', { id: 'a0', CANARY }, 'representations[1].__typename": The only entities are of type "Assistant".'],
    [
      'a type that is not an entity',
      { __typename: 'PageInfo', id: 'a0' },
      'representations[1].__typename": The only entities are of type "Assistant".',
    ],
    [
      'an unknown type',
      { __typename: CANARY, id: 'a0' },
      'representations[1].__typename": The only entities are of type "Assistant".',
    ],
    ['no id', { __typename: 'Assistant', [CANARY]: 'a0' }, 'representations[1].id": A valid id is 1 to 64'],
    ['an invalid id', assistant(`../${CANARY}`), 'representations[1].id": A valid id is 1 to 64'],
    ['an id that is not a string', assistant({ id: CANARY }), 'representations[1].id": A valid id is 1 to 64'],
    [
      'keys of the prototype',
      JSON.parse('{ "__proto__": { "__typename": "Assistant", "id": "a0" } }'),
      'representations[1].__typename": The only entities are of type "Assistant".',
    ],
  ])('of %s are an error, without an upstream call', async (_, representation, problem) => {
    const assistants = new InMemoryAssistants(assistantsInOrder(1));
    const { data, errors, text } = await entities([assistant('a0'), representation], assistants);
    expect(data).toBeNull();
    expect(errors).toMatchObject([
      {
        message: expect.stringContaining(`Argument "representations" cannot be used at "${problem}`),
        path: ['_entities'],
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
    expect(text).not.toContain(CANARY);
    expect(assistants.calls).toEqual([]);
  });

  test('reject a representation of null, with its position', async () => {
    expect((await entities([assistant('a0'), null])).errors).toMatchObject([
      {
        message: expect.stringMatching(/^Variable "\$representations" cannot be used at "representations\[1\]"/),
        extensions: { code: 'BAD_USER_INPUT' },
      },
    ]);
  });

  test('are limited to 100', async () => {
    const assistants = new InMemoryAssistants(assistantsInOrder(1));
    const many = (count: number) => Array.from({ length: count }, () => assistant('a0'));
    expect((await entities(many(101), assistants)).errors).toMatchObject([
      { message: 'Argument "representations" takes at most 100 entries.', extensions: { code: 'BAD_USER_INPUT' } },
    ]);
    expect(assistants.calls).toEqual([]);
    expect((await entities(many(100), assistants)).errors).toEqual([]);
  });

  test.each([
    ['lists', '[', ']', 2400],
    ['objects', '{a:', '}', 1200],
  ])('with deeply nested %s are rejected', async (_, open, close, most) => {
    for (let levels = 100; levels <= most; levels += 100) {
      const value = open.repeat(levels) + '1' + close.repeat(levels);
      const { errors } = await execute(apollo, { query: `{ _entities(representations: [${value}]) { __typename } }` });
      // The parser is the first to exhaust the stack.
      expect(['BAD_USER_INPUT', 'GRAPHQL_PARSE_FAILED']).toContain(errors[0]?.extensions?.['code']);
    }
  });
});

function denyAccess(): never {
  throw new PublicError({ code: 'FORBIDDEN', message: 'No.', retryable: false });
}
