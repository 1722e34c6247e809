/** Tools of assistants, threads and runs, and their resources, on the wire. */
import {
  optionalBoolean,
  optionalInteger,
  optionalJsonObject,
  optionalNumber,
  optionalObject,
  optionalString,
  readItems,
  readUnknown,
  requireObject,
  requireString,
  strings,
  type Fields,
  type JsonObject,
  type WireMetadata,
} from '../wire.ts';

/** A tool in a request body. */
export type WireToolBody =
  | { readonly type: 'code_interpreter' }
  | {
      readonly type: 'file_search';
      readonly file_search?: {
        readonly max_num_results?: number;
        readonly ranking_options?: { readonly ranker?: string; readonly score_threshold: number };
      };
    }
  | {
      readonly type: 'function';
      readonly function: {
        readonly name: string;
        readonly description?: string;
        readonly parameters?: JsonObject;
        readonly strict?: boolean;
      };
    };

export interface WireVectorStoreBody {
  readonly file_ids?: readonly string[];
  readonly chunking_strategy?:
    | { readonly type: 'auto' }
    | {
        readonly type: 'static';
        readonly static: { readonly max_chunk_size_tokens: number; readonly chunk_overlap_tokens: number };
      };
  readonly metadata?: WireMetadata;
}

export interface WireToolResourcesBody {
  readonly code_interpreter?: { readonly file_ids: readonly string[] };
  readonly file_search?: {
    readonly vector_store_ids?: readonly string[];
    readonly vector_stores?: readonly WireVectorStoreBody[];
  };
}

export const readTools = (fields: Fields) => readItems(fields, 'tools', readTool);

/** A tool as it was read: every field present, null where upstream sent null or nothing. */
export type WireTool = Readonly<ReturnType<typeof readTool>>;

function readTool(value: unknown) {
  const fields = requireObject(value, 'tool');
  const type = requireString(fields, 'type');
  switch (type) {
    case 'code_interpreter':
      return { type };
    case 'file_search': {
      const options = optionalObject(fields, 'file_search');
      const ranking = options && optionalObject(options, 'ranking_options');
      return {
        type,
        max_num_results: options && optionalInteger(options, 'max_num_results'),
        ranking_options: ranking && {
          ranker: optionalString(ranking, 'ranker'),
          score_threshold: optionalNumber(ranking, 'score_threshold'),
        },
      };
    }
    case 'function': {
      const definition = requireObject(fields['function'], 'function');
      return {
        type,
        name: requireString(definition, 'name'),
        description: optionalString(definition, 'description'),
        parameters: optionalJsonObject(definition, 'parameters'),
        strict: optionalBoolean(definition, 'strict'),
      };
    }
    default:
      return readUnknown(fields, 'tool');
  }
}

export type WireToolResources = Readonly<NonNullable<ReturnType<typeof readToolResources>>>;

export function readToolResources(fields: Fields) {
  const resources = optionalObject(fields, 'tool_resources');
  if (!resources) return null;
  const codeInterpreter = optionalObject(resources, 'code_interpreter');
  const fileSearch = optionalObject(resources, 'file_search');
  return {
    code_interpreter: codeInterpreter && { file_ids: strings(codeInterpreter, 'file_ids') },
    file_search: fileSearch && { vector_store_ids: strings(fileSearch, 'vector_store_ids') },
  };
}
