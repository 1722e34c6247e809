import { describe, expect, test } from '@jest/globals';
import { estimateJson, isLargerThan, requestLimits } from '../../../src/runtime/json-size.ts';

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

  test('is compared with a maximum as if all of the text was scanned', () => {
    const long = 'x'.repeat(1000);
    for (const text of [`["${long}",[],[]]`, `[[],[],"${long}"]`, `[${'{},'.repeat(300)}"${long}"]`, `"${long}"`, '']) {
      const bytes = Buffer.from(text);
      const { heapBytes } = estimateJson(bytes);
      const maxima = [0, heapBytes / 2, heapBytes - 1, heapBytes, heapBytes + 1, heapBytes * 2, heapBytes * 100];
      for (const maximum of maxima) expect(isLargerThan(bytes, maximum)).toBe(heapBytes > maximum);
    }
  });

  test.each([
    ['[[],{}]', 7],
    ['{"a,b":"[:]","c":[1,2]}', 8],
    ['"{[,:]}"', 0],
  ])('%s has as many structures as brackets, braces, commas and colons outside strings', (text, structures) => {
    expect(shapeOf(text).structures).toBe(structures);
  });

  test.each([
    ['{"a":1,"bcd":{"\\"\\\\":[{"":":"}]}}', 4, 8],
    ['["a","b:c"]', 0, 0],
  ])('%s has the members of its objects, with the bytes of their names', (text, members, nameBytes) => {
    expect(shapeOf(text)).toMatchObject({ members, nameBytes });
  });

  test.each([
    ['{}', 0],
    ['{"a":1,"b":{"a":["c"]}}', 2],
    ['{"a":"b","":{"":0,"\\"":1}}', 3],
    [`[${'{"a":1,"b":2},'.repeat(100)}{}]`, 2],
  ])('%.30s has the different names of its members', (text, distinctNames) => {
    expect(estimateJson(Buffer.from(text), requestLimits).distinctNames).toBe(distinctNames);
  });

  test('counts at most as many different names as there are, and most of them', () => {
    const names = Array.from({ length: 5500 }, (_, index) => `"name${index}":0`).join();
    const { distinctNames } = estimateJson(Buffer.from(`[{${names}},{${names}}]`), requestLimits);
    expect(distinctNames).toBeLessThanOrEqual(5500);
    expect(distinctNames).toBeGreaterThan(5000);
  });

  test.each([
    ['\\ud83d', 1],
    ['\\uD83d\\uDE00', 0],
    ['\\ude00\\ud83d', 2],
    ['\\ud83d\\ud83d\\ude00', 1],
    ['\\ud83dx\\ude00', 2],
    ['\\\\ud83d', 0],
    ['\\\\\\udfff', 1],
    ['\\ud7ff\\ue000\\n\\u0000', 0],
  ])('%s in a long text has surrogates without their other half', (text, loneSurrogates) => {
    const long = Buffer.from(`"${'a'.repeat(300_000)}${text}${'a'.repeat(300_000)}"`);
    expect(estimateJson(long, requestLimits).loneSurrogates).toBe(loneSurrogates);
  });

  const tight = { structures: 10, members: 3, nameBytes: 20, distinctNames: 2, loneSurrogates: 0 };
  test.each([
    ['structure', `${'[],'.repeat(1000)}[[[[`, { structures: 11, members: 0, depth: 1 }],
    ['member', `{${'"a":1,'.repeat(1000)}`, { structures: 8, members: 4 }],
    ['different name', `{"a":{"b":{"c":[[[[`, { structures: 6, members: 3, distinctNames: 3, depth: 3 }],
    ['name', `{"a":{"${'b'.repeat(19)}":{"c":[[[[`, { structures: 6, members: 3, nameBytes: 21, depth: 3 }],
  ])('stops at the first %s above the limit', (_what, text, expected) => {
    expect(estimateJson(Buffer.from(text), tight)).toMatchObject(expected);
  });

  test.each([0, 1, 62, 63, 64, 65, 66, 127, 128, 129, 1000])('finds the end of a string of %d characters', (length) => {
    const text = 'x'.repeat(length);
    for (const end of ['', '\\"', '\\\\', '\\\\\\"', '\\\\\\\\', '\\"'.repeat(40), `\\"${text}\\"${text}\\\\`])
      for (const start of ['', '\\"', '\\\\'])
        expect(shapeOf(`{"${start}${text}${end}":["${start}${text}${end}[","${end}"],"]":{}}`)).toMatchObject({
          structures: 10,
          members: 2,
          nameBytes: start.length + length + end.length + 1,
          depth: 2,
        });
  });

  test.each(['', '"', '"\\', '}}}}', '[[[['])('that is not valid JSON (%s) is estimated as well', (text) => {
    expect(shapeOf(text).heapBytes).toBeGreaterThanOrEqual(0);
  });
});
