/**
 * From the input of a mutation to the body that goes upstream.
 *
 * What the caller gave is sent, and nothing else: what was left out stays out. JSON objects and metadata are passed by
 * reference, so that no key of theirs is ever assigned. The input has passed `assistant.validation.ts`.
 */
import type { WireAssistantCreateBody, WireAssistantModifyBody } from '../../aiml/resources/assistant.ts';
import type { WireResponseFormatBody } from '../../aiml/resources/response-format.ts';
import type { WireToolBody, WireToolResourcesBody, WireVectorStoreBody } from '../../aiml/resources/tool.ts';
import type {
  AssistantToolInput,
  ChunkingStrategyInput,
  FileSearchToolInput,
  ToolResourcesInput,
  VectorStoreInput,
} from './assistant-tool.input.ts';
import type { AssistantSettings, CreateAssistantInput, UpdateAssistantInput } from './assistant.input.ts';
import type { ResponseFormatInput } from './response-format.input.ts';

/** On a create, null is the same as leaving out. */
export function toCreateBody(input: CreateAssistantInput): WireAssistantCreateBody {
  const settings = toSettings(input);
  return {
    model: input.model,
    ...withoutEmpty({ ...settings, tool_resources: settings.tool_resources && unlessEmpty(settings.tool_resources) }),
  };
}

/** On an update, null clears: null on the wire, an empty list for tools. An empty body changes nothing. */
export const toModifyBody = (input: UpdateAssistantInput): WireAssistantModifyBody => ({
  ...withoutEmpty({ model: input.model }),
  ...withoutUndefined({ ...toSettings(input), ...(input.tools === null && { tools: [] }) }),
});

/** A setting that is missing here, or unknown to the wire, does not compile. */
const toSettings = (input: AssistantSettings) =>
  ({
    name: input.name,
    description: input.description,
    instructions: input.instructions,
    tools: input.tools?.map(toToolBody),
    tool_resources: input.toolResources && toToolResourcesBody(input.toolResources),
    metadata: input.metadata,
    temperature: input.temperature,
    top_p: input.topP,
    reasoning_effort: input.reasoningEffort,
    response_format: input.responseFormat && toResponseFormatBody(input.responseFormat),
  }) satisfies Record<Exclude<keyof WireAssistantModifyBody, 'model'>, unknown>;

/** Exactly one field is set: the schema sees to it. */
function toToolBody(tool: AssistantToolInput): WireToolBody {
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

/** OpenAI rejects an empty object in here, so that it is left out. */
const toToolResourcesBody = ({ codeInterpreter, fileSearch }: ToolResourcesInput): WireToolResourcesBody =>
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

function toResponseFormatBody({ type, jsonSchema }: ResponseFormatInput): WireResponseFormatBody {
  if (jsonSchema) {
    const { name, description, schema, strict } = jsonSchema;
    return { type: 'json_schema', json_schema: { name, ...withoutEmpty({ description, schema, strict }) } };
  }
  return type === undefined || type === 'auto' ? 'auto' : { type };
}

const unlessEmpty = <T extends object>(value: T): T | undefined =>
  Object.keys(value).length === 0 ? undefined : value;

type WithoutEmpty<T> = { [Name in keyof T]?: NonNullable<T[Name]> };
type WithoutUndefined<T> = { [Name in keyof T]?: Exclude<T[Name], undefined> };

const withoutEmpty = <T extends object>(fields: T): WithoutEmpty<T> =>
  pick(fields, (value) => value !== undefined && value !== null);

const withoutUndefined = <T extends object>(fields: T): WithoutUndefined<T> =>
  pick(fields, (value) => value !== undefined);

function pick(fields: object, isWanted: (value: unknown) => boolean): object {
  const picked: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields)) if (isWanted(value)) picked[name] = value;
  return picked;
}
