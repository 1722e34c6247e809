import { describe, expect, test } from '@jest/globals';
import { readAssistant } from '../../../src/aiml/resources/assistant.ts';
import { MalformedResponseError, readDeletion, readList } from '../../../src/aiml/wire.ts';
import { wireAssistant } from '../../support/scripted-upstream.ts';

const readAssistants = (value: unknown) => readList(value, readAssistant);

describe('reading an assistant', () => {
  test('reads assistants of the older backend, which have a UUID, file_ids and none of the later fields', () => {
    const assistant = readAssistant({
      id: '0b0e6c1e-6f0a-4c57-9a3c-5a9d3a1c2b3d',
      object: 'assistant',
      created_at: 1_718_000_000,
      name: 'Old',
      model: 'gpt-4o',
      tools: [{ type: 'code_interpreter' }],
      file_ids: [],
    });
    expect(assistant).toEqual({
      id: '0b0e6c1e-6f0a-4c57-9a3c-5a9d3a1c2b3d',
      created_at: 1_718_000_000,
      model: 'gpt-4o',
      name: 'Old',
      description: null,
      instructions: null,
      tools: [{ type: 'code_interpreter' }],
      tool_resources: null,
      metadata: {},
      temperature: null,
      top_p: null,
      reasoning_effort: null,
      response_format: null,
    });
  });

  test('keeps an unknown tool unchanged', () => {
    const tool = { type: 'web_search', web_search: { depth: 3, __proto__: null } };
    expect(readAssistant(wireAssistant('a', { tools: [tool] })).tools).toEqual([{ type: 'unknown', raw: tool }]);
  });

  test('accepts JSON of 500 levels and rejects deeper JSON', () => {
    const nested = (levels: number): object => (levels === 1 ? {} : { a: nested(levels - 1) });
    const tool = (levels: number) => ({ type: 'function', function: { name: 'f', parameters: nested(levels) } });
    expect(readAssistant(wireAssistant('a', { tools: [tool(500)] })).tools).toMatchObject([{ name: 'f' }]);
    for (const tools of [[tool(501)], [{ type: 'new', deep: nested(500) }]])
      expect(() => readAssistant(wireAssistant('a', { tools }))).toThrow(MalformedResponseError);
  });

  test.each([
    ['auto', { type: 'auto' }],
    [{ type: 'text' }, { type: 'text' }],
    [{ type: 'json_object' }, { type: 'json_object' }],
    [{ type: 'grammar', grammar: 'x' }, { type: 'unknown' }],
    [
      { type: 'json_schema', json_schema: { name: 'n', schema: { type: 'object' } } },
      {
        type: 'json_schema',
        json_schema: { name: 'n', description: null, schema: { type: 'object' }, strict: null },
      },
    ],
    [undefined, null],
    [null, null],
  ])('reads the response format %j', (sent, read) => {
    expect(readAssistant(wireAssistant('a', { response_format: sent })).response_format).toEqual(read);
  });

  test.each<[unknown]>([
    [null],
    ['text'],
    [[]],
    [{}],
    [wireAssistant('')],
    [{ ...wireAssistant('a'), id: 7 }],
    [{ ...wireAssistant('a'), model: undefined }],
    ...[undefined, null, 'soon', -1, NaN, 1e300, 253_402_300_800].map((time): [unknown] => [
      wireAssistant('a', { created_at: time }),
    ]),
    [wireAssistant('a', { name: 5 })],
    [wireAssistant('a', { tools: {} })],
    [wireAssistant('a', { tools: [null] })],
    [wireAssistant('a', { tools: [{ type: 5 }] })],
    [wireAssistant('a', { tools: [{ type: 'function' }] })],
    [wireAssistant('a', { tools: [{ type: 'function', function: { name: null } }] })],
    [wireAssistant('a', { tools: [{ type: 'file_search', file_search: { max_num_results: 1.5 } }] })],
    [wireAssistant('a', { metadata: { key: 1 } })],
    [wireAssistant('a', { metadata: [] })],
    [wireAssistant('a', { temperature: '1' })],
    [wireAssistant('a', { tool_resources: { code_interpreter: { file_ids: [1] } } })],
    [wireAssistant('a', { response_format: { json_schema: {} } })],
    [wireAssistant('a', { response_format: { type: 'json_schema', json_schema: {} } })],
  ])('rejects values outside of the API’s contract: %j', (value) => {
    expect(() => readAssistant(value)).toThrow(MalformedResponseError);
  });

  test('reports the path of an invalid value and never the value', () => {
    expect(() => readAssistant(wireAssistant('a', { name: { canary: 1 } }))).toThrow('name is not a string');
  });
});

describe('reading a list', () => {
  const data = [wireAssistant('a'), wireAssistant('b')];

  test.each([
    ['the current API', { object: 'list', data, first_id: 'a', last_id: 'b', has_more: true }, true],
    ['the older backend', { object: 'list', data }, null],
    ['a bare array', data, null],
  ])('reads %s', (_name, value, hasMore) => {
    const list = readAssistants(value);
    expect(list.data.map(({ id }) => id)).toEqual(['a', 'b']);
    expect(list.hasMore).toBe(hasMore);
  });

  test.each([null, {}, { data: null }, { data: {} }, { data: [null] }, { data, has_more: 'yes' }, 'x'])(
    'rejects %j',
    (value) => {
      expect(() => readAssistants(value)).toThrow(MalformedResponseError);
    },
  );
});

describe('reading a deletion', () => {
  test('distinguishes a deletion from its rejection', () => {
    expect(readDeletion({ id: 'a', object: 'assistant.deleted', deleted: true }, 'a')).toBe(true);
    expect(readDeletion({ id: 'a', deleted: false }, 'a')).toBe(false);
  });

  test.each([null, {}, { id: 'b', deleted: true }, { id: 'a', deleted: 'true' }])('rejects %j', (value) => {
    expect(() => readDeletion(value, 'a')).toThrow(MalformedResponseError);
  });
});
