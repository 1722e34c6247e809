import 'reflect-metadata';
import { describe, expect, test } from '@jest/globals';
import type * as Tools from '../../../../src/graphql/assistant/assistant-tool.input.ts';
import type * as Inputs from '../../../../src/graphql/assistant/assistant.input.ts';
import {
  validateCreate,
  validateDelete,
  validateUpdate,
} from '../../../../src/graphql/assistant/assistant.validation.ts';
import type { UserError } from '../../../../src/graphql/schema/payload.type.ts';
import type { Plain } from '../plain.ts';

type Create = Partial<Plain<Inputs.CreateAssistantInput>>;
type Update = Partial<Plain<Inputs.UpdateAssistantInput>>;

/** Two code units in JavaScript, one character. */
const EMOJI = '😀';
const CANARY = 'canary';
const pairs = (count: number): Record<string, string> =>
  Object.fromEntries(Array.from({ length: count }, (_, index) => [`${CANARY}${index}`, CANARY]));
const ids = (count: number): string[] => Array.from({ length: count }, (_, index) => `${CANARY}-${index}`);

const create = (fields: Create): readonly UserError[] => {
  const input: Plain<Inputs.CreateAssistantInput> = { model: 'm', ...fields };
  return validateCreate(input);
};
const update = (fields: Update): readonly UserError[] => {
  const input: Plain<Inputs.UpdateAssistantInput> = { id: 'a', ...fields };
  return validateUpdate(input);
};
const remove = (id: string): readonly UserError[] => {
  const input: Plain<Inputs.DeleteAssistantInput> = { id };
  return validateDelete(input);
};
const search = (fileSearch: Plain<Tools.FileSearchResourcesInput>): Create => ({ toolResources: { fileSearch } });
const store = (fields: Plain<Tools.VectorStoreInput>): Create => search({ vectorStores: [fields] });
const chunks = (maxChunkSizeTokens: number, chunkOverlapTokens: number): Create =>
  store({ chunkingStrategy: { static: { maxChunkSizeTokens, chunkOverlapTokens } } });
const tool = (fields: Plain<Tools.AssistantToolInput>): Create => ({ tools: [fields] });

describe('the settings of an assistant', () => {
  const valid: readonly (readonly [string, Create])[] = [
    ['nothing', {}],
    [
      'nulls',
      { name: null, tools: null, toolResources: null, metadata: null, temperature: null, responseFormat: null },
    ],
    ['a name of 256 characters', { name: EMOJI.repeat(256) }],
    ['an empty name', { name: '' }],
    ['a description of 512 characters', { description: EMOJI.repeat(512) }],
    ['instructions of 256,000 characters', { instructions: EMOJI.repeat(256_000) }],
    ['128 tools', { tools: Array.from({ length: 128 }, () => ({ codeInterpreter: true })) }],
    ['16 pairs of metadata', { metadata: pairs(16) }],
    ['the longest pair of metadata', { metadata: { [EMOJI.repeat(64)]: EMOJI.repeat(512) } }],
    ['temperature 0', { temperature: 0 }],
    ['temperature 2', { temperature: 2 }],
    ['topP 0', { topP: 0 }],
    ['topP 1', { topP: 1 }],
    ['20 files for the code interpreter', { toolResources: { codeInterpreter: { fileIds: ids(20) } } }],
    ['1 vector store', search({ vectorStoreIds: ids(1), vectorStores: null })],
    ['a new vector store of 10,000 files', store({ fileIds: ids(10_000), metadata: pairs(16) })],
    ['the smallest chunks', chunks(100, 50)],
    ['the largest chunks', chunks(4096, 2048)],
    ['no overlap', chunks(800, 0)],
    ['automatic chunks', store({ chunkingStrategy: { auto: true } })],
    ['a function name of 64 characters', tool({ function: { name: 'aZ0_-'.padEnd(64, 'x') } })],
    ['1 result', tool({ fileSearch: { maxNumResults: 1, rankingOptions: { scoreThreshold: 0 } } })],
    ['50 results', tool({ fileSearch: { maxNumResults: 50, rankingOptions: { scoreThreshold: 1 } } })],
    ['a response format', { responseFormat: { jsonSchema: { name: 'x' } } }],
  ];

  test.each(valid)('may have %s', (_, fields) => {
    expect(create(fields)).toEqual([]);
  });

  const invalid: readonly (readonly [string, Create, string, string, string?])[] = [
    ['a name of 257 characters', { name: EMOJI.repeat(257) }, 'TOO_LONG', 'name', 'at most 256 characters'],
    ['a name of 1,000,000 characters', { name: 'x'.repeat(1_000_000) }, 'TOO_LONG', 'name'],
    ['a description of 513 characters', { description: 'x'.repeat(513) }, 'TOO_LONG', 'description', 'at most 512'],
    [
      'instructions of 256,001 characters',
      { instructions: EMOJI.repeat(256_001) },
      'TOO_LONG',
      'instructions',
      '256000',
    ],
    [
      '129 tools',
      { tools: Array.from({ length: 129 }, () => ({ codeInterpreter: true })) },
      'TOO_MANY',
      'tools',
      'at most 128 entries',
    ],
    ['17 pairs of metadata', { metadata: pairs(17) }, 'TOO_MANY', 'metadata', 'at most 16 pairs'],
    [
      'a key of 65 characters',
      { metadata: { a: '', [CANARY.repeat(11)]: '' } },
      'TOO_LONG',
      'metadata',
      'The key of pair 2',
    ],
    [
      'a value of 513 characters',
      { metadata: { a: '', b: '', [CANARY]: 'x'.repeat(513) } },
      'TOO_LONG',
      'metadata',
      'The value of pair 3',
    ],
    ['a temperature above 2', { temperature: 2.001 }, 'OUT_OF_RANGE', 'temperature', 'from 0 to 2'],
    ['a negative temperature', { temperature: -0.001 }, 'OUT_OF_RANGE', 'temperature'],
    ['an infinite temperature', { temperature: Infinity }, 'OUT_OF_RANGE', 'temperature'],
    ['a temperature that is not a number', { temperature: Number.NaN }, 'OUT_OF_RANGE', 'temperature'],
    ['topP above 1', { topP: 1.1 }, 'OUT_OF_RANGE', 'topP', 'from 0 to 1'],
    ['an infinite topP', { topP: -Infinity }, 'OUT_OF_RANGE', 'topP'],
    [
      'a code interpreter set to false',
      tool({ codeInterpreter: false }),
      'INVALID',
      'tools.0.codeInterpreter',
      'only be set to true',
    ],
    ['a function name with a space', tool({ function: { name: 'a b' } }), 'INVALID', 'tools.0.function.name'],
    ['a function without a name', tool({ function: { name: '' } }), 'INVALID', 'tools.0.function.name'],
    [
      'a function name of 65 characters',
      tool({ function: { name: 'x'.repeat(65) } }),
      'INVALID',
      'tools.0.function.name',
      '1 to 64 letters',
    ],
    ['0 results', tool({ fileSearch: { maxNumResults: 0 } }), 'OUT_OF_RANGE', 'tools.0.fileSearch.maxNumResults'],
    [
      '51 results',
      tool({ fileSearch: { maxNumResults: 51 } }),
      'OUT_OF_RANGE',
      'tools.0.fileSearch.maxNumResults',
      'from 1 to 50',
    ],
    [
      'a threshold above 1',
      tool({ fileSearch: { rankingOptions: { scoreThreshold: 1.5 } } }),
      'OUT_OF_RANGE',
      'tools.0.fileSearch.rankingOptions.scoreThreshold',
    ],
    [
      'an infinite threshold',
      tool({ fileSearch: { rankingOptions: { scoreThreshold: Infinity } } }),
      'OUT_OF_RANGE',
      'tools.0.fileSearch.rankingOptions.scoreThreshold',
    ],
    [
      '21 files for the code interpreter',
      { toolResources: { codeInterpreter: { fileIds: ids(21) } } },
      'TOO_MANY',
      'toolResources.codeInterpreter.fileIds',
      'at most 20 entries',
    ],
    [
      'a blank file id',
      { toolResources: { codeInterpreter: { fileIds: ['file-1', ' '] } } },
      'BLANK',
      'toolResources.codeInterpreter.fileIds.1',
    ],
    [
      '2 vector stores',
      search({ vectorStoreIds: ids(2) }),
      'TOO_MANY',
      'toolResources.fileSearch.vectorStoreIds',
      'at most 1 entry',
    ],
    ['a blank vector store id', search({ vectorStoreIds: [''] }), 'BLANK', 'toolResources.fileSearch.vectorStoreIds.0'],
    ['2 new vector stores', search({ vectorStores: [{}, {}] }), 'TOO_MANY', 'toolResources.fileSearch.vectorStores'],
    [
      'a vector store and a new one',
      search({ vectorStoreIds: ['vs_1'], vectorStores: [{}] }),
      'INVALID',
      'toolResources.fileSearch.vectorStores',
      'exclude each other',
    ],
    [
      '10,001 files in a new vector store',
      store({ fileIds: ids(10_001) }),
      'TOO_MANY',
      'toolResources.fileSearch.vectorStores.0.fileIds',
    ],
    [
      'a blank file id in a new vector store',
      store({ fileIds: [''] }),
      'BLANK',
      'toolResources.fileSearch.vectorStores.0.fileIds.0',
    ],
    [
      '17 pairs of metadata of a new vector store',
      store({ metadata: pairs(17) }),
      'TOO_MANY',
      'toolResources.fileSearch.vectorStores.0.metadata',
    ],
    [
      'automatic chunks set to false',
      store({ chunkingStrategy: { auto: false } }),
      'INVALID',
      'toolResources.fileSearch.vectorStores.0.chunkingStrategy.auto',
    ],
    [
      'chunks of 99 tokens',
      chunks(99, 0),
      'OUT_OF_RANGE',
      'toolResources.fileSearch.vectorStores.0.chunkingStrategy.static.maxChunkSizeTokens',
      'from 100 to 4096',
    ],
    [
      'chunks of 4097 tokens',
      chunks(4097, 0),
      'OUT_OF_RANGE',
      'toolResources.fileSearch.vectorStores.0.chunkingStrategy.static.maxChunkSizeTokens',
    ],
    [
      'an overlap of more than half',
      chunks(101, 51),
      'OUT_OF_RANGE',
      'toolResources.fileSearch.vectorStores.0.chunkingStrategy.static.chunkOverlapTokens',
      'half of',
    ],
    [
      'a negative overlap',
      chunks(100, -1),
      'OUT_OF_RANGE',
      'toolResources.fileSearch.vectorStores.0.chunkingStrategy.static.chunkOverlapTokens',
    ],
    [
      'a schema name with a dot',
      { responseFormat: { jsonSchema: { name: 'a.b' } } },
      'INVALID',
      'responseFormat.jsonSchema.name',
    ],
  ];

  test.each(invalid)('may not have %s', (_, fields, code, field, message = '') => {
    const errors = create(fields);
    expect(errors.map((error) => [error.code, error.field?.join('.')])).toEqual([[code, `input.${field}`]]);
    expect(errors[0]?.message).toContain(message);
    expect(errors[0]?.message).not.toContain(CANARY);
    if (!field.includes('vectorStores')) expect(update(fields)).toEqual(errors);
  });

  test('have all errors at once, in order', () => {
    const errors = create({
      model: ' ',
      name: 'x'.repeat(257),
      tools: [{ codeInterpreter: false }, { function: { name: '' } }],
      metadata: pairs(17),
      temperature: 3,
    });
    expect(errors.map(({ field }) => field?.join('.'))).toEqual([
      'input.model',
      'input.name',
      'input.tools.0.codeInterpreter',
      'input.tools.1.function.name',
      'input.metadata',
      'input.temperature',
    ]);
  });

  test('have at most a hundred errors', () => {
    expect(create(store({ fileIds: Array.from({ length: 10_000 }, () => '') }))).toHaveLength(100);
  });
});

describe('the model', () => {
  test.each(['', ' ', '\n\t'])('of a create must not be %j', (model) => {
    expect(create({ model })).toMatchObject([{ code: 'BLANK', field: ['input', 'model'] }]);
  });

  test.each(['', ' ', null])('of an update must not be %j', (model) => {
    expect(update({ model })).toMatchObject([{ code: 'BLANK', field: ['input', 'model'] }]);
  });

  test('of an update may be omitted', () => {
    expect(update({})).toEqual([]);
  });
});

describe('the id', () => {
  const bad = ['', '..', 'a/b', 'a b', 'x'.repeat(65), 'ä'];

  test.each(bad)('of an update must not be %j', (id) => {
    expect(update({ id })).toMatchObject([{ code: 'INVALID', field: ['input', 'id'] }]);
  });

  test.each(bad)('of a delete must not be %j', (id) => {
    expect(remove(id)).toMatchObject([{ code: 'INVALID', field: ['input', 'id'] }]);
  });

  test.each(['asst_abc', 'a', '0b7c5c5e-0f52-4c4f-8a3a-3f1f6a4a5b6c', 'x'.repeat(64)])('may be %j', (id) => {
    expect(remove(id)).toEqual([]);
  });
});

describe('new vector stores', () => {
  test('are allowed on a create only', () => {
    expect(update(search({ vectorStores: [] }))).toMatchObject([
      { code: 'INVALID', field: ['input', 'toolResources', 'fileSearch', 'vectorStores'] },
    ]);
    expect(update(search({ vectorStores: null, vectorStoreIds: ['vs_1'] }))).toEqual([]);
  });
});
