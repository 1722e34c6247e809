import { beforeAll, describe, expect, test } from '@jest/globals';
import { call, create, startHere } from './support.ts';

let url: string;
let id: string;
beforeAll(async () => {
  ({ url } = await startHere());
  id = await create(url);
});

const times = <T>(count: number, item: T): T[] => Array.from({ length: count }, () => item);
const pairs = (count: number) => Object.fromEntries(times(count, '').map((_, index) => [`k${index}`, 'v']));
const nested = (levels: number): unknown => JSON.parse('{"a":'.repeat(levels) + '1' + '}'.repeat(levels));

const tool = (value: unknown) => ({ tools: [value] });
const definition = (value: object) => tool({ type: 'function', function: { name: 'f', ...value } });
const search = (value: unknown) => tool({ type: 'file_search', file_search: value });
const format = (value: object) => ({ response_format: { type: 'json_schema', json_schema: { name: 'f', ...value } } });
const files = (value: unknown) => ({ tool_resources: { code_interpreter: { file_ids: value } } });
const stores = (value: unknown) => ({ tool_resources: { file_search: { vector_store_ids: value } } });
const newStore = (value: unknown) => ({ tool_resources: { file_search: { vector_stores: [value] } } });
const chunks = (size: unknown, overlap: unknown) =>
  newStore({
    chunking_strategy: { type: 'static', static: { max_chunk_size_tokens: size, chunk_overlap_tokens: overlap } },
  });

const STORE = 'tool_resources.file_search.vector_stores[0]';
const SIZES = `${STORE}.chunking_strategy.static`;

/** Members of a body, and the parameter that the error names. */
const rejected: [what: string, body: object, param: string][] = [
  ['an empty model', { model: '' }, 'model'],
  ['a model that is not a string', { model: 1 }, 'model'],
  ['a name of 257 characters', { name: 'x'.repeat(257) }, 'name'],
  ['a name that is not a string', { name: [] }, 'name'],
  ['a description of 513 characters', { description: 'x'.repeat(513) }, 'description'],
  ['instructions of 256,001 characters', { instructions: 'x'.repeat(256_001) }, 'instructions'],
  ['an unknown member', { assistant_id: 'x' }, 'assistant_id'],
  ['an unknown reasoning effort', { reasoning_effort: 'huge' }, 'reasoning_effort'],
  ['a temperature over 2', { temperature: 2.01 }, 'temperature'],
  ['a temperature under 0', { temperature: -0.01 }, 'temperature'],
  ['a temperature in a string', { temperature: '1' }, 'temperature'],
  ['a top_p over 1', { top_p: 1.01 }, 'top_p'],
  ['a top_p under 0', { top_p: -0.01 }, 'top_p'],
  ['17 pairs of metadata', { metadata: pairs(17) }, 'metadata'],
  ['a metadata key of 65 characters', { metadata: { ['k'.repeat(65)]: 'v' } }, 'metadata'],
  ['a metadata value of 513 characters', { metadata: { k: 'v'.repeat(513) } }, 'metadata'],
  ['a metadata value that is not a string', { metadata: { k: 1 } }, 'metadata'],
  ['metadata in a list', { metadata: [] }, 'metadata'],
  ['129 tools', { tools: times(129, { type: 'code_interpreter' }) }, 'tools'],
  ['tools that are not a list', { tools: {} }, 'tools'],
  ['a tool that is not an object', tool('code_interpreter'), 'tools[0]'],
  ['a tool without a type', tool({}), 'tools[0].type'],
  ['a tool of an unknown type', tool({ type: 'web_search' }), 'tools[0].type'],
  ['a tool of the type constructor', tool({ type: 'constructor' }), 'tools[0].type'],
  ['a tool with an unknown member', tool({ type: 'code_interpreter', x: 1 }), 'tools[0].x'],
  ['a function tool without its function', tool({ type: 'function' }), 'tools[0].function'],
  ['a function without a name', tool({ type: 'function', function: {} }), 'tools[0].function.name'],
  ['a function name with a space', definition({ name: 'a b' }), 'tools[0].function.name'],
  ['a function name of 65 characters', definition({ name: 'x'.repeat(65) }), 'tools[0].function.name'],
  ['an empty function name', definition({ name: '' }), 'tools[0].function.name'],
  ['a function name that ends in a line break', definition({ name: 'a\n' }), 'tools[0].function.name'],
  ['a function description of null', definition({ description: null }), 'tools[0].function.description'],
  ['function parameters in a string', definition({ parameters: '{}' }), 'tools[0].function.parameters'],
  ['function parameters of 257 levels', definition({ parameters: nested(257) }), 'tools[0].function.parameters'],
  ['an integer beyond 2^53', definition({ parameters: { maximum: 2 ** 53 } }), 'tools[0].function.parameters'],
  ['a strict that is not a boolean', definition({ strict: 'yes' }), 'tools[0].function.strict'],
  ['no result of a search', search({ max_num_results: 0 }), 'tools[0].file_search.max_num_results'],
  ['51 results of a search', search({ max_num_results: 51 }), 'tools[0].file_search.max_num_results'],
  ['half a result of a search', search({ max_num_results: 1.5 }), 'tools[0].file_search.max_num_results'],
  [
    'ranking without a threshold',
    search({ ranking_options: {} }),
    'tools[0].file_search.ranking_options.score_threshold',
  ],
  [
    'a threshold over 1',
    search({ ranking_options: { score_threshold: 1.1 } }),
    'tools[0].file_search.ranking_options.score_threshold',
  ],
  [
    'an unknown ranker',
    search({ ranking_options: { ranker: 'x', score_threshold: 0 } }),
    'tools[0].file_search.ranking_options.ranker',
  ],
  ['a response format that is another word', { response_format: 'text' }, 'response_format'],
  ['a response format that is a number', { response_format: 1 }, 'response_format'],
  ['a response format of an unknown type', { response_format: { type: 'xml' } }, 'response_format.type'],
  [
    'a text format with a schema',
    { response_format: { type: 'text', json_schema: {} } },
    'response_format.json_schema',
  ],
  ['a schema format without one', { response_format: { type: 'json_schema' } }, 'response_format.json_schema'],
  ['a schema name with a dot', format({ name: 'a.b' }), 'response_format.json_schema.name'],
  ['a schema that is a list', format({ schema: [] }), 'response_format.json_schema.schema'],
  ['a number that is Infinity in JSON', format({ schema: { a: 'INFINITY' } }), 'response_format.json_schema.schema'],
  ['21 files for the code interpreter', files(times(21, 'file')), 'tool_resources.code_interpreter.file_ids'],
  ['an empty file id', files(['a', '']), 'tool_resources.code_interpreter.file_ids[1]'],
  ['a file id that is a number', files([1]), 'tool_resources.code_interpreter.file_ids[0]'],
  ['two vector stores', stores(['a', 'b']), 'tool_resources.file_search.vector_store_ids'],
  ['an empty vector store id', stores(['']), 'tool_resources.file_search.vector_store_ids[0]'],
  ['unknown resources', { tool_resources: { web: {} } }, 'tool_resources.web'],
];

const rejectedOnCreate: typeof rejected = [
  ['10,001 files for a new vector store', newStore({ file_ids: times(10_001, 'f') }), `${STORE}.file_ids`],
  ['17 pairs of metadata of a vector store', newStore({ metadata: pairs(17) }), `${STORE}.metadata`],
  ['a chunking strategy of null', newStore({ chunking_strategy: null }), `${STORE}.chunking_strategy`],
  [
    'sizes for the auto strategy',
    newStore({ chunking_strategy: { type: 'auto', static: {} } }),
    `${STORE}.chunking_strategy.static`,
  ],
  ['a static strategy without sizes', newStore({ chunking_strategy: { type: 'static' } }), SIZES],
  ['chunks of 99 tokens', chunks(99, 0), `${SIZES}.max_chunk_size_tokens`],
  ['chunks of 4097 tokens', chunks(4097, 0), `${SIZES}.max_chunk_size_tokens`],
  ['an overlap under 0', chunks(100, -1), `${SIZES}.chunk_overlap_tokens`],
  ['an overlap of more than half', chunks(101, 51), `${SIZES}.chunk_overlap_tokens`],
  [
    'two new vector stores',
    { tool_resources: { file_search: { vector_stores: [{}, {}] } } },
    'tool_resources.file_search.vector_stores',
  ],
  [
    'a vector store and a new one',
    { tool_resources: { file_search: { vector_store_ids: ['a'], vector_stores: [{}] } } },
    'tool_resources.file_search',
  ],
];

const accepted: [what: string, body: object][] = [
  ['the longest texts', { name: 'x'.repeat(256), description: 'x'.repeat(512), instructions: 'x'.repeat(256_000) }],
  ['empty texts', { name: '', description: '', instructions: '' }],
  ['the ends of the ranges', { temperature: 0, top_p: 0 }],
  ['the other ends of the ranges', { temperature: 2, top_p: 1 }],
  ['16 pairs of metadata', { metadata: pairs(16) }],
  ['the longest pair of metadata', { metadata: { ['k'.repeat(64)]: 'v'.repeat(512) } }],
  ['128 tools', { tools: times(128, { type: 'code_interpreter' }) }],
  ['the longest function name', definition({ name: 'x'.repeat(64) })],
  ['parameters of 256 levels', definition({ parameters: nested(256) })],
  ['the fewest results of a search', search({ max_num_results: 1, ranking_options: { score_threshold: 0 } })],
  ['the most results of a search', search({ max_num_results: 50, ranking_options: { score_threshold: 1 } })],
  ['20 files', files(times(20, 'file'))],
  ...['none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max'].map((effort): [string, object] => [
    `reasoning effort ${effort}`,
    { reasoning_effort: effort },
  ]),
  ...['text', 'json_object'].map((type): [string, object] => [
    `response format ${type}`,
    { response_format: { type } },
  ]),
];

const send = (path: string, body: object) =>
  call(url, `POST ${path}`, { body: JSON.stringify(body).replace('"INFINITY"', '1e400') });

describe('a limit', () => {
  test.each(rejected)('rejects %s on create and on modify', async (_what, body, param) => {
    for (const [path, whole] of [
      ['/assistants', { model: 'm', ...body }],
      [`/assistants/${id}`, body],
    ] as const) {
      const reply = await send(path, whole);
      expect([reply.status, reply.body['param']]).toEqual([400, param]);
      expect(reply.body['message']).toContain(`'${param}'`);
    }
  });

  test.each(rejectedOnCreate)('rejects %s on create', async (_what, body, param) => {
    const reply = await send('/assistants', { model: 'm', ...body });
    expect([reply.status, reply.body['param']]).toEqual([400, param]);
  });

  test.each(accepted)('accepts %s', async (_what, body) => {
    expect((await send('/assistants', { model: 'm', ...body })).status).toBe(201);
    expect((await send(`/assistants/${id}`, body)).status).toBe(200);
  });

  test('accepts the extreme values of a new vector store', async () => {
    for (const body of [
      chunks(100, 50),
      chunks(4096, 2048),
      newStore({ file_ids: times(10_000, 'f'), metadata: null }),
    ])
      expect((await send('/assistants', { model: 'm', ...body })).status).toBe(201);
  });
});

describe('a body', () => {
  test('without a model is rejected on create', async () => {
    const { status, body } = await send('/assistants', { name: 'x' });
    expect([status, body['message'], body['param']]).toEqual([400, "Missing required parameter: 'model'.", 'model']);
  });

  test('with a new vector store is rejected on modify', async () => {
    const { status, body } = await send(`/assistants/${id}`, newStore({}));
    expect([status, body['param']]).toEqual([400, 'tool_resources.file_search.vector_stores']);
  });

  test.each(['null', '[]', '"x"', '1'])('of %s is rejected because it is not an object', async (body) => {
    const reply = await call(url, 'POST /assistants', { body });
    expect([reply.status, reply.body['message']]).toEqual([400, 'Invalid body: expected a JSON object.']);
  });

  test('with a __proto__ member is rejected as an unknown parameter', async () => {
    expect((await call(url, 'POST /assistants', { body: '{"model":"m","__proto__":{"name":"x"}}' })).status).toBe(400);
  });
});

describe('a validation error', () => {
  test.each([
    ['a value', { reasoning_effort: 'SECRET' }],
    ['a metadata value', { metadata: { k: 'SECRET'.repeat(100) } }],
    ['a metadata key', { metadata: { [`SECRET${'k'.repeat(60)}`]: 'v' } }],
    ['a name that looks like data', { 'sk-SECRET-1': 'x' }],
  ])('never contains %s', async (_what, body) => {
    const { status, text } = await send('/assistants', { model: 'm', ...body });
    expect(status).toBe(400);
    expect(text).not.toContain('SECRET');
  });

  test('contains the expected type and the type of the value', async () => {
    const { body } = await send('/assistants', { model: 'm', ...definition({ strict: [] }) });
    expect(body['message']).toBe(
      "Invalid type for 'tools[0].function.strict': expected a boolean, but got an array instead.",
    );
  });
});
