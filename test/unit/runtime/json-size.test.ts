import { describe, expect, test } from '@jest/globals';
import { estimateJson } from '../../../src/runtime/json-size.ts';

const shapeOf = (text: string) => estimateJson(Buffer.from(text));

describe('the estimate of a JSON text', () => {
  test.each([
    ['""', 0],
    ['{}', 1],
    ['[[],[[]]]', 3],
    ['{"a":[{"b":{}}],"c":{}}', 4],
    ['"[[[["', 0],
    ['["[[","\\"[[","\\\\",["]]]]"]]', 2],
    ['{"[{\\\\\\"[{":[]}', 2],
  ])('%s is as deep as its arrays and objects', (text, depth) => {
    expect(shapeOf(text).depth).toBe(depth);
  });

  test('grows with every array, object and entry, and not with characters in strings', () => {
    const plain = shapeOf(`["${'a'.repeat(100)}"]`).heapBytes;
    expect(shapeOf(`["${'{'.repeat(100)}"]`).heapBytes).toBe(plain);
    expect(shapeOf(`[${'{},'.repeat(33)}{}]`).heapBytes).toBeGreaterThan(4 * plain);
  });

  test.each([
    ['[[],{}]', 7],
    ['{"a,b":"[:]","c":[1,2]}', 8],
    ['"{[,:]}"', 0],
  ])('%s has as many structures as brackets, braces, commas and colons outside strings', (text, structures) => {
    expect(shapeOf(text).structures).toBe(structures);
  });

  test('stops at the first structure above the limit', () => {
    expect(estimateJson(Buffer.from(`${'[],'.repeat(1000)}[[[[`), 10)).toMatchObject({ structures: 11, depth: 1 });
  });

  test.each(['', '"', '"\\', '}}}}', '[[[['])('that is not valid JSON (%s) is estimated as well', (text) => {
    expect(shapeOf(text).heapBytes).toBeGreaterThanOrEqual(0);
  });
});
