import { describe, expect, test } from '@jest/globals';
import { Kind, parse, visit, type ASTNode } from 'graphql';
import { pathOfLiteral, type LiteralPath } from '../../../../src/graphql/errors/literal-path.ts';
import { createTestApollo, execute } from '../execute.ts';

/** The path of the one `"HERE"` of the document. */
function pathOfHere(document: string): LiteralPath | null {
  const here: ASTNode[] = [];
  visit(parse(document), {
    StringValue: (node) => {
      if (node.value === 'HERE') here.push(node);
    },
  });
  const [node] = here;
  if (!node) throw new Error('there is no "HERE" in the document');
  return pathOfLiteral(node);
}

describe('a literal is identified by', () => {
  test.each<[string, string, string, string | null]>([
    ['its argument', '{ a(b: "HERE") }', 'Argument "b"', null],
    ['its argument, not the one before or after', '{ a(b: 1, c: "HERE", d: 2) }', 'Argument "c"', null],
    ['the argument of a directive', '{ a @b(c: "HERE") }', 'Argument "c"', null],
    ['a field', '{ a(b: { c: "HERE" }) }', 'Argument "b"', 'b.c'],
    ['a field after others', '{ a(x: 1, b: { x: {}, y: [1, { z: 2 }], c: "HERE", w: 1 }) }', 'Argument "b"', 'b.c'],
    ['a field of a field', '{ a(b: { c: { d: "HERE" } }) }', 'Argument "b"', 'b.c.d'],
    ['a position', '{ a(b: ["HERE"]) }', 'Argument "b"', 'b[0]'],
    ['a position after others', '{ a(b: [1, $v, {a: 1, b: [2, 3]}, [], A, "HERE", 4]) }', 'Argument "b"', 'b[5]'],
    ['positions in positions', '{ a(b: [[], [1, "HERE"]]) }', 'Argument "b"', 'b[1][1]'],
    ['fields in positions', '{ a(b: { c: [{ d: 1 }, { e: 1, d: "HERE" }] }) }', 'Argument "b"', 'b.c[1].d'],
    ['its argument where comments are in between', '{ a(b # x: y\n : # (\n "HERE") }', 'Argument "b"', null],
    [
      'the variable whose default it is',
      'query ($a: A = 1, $b: [B!]! = "HERE", $c: C) { a }',
      'The default of variable "$b"',
      null,
    ],
    ['a part of a default', 'query ($a: A = { b: [1, "HERE"] }) { a }', 'The default of variable "$a"', 'a.b[1]'],
    ['the argument of a directive of a variable', 'query ($a: A = 1 @b(c: "HERE")) { a }', 'Argument "c"', null],
  ])('%s', (_, document, owner, path) => {
    expect(pathOfHere(document)).toEqual({ owner, path });
  });

  test('nothing if there are no tokens', () => {
    expect(pathOfLiteral({ kind: Kind.NULL })).toBeNull();
  });
});

describe('an error in a literal has its position', () => {
  const apollo = createTestApollo();
  const list = (literal: string): string => `{ assistants(${literal}) { nodes { id } } }`;
  const create = (fields: string): string =>
    `mutation { createAssistant(input: { model: "m", ${fields} }) { userErrors { code } } }`;

  test.each([
    [list('first: "x"'), 'Argument "first" cannot be used: Int cannot represent non-integer value.'],
    [
      list('first: 99999999999'),
      'Argument "first" cannot be used: Int cannot represent non 32-bit signed integer value.',
    ],
    [list('first: 1e400'), 'Argument "first" cannot be used: Int cannot represent non-integer value.'],
    [list('order: "DESC"'), 'Argument "order" cannot be used: Enum "SortOrder" cannot represent a value of this kind.'],
    [list('order: UP'), 'Argument "order" cannot be used: The value does not exist in the enum "SortOrder".'],
    [list('after: 5'), 'Argument "after" cannot be used: String cannot represent a non string value.'],
    ['{ assistant(id: null) { id } }', 'Argument "id" cannot be used: Expected a value of type "ID!".'],
    [
      '{ nodes(ids: ["a", 1.5]) { id } }',
      'Argument "ids" cannot be used at "ids[1]": ID cannot represent a non-string and non-integer value.',
    ],
    ['{ __typename @skip(if: 1) }', 'Argument "if" cannot be used: Boolean cannot represent a non boolean value.'],
    [
      'query ($n: Int = "x") { assistants(first: $n) { nodes { id } } }',
      'The default of variable "$n" cannot be used: Int cannot represent non-integer value.',
    ],
    [
      create('temperature: "x"'),
      'Argument "input" cannot be used at "input.temperature": Float cannot represent non numeric value.',
    ],
    [
      create('tools: [{ codeInterpreter: true }, { function: { name: 5 } }]'),
      'Argument "input" cannot be used at "input.tools[1].function.name": String cannot represent a non string value.',
    ],
    [
      create('tools: [{ function: { name: "f", parameters: { a: [1e400] } } }]'),
      'Argument "input" cannot be used at "input.tools[0].function.parameters": ' +
        'A JSONObject holds finite numbers, and integers up to 2^53, only.',
    ],
    [
      create('metadata: { a: 1 }'),
      'Argument "input" cannot be used at "input.metadata": Metadata is an object whose values are strings.',
    ],
    [
      create('tools: [{ codeInterpreter: true }, {}]'),
      'Argument "input" cannot be used at "input.tools[1]": ' +
        'OneOf Input Object "AssistantToolInput" must specify exactly one key.',
    ],
    [
      create('tools: [{ codeInterpreter: true }, { function: {} }]'),
      'Argument "input" cannot be used at "input.tools[1].function": ' +
        'Field "FunctionToolInput.name" of required type "String!" was not provided.',
    ],
    [
      create('tools: 5'),
      'Argument "input" cannot be used at "input.tools": Expected a value of type "[AssistantToolInput!]".',
    ],
  ])('%s', async (query, message) => {
    const { status, errors } = await execute(apollo, { query });
    expect(errors.map((error) => error.message)).toEqual([message]);
    expect([status, errors[0]?.extensions?.['code']]).toEqual([400, 'GRAPHQL_VALIDATION_FAILED']);
  });
});
