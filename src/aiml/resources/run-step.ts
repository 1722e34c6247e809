/** The AIML API's run steps, which are read only. */
import type { ResourceDefinition } from '../resource.ts';
import {
  optionalNumber,
  optionalObject,
  optionalString,
  optionalTime,
  readItems,
  readMetadata,
  readUnknown,
  requireId,
  requireObject,
  requireString,
  requireTime,
  type Fields,
} from '../wire.ts';
import { oneOf, readFunctionCall, readJsonText, readLastError, readUsage } from './run.ts';

export const STEP_STATUSES = ['in_progress', 'cancelled', 'failed', 'completed', 'expired'] as const;
export type WireRunStepStatus = (typeof STEP_STATUSES)[number] | 'unknown';

/** A step as it was read: every field present, null where upstream sent null or nothing. */
export type WireRunStep = Readonly<ReturnType<typeof readRunStep>>;

/** All times are Unix times in seconds. Throws {@link MalformedResponseError}. */
export function readRunStep(value: unknown) {
  const fields = requireObject(value, 'step');
  return {
    id: requireId(fields),
    thread_id: requireString(fields, 'thread_id'),
    run_id: requireString(fields, 'run_id'),
    assistant_id: optionalString(fields, 'assistant_id'),
    created_at: requireTime(fields, 'created_at'),
    completed_at: optionalTime(fields, 'completed_at'),
    cancelled_at: optionalTime(fields, 'cancelled_at'),
    failed_at: optionalTime(fields, 'failed_at'),
    expired_at: optionalTime(fields, 'expired_at'),
    status: oneOf(STEP_STATUSES, requireString(fields, 'status')),
    details: readDetails(fields),
    last_error: readLastError(fields),
    usage: readUsage(fields),
    metadata: readMetadata(fields),
  };
}

export type WireStepDetails = Readonly<ReturnType<typeof readDetails>>;

function readDetails(step: Fields) {
  const details = optionalObject(step, 'step_details') ?? {};
  const type = optionalString(details, 'type') ?? requireString(step, 'type');
  switch (type) {
    case 'message_creation': {
      const creation = requireObject(details['message_creation'], 'message_creation');
      return { type, message_id: requireString(creation, 'message_id') };
    }
    case 'tool_calls':
      return { type, tool_calls: readItems(details, 'tool_calls', readToolCall) };
    default:
      return readUnknown(step, 'step');
  }
}

export type WireToolCall = Readonly<ReturnType<typeof readToolCall>>;

function readToolCall(value: unknown) {
  const fields = requireObject(value, 'tool_call');
  const type = requireString(fields, 'type');
  switch (type) {
    case 'function':
      return {
        type,
        ...readFunctionCall(fields),
        output: readJsonText(requireObject(fields['function'], 'function')['output']),
      };
    case 'code_interpreter': {
      const details = optionalObject(fields, 'code_interpreter') ?? {};
      return {
        type,
        id: optionalString(fields, 'id') ?? '',
        input: optionalString(details, 'input') ?? '',
        outputs: readItems(details, 'outputs', readCodeInterpreterOutput),
      };
    }
    case 'file_search': {
      const details = optionalObject(fields, 'file_search') ?? {};
      return {
        type,
        id: optionalString(fields, 'id') ?? '',
        results: readItems(details, 'results', readFileSearchResult),
      };
    }
    default:
      return { id: optionalString(fields, 'id') ?? '', ...readUnknown(fields, 'tool_call') };
  }
}

export type WireCodeInterpreterOutput = Readonly<ReturnType<typeof readCodeInterpreterOutput>>;

function readCodeInterpreterOutput(value: unknown) {
  const fields = requireObject(value, 'output');
  const image = optionalObject(fields, 'image');
  return {
    type: requireString(fields, 'type'),
    logs: optionalString(fields, 'logs'),
    file_id: image && optionalString(image, 'file_id'),
  };
}

export type WireFileSearchResult = Readonly<ReturnType<typeof readFileSearchResult>>;

function readFileSearchResult(value: unknown) {
  const fields = requireObject(value, 'result');
  return {
    file_id: requireString(fields, 'file_id'),
    file_name: optionalString(fields, 'file_name') ?? '',
    score: optionalNumber(fields, 'score') ?? 0,
    text: readItems(fields, 'content', (part) => optionalString(requireObject(part, 'content'), 'text') ?? ''),
  };
}

/** Not cacheable, because steps progress with their run. */
export const runSteps: ResourceDefinition<WireRunStep, never, never> = {
  name: 'run_steps',
  segments: ['threads', 'runs', 'steps'],
  noun: 'step',
  read: readRunStep,
  isCacheable: false,
};
