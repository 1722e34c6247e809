import { describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery, GraphQLError, parse } from 'graphql';
import { createErrorFormatter } from '../../../../src/graphql/errors/format.ts';
import { limitViolations, documentLimits } from '../../../../src/graphql/server/document-limits.ts';
import { createTestApollo, execute } from '../execute.ts';

const apollo = createTestApollo();

const violations = (document: string): string[] => limitViolations(parse(document));
const repeat = (count: number, part: (index: number) => string): string =>
  Array.from({ length: count }, (_, index) => part(index)).join(' ');
const nested = (levels: number): string => `${'{ a '.repeat(levels)}${'} '.repeat(levels)}`;
const wrapped = (levels: number): string => `${'{ kind name ofType '.repeat(levels)}{ name }${'}'.repeat(levels)}`;
const aliases = (count: number): string => repeat(count, (index) => `a${index}: b`);
const directives = (count: number): string => repeat(count, () => '@a');

const ALIASES = ['The document has more than 30 aliases.'];
const INTROSPECTION = ['The introspection has more than one alias.'];
const DEPTH = ['The document is more than 15 levels of fields deep.'];
const DIRECTIVES = ['The document has more than 30 directives.'];
const SELECTIONS = ['A selection set has more than 300 selections.'];
const QUERY_FIELDS = ['The query has more than 20 root fields.'];
const MUTATION_FIELDS = ['The mutation has more than 10 root fields.'];
const FRAGMENTS = ['The document has more than 50 fragments.'];
const SPREADS = ['The document spreads fragments more than 100 times.'];
const OPERATIONS = ['The document has more than 30 operations.'];
const VARIABLES = ['The document defines more than 200 variables.'];
const COMPARISONS = ['The document has too many fields of the same name.'];
const NAME = ['The document has a name of more than 128 characters.'];

describe('a document at a limit is accepted, and one beyond it is rejected', () => {
  test.each<[string, (count: number) => string, number, string[]]>([
    ['depth', nested, 15, DEPTH],
    ['depth through a fragment', (count) => `{ ...F } fragment F on A ${nested(count)}`, 15, DEPTH],
    ['depth below a fragment', (count) => `{ b { ...F } } fragment F on A ${nested(count - 1)}`, 15, DEPTH],
    ['depth through inline fragments', (count) => `{ ... { ... on A ${nested(count)} } }`, 15, DEPTH],
    ['depth of an unused fragment', (count) => `{ a } fragment F on A ${nested(count)}`, 15, DEPTH],
    ['aliases', (count) => `{ b { ${aliases(count)} } }`, 30, ALIASES],
    ['aliases of __typename', (count) => `{ b { ${repeat(count, (i) => `a${i}: __typename`)} } }`, 30, ALIASES],
    ['aliases in a fragment', (count) => `{ b { ...F } } fragment F on A { ${aliases(count)} }`, 30, ALIASES],
    ['aliases in inline fragments', (count) => `{ b { ...@x { ${aliases(count)} } } }`, 30, ALIASES],
    [
      'aliases of a fragment wherever it is used',
      (count) => `{ b { ${repeat(count, () => '...F')} } } fragment F on A { x: y }`,
      30,
      ALIASES,
    ],
    [
      'aliases of one operation among others',
      (count) => `query A { b { x: y } } query B { b { ${aliases(count)} } }`,
      30,
      ALIASES,
    ],
    ['aliases of __schema', (count) => `{ ${repeat(count, (i) => `a${i}: __schema { b }`)} }`, 1, INTROSPECTION],
    ['aliases inside __schema', (count) => `{ __schema { types { ${aliases(count)} } } }`, 1, INTROSPECTION],
    ['aliases inside __type', (count) => `{ x: __type { y: __typename ${aliases(count - 1)} } }`, 1, INTROSPECTION],
    [
      'aliases of introspection in fragments',
      (count) =>
        `{ ...F a: __schema { b } } fragment F on Query { __schema { ...G } } fragment G on A { c ${aliases(count - 1)} }`,
      1,
      INTROSPECTION,
    ],
    [
      'aliases of introspection, of a fragment wherever it is used',
      (count) => `{ ${repeat(count, () => '__schema { ...F }')} } fragment F on A { x: y }`,
      1,
      INTROSPECTION,
    ],
    ['root fields of a query', (count) => `{ ${repeat(count, () => 'a')} }`, 20, QUERY_FIELDS],
    [
      'root fields of a query in fragments',
      (count) => `{ a ... { a ...F } } fragment F on Query { ${'a '.repeat(count - 2)} }`,
      20,
      QUERY_FIELDS,
    ],
    ['root fields of a mutation', (count) => `mutation { ${repeat(count, () => 'a')} }`, 10, MUTATION_FIELDS],
    [
      'root fields of a mutation in fragments',
      (count) => `mutation { a ... { a ...F } } fragment F on Mutation { ${'a '.repeat(count - 2)} }`,
      10,
      MUTATION_FIELDS,
    ],
    ['selections in a set', (count) => `{ b { ${repeat(count, () => 'c')} } }`, 300, SELECTIONS],
    [
      'selections in a set of a fragment',
      (count) => `{ a } fragment F on A { ${repeat(count, () => 'c')} }`,
      300,
      SELECTIONS,
    ],
    ['directives of a field', (count) => `{ b ${directives(count)} }`, 30, DIRECTIVES],
    ['directives of an operation', (count) => `query ${directives(count)} { b }`, 30, DIRECTIVES],
    ['directives of a variable', (count) => `query ($a: B ${directives(count)}) { b }`, 30, DIRECTIVES],
    ['directives of an inline fragment', (count) => `{ b { ... ${directives(count)} { c } } }`, 30, DIRECTIVES],
    ['directives of a spread', (count) => `{ b { ...F ${directives(count)} } } fragment F on A { c }`, 30, DIRECTIVES],
    [
      'directives of a fragment',
      (count) => `{ b { ...F } } fragment F on A ${directives(count)} { c }`,
      30,
      DIRECTIVES,
    ],
    ['the length of an alias', (count) => `{ ${'a'.repeat(count)}: b }`, 128, NAME],
    ['the length of the name of a variable', (count) => `query ($${'a'.repeat(count)}: B) { b }`, 128, NAME],
    ['the length of the name of an operation', (count) => `query ${'a'.repeat(count)} { b }`, 128, NAME],
    ['the length of the name of a fragment', (count) => `{ b } fragment ${'a'.repeat(count)} on A { b }`, 128, NAME],
    ['the length of the name of a field', (count) => `{ ${'a'.repeat(count)} }`, 128, NAME],
    ['the length of the name of an argument', (count) => `{ b(${'a'.repeat(count)}: 1) }`, 128, NAME],
    ['the length of the name of an input field', (count) => `{ b(c: { ${'a'.repeat(count)}: 1 }) }`, 128, NAME],
    ['the length of an enum value', (count) => `{ b(c: ${'a'.repeat(count)}) }`, 128, NAME],
    ['the length of the name of a type', (count) => `{ ... on ${'a'.repeat(count)} { b } }`, 128, NAME],
    ['the length of the name of a directive', (count) => `{ b @${'a'.repeat(count)} }`, 128, NAME],
    ['comparisons in one set', (count) => `{ b { ${repeat(count, () => 'c { d }')} } }`, 182, COMPARISONS],
    [
      'comparisons in sets that are merged',
      (count) => `{ ${repeat(7, () => `b { ${repeat(count, () => 'c { d }')} }`)} }`,
      26,
      COMPARISONS,
    ],
    [
      'comparisons in fragments',
      (count) =>
        `{ b { ...F ...G } } fragment F on A { ${'c { d } '.repeat(91)} } fragment G on A { ${'c { d } '.repeat(count)} }`,
      91,
      COMPARISONS,
    ],
    ['fragments', (count) => `{ b } ${repeat(count, (i) => `fragment F${i} on A { b }`)}`, 50, FRAGMENTS],
    ['spreads', (count) => `{ b { ${repeat(count, () => '...F')} } } fragment F on A { b }`, 100, SPREADS],
    [
      'spreads in fragments and operations together',
      (count) =>
        `{ b { ...F } } query Q { b { ...F } } fragment F on A { ${repeat(count - 2, () => '...G')} } fragment G on A { b }`,
      100,
      SPREADS,
    ],
    ['operations', (count) => repeat(count, (i) => `query Q${i} { b }`), 30, OPERATIONS],
    ['variables', (count) => `query (${repeat(count, (i) => `$v${i}: B`)}) { b }`, 200, VARIABLES],
    [
      'variables of all operations together',
      (count) => `query A ($v: B) { b } query B (${repeat(count - 1, (i) => `$v${i}: B`)}) { b }`,
      200,
      VARIABLES,
    ],
    ['wrapped types', (count) => `{ __schema { types { fields { args { type ${wrapped(count)} } } } } }`, 12, DEPTH],
    [
      'wrapped types in fragments',
      (count) => `{ __type(name: "A") { ...F } } fragment F on __Type { fields { args { type ${wrapped(count)} } } }`,
      12,
      DEPTH,
    ],
    ['comments', (count) => `{ b }${'#\n'.repeat(count)}`, 1000, ['The document has more than 1000 comments.']],
  ])('%s', (_, document, limit, messages) => {
    expect(violations(document(limit))).toEqual([]);
    expect(violations(document(limit + 1))).toEqual(messages);
  });

  test('tokens without comments', async () => {
    // Each argument has three tokens, and the rest of the document has five.
    const document = (tokens: number): string => `{ a(${' b: 1'.repeat((tokens - 5) / 3)}) } # and a comment`;
    const { errors } = await execute(apollo, { query: document(documentLimits.tokens) });
    expect(errors.map(({ message }) => message)).not.toContain('The document has more than 5000 tokens.');
    const beyond = await execute(apollo, { query: document(documentLimits.tokens + 3) });
    expect([beyond.status, beyond.errors.map(({ message }) => message)]).toEqual([
      400,
      ['The document has more than 5000 tokens.'],
    ]);
    expect(beyond.errors[0]?.extensions?.['code']).toBe('GRAPHQL_PARSE_FAILED');
  });
});

describe('the limits', () => {
  test('apply to each operation separately', () => {
    expect(violations(repeat(3, (index) => `query Q${index} { b { ${aliases(20)} } ${'c '.repeat(15)} }`))).toEqual([]);
  });

  test('are all reported at once', () => {
    expect(violations(`mutation ${directives(31)} { ${aliases(301)} b ${nested(15)} }`)).toEqual([
      ...DEPTH,
      ...ALIASES,
      ...DIRECTIVES,
      ...MUTATION_FIELDS,
      ...SELECTIONS,
    ]);
  });

  test('allow the standard introspection query without an exception for it', async () => {
    const query = getIntrospectionQuery({
      descriptions: true,
      specifiedByUrl: true,
      directiveIsRepeatable: true,
      schemaDescription: true,
      inputValueDeprecation: true,
      oneOf: true,
    });
    expect((await execute(apollo, { query })).errors).toEqual([]);
    expect(violations(`{ __schema { types ${'{ ofType '.repeat(14)} ${'}'.repeat(14)} } }`)).toEqual(DEPTH);
    expect(violations(`{ __schema { types { ${aliases(31)} } } }`)).toEqual([...ALIASES, ...INTROSPECTION]);
    expect(violations(`{ ${repeat(20, (index) => `a${index}: __type { name fields { name } }`)} }`)).toEqual([]);
  });

  test('count fragments with exponentially many spreads in linear time', () => {
    const doubling = repeat(500, (index) => `fragment F${index} on A { ...F${index + 1} ...F${index + 1} }`);
    const document = `{ b { ...F0 } } ${doubling} fragment F500 on A { a: c @d }`;
    expect(violations(document)).toEqual([...ALIASES, ...DIRECTIVES, ...FRAGMENTS, ...SPREADS]);
  });

  test('allow no more levels of ordinary fields in documents with a long chain of wrapped types', () => {
    const chain = `type ${wrapped(12)}`;
    expect(violations(`{ b { ${chain} ${nested(14).slice(2, -2)} } }`)).toEqual([]);
    expect(violations(`{ b { ${chain} ${nested(15).slice(2, -2)} } }`)).toEqual(DEPTH);
    expect(violations(`{ __schema { types { fields { args { a { type ${wrapped(12)} } } } } } }`)).toEqual(DEPTH);
  });

  test.each([
    'subscription ($a: B) { b @include(if: $a) }',
    'subscription { b @skip(if: true) { c } }',
    'subscription { ... @include(if: true) { b } }',
    'subscription { ...F @skip(if: false) } fragment F on A { b }',
    'query A { b } subscription B { ...F } fragment F on A { ... { b @skip(if: false) } }',
  ])('reject a condition of the field of a subscription: %s', (document) => {
    expect(violations(document)).toEqual([
      'The field of a subscription cannot have "@skip" or "@include", nor can a fragment around it.',
    ]);
  });

  test('accept conditions below the field of a subscription, and in queries', () => {
    expect(
      violations('subscription { b { c @skip(if: true) ...F @include(if: true) } } fragment F on A { d }'),
    ).toEqual([]);
    expect(violations('query { b @skip(if: true) } subscription { b }')).toEqual([]);
  });

  test('reject a variable with the name __proto__, which would set the prototype of the values', () => {
    expect(violations('query ($__proto__: B) { b }')).toEqual(['A variable cannot be named "__proto__".']);
    expect(violations('query ($constructor: B, $__proto: B) { b }')).toEqual([]);
  });

  test('ignore fragments that spread themselves or do not exist', () => {
    expect(violations('{ a { ...F } } fragment F on A { b { ...F } }')).toEqual([]);
    expect(violations('{ ...F ...None } fragment F on A { x: y ...F ...G } fragment G on A { x: y ...F }')).toEqual([]);
  });

  test('count every fragment of the same name', () => {
    const twice = (first: number, second: number): string =>
      `{ b { ...F } } fragment F on A { ${aliases(first)} } fragment F on A { ${aliases(second)} }`;
    expect([violations(twice(31, 1)), violations(twice(1, 31)), violations(twice(1, 1))]).toEqual([
      ALIASES,
      ALIASES,
      [],
    ]);
  });
});

describe('a document beyond a limit', () => {
  const expectErrorResponse = async (query: string, code: string, ...messages: string[]): Promise<void> => {
    const { status, errors, text } = await execute(apollo, { query });
    expect([status, errors.map(({ message }) => message)]).toEqual([400, messages]);
    for (const { extensions } of errors) expect(extensions?.['code']).toBe(code);
    expect(text.length).toBeLessThan(1000);
  };

  test('is not validated further, so that it cannot exhaust the stack of other rules', async () => {
    const deep = `x ${'{ x '.repeat(800)}${'}'.repeat(800)}`;
    await expectErrorResponse(`{ ${deep} ${deep} }`, 'GRAPHQL_VALIDATION_FAILED', ...DEPTH);
  });

  test('is reported without the thousand other errors of the document', async () => {
    await expectErrorResponse(
      `{ ${repeat(2000, (index) => `unknown${index}`)} }`,
      'GRAPHQL_VALIDATION_FAILED',
      ...QUERY_FIELDS,
      ...SELECTIONS,
    );
  });

  test.each([
    ['lists', 2490, '{ assistants(first: ', '[', ']', ') { nodes { id } } }'],
    ['lists that do not end', 4990, '{ assistants(first: ', '[', '', ''],
    ['types', 2490, 'query ($a: ', '[Int', ']', ') { __typename }'],
    ['selection sets', 1660, '{ a', ' { a', '}', '}'],
  ])('of nested %s that may exhaust the stack of the parser gets a client error', async (...parts) => {
    const [, levels, head, open, close, tail] = parts;
    const { status, errors, text } = await execute(apollo, {
      query: head + open.repeat(levels) + close.repeat(levels) + tail,
    });
    expect([status, errors.length]).toEqual([400, 1]);
    expect(errors[0]?.extensions?.['code']).toMatch(/^GRAPHQL_(?:PARSE|VALIDATION)_FAILED$/);
    expect(text.length).toBeLessThan(1000);
  });

  test('whose values exhaust the stack of the parser is reported as too deep', () => {
    const error = new GraphQLError('', { originalError: new RangeError('Maximum call stack size exceeded') });
    const formatted = { message: '', extensions: { code: 'GRAPHQL_PARSE_FAILED' } };
    expect(createErrorFormatter({ suggestions: false })(formatted, error)).toEqual({
      message: 'Lists and objects of the document are nested too deep.',
      extensions: { code: 'GRAPHQL_PARSE_FAILED' },
    });
  });

  test('gets a short response, also if its names are long', async () => {
    const name = 'a'.repeat(100_000);
    for (const query of [
      `{ ${name} }`,
      `{ assistant(${name}: 1) { id } }`,
      `{ __typename @${name} }`,
      `query ($a: ${name}) { __typename }`,
    ])
      expect((await execute(apollo, { query })).text.length).toBeLessThan(10_000);
  });
});

describe('a document within the limits', () => {
  test('gets at most a hundred errors', async () => {
    const { errors, text } = await execute(apollo, {
      query: `{ node(id: "a") { ${repeat(300, (index) => `unknown${index}`)} } }`,
    });
    expect(errors).toHaveLength(101);
    expect(errors.at(-1)?.message).toBe('Too many validation errors, error limit reached. Validation aborted.');
    expect(text.length).toBeLessThan(50_000);
  });

  test('is rejected if it repeats a field too often to be compared', async () => {
    const query = `{ ${repeat(16, () => `node(id: 1) { ${'id '.repeat(290)} }`)} }`;
    const { status, errors } = await execute(apollo, { query });
    expect([status, errors.map(({ message }) => message)]).toEqual([
      400,
      ['The document has too many fields of the same name.'],
    ]);
  });

  test('may contain literals as deep as the parser accepts', async () => {
    const deep = `${'{ a: '.repeat(900)}1${'}'.repeat(900)}`;
    const { errors } = await execute(apollo, {
      query: `mutation { createAssistant(input: { model: "m", tools: [{ function: { name: "f", parameters: ${deep} } }] }) { userErrors { code } } }`,
    });
    expect(errors.map(({ message }) => message)).toEqual([
      'Argument "input" cannot be used at "input.tools[0].function.parameters": A JSONObject holds at most 64 levels of objects and lists.',
    ]);
  });
});
