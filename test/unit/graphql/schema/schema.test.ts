import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import {
  isEnumType,
  isInputObjectType,
  isInterfaceType,
  isObjectType,
  lexicographicSortSchema,
  printSchema,
  type GraphQLNamedType,
} from 'graphql';
import { buildServiceSchema } from '../../../../src/graphql/schema/schema.ts';
import { createTestApollo, execute } from '../execute.ts';
import { InMemoryAssistants } from '../in-memory-assistants.ts';

const schema = buildServiceSchema();
const publicTypes = Object.values(schema.getTypeMap()).filter(
  ({ name }) => !name.startsWith('__') && !['String', 'Int', 'Float', 'Boolean', 'ID'].includes(name),
);

/** Everything in the public documentation that has a name, with its description. */
function* documented(type: GraphQLNamedType): Generator<readonly [string, string | null | undefined]> {
  yield [type.name, type.description];
  if (isEnumType(type)) for (const value of type.getValues()) yield [`${type.name}.${value.name}`, value.description];
  if (isInputObjectType(type))
    for (const field of Object.values(type.getFields())) yield [`${type.name}.${field.name}`, field.description];
  if (!isObjectType(type) && !isInterfaceType(type)) return;
  for (const field of Object.values(type.getFields())) {
    yield [`${type.name}.${field.name}`, field.description];
    for (const arg of field.args) yield [`${type.name}.${field.name}(${arg.name})`, arg.description];
  }
}

describe('the schema', () => {
  test('is the committed one', async () => {
    const committed = await readFile('schema/schema.graphql', 'utf8');
    expect(`${printSchema(lexicographicSortSchema(schema))}\n`).toBe(committed);
  });

  test('has a description', () => {
    expect(schema.description).toMatch(/Assistants and their conversations/);
  });

  test('describes every type, field, argument, input field and enum value', () => {
    const undocumented = publicTypes
      .flatMap((type) => [...documented(type)])
      .filter(([, description]) => !description?.trim())
      .map(([name]) => name);
    expect(undocumented).toEqual([]);
  });

  test('has resolver functions only for fields that read upstream', () => {
    const withResolver = publicTypes
      .filter(isObjectType)
      .filter(({ name }) => name !== 'Query' && name !== 'Mutation')
      .flatMap((type) =>
        Object.values(type.getFields()).flatMap(({ name, resolve }) => (resolve ? [`${type.name}.${name}`] : [])),
      );
    expect(withResolver.sort()).toEqual([
      'Message.assistant',
      'Message.run',
      'MessageCreationStep.message',
      'MessageTextEvent.message',
      'Run.assistant',
      'Run.messages',
      'Run.steps',
      'Run.thread',
      'Subscription.runEvents',
      'Thread.messages',
      'Thread.runs',
    ]);
  });

  test('resolves the types of an interface without a promise', () => {
    for (const type of publicTypes.filter(isInterfaceType)) {
      const resolveType = type.resolveType as ((value: unknown) => unknown) | null | undefined;
      expect(() => resolveType?.({})).toThrow('Cannot resolve type');
    }
  });

  test('prints @oneOf types', () => {
    const printed = printSchema(schema);
    for (const name of ['AssistantToolInput', 'ChunkingStrategyInput', 'ResponseFormatInput'])
      expect(printed).toContain(`input ${name} @oneOf {`);
  });
});

describe('a @oneOf type', () => {
  const apollo = createTestApollo();
  const document = `mutation ($input: CreateAssistantInput!) {
    createAssistant(input: $input) { userErrors { message } }
  }`;
  const inline = (fields: string): string =>
    `mutation { createAssistant(input: { model: "m", ${fields} }) { userErrors { message } } }`;

  test.each([
    ['tools: [{}]', { tools: [{}] }],
    ['tools: [{ codeInterpreter: true, fileSearch: {} }]', { tools: [{ codeInterpreter: true, fileSearch: {} }] }],
    ['tools: [{ codeInterpreter: null }]', { tools: [{ codeInterpreter: null }] }],
    ['responseFormat: {}', { responseFormat: {} }],
    [
      'responseFormat: { type: AUTO, jsonSchema: { name: "n" } }',
      { responseFormat: { type: 'AUTO', jsonSchema: { name: 'n' } } },
    ],
    [
      'toolResources: { fileSearch: { vectorStores: [{ chunkingStrategy: {} }] } }',
      { toolResources: { fileSearch: { vectorStores: [{ chunkingStrategy: {} }] } } },
    ],
  ])('is rejected unless exactly one field is set, in a literal and in a variable: %s', async (fields, variables) => {
    const assistants = new InMemoryAssistants();
    const ofLiteral = await execute(apollo, { query: inline(fields) }, assistants);
    expect([ofLiteral.status, ofLiteral.errors[0]?.extensions?.['code']]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
    const ofVariable = await execute(
      apollo,
      { query: document, variables: { input: { model: 'm', ...variables } } },
      assistants,
    );
    expect([ofVariable.status, ofVariable.errors[0]?.extensions?.['code']]).toEqual([400, 'BAD_USER_INPUT']);
    expect(assistants.calls).toEqual([]);
  });
});
