import { isDeepStrictEqual } from 'node:util';
import { expect, test } from '@jest/globals';
import { buildSchema, coerceInputValue, isInputType, parseType, typeFromAST, type GraphQLInputType } from 'graphql';
import { coercerOf, MISFIT } from '../../../../src/graphql/server/input-coercer.ts';

const schema = buildSchema(`
  type Query { field(outer: Outer, either: Either): Int }
  enum Color { RED GREEN }
  input Inner { id: ID!, count: Int = 3, tags: [String!], color: Color }
  input Outer { inner: Inner!, list: [Inner], nested: Outer, flag: Boolean, size: Float, colors: [Color!]! = [RED] }
  input Either @oneOf { left: String, right: Inner }
`);

const TYPES = [
  'Int',
  'Float!',
  'String',
  '[ID!]',
  '[[Int]]',
  'Color!',
  'Inner',
  'Outer!',
  '[Outer]',
  'Either',
  'Either!',
];

const typeOf = (text: string): GraphQLInputType => {
  const type = typeFromAST(schema, parseType(text));
  if (!isInputType(type)) throw new TypeError(text);
  return type;
};

/** What graphql-js makes of the value; MISFIT where it reports an error. */
function expectedOf(value: unknown, type: GraphQLInputType): unknown {
  const errors: unknown[] = [];
  const coerced: unknown = coerceInputValue(value, type, (_path, _value, error) => errors.push(error));
  return errors.length > 0 ? MISFIT : coerced;
}

function actualOf(value: unknown, type: GraphQLInputType): unknown {
  try {
    return coercerOf(type)(value);
  } catch {
    return MISFIT;
  }
}

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

function createRandom(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
}

const KEYS = [
  'inner',
  'list',
  'nested',
  'flag',
  'size',
  'colors',
  'id',
  'count',
  'tags',
  'color',
  'left',
  'right',
  'x',
];

/** Any JSON, mostly made of what the schema has. */
function randomValue(random: (below: number) => number, depth: number): unknown {
  const leaves = [null, true, 0, 7, 2 ** 40, 1.5, '', 'RED', 'GREEN', 'text', 'id_1'];
  const kind = depth > 3 ? 0 : random(3);
  if (kind === 0) return leaves[random(leaves.length)];
  if (kind === 1) return Array.from({ length: random(3) }, () => randomValue(random, depth + 1));
  const keys = KEYS.filter(() => random(4) === 0);
  return Object.fromEntries(keys.map((key) => [key, randomValue(random, depth + 1)]));
}

/** A value that fits, with one part of it replaced now and then. */
function mostlyFitting(random: (below: number) => number): unknown {
  const odd = (value: unknown) => (random(12) === 0 ? randomValue(random, 3) : value);
  const inner = () => ({ id: odd('a'), ...(random(2) && { count: odd(1) }), ...(random(2) && { tags: odd(['t']) }) });
  const shapes = [
    { inner: inner(), list: odd([inner(), null]), colors: odd(['GREEN']) },
    { inner: inner(), nested: { inner: inner(), flag: odd(true), size: odd(1) } },
    { left: odd('a') },
    { right: inner() },
    { left: odd('a'), right: odd(null) },
    inner(),
    odd([1, 2]),
    odd('RED'),
  ];
  return shapes[random(shapes.length)];
}

test(`a value is coerced as graphql-js does, or is a misfit (SEED=${SEED})`, () => {
  const random = createRandom(SEED);
  let fitting = 0;
  for (let round = 0; round < 3000; round += 1) {
    const text = TYPES[random(TYPES.length)] ?? 'Int';
    const value = random(2) === 0 ? randomValue(random, 0) : mostlyFitting(random);
    const expected = expectedOf(value, typeOf(text));
    if (expected !== MISFIT) fitting += 1;
    const actual = actualOf(value, typeOf(text));
    if (!isDeepStrictEqual(actual, expected) || JSON.stringify(actual) !== JSON.stringify(expected))
      expect({ text, value, result: actual }).toEqual({ text, value, result: expected });
  }
  expect(fitting).toBeGreaterThan(100);
});
