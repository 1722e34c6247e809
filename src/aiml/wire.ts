/**
 * The shapes of the AIML API's assistants on the wire, and the one place where what comes in is checked.
 *
 * Three generations of the API disagree, so reading is tolerant: what may be absent is read as null, unknown tools are
 * kept whole, lists come as objects with or without `has_more`, or as bare arrays. What no generation ever promised is
 * a {@link MalformedAnswerError}. Names stay in the API's snake_case; nothing here knows GraphQL.
 */

export type JsonValue = string | number | boolean | null | readonly JsonValue[] | JsonObject;
export interface JsonObject {
  readonly [key: string]: JsonValue;
}

export type WireMetadata = Readonly<Record<string, string>>;

export interface WireRankingOptions {
  readonly ranker: string | null;
  readonly score_threshold: number | null;
}
export interface WireCodeInterpreterTool {
  readonly type: 'code_interpreter';
}
export interface WireFileSearchTool {
  readonly type: 'file_search';
  readonly max_num_results: number | null;
  readonly ranking_options: WireRankingOptions | null;
}
export interface WireFunctionTool {
  readonly type: 'function';
  readonly name: string;
  readonly description: string | null;
  readonly parameters: JsonObject | null;
  readonly strict: boolean | null;
}
/** A tool of a type that this client does not know; `raw` is the tool as it came, its `type` included. */
export interface WireUnknownTool {
  readonly type: 'unknown';
  readonly raw: JsonObject & { readonly type: string };
}
export type WireTool = WireCodeInterpreterTool | WireFileSearchTool | WireFunctionTool | WireUnknownTool;

export interface WireToolResources {
  readonly code_interpreter: { readonly file_ids: readonly string[] } | null;
  readonly file_search: { readonly vector_store_ids: readonly string[] } | null;
}

export interface WireJsonSchema {
  readonly name: string;
  readonly description: string | null;
  readonly schema: JsonObject | null;
  readonly strict: boolean | null;
}
export type WireResponseFormat =
  | { readonly type: 'auto' | 'text' | 'json_object' | 'unknown' }
  | { readonly type: 'json_schema'; readonly json_schema: WireJsonSchema | null };

/** An assistant as it was read: every field present, null where upstream sent null or nothing. */
export interface WireAssistant {
  readonly id: string;
  /** Unix time in seconds, from 0 to the end of the year 9999. */
  readonly created_at: number;
  readonly model: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly instructions: string | null;
  readonly tools: readonly WireTool[];
  readonly tool_resources: WireToolResources | null;
  readonly metadata: WireMetadata;
  readonly temperature: number | null;
  readonly top_p: number | null;
  readonly reasoning_effort: string | null;
  readonly response_format: WireResponseFormat | null;
}

export interface WireAssistantList {
  readonly data: readonly WireAssistant[];
  /** Upstream's own word on whether more follow; null where this generation of the API says nothing. */
  readonly hasMore: boolean | null;
}

/** A tool as it is sent. */
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

export type WireResponseFormatBody =
  | 'auto'
  | { readonly type: 'text' | 'json_object' }
  | {
      readonly type: 'json_schema';
      readonly json_schema: {
        readonly name: string;
        readonly description?: string;
        readonly schema?: JsonObject;
        readonly strict?: boolean;
      };
    };

/** The body of a create: what is left out takes upstream's default. */
export interface WireCreateBody {
  readonly model: string;
  readonly name?: string;
  readonly description?: string;
  readonly instructions?: string;
  readonly tools?: readonly WireToolBody[];
  readonly tool_resources?: WireToolResourcesBody;
  readonly metadata?: WireMetadata;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly reasoning_effort?: string;
  readonly response_format?: WireResponseFormatBody;
}

/** The body of a modify: what is left out stays as it is, null clears. */
export interface WireModifyBody {
  readonly model?: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly instructions?: string | null;
  readonly tools?: readonly WireToolBody[];
  readonly tool_resources?: WireToolResourcesBody | null;
  readonly metadata?: WireMetadata | null;
  readonly temperature?: number | null;
  readonly top_p?: number | null;
  readonly reasoning_effort?: string | null;
  readonly response_format?: WireResponseFormatBody | null;
}

/**
 * The answer is not what any generation of the API promises. The message names the field, never what stands there.
 */
export class MalformedAnswerError extends Error {
  override readonly name = 'MalformedAnswerError';
  constructor(name: string, expected: string) {
    super(`${name} is not ${expected}`);
  }
}

type Fields = Readonly<Record<string, unknown>>;

const isObject = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Far more than a JSON Schema has, and far less than what JSON.stringify, which calls itself, would stumble over. */
const MAX_JSON_LEVELS = 500;

/** The last second that an ISO 8601 instant with a four-digit year can hold. */
const LAST_SECOND = 253_402_300_799;

/** Reads one assistant. Throws {@link MalformedAnswerError}. */
export function readAssistant(value: unknown): WireAssistant {
  const fields = object(value, 'assistant');
  const createdAt = fields['created_at'];
  if (typeof createdAt !== 'number' || !(createdAt >= 0 && createdAt <= LAST_SECOND))
    throw new MalformedAnswerError('created_at', 'a time in Unix seconds');
  const id = string(fields, 'id');
  if (id === '') throw new MalformedAnswerError('id', 'an id');
  return {
    id,
    created_at: createdAt,
    model: string(fields, 'model'),
    name: optionalString(fields, 'name'),
    description: optionalString(fields, 'description'),
    instructions: optionalString(fields, 'instructions'),
    tools: readTools(fields['tools']),
    tool_resources: readToolResources(fields),
    metadata: readMetadata(fields),
    temperature: optionalNumber(fields, 'temperature'),
    top_p: optionalNumber(fields, 'top_p'),
    reasoning_effort: optionalString(fields, 'reasoning_effort'),
    response_format: readResponseFormat(fields),
  };
}

/** Reads a list of any generation. Throws {@link MalformedAnswerError}. */
export function readAssistantList(value: unknown): WireAssistantList {
  const fields = Array.isArray(value) ? { data: value as unknown[] } : object(value, 'list');
  const data: unknown = fields['data'];
  if (!Array.isArray(data)) throw new MalformedAnswerError('data', 'a list');
  return { data: data.map((item) => readAssistant(item)), hasMore: optionalBoolean(fields, 'has_more') };
}

/**
 * Reads the answer to a delete of `id`: true where upstream says that it is gone, false where it says that it is not.
 * Throws {@link MalformedAnswerError}, also where the answer speaks of another assistant.
 */
export function readDeletion(value: unknown, id: string): boolean {
  const fields = object(value, 'deletion');
  if ((fields['id'] ?? id) !== id) throw new MalformedAnswerError('id', 'the id that was asked for');
  if (typeof fields['deleted'] !== 'boolean') throw new MalformedAnswerError('deleted', 'true or false');
  return fields['deleted'];
}

function readTools(value: unknown): readonly WireTool[] {
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value)) throw new MalformedAnswerError('tools', 'a list');
  return value.map(readTool);
}

function readTool(value: unknown): WireTool {
  const fields = object(value, 'tool');
  const type = string(fields, 'type');
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
      const definition = object(fields['function'], 'function');
      return {
        type,
        name: string(definition, 'name'),
        description: optionalString(definition, 'description'),
        parameters: optionalJsonObject(definition, 'parameters'),
        strict: optionalBoolean(definition, 'strict'),
      };
    }
    default:
      return { type: 'unknown', raw: jsonObject(fields, 'tool') as WireUnknownTool['raw'] };
  }
}

function readToolResources(fields: Fields): WireToolResources | null {
  const resources = optionalObject(fields, 'tool_resources');
  if (!resources) return null;
  const codeInterpreter = optionalObject(resources, 'code_interpreter');
  const fileSearch = optionalObject(resources, 'file_search');
  return {
    code_interpreter: codeInterpreter && { file_ids: strings(codeInterpreter, 'file_ids') },
    file_search: fileSearch && { vector_store_ids: strings(fileSearch, 'vector_store_ids') },
  };
}

function readMetadata(fields: Fields): WireMetadata {
  const metadata = optionalObject(fields, 'metadata');
  if (!metadata) return {};
  for (const key of Object.keys(metadata))
    if (typeof metadata[key] !== 'string') throw new MalformedAnswerError('metadata', 'an object of strings');
  return metadata as WireMetadata;
}

function readResponseFormat(fields: Fields): WireResponseFormat | null {
  const value = fields['response_format'];
  if (value === undefined || value === null) return null;
  const format = typeof value === 'string' ? { type: value } : object(value, 'response_format');
  const type = string(format, 'type');
  switch (type) {
    case 'auto':
    case 'text':
    case 'json_object':
      return { type };
    case 'json_schema': {
      const definition = optionalObject(format, 'json_schema');
      return {
        type,
        json_schema: definition && {
          name: string(definition, 'name'),
          description: optionalString(definition, 'description'),
          schema: optionalJsonObject(definition, 'schema'),
          strict: optionalBoolean(definition, 'strict'),
        },
      };
    }
    default:
      return { type: 'unknown' };
  }
}

function object(value: unknown, name: string): Fields {
  if (!isObject(value)) throw new MalformedAnswerError(name, 'an object');
  return value;
}

function optionalObject(fields: Fields, name: string): Fields | null {
  const value = fields[name];
  return value === undefined || value === null ? null : object(value, name);
}

function optionalJsonObject(fields: Fields, name: string): JsonObject | null {
  const value = optionalObject(fields, name);
  return value && jsonObject(value, name);
}

/** What JSON.parse made is JSON by construction; but whatever is passed on must not be too deep to be written again. */
function jsonObject(value: Fields, name: string): JsonObject {
  if (isDeeper(value, MAX_JSON_LEVELS)) throw new MalformedAnswerError(name, `an object of ${MAX_JSON_LEVELS} levels`);
  return value as JsonObject;
}

function isDeeper(value: unknown, levels: number): boolean {
  if (typeof value !== 'object' || value === null) return false;
  if (levels === 0) return true;
  for (const name in value) if (isDeeper((value as Fields)[name], levels - 1)) return true;
  return false;
}

function string(fields: Fields, name: string): string {
  const value = fields[name];
  if (typeof value !== 'string') throw new MalformedAnswerError(name, 'a string');
  return value;
}

function optionalString(fields: Fields, name: string): string | null {
  const value = fields[name];
  return value === undefined || value === null ? null : string(fields, name);
}

function optionalNumber(fields: Fields, name: string): number | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'number' || !Number.isFinite(value)) throw new MalformedAnswerError(name, 'a number');
  return value;
}

/** An integer that GraphQL's Int can carry. */
function optionalInteger(fields: Fields, name: string): number | null {
  const value = optionalNumber(fields, name);
  if (value !== null && (value | 0) !== value) throw new MalformedAnswerError(name, 'an integer of 32 bits');
  return value;
}

function optionalBoolean(fields: Fields, name: string): boolean | null {
  const value = fields[name];
  if (value === undefined || value === null) return null;
  if (typeof value !== 'boolean') throw new MalformedAnswerError(name, 'true or false');
  return value;
}

function strings(fields: Fields, name: string): readonly string[] {
  const value = fields[name];
  if (value === undefined || value === null) return [];
  if (!Array.isArray(value) || !value.every((item) => typeof item === 'string'))
    throw new MalformedAnswerError(name, 'a list of strings');
  return value;
}
