// Values of variables for which error messages would be expensive.
import { describe, expect, test } from '@jest/globals';
import { getOperationAST, getVariableValues, parse } from 'graphql';
import { createVariableCoercer } from '../../../../src/graphql/execution/variables.ts';
import { toPublicMessage } from '../../../../src/graphql/errors/public-message.ts';
import { buildServiceSchema } from '../../../../src/graphql/schema/schema.ts';

const schema = buildServiceSchema();
const CREATE = 'mutation ($i: CreateAssistantInput!) { createAssistant(input: $i) { userErrors { code } } }';

function coerce(query: string, variables: Readonly<Record<string, unknown>>) {
  const operation = getOperationAST(parse(query));
  if (!operation) throw new TypeError('there is one operation');
  return { ours: createVariableCoercer(schema, operation)(variables), operation };
}
const messagesOf = (result: ReturnType<typeof coerce>['ours']): string[] =>
  'errors' in result ? result.errors.map((error) => toPublicMessage(error, false)?.message ?? error.message) : [];

/** An object that counts how often all its keys are enumerated. */
function counted(keys: number): { readonly object: object; readonly lookups: () => number } {
  let lookups = 0;
  const target = Object.fromEntries(Array.from({ length: keys }, (_, index) => [`k${index}`, 1]));
  const object = new Proxy(target, {
    ownKeys: (all) => {
      lookups += 1;
      return Reflect.ownKeys(all);
    },
  });
  return { object, lookups: () => lookups };
}

describe('an object with very many keys', () => {
  test.each<[string, (object: object) => object, string]>([
    [
      'that are unknown',
      (object) => object,
      'Variable "$i" cannot be used: It holds a field that type "CreateAssistantInput" does not have.',
    ],
    [
      'where a text belongs',
      (object) => ({ model: object }),
      'Variable "$i" cannot be used at "i.model": String cannot represent a non string value.',
    ],
    [
      'in a list',
      (object) => ({ model: 'm', tools: [{ function: object }] }),
      'Variable "$i" cannot be used at "i.tools[0].function": It holds a field that type "FunctionToolInput" does not have.',
    ],
    [
      'as metadata, one of which is not a string',
      (object) => ({ model: 'm', metadata: object }),
      'Variable "$i" cannot be used at "i.metadata": Metadata is an object whose values are strings.',
    ],
  ])('%s is rejected with one error, and enumerated at most twice', (_name, valueOf, message) => {
    const { object, lookups } = counted(50_000);
    expect(messagesOf(coerce(CREATE, { i: valueOf(object) }).ours)).toEqual([message]);
    expect(lookups()).toBeLessThanOrEqual(2);
  });

  test('is not enumerated as the value of a variable of a scalar type', () => {
    const { object, lookups } = counted(50_000);
    const { ours } = coerce(
      'query ($first: Int, $order: SortOrder! = ASC) { assistants(first: $first, order: $order) { nodes { id } } }',
      {
        first: object,
        order: object,
      },
    );
    expect(messagesOf(ours)).toEqual([
      'Variable "$first" cannot be used: Int cannot represent non-integer value.',
      'Variable "$order" cannot be used: Enum "SortOrder" cannot represent a value of this kind.',
    ]);
    expect(lookups()).toBe(0);
  });
});

test('a list with very many invalid values has a limited number of errors', () => {
  const ids = Array.from({ length: 100_000 }, () => 1.5);
  const messages = messagesOf(coerce('query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids }).ours);
  expect(messages).toHaveLength(51);
  expect(messages.at(-1)).toBe('Too many errors processing variables, error limit reached. Execution aborted.');
});

test.each<[string, string, Readonly<Record<string, unknown>>]>([
  [
    'defaults',
    'query ($first: Int = 5, $after: String = null) { assistants(first: $first, after: $after) { nodes { id } } }',
    {},
  ],
  ['nulls', 'query ($first: Int = 5) { assistants(first: $first) { nodes { id } } }', { first: null }],
  [
    'nested input',
    CREATE,
    { i: { model: 'm', tools: [{ function: { name: 'f', parameters: { a: [1] } } }], metadata: {} } },
  ],
  ['one value for a list', 'query ($ids: [ID!]!) { nodes(ids: $ids) { id } }', { ids: 'a', other: 1 }],
])('valid values are the same as with graphql-js: %s', (_name, query, variables) => {
  const { ours, operation } = coerce(query, variables);
  expect(ours).toEqual(getVariableValues(schema, operation.variableDefinitions ?? [], variables));
});
