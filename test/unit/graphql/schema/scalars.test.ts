import { describe, expect, test } from '@jest/globals';
import { parseValue, valueFromAST, type GraphQLScalarType } from 'graphql';
import { DateTime, JSONObject, Metadata } from '../../../../src/graphql/schema/scalars.ts';

const literal = (scalar: GraphQLScalarType, text: string, variables?: Record<string, unknown>): unknown =>
  scalar.parseLiteral(parseValue(text), variables);

const nested = (levels: number): string => '{a:'.repeat(levels) + '1' + '}'.repeat(levels);
const nestedValue = (levels: number): unknown => {
  let value: unknown = 1;
  for (let level = 0; level < levels; level += 1) value = { a: value };
  return value;
};

describe('DateTime', () => {
  test('serializes seconds and a Date as ISO 8601 in UTC with milliseconds', () => {
    expect(DateTime.serialize(0)).toBe('1970-01-01T00:00:00.000Z');
    expect(DateTime.serialize(1_795_347_180)).toBe('2026-11-22T11:33:00.000Z');
    expect(DateTime.serialize(new Date(1_795_347_180_123))).toBe('2026-11-22T11:33:00.123Z');
  });

  test.each(['1795347180', null, {}, true])('does not serialize %p', (value) => {
    expect(() => DateTime.serialize(value)).toThrow('made from a Date');
  });

  test.each([
    ['2026-11-22T11:33:00Z', 1_795_347_180_000],
    ['2026-11-22T11:33:00.5Z', 1_795_347_180_500],
    ['2026-11-22T12:33:00+01:00', 1_795_347_180_000],
  ])('parses %s', (text, milliseconds) => {
    expect(DateTime.parseValue(text).getTime()).toBe(milliseconds);
    expect(literal(DateTime, `"${text}"`)).toEqual(new Date(milliseconds));
  });

  test.each([
    '2026-11-22',
    '2026-11-22T11:33:00',
    '2026-13-22T11:33:00Z',
    '2026-02-30T11:33:00Z',
    '2026-02-28T24:00:00Z',
    '2026-11-22T11:33:00+25:00',
    'now',
    1_795_347_180,
    null,
  ])('rejects %p without repeating it', (value) => {
    expect(() => DateTime.parseValue(value)).toThrow('A DateTime is an ISO 8601 instant');
  });

  test('rejects a literal that is not a string', () => {
    expect(() => literal(DateTime, '1795347180')).toThrow('A DateTime is an ISO 8601 instant');
  });
});

describe('JSONObject', () => {
  test('returns the value of a variable by reference', () => {
    const value = { type: 'object', properties: { a: { type: ['string', 'null'], default: null } } };
    expect(JSONObject.parseValue(value)).toBe(value);
    expect(JSONObject.serialize(value)).toBe(value);
  });

  test('reads a literal as JSON', () => {
    expect(literal(JSONObject, '{a: "x", b: [1, -2.5, true, null], c: {}}')).toEqual({
      a: 'x',
      b: [1, -2.5, true, null],
      c: {},
    });
  });

  test.each([
    ['0', 0],
    ['9007199254740992', 2 ** 53],
    ['-9007199254740992', -(2 ** 53)],
    ['1e10', 1e10],
    ['0.1', 0.1],
    ['0e-9', 0],
    ['5e-324', 5e-324],
  ])('accepts the number %s in a literal', (text, value) => {
    expect(literal(JSONObject, `{a: ${text}}`)).toEqual({ a: value });
  });

  test.each(['9007199254740993', '-9007199254740993', '99999999999999999999', '1e400', '-1e400', '1e16', '1e-400'])(
    'rejects the number %s in a literal',
    (text) => {
      expect(() => literal(JSONObject, `{a: [${text}]}`)).toThrow('finite numbers, and integers up to 2^53');
    },
  );

  test.each([Number.NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 1e300])(
    'rejects the number %p in a variable, because the request may have contained another one',
    (value) => {
      expect(() => JSONObject.parseValue({ a: [value] })).toThrow('finite numbers, and integers up to 2^53');
    },
  );

  test.each([Number.MAX_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, 0.1, -5e-324, 0])(
    'accepts the number %p in a variable',
    (value) => {
      expect(JSONObject.parseValue({ a: value })).toEqual({ a: value });
    },
  );

  test.each([null, undefined, [], [{}], 'text', 5, true, () => undefined])(
    'rejects %p, which is not an object',
    (value) => {
      expect(() => JSONObject.parseValue(value)).toThrow('A JSONObject ');
    },
  );

  test.each(['[1]', '"text"', '1', 'null', 'NAME', '{a: NAME}'])('rejects the literal %s', (text) => {
    expect(() => literal(JSONObject, text)).toThrow('A JSONObject ');
  });

  test('accepts 64 levels and rejects 65, in literals and in variables', () => {
    expect(literal(JSONObject, nested(64))).toEqual(nestedValue(64));
    expect(JSONObject.parseValue(nestedValue(64))).toEqual(nestedValue(64));
    expect(() => literal(JSONObject, nested(65))).toThrow('at most 64 levels');
    expect(() => JSONObject.parseValue(nestedValue(65))).toThrow('at most 64 levels');
  });

  test('rejects hostile nesting without exhausting the stack', () => {
    expect(() => JSONObject.parseValue(nestedValue(200_000))).toThrow('at most 64 levels');
    const lists = JSON.parse(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`) as unknown;
    expect(() => JSONObject.parseValue(lists)).toThrow('at most 64 levels');
  });

  test('keeps the key __proto__ unchanged', () => {
    const fromLiteral = literal(JSONObject, '{__proto__: {a: 1}, b: 2}') as Record<string, unknown>;
    expect(JSON.stringify(fromLiteral)).toBe('{"__proto__":{"a":1},"b":2}');
    expect(fromLiteral['a']).toBeUndefined();
    const parsed = JSON.parse('{"__proto__":{"a":1}}') as Record<string, unknown>;
    expect(JSON.stringify(JSONObject.parseValue(parsed))).toBe('{"__proto__":{"a":1}}');
  });

  test('inserts variables into a literal by reference and validates them', () => {
    const inner = { deep: [1] };
    const value = literal(JSONObject, '{a: $inner, b: [$text]}', { inner, text: 'x' }) as Record<string, unknown>;
    expect(value).toEqual({ a: inner, b: ['x'] });
    expect(value['a']).toBe(inner);
    expect(() => literal(JSONObject, '{a: $a}', { a: Infinity })).toThrow('finite numbers');
    expect(() => literal(JSONObject, '{a: {b: $a}}', { a: nestedValue(63) })).toThrow('at most 64 levels');
    expect(literal(JSONObject, '{a: $a}', { a: nestedValue(63) })).toEqual(nestedValue(64));
  });

  test('omits a variable without a value from an object, and makes it null in a list', () => {
    expect(literal(JSONObject, '{a: $none, b: [$none, 1], c: $toString}', {})).toEqual({ b: [null, 1] });
  });

  test('accepts a literal with variables before their values are known', () => {
    expect(literal(JSONObject, '{a: $later}')).toEqual({});
  });

  test('rejects an argument if a variable in its literal is invalid', () => {
    expect(valueFromAST(parseValue('{a: $a}'), JSONObject, { a: Number.NaN })).toBeUndefined();
  });

  test('serializes objects only', () => {
    expect(() => JSONObject.serialize([1])).toThrow('made from an object');
  });
});

describe('Metadata', () => {
  test('returns a flat object of strings by reference', () => {
    const value = { team: 'support', '': '' };
    expect(Metadata.parseValue(value)).toBe(value);
    expect(Metadata.serialize(value)).toBe(value);
    expect(literal(Metadata, '{team: "support", env: $env, none: $none}', { env: 'test' })).toEqual({
      team: 'support',
      env: 'test',
    });
  });

  test('has no limits, which validation checks', () => {
    const value = Object.fromEntries(Array.from({ length: 17 }, (_, index) => [`k${index}`, 'v'.repeat(600)]));
    expect(Metadata.parseValue(value)).toBe(value);
  });

  test('keeps the key __proto__ unchanged', () => {
    expect(JSON.stringify(literal(Metadata, '{__proto__: "x"}'))).toBe('{"__proto__":"x"}');
  });

  test.each([null, [], ['a'], 'text', 1, { a: 1 }, { a: null }, { a: {} }, { a: true }])('rejects %j', (value) => {
    expect(() => Metadata.parseValue(value)).toThrow('Metadata is an object whose values are strings.');
  });

  test.each(['{a: 1}', '{a: null}', '{a: {b: "c"}}', '[]', '"text"', '{a: 1e400}', '{a: NAME}'])(
    'rejects the literal %s',
    (text) => {
      expect(() => literal(Metadata, text)).toThrow('Metadata ');
    },
  );

  test('serializes objects only', () => {
    expect(() => Metadata.serialize(['a'])).toThrow('made from an object');
  });
});

test('Unix seconds are formatted as by Date, independently of earlier calls', () => {
  const instants = [
    0, -1, -86_400, -86_401, 1.5, 1_700_000_000, 951_782_399, 951_782_400, 253_402_300_799, -62_135_596_801,
  ];
  const steps = Array.from({ length: 2000 }, (_, index) => 1_700_000_000 + index * 4_321);
  for (const seconds of [...instants, ...steps])
    expect(DateTime.serialize(seconds)).toBe(new Date(seconds * 1000).toISOString());
  expect(() => DateTime.serialize(1e14)).toThrow(RangeError);
});
