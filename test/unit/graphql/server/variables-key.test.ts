import { describe, expect, test } from '@jest/globals';
import { toVariablesKey } from '../../../../src/graphql/server/variables-key.ts';

const keyOf = (json: string): string | null => toVariablesKey(JSON.parse(json) as Record<string, unknown>);

describe('the key of variables', () => {
  test.each(['{}', '{"a":null,"b":[1,2.5,"x",true,{"c":{}}]}', '{"__proto__":{"a":1}}'])(
    'is the text of %s',
    (json) => {
      expect(keyOf(json)).toBe(json);
    },
  );

  test.each(['{"a":1e400}', '{"a":-1e400}', '{"a":[{"b":[1,1e999]}]}', '{"a":null,"__proto__":{"b":1e400}}'])(
    'is none for %s, whose infinite number is written as null',
    (json) => {
      expect(keyOf(json)).toBeNull();
    },
  );

  test('is none for variables that are large', () => {
    const large = [
      { a: 'x'.repeat(4096) },
      { ['k'.repeat(4097)]: 1 },
      { a: Array.from({ length: 257 }, () => 1) },
      { a: Array.from({ length: 100 }, () => 'x'.repeat(41)) },
    ];
    expect(large.map(toVariablesKey)).toEqual([null, null, null, null]);
    expect(toVariablesKey({ a: 'x'.repeat(4095) })).not.toBeNull();
  });
});
