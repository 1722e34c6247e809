import { describe, expect, test } from '@jest/globals';
import { toVariablesKey } from '../../../../src/graphql/execution/variables.ts';

const toKey = (variables: Readonly<Record<string, unknown>>): string | null =>
  toVariablesKey(variables, Object.keys(variables));
const keyOf = (json: string): string | null => toKey(JSON.parse(json) as Record<string, unknown>);

describe('the key of variables', () => {
  test.each([
    ['{}', '[]'],
    ['{"a":null,"b":[1,2.5,"x",true,{"c":{}}]}', '["a",null,"b",[1,2.5,"x",true,{"c":{}}]]'],
    ['{"__proto__":{"a":1}}', '["__proto__",{"a":1}]'],
  ])('for %s is %s', (json, key) => {
    expect(keyOf(json)).toBe(key);
  });

  test('contains only the declared variables, in the order of the operation', () => {
    const names = ['a', 'b'];
    expect(toVariablesKey({ b: 1, a: 2, unused: 3 }, names)).toBe('["a",2,"b",1]');
    expect(toVariablesKey({ a: 2, b: 1 }, names)).toBe('["a",2,"b",1]');
    expect(toVariablesKey({ a: null }, names)).not.toBe(toVariablesKey({}, names));
    expect(toVariablesKey({ toString: 1 }, ['toString', 'constructor'])).toBe('["toString",1]');
    const many = Object.fromEntries(Array.from({ length: 1000 }, (_, index) => [`unused${index}`, 1]));
    expect(toVariablesKey({ a: 1, ...many }, names)).toBe('["a",1]');
  });

  test.each(['{"a":1e400}', '{"a":-1e400}', '{"a":[{"b":[1,1e999]}]}', '{"a":null,"__proto__":{"b":1e400}}'])(
    'does not exist for %s, because an infinite number would be written as null',
    (json) => {
      expect(keyOf(json)).toBeNull();
    },
  );

  test('does not exist for large variables', () => {
    const large = [
      { a: 'x'.repeat(4096) },
      { ['k'.repeat(4097)]: 1 },
      { a: Array.from({ length: 257 }, () => 1) },
      { a: Array.from({ length: 100 }, () => 'x'.repeat(41)) },
    ];
    expect(large.map(toKey)).toEqual([null, null, null, null]);
    expect(toKey({ a: 'x'.repeat(4000) })).not.toBeNull();
  });
});
