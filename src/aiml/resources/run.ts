/** The AIML API's runs: how they are read, what is sent, and how a lost modify is verified. */
import { isDeepStrictEqual } from 'node:util';
import type { ResourceDefinition } from '../resource.ts';
import {
  optionalBoolean,
  optionalInteger,
  optionalLimit,
  optionalNumber,
  optionalObject,
  optionalString,
  optionalTime,
  readItems,
  readMetadata,
  requireId,
  requireObject,
  requireString,
  requireTime,
  type Fields,
  type WireMetadata,
} from '../wire.ts';
import { hasMetadata, type WireMetadataBody } from './matches-request.ts';
import type { WireMessageBody } from './message.ts';
import { readResponseFormat, type WireResponseFormatBody } from './response-format.ts';
import type { WireThreadCreateBody } from './thread.ts';
import { readTools, type WireToolBody, type WireToolResourcesBody } from './tool.ts';

export const RUN_STATUSES = [
  'queued',
  'in_progress',
  'requires_action',
  'cancelling',
  'cancelled',
  'failed',
  'completed',
  'incomplete',
  'expired',
] as const;
/** `unknown`: a status that this client does not support. */
export type WireRunStatus = (typeof RUN_STATUSES)[number] | 'unknown';

const ENDED: ReadonlySet<WireRunStatus> = new Set(['cancelled', 'failed', 'completed', 'incomplete', 'expired']);

/** Whether the run is over. */
export const hasEnded = (status: WireRunStatus): boolean => ENDED.has(status);

/** The settings of a run, on an existing thread or together with a new one. */
export interface WireRunSettings {
  readonly assistant_id: string;
  readonly model?: string;
  readonly instructions?: string;
  readonly tools?: readonly WireToolBody[];
  readonly metadata?: WireMetadata;
  readonly temperature?: number;
  readonly top_p?: number;
  readonly max_prompt_tokens?: number;
  readonly max_completion_tokens?: number;
  readonly truncation_strategy?: { readonly type: 'auto' | 'last_messages'; readonly last_messages?: number };
  readonly tool_choice?: string | { readonly type: string; readonly function?: { readonly name: string } };
  readonly parallel_tool_calls?: boolean;
  readonly response_format?: WireResponseFormatBody;
}

/** The body of a create on an existing thread. */
export interface WireRunBody extends WireRunSettings {
  readonly additional_instructions?: string;
  readonly additional_messages?: readonly WireMessageBody[];
  readonly reasoning_effort?: string;
}

/** The body of a create together with a new thread. */
export interface WireThreadRunBody extends WireRunSettings {
  readonly thread?: WireThreadCreateBody;
  readonly tool_resources?: WireToolResourcesBody;
}

export interface WireToolOutput {
  readonly tool_call_id: string;
  readonly output: string;
}

/** A run as it was read: every field present, null where upstream sent null or nothing. */
export type WireRun = Readonly<ReturnType<typeof readRun>>;

/** All times are Unix times in seconds. Throws {@link MalformedResponseError}. */
export function readRun(value: unknown) {
  const fields = requireObject(value, 'run');
  const incomplete = optionalObject(fields, 'incomplete_details');
  const cost = optionalObject(fields, 'cost');
  return {
    id: requireId(fields),
    thread_id: requireString(fields, 'thread_id'),
    assistant_id: requireString(fields, 'assistant_id'),
    created_at: requireTime(fields, 'created_at'),
    started_at: optionalTime(fields, 'started_at'),
    expires_at: optionalTime(fields, 'expires_at'),
    completed_at: optionalTime(fields, 'completed_at'),
    cancelled_at: optionalTime(fields, 'cancelled_at'),
    failed_at: optionalTime(fields, 'failed_at'),
    status: oneOf(RUN_STATUSES, requireString(fields, 'status')),
    /** The calls that wait for an output; empty unless the status is `requires_action`. */
    required_tool_calls: readRequiredToolCalls(fields),
    last_error: readLastError(fields),
    incomplete_reason: incomplete && optionalString(incomplete, 'reason'),
    model: requireString(fields, 'model'),
    instructions: optionalString(fields, 'instructions'),
    tools: readTools(fields),
    metadata: readMetadata(fields),
    usage: readUsage(fields),
    /** US dollars. */
    cost_usd: cost && optionalNumber(cost, 'usd'),
    temperature: optionalNumber(fields, 'temperature'),
    top_p: optionalNumber(fields, 'top_p'),
    max_prompt_tokens: optionalLimit(fields, 'max_prompt_tokens'),
    max_completion_tokens: optionalLimit(fields, 'max_completion_tokens'),
    parallel_tool_calls: optionalBoolean(fields, 'parallel_tool_calls'),
    tool_choice: readToolChoice(fields),
    truncation: readTruncation(fields),
    reasoning_effort: optionalString(fields, 'reasoning_effort'),
    response_format: readResponseFormat(fields),
  };
}

/** `value` if it is one of `known`, otherwise `unknown`. */
export const oneOf = <T extends string>(known: readonly T[], value: string): T | 'unknown' =>
  known.find((one) => one === value) ?? 'unknown';

function readRequiredToolCalls(fields: Fields): readonly WireFunctionCall[] {
  const action = optionalObject(fields, 'required_action');
  const submit = action && optionalObject(action, 'submit_tool_outputs');
  if (!submit) return [];
  // A kind of call that is unknown takes no output of this client.
  return readItems(submit, 'tool_calls', (call) => requireObject(call, 'tool_call'))
    .filter(({ type = 'function' }) => type === 'function')
    .map(readFunctionCall);
}

export type WireFunctionCall = Readonly<ReturnType<typeof readFunctionCall>>;

/** Reads a function call of a run that waits for outputs, or of a step. */
export function readFunctionCall(fields: Fields) {
  const definition = requireObject(fields['function'], 'function');
  return {
    id: requireString(fields, 'id'),
    name: requireString(definition, 'name'),
    /** The JSON text that the model wrote. It may be invalid. */
    arguments: readJsonText(definition['arguments']) ?? '',
  };
}

/** Some model APIs send JSON where a text is documented. Null if there is none. */
export function readJsonText(value: unknown): string | null {
  if (value === undefined || value === null) return null;
  return typeof value === 'string' ? value : JSON.stringify(value);
}

export type WireError = Readonly<NonNullable<ReturnType<typeof readLastError>>>;

export function readLastError(fields: Fields) {
  const error = optionalObject(fields, 'last_error');
  return error && { code: optionalString(error, 'code') ?? 'unknown', message: optionalString(error, 'message') ?? '' };
}

export type WireUsage = Readonly<NonNullable<ReturnType<typeof readUsage>>>;

export function readUsage(fields: Fields) {
  const usage = optionalObject(fields, 'usage');
  if (!usage) return null;
  const tokens = (name: string) => optionalInteger(usage, name) ?? 0;
  return {
    prompt_tokens: tokens('prompt_tokens'),
    completion_tokens: tokens('completion_tokens'),
    total_tokens: tokens('total_tokens'),
  };
}

export type WireToolChoice = Readonly<NonNullable<ReturnType<typeof readToolChoice>>>;

function readToolChoice(fields: Fields) {
  const choice = fields['tool_choice'];
  if (choice === undefined || choice === null) return null;
  if (typeof choice === 'string') return { mode: oneOf(['none', 'auto', 'required'], choice) };
  const tool = requireObject(choice, 'tool_choice');
  const definition = optionalObject(tool, 'function');
  return {
    mode: 'tool' as const,
    tool: requireString(tool, 'type'),
    function_name: definition && optionalString(definition, 'name'),
  };
}

export type WireTruncation = Readonly<NonNullable<ReturnType<typeof readTruncation>>>;

function readTruncation(fields: Fields) {
  const truncation = optionalObject(fields, 'truncation_strategy');
  if (!truncation) return null;
  return {
    strategy: oneOf(['auto', 'last_messages'], optionalString(truncation, 'type') ?? ''),
    last_messages: optionalLimit(truncation, 'last_messages'),
  };
}

/** Not cacheable, because runs progress without writes. */
export const runs: ResourceDefinition<WireRun, WireRunBody, WireMetadataBody> = {
  name: 'runs',
  segments: ['threads', 'runs'],
  noun: 'run',
  read: readRun,
  isCacheable: false,
  isCreatedFrom: ({ assistant_id, metadata }, run) =>
    assistant_id === run.assistant_id && isDeepStrictEqual(metadata, run.metadata),
  isModified: hasMetadata,
};

/** Creates a run together with its thread. All other calls use {@link runs}. */
export const threadRuns: ResourceDefinition<WireRun, WireThreadRunBody, never> = {
  name: 'thread_runs',
  segments: ['threads', 'runs'],
  parentsOf: ({ thread_id }) => [thread_id],
  noun: 'assistant',
  read: readRun,
  isCacheable: false,
};
