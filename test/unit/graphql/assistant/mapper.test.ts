import 'reflect-metadata';
import { describe, expect, test } from '@jest/globals';
import { readAssistant } from '../../../../src/aiml/resources/assistant.ts';
import {
  CodeInterpreterTool,
  FileSearchTool,
  FunctionTool,
  UnknownTool,
} from '../../../../src/graphql/assistant/assistant-tool.type.ts';
import { Assistant } from '../../../../src/graphql/assistant/assistant.type.ts';
import { wireAssistant } from '../in-memory-assistants.ts';

describe('an assistant', () => {
  test('of the older backend has null for fields that this backend does not have', () => {
    const wire = readAssistant({ id: '0b7c', object: 'assistant', created_at: 5, model: 'm', file_ids: [] });
    const assistant = new Assistant(wire);
    expect(assistant).toBeInstanceOf(Assistant);
    expect(assistant).toMatchObject({
      id: '0b7c',
      createdAt: 5,
      model: 'm',
      name: null,
      description: null,
      instructions: null,
      tools: [],
      toolResources: null,
      metadata: {},
      temperature: null,
      topP: null,
      reasoningEffort: null,
      responseFormat: null,
    });
  });

  test('has tools of the classes that GraphQL distinguishes', () => {
    const raw = { type: 'web_search', depth: { max: 3 } };
    const parameters = { type: 'object' };
    const { tools } = new Assistant(
      wireAssistant({
        tools: [
          { type: 'code_interpreter' },
          { type: 'file_search', max_num_results: 7, ranking_options: { ranker: 'auto', score_threshold: 0.5 } },
          { type: 'file_search', max_num_results: null, ranking_options: null },
          { type: 'function', name: 'f', description: 'd', parameters, strict: true },
          { type: 'unknown', raw },
        ],
      }),
    );
    expect(tools.map((tool) => tool.constructor)).toEqual([
      CodeInterpreterTool,
      FileSearchTool,
      FileSearchTool,
      FunctionTool,
      UnknownTool,
    ]);
    expect(tools).toMatchObject([
      { type: 'code_interpreter' },
      { type: 'file_search', maxNumResults: 7, rankingOptions: { ranker: 'auto', scoreThreshold: 0.5 } },
      { type: 'file_search', maxNumResults: null, rankingOptions: null },
      { type: 'function', name: 'f', description: 'd', parameters, strict: true },
      { type: 'web_search', raw },
    ]);
    expect((tools[3] as FunctionTool).parameters).toBe(parameters);
  });

  test('has the resources of its tools', () => {
    const { toolResources } = new Assistant(
      wireAssistant({
        tool_resources: { code_interpreter: { file_ids: ['file-1'] }, file_search: { vector_store_ids: ['vs_1'] } },
      }),
    );
    expect(toolResources).toMatchObject({
      codeInterpreter: { fileIds: ['file-1'] },
      fileSearch: { vectorStoreIds: ['vs_1'] },
    });
    expect(
      new Assistant(wireAssistant({ tool_resources: { code_interpreter: null, file_search: null } })).toolResources,
    ).toMatchObject({
      codeInterpreter: null,
      fileSearch: null,
    });
  });

  test.each([
    [{ type: 'auto' }, { type: 'auto', jsonSchema: null }],
    [{ type: 'unknown' }, { type: 'unknown', jsonSchema: null }],
    [
      { type: 'json_schema', json_schema: null },
      { type: 'json_schema', jsonSchema: null },
    ],
    [
      { type: 'json_schema', json_schema: { name: 'n', description: null, schema: { a: 1 }, strict: null } },
      { type: 'json_schema', jsonSchema: { name: 'n', description: null, schema: { a: 1 }, strict: null } },
    ],
  ] as const)('has the response format %j', (wire, expected) => {
    expect(new Assistant(wireAssistant({ response_format: wire })).responseFormat).toMatchObject(expected);
  });
});
