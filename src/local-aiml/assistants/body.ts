/**
 * Owns the rules for the bodies of create and modify: every member, type and limit of the API. What is not described
 * is refused, in nested objects as well, so that nothing is ever dropped in silence.
 */
import { invalid } from '../api-error.ts';
import * as is from '../checks.ts';
import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';

export interface VectorStoreBody {
  readonly file_ids?: readonly string[];
  readonly chunking_strategy?: JsonObject;
  readonly metadata?: JsonObject | null;
}

export interface ToolResourcesBody {
  readonly code_interpreter?: { readonly file_ids?: readonly string[] };
  readonly file_search?: {
    readonly vector_store_ids?: readonly string[];
    /** On create only. */
    readonly vector_stores?: readonly VectorStoreBody[];
  };
}

/** What a create may set and a modify may change, where the body named it, as the body had it. */
export interface AssistantBody {
  readonly model?: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly instructions?: string | null;
  readonly tools?: readonly JsonValue[];
  readonly tool_resources?: ToolResourcesBody | null;
  readonly metadata?: JsonObject | null;
  readonly temperature?: number | null;
  readonly top_p?: number | null;
  readonly reasoning_effort?: string | null;
  readonly response_format?: JsonValue;
}
export type CreateBody = AssistantBody & { readonly model: string };

const type = is.nonEmptyText;
const ids = (max: number) => is.listOf(is.nonEmptyText, max);
const metadata = is.nullable(is.stringMap({ pairs: 16, keyLength: 64, valueLength: 512 }));

const tool = is.byType({
  code_interpreter: is.objectOf({ type }),
  file_search: is.objectOf({
    type,
    file_search: is.objectOf({
      max_num_results: is.integer(1, 50),
      ranking_options: is.objectOf(
        { ranker: is.oneOf('auto', 'default_2024_08_21'), score_threshold: is.number(0, 1) },
        ['score_threshold'],
      ),
    }),
  }),
  function: is.objectOf(
    {
      type,
      function: is.objectOf(
        {
          name: is.identifier,
          description: is.string,
          parameters: is.jsonObject,
          strict: is.nullable(is.boolean),
        },
        ['name'],
      ),
    },
    ['function'],
  ),
});

const formatObject = is.byType({
  text: is.objectOf({ type }),
  json_object: is.objectOf({ type }),
  json_schema: is.objectOf(
    {
      type,
      json_schema: is.objectOf(
        { name: is.identifier, description: is.string, schema: is.jsonObject, strict: is.nullable(is.boolean) },
        ['name'],
      ),
    },
    ['json_schema'],
  ),
});
const responseFormat: is.Check = (value, param) => {
  if (typeof value === 'string') is.oneOf('auto')(value, param);
  else if (isJsonObject(value)) formatObject(value, param);
  else throw invalid(param, "'auto' or an object");
};

const chunkSizes = is.objectOf(
  { max_chunk_size_tokens: is.integer(100, 4096), chunk_overlap_tokens: is.integer(0, 2048) },
  ['max_chunk_size_tokens', 'chunk_overlap_tokens'],
);
const staticChunking: is.Check = (value, param) => {
  chunkSizes(value, param);
  const sizes = value as { readonly max_chunk_size_tokens: number; readonly chunk_overlap_tokens: number };
  if (sizes.chunk_overlap_tokens > sizes.max_chunk_size_tokens / 2)
    throw invalid(`${param}.chunk_overlap_tokens`, 'at most half of max_chunk_size_tokens');
};
const vectorStore = is.objectOf({
  file_ids: ids(10_000),
  chunking_strategy: is.byType({
    auto: is.objectOf({ type }),
    static: is.objectOf({ type, static: staticChunking }, ['static']),
  }),
  metadata,
});

const codeInterpreter = is.objectOf({ file_ids: ids(20) });
const fileSearchOfModify = is.objectOf({ vector_store_ids: ids(1) });
const fileSearchOfCreate: is.Check = (value, param) => {
  is.objectOf({ vector_store_ids: ids(1), vector_stores: is.listOf(vectorStore, 1) })(value, param);
  // The API's description asks for exactly one of the two; neither of them is harmless and read as no vector store.
  const { vector_store_ids, vector_stores } = value as NonNullable<ToolResourcesBody['file_search']>;
  if (vector_store_ids !== undefined && vector_stores !== undefined)
    throw invalid(param, 'vector_store_ids or vector_stores, not both');
};

const members = (fileSearch: is.Check) => ({
  model: is.nonEmptyText,
  name: is.nullable(is.text(256)),
  description: is.nullable(is.text(512)),
  instructions: is.nullable(is.text(256_000)),
  tools: is.listOf(tool, 128),
  tool_resources: is.nullable(is.objectOf({ code_interpreter: codeInterpreter, file_search: fileSearch })),
  metadata,
  temperature: is.nullable(is.number(0, 2)),
  top_p: is.nullable(is.number(0, 1)),
  reasoning_effort: is.nullable(is.oneOf('none', 'minimal', 'low', 'medium', 'high', 'xhigh', 'max')),
  response_format: is.nullable(responseFormat),
});
const create = is.objectOf(members(fileSearchOfCreate), ['model']);
const modify = is.objectOf(members(fileSearchOfModify));

/** Checks the body of a create. Throws an ApiError of 400. */
export function readCreateBody(body: JsonValue): CreateBody {
  create(body, '');
  return body as unknown as CreateBody;
}

/** Checks the body of a modify. Throws an ApiError of 400. */
export function readModifyBody(body: JsonValue): AssistantBody {
  modify(body, '');
  return body as unknown as AssistantBody;
}
