import { describe, expect, test } from '@jest/globals';
import { buildServiceSchema } from '../../../../src/graphql/schema/schema.ts';
import { toInputPath } from '../../../../src/graphql/schema/mutation.ts';
import { isInputObjectType } from 'graphql';

const schema = buildServiceSchema();

const pathOf = (param: string, typeName = 'CreateAssistantInput'): string | null => {
  const type = schema.getType(typeName);
  if (!isInputObjectType(type)) throw new TypeError('not an input type');
  return toInputPath(param, 'input', type)?.join('.') ?? null;
};

describe("upstream's name for a parameter", () => {
  test.each([
    ['model', 'input.model'],
    ['top_p', 'input.topP'],
    ['tools[0].function.name', 'input.tools.0.function.name'],
    ['tools.12.function.name', 'input.tools.12.function.name'],
    ['tools[3].file_search.ranking_options.score_threshold', 'input.tools.3.fileSearch.rankingOptions.scoreThreshold'],
    ['tool_resources.code_interpreter.file_ids[7]', 'input.toolResources.codeInterpreter.fileIds.7'],
    [
      'tool_resources.file_search.vector_stores[0].chunking_strategy.static.max_chunk_size_tokens',
      'input.toolResources.fileSearch.vectorStores.0.chunkingStrategy.static.maxChunkSizeTokens',
    ],
    ['response_format.json_schema.schema', 'input.responseFormat.jsonSchema.schema'],
  ])('%s becomes the path %s', (param, path) => {
    expect(pathOf(param)).toBe(path);
  });

  test.each([
    ['thread_id', 'UpdateThreadInput', 'input.id'],
    ['message_id', 'UpdateMessageInput', 'input.id'],
    ['thread_id', 'UpdateMessageInput', 'input.threadId'],
    ['run_id', 'SubmitToolOutputsInput', 'input.runId'],
    ['assistant_id', 'CreateThreadInput', null],
  ])('%s of %s is %s', (param, typeName, path) => {
    expect(pathOf(param, typeName)).toBe(path);
  });

  test.each([
    ['metadata.secret', 'input.metadata'],
    ['metadata["secret"]', 'input.metadata'],
    ['tools[0].function.parameters.properties.secret', 'input.tools.0.function.parameters'],
    ['response_format.json_schema.schema.properties', 'input.responseFormat.jsonSchema.schema'],
    ['tools[0].type', 'input.tools.0'],
    ['tools.function', 'input.tools'],
    ['model[0]', 'input.model'],
    ['model.constructor', 'input.model'],
  ])('%s is followed only to %s', (param, path) => {
    expect(pathOf(param)).toBe(path);
  });

  test.each(['', 'secret', '__proto__', 'constructor', '0', '[0]', 'toString.call', 'id'])(
    '%j becomes null because the input has no such field',
    (param) => {
      expect(pathOf(param)).toBeNull();
    },
  );

  test('may be the id of an update', () => {
    expect(pathOf('id', 'UpdateAssistantInput')).toBe('input.id');
  });
});
