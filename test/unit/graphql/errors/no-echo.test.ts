import { describe, expect, test } from '@jest/globals';
import { createTestApollo, execute, type Operation } from '../execute.ts';
import { InMemoryAssistants } from '../in-memory-assistants.ts';

const apollos = [createTestApollo({ introspection: true }), createTestApollo({ introspection: false })];

/** It occurs in no name and in no message of the service. */
const C = 'cAnArY7319';
const N = '73197319';

const create =
  'mutation ($i: CreateAssistantInput!) { createAssistant(input: $i) { userErrors { message field code } } }';
const inline = (fields: string): string =>
  `mutation { createAssistant(input: { model: "m", ${fields} }) { userErrors { message field code } } }`;
const list =
  'query ($n: Int, $c: String, $o: SortOrder! = DESC) { assistants(first: $n, after: $c, order: $o) { nodes { id } } }';
const fake = `${C}" at "i.${C}"; ${C}`;

/** Values of the caller in every position where a caller can send one. */
const operations: readonly (readonly [string, Operation])[] = [
  ['an unquoted word that is not GraphQL', { query: `{ assistant(id: ${C} ${C} "x") { id } }` }],
  ['a string where a name must be', { query: `{ "${C}" }` }],
  ['a block string where a name must be', { query: `{ """${C}""" }` }],
  ['a number where a name must be', { query: `{ a(${N}: 1) }` }],
  ['a word after a number', { query: `{ a(b: 1${C}) }` }],
  ['an unfinished string', { query: `{ a(b: "${C}` }],
  ['a comment', { query: `{ a # ${C}` }],
  ['an invalid escape', { query: `{ a(b: "\\u{${N}}${C}") }` }],
  ['an unknown keyword', { query: `${C} { a }` }],
  ['a string for a number', { query: `{ assistants(first: "${C}") { nodes { id } } }` }],
  ['a list for a number', { query: `{ assistants(first: ["${C}"]) { nodes { id } } }` }],
  ['an object for a number', { query: `{ assistants(first: { ${C}: "${C}" }) { nodes { id } } }` }],
  ['a number too large', { query: `{ assistants(first: ${N}${N}) { nodes { id } } }` }],
  ['a number out of range', { query: `{ assistants(first: ${N}) { nodes { id } } }` }],
  ['a number for a string', { query: `{ assistants(after: ${N}) { nodes { id } } }` }],
  ['an enum value', { query: `{ assistants(order: ${C}) { nodes { id } } }` }],
  ['a string for an enum value', { query: `{ assistants(order: "${C}") { nodes { id } } }` }],
  ['a cursor', { query: `{ assistants(after: "${C}/") { nodes { id } } }` }],
  ['a cursor that upstream does not know', { query: `{ assistants(after: "${C}") { nodes { id } } }` }],
  ['an id', { query: `{ assistant(id: "${C}/") { __typename } }` }],
  ['an id among others', { query: `{ nodes(ids: ["a", "${C}/"]) { __typename } }` }],
  ['an object for an id', { query: `{ assistant(id: { a: "${C}" }) { id } }` }],
  ['an enum value for an id', { query: `{ assistant(id: ${C}) { id } }` }],
  ['a string for a boolean of a directive', { query: `{ __typename @skip(if: "${C}") }` }],
  ['a default value', { query: `query ($n: Int = "${C}") { assistants(first: $n) { nodes { id } } }` }],
  ['a default value out of range', { query: `query ($n: Int = ${N}) { assistants(first: $n) { nodes { id } } }` }],
  ['a string for an input object', { query: `mutation { createAssistant(input: "${C}") { userErrors { code } } }` }],
  ['a string for a list of objects', { query: inline(`tools: "${C}"`) }],
  ['a key of metadata in a literal', { query: inline(`metadata: { ${C}: 1 }`) }],
  ['a value of metadata in a literal', { query: inline(`metadata: { a: ["${C}"] }`) }],
  ['a literal of JSON that is a string', { query: inline(`tools: [{ function: { name: "f", parameters: "${C}" } }]`) }],
  ['an enum value in JSON', { query: inline(`tools: [{ function: { name: "f", parameters: { a: ${C} } } }]`) }],
  ['a number in JSON', { query: inline(`tools: [{ function: { name: "f", parameters: { ${C}: ${N}${N}${N} } } }]`) }],
  ['a name of a function', { query: inline(`tools: [{ function: { name: "${C} x" } }]`) }],
  ['a string for a float', { query: inline(`temperature: "${C}"`) }],
  ['a name that is too long', { query: inline(`name: "${C.repeat(30)}"`) }],
  ['a key of metadata that is too long', { query: inline(`metadata: { ${C.repeat(10)}: "" }`) }],
  ['a string variable for a number', { query: list, variables: { n: C } }],
  ['a float variable for an integer', { query: list, variables: { n: Number(`0.${N}`) } }],
  ['an object variable for a number', { query: list, variables: { n: { [C]: C } } }],
  ['an object variable for a string', { query: list, variables: { c: { [C]: C } } }],
  ['a variable for an enum', { query: list, variables: { o: C } }],
  [
    'a variable for an enum that looks like a message',
    { query: list, variables: { o: `x" does not exist in "${C}" enum.` } },
  ],
  ['an object variable for an enum', { query: list, variables: { o: { [C]: C } } }],
  ['a variable that looks like a message', { query: list, variables: { n: fake } }],
  [
    'a variable that looks like a message, deeper',
    { query: create, variables: { i: { model: fake, tools: fake, [fake]: fake } } },
  ],
  ['a string variable for an object', { query: create, variables: { i: C } }],
  ['a list variable for an object', { query: create, variables: { i: [C] } }],
  ['an unknown key of a variable', { query: create, variables: { i: { model: 'm', [C]: 1 } } }],
  [
    'an unknown key of a variable that looks like a message',
    { query: create, variables: { i: { model: 'm', [`" is not defined by type "${C}". Did you mean "${C}"?`]: 1 } } },
  ],
  [
    'an unknown key deeper in a variable',
    { query: create, variables: { i: { model: 'm', tools: [{ function: { name: 'f', [C]: C } }] } } },
  ],
  [
    'a key beside the one that is set',
    { query: create, variables: { i: { model: 'm', tools: [{ codeInterpreter: true, [C]: C }] } } },
  ],
  ['the values next to a missing field', { query: create, variables: { i: { name: C } } }],
  ['the values next to a null', { query: create, variables: { i: { name: C, model: null } } }],
  ['a key of metadata', { query: create, variables: { i: { model: 'm', metadata: { [C]: 1 } } } }],
  ['a value of metadata', { query: create, variables: { i: { model: 'm', metadata: { a: [C] } } } }],
  [
    'a key of JSON',
    {
      query: create,
      variables: { i: { model: 'm', tools: [{ function: { name: 'f', parameters: { [C]: 2 ** 60 } } }] } },
    },
  ],
  [
    'JSON that is a string',
    { query: create, variables: { i: { model: 'm', tools: [{ function: { name: 'f', parameters: C } }] } } },
  ],
  [
    'a list variable for a boolean',
    { query: 'query ($b: Boolean!) { __typename @skip(if: $b) }', variables: { b: [C] } },
  ],
  [
    'a hundred invalid variables',
    {
      query: 'mutation ($i: CreateAssistantInput!) { createAssistant(input: $i) { userErrors { code } } }',
      variables: { i: { model: 'm', tools: Array.from({ length: 100 }, () => C) } },
    },
  ],
  [
    'a variable in a literal of JSON',
    {
      query:
        'mutation ($v: ID) { createAssistant(input: { model: "m", metadata: { a: { b: $v } } }) { userErrors { code } } }',
      variables: { v: C },
    },
  ],
  [
    'a variable in a literal of metadata',
    {
      query:
        'mutation ($v: Int) { createAssistant(input: { model: "m", metadata: { a: $v } }) { userErrors { code } } }',
      variables: { v: Number(N) },
    },
  ],
  ['the name of the operation', { query: 'query A { __typename }', operationName: C }],
  ['a hash', { extensions: { persistedQuery: { version: 1, sha256Hash: C } } }],
  ['a version of persisted queries', { extensions: { persistedQuery: { version: C, sha256Hash: C } } }],
  [
    'a file id',
    {
      query: create,
      variables: {
        i: { model: 'm', toolResources: { codeInterpreter: { fileIds: Array.from({ length: 21 }, () => C) } } },
      },
    },
  ],
];

describe('a value of the caller occurs in no error', () => {
  test.each(operations)('that is %s', async (_, operation) => {
    for (const apollo of apollos) {
      const { text, errors, data } = await execute(apollo, operation, new InMemoryAssistants());
      const hasUserErrors = JSON.stringify(data ?? null).includes('"message"');
      expect(errors.length > 0 || hasUserErrors).toBe(true);
      expect(text).not.toContain(C);
      expect(text).not.toContain(N);
      expect(text).not.toContain('INTERNAL_SERVER_ERROR');
    }
  });
});
