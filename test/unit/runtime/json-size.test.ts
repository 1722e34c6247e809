import { describe, expect, test } from '@jest/globals';
import { estimateJson } from '../../../src/runtime/json-size.ts';

const shapeOf = (text: string) => estimateJson(Buffer.from(text));

describe('the shape of a JSON text', () => {
  test.each([
    ['""', 0],
    ['{}', 1],
    ['[[],[[]]]', 3],
    ['{"a":[{"b":{}}],"c":{}}', 4],
    ['"[[[["', 0],
    ['["[[","\\"[[","\\\\",["]]]]"]]', 2],
    ['{"[{\\\\\\"[{":[]}', 2],
  ])('%s is as deep as its lists and objects are', (text, depth) => {
    expect(shapeOf(text).depth).toBe(depth);
  });

  test('takes more memory with every list, object and entry, and not with what a text holds', () => {
    const plain = shapeOf(`["${'a'.repeat(100)}"]`).heapBytes;
    expect(shapeOf(`["${'{'.repeat(100)}"]`).heapBytes).toBe(plain);
    expect(shapeOf(`[${'{},'.repeat(33)}{}]`).heapBytes).toBeGreaterThan(4 * plain);
  });

  test.each(['', '"', '"\\', '}}}}', '[[[['])('that is no JSON (%s) is told as well', (text) => {
    expect(shapeOf(text).heapBytes).toBeGreaterThanOrEqual(0);
  });
});
