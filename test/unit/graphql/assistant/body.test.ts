import 'reflect-metadata';
import { describe, expect, test } from '@jest/globals';
import type { WireAssistantCreateBody, WireAssistantModifyBody } from '../../../../src/aiml/resources/assistant.ts';
import type { JsonObject } from '../../../../src/aiml/wire.ts';
import * as body from '../../../../src/graphql/assistant/assistant.body.ts';
import type { CreateAssistantInput, UpdateAssistantInput } from '../../../../src/graphql/assistant/assistant.input.ts';
import type { Plain } from '../plain.ts';

const toCreateBody = (input: Plain<CreateAssistantInput>): WireAssistantCreateBody => body.toCreateBody(input);
const toModifyBody = (input: Plain<UpdateAssistantInput>): WireAssistantModifyBody => body.toModifyBody(input);

const parameters = JSON.parse('{"type":"object","__proto__":{"a":1}}') as JsonObject;

describe('the body of a create', () => {
  test('contains exactly the fields of the input', () => {
    expect(toCreateBody({ model: 'm' })).toStrictEqual({ model: 'm' });
    expect(toCreateBody({ model: 'm', name: '', temperature: 0, tools: [], metadata: {} })).toStrictEqual({
      model: 'm',
      name: '',
      temperature: 0,
      tools: [],
      metadata: {},
    });
  });

  test('omits nulls at every level', () => {
    const sent = toCreateBody({
      model: 'm',
      name: null,
      description: null,
      instructions: null,
      tools: [
        { fileSearch: { maxNumResults: null, rankingOptions: null } },
        { fileSearch: { rankingOptions: { ranker: null, scoreThreshold: 0 } } },
        { function: { name: 'f', description: null, parameters: null, strict: null } },
      ],
      toolResources: { codeInterpreter: null, fileSearch: { vectorStoreIds: null, vectorStores: null } },
      metadata: null,
      temperature: null,
      topP: null,
      reasoningEffort: null,
      responseFormat: { jsonSchema: { name: 'n', description: null, schema: null, strict: null } },
    });
    expect(sent).toStrictEqual({
      model: 'm',
      tools: [
        { type: 'file_search' },
        { type: 'file_search', file_search: { ranking_options: { score_threshold: 0 } } },
        { type: 'function', function: { name: 'f' } },
      ],
      response_format: { type: 'json_schema', json_schema: { name: 'n' } },
    });
  });

  test("has upstream's name for every field", () => {
    const metadata = { k: 'v' };
    const sent = toCreateBody({
      model: 'm',
      name: 'n',
      description: 'd',
      instructions: 'i',
      tools: [
        { codeInterpreter: true },
        { fileSearch: { maxNumResults: 5, rankingOptions: { ranker: 'auto', scoreThreshold: 0.5 } } },
        { function: { name: 'f', description: 'd', parameters, strict: true } },
      ],
      toolResources: {
        codeInterpreter: { fileIds: ['file-1'] },
        fileSearch: {
          vectorStores: [
            {
              fileIds: ['file-2'],
              metadata,
              chunkingStrategy: { static: { maxChunkSizeTokens: 800, chunkOverlapTokens: 400 } },
            },
            { chunkingStrategy: { auto: true } },
          ],
        },
      },
      metadata,
      temperature: 1,
      topP: 0.5,
      reasoningEffort: 'low',
      responseFormat: { jsonSchema: { name: 's', description: 'd', schema: parameters, strict: false } },
    });
    expect(sent).toStrictEqual({
      model: 'm',
      name: 'n',
      description: 'd',
      instructions: 'i',
      tools: [
        { type: 'code_interpreter' },
        {
          type: 'file_search',
          file_search: { max_num_results: 5, ranking_options: { ranker: 'auto', score_threshold: 0.5 } },
        },
        { type: 'function', function: { name: 'f', description: 'd', parameters, strict: true } },
      ],
      tool_resources: {
        code_interpreter: { file_ids: ['file-1'] },
        file_search: {
          vector_stores: [
            {
              file_ids: ['file-2'],
              chunking_strategy: {
                type: 'static',
                static: { max_chunk_size_tokens: 800, chunk_overlap_tokens: 400 },
              },
              metadata,
            },
            { chunking_strategy: { type: 'auto' } },
          ],
        },
      },
      metadata,
      temperature: 1,
      top_p: 0.5,
      reasoning_effort: 'low',
      response_format: {
        type: 'json_schema',
        json_schema: { name: 's', description: 'd', schema: parameters, strict: false },
      },
    });
  });

  test('contains JSON and metadata by reference, so that no key is lost', () => {
    const metadata = JSON.parse('{"__proto__":"x"}') as Record<string, string>;
    const sent = toCreateBody({ model: 'm', metadata, tools: [{ function: { name: 'f', parameters } }] });
    expect(sent.metadata).toBe(metadata);
    expect(JSON.stringify(sent)).toBe(
      '{"model":"m","tools":[{"type":"function","function":{"name":"f","parameters":' +
        '{"type":"object","__proto__":{"a":1}}}}],"metadata":{"__proto__":"x"}}',
    );
  });

  test.each([
    ['auto', 'auto'],
    ['text', { type: 'text' }],
    ['json_object', { type: 'json_object' }],
  ] as const)('has the response format %s in upstream’s form', (type, expected) => {
    expect(toCreateBody({ model: 'm', responseFormat: { type } }).response_format).toEqual(expected);
  });
});

describe('the body of an update', () => {
  test('is empty if the input has an id only', () => {
    expect(toModifyBody({ id: 'a' })).toStrictEqual({});
  });

  test('contains null for cleared fields, and an empty list for tools', () => {
    const sent = toModifyBody({
      id: 'a',
      name: null,
      description: null,
      instructions: null,
      tools: null,
      toolResources: null,
      metadata: null,
      temperature: null,
      topP: null,
      reasoningEffort: null,
      responseFormat: null,
    });
    expect(sent).toStrictEqual({
      name: null,
      description: null,
      instructions: null,
      tools: [],
      tool_resources: null,
      metadata: null,
      temperature: null,
      top_p: null,
      reasoning_effort: null,
      response_format: null,
    });
  });

  test('omits nulls inside a value', () => {
    expect(
      toModifyBody({
        id: 'a',
        model: 'm',
        tools: [{ function: { name: 'f', strict: null } }],
        toolResources: { codeInterpreter: { fileIds: [] }, fileSearch: null },
      }),
    ).toStrictEqual({
      model: 'm',
      tools: [{ type: 'function', function: { name: 'f' } }],
      tool_resources: { code_interpreter: { file_ids: [] } },
    });
  });
});

describe('an empty object inside toolResources is not sent', () => {
  const fileSearches = [{}, { vectorStoreIds: null }, { vectorStores: null }];

  test.each(fileSearches)('on a create: %j', (fileSearch) => {
    expect(toCreateBody({ model: 'm', toolResources: { fileSearch } })).toStrictEqual({ model: 'm' });
    const toolResources = { codeInterpreter: { fileIds: ['file-1'] }, fileSearch };
    expect(toCreateBody({ model: 'm', toolResources })).toStrictEqual({
      model: 'm',
      tool_resources: { code_interpreter: { file_ids: ['file-1'] } },
    });
  });

  test.each(fileSearches)('on an update, which still replaces the old value: %j', (fileSearch) => {
    expect(toModifyBody({ id: 'a', toolResources: { fileSearch } })).toStrictEqual({ tool_resources: {} });
  });

  test('on a create of a vector store, where it means a store without files', () => {
    const toolResources = { fileSearch: { vectorStores: [{ metadata: {} }] } };
    expect(toCreateBody({ model: 'm', toolResources })).toStrictEqual({
      model: 'm',
      tool_resources: { file_search: { vector_stores: [{}] } },
    });
  });

  test('but an empty list is sent', () => {
    const toolResources = { fileSearch: { vectorStoreIds: [] } };
    expect(toModifyBody({ id: 'a', toolResources })).toStrictEqual({
      tool_resources: { file_search: { vector_store_ids: [] } },
    });
  });
});
