/** Maps tools, their resources and response formats of an input to parts of a request body. */
import type { WireResponseFormatBody } from '../../aiml/resources/response-format.ts';
import type { WireToolBody, WireToolResourcesBody, WireVectorStoreBody } from '../../aiml/resources/tool.ts';
import { unlessEmpty, withoutEmpty } from '../schema/wire-body.ts';
import type {
  AssistantToolInput,
  ChunkingStrategyInput,
  FileSearchToolInput,
  ToolResourcesInput,
  VectorStoreInput,
} from './assistant-tool.input.ts';
import type { ResponseFormatInput } from './assistant-tool.input.ts';

/** Exactly one field is set: `@oneOf` enforces it. */
export function toToolBody(tool: AssistantToolInput): WireToolBody {
  if (tool.function) {
    const { name, description, parameters, strict } = tool.function;
    return { type: 'function', function: { name, ...withoutEmpty({ description, parameters, strict }) } };
  }
  return tool.fileSearch ? toFileSearchBody(tool.fileSearch) : { type: 'code_interpreter' };
}

function toFileSearchBody({ maxNumResults, rankingOptions }: FileSearchToolInput): WireToolBody {
  const options = withoutEmpty({
    max_num_results: maxNumResults,
    ranking_options: rankingOptions && {
      score_threshold: rankingOptions.scoreThreshold,
      ...withoutEmpty({ ranker: rankingOptions.ranker }),
    },
  });
  return { type: 'file_search', ...(Object.keys(options).length > 0 && { file_search: options }) };
}

/** Empty objects are omitted: OpenAI rejects them. */
export const toToolResourcesBody = ({ codeInterpreter, fileSearch }: ToolResourcesInput): WireToolResourcesBody =>
  withoutEmpty({
    code_interpreter: codeInterpreter && { file_ids: codeInterpreter.fileIds },
    file_search:
      fileSearch &&
      unlessEmpty(
        withoutEmpty({
          vector_store_ids: fileSearch.vectorStoreIds,
          vector_stores: fileSearch.vectorStores?.map(toVectorStoreBody),
        }),
      ),
  });

const toVectorStoreBody = ({ fileIds, metadata, chunkingStrategy }: VectorStoreInput): WireVectorStoreBody =>
  withoutEmpty({
    file_ids: fileIds,
    chunking_strategy: chunkingStrategy && toChunkingStrategyBody(chunkingStrategy),
    metadata: metadata && unlessEmpty(metadata),
  });

const toChunkingStrategyBody = ({
  static: fixed,
}: ChunkingStrategyInput): NonNullable<WireVectorStoreBody['chunking_strategy']> =>
  fixed
    ? {
        type: 'static',
        static: { max_chunk_size_tokens: fixed.maxChunkSizeTokens, chunk_overlap_tokens: fixed.chunkOverlapTokens },
      }
    : { type: 'auto' };

export function toResponseFormatBody({ type, jsonSchema }: ResponseFormatInput): WireResponseFormatBody {
  if (jsonSchema) {
    const { name, description, schema, strict } = jsonSchema;
    return { type: 'json_schema', json_schema: { name, ...withoutEmpty({ description, schema, strict }) } };
  }
  return type === undefined || type === 'auto' ? 'auto' : { type };
}
