import { isDeepStrictEqual } from 'node:util';
import { expect, test } from '@jest/globals';
import { buildSchema, coerceInputValue, isInputType, parseType, typeFromAST, type GraphQLInputType } from 'graphql';
import { coercerOf, INVALID_VALUE } from '../../../../src/graphql/execution/input-coercer.ts';
import { createRandom, type Random } from '../../../support/random.ts';

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

/** The result of graphql-js; INVALID_VALUE if it reports an error. */
function expectedOf(value: unknown, type: GraphQLInputType): unknown {
  const errors: unknown[] = [];
  const coerced: unknown = coerceInputValue(value, type, (_path, _value, error) => errors.push(error));
  return errors.length > 0 ? INVALID_VALUE : coerced;
}

function actualOf(value: unknown, type: GraphQLInputType): unknown {
  try {
    return coercerOf(type)(value);
  } catch {
    return INVALID_VALUE;
  }
}

const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

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

/** Random JSON, mostly with the keys of the schema. */
function randomValue(random: Random, depth: number): unknown {
  const leaves = [null, true, 0, 7, 2 ** 40, 1.5, '', 'RED', 'GREEN', 'text', 'id_1'];
  const kind = depth > 3 ? 0 : random.below(3);
  if (kind === 0) return leaves[random.below(leaves.length)];
  if (kind === 1) return Array.from({ length: random.below(3) }, () => randomValue(random, depth + 1));
  const keys = KEYS.filter(() => random.below(4) === 0);
  return Object.fromEntries(keys.map((key) => [key, randomValue(random, depth + 1)]));
}

/** A valid value, of which a part is sometimes replaced. */
function mostlyValid(random: Random): unknown {
  const odd = (value: unknown) => (random.below(12) === 0 ? randomValue(random, 3) : value);
  const inner = () => ({
    id: odd('a'),
    ...(random.below(2) && { count: odd(1) }),
    ...(random.below(2) && { tags: odd(['t']) }),
  });
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
  return shapes[random.below(shapes.length)];
}

test(`a value is coerced as by graphql-js, or is invalid if graphql-js rejects it (SEED=${SEED})`, () => {
  const random = createRandom(SEED);
  let valid = 0;
  for (let round = 0; round < 3000; round += 1) {
    const text = TYPES[random.below(TYPES.length)] ?? 'Int';
    const value = random.below(2) === 0 ? randomValue(random, 0) : mostlyValid(random);
    const expected = expectedOf(value, typeOf(text));
    if (expected !== INVALID_VALUE) valid += 1;
    const actual = actualOf(value, typeOf(text));
    if (!isDeepStrictEqual(actual, expected) || JSON.stringify(actual) !== JSON.stringify(expected))
      expect({ text, value, result: actual }).toEqual({ text, value, result: expected });
  }
  expect(valid).toBeGreaterThan(100);
});
