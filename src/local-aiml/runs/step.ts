/** Owns the step of a run: its wire form and how it ends. Pure. */
import { NO_USAGE, type RequiredToolCall, type RunEnd, type RunError, type Usage } from './model.ts';

/** As it is on the wire; the order of the members is the order in which they are sent. Times are Unix seconds. */
export interface RunStep {
  readonly id: string;
  readonly object: 'thread.run.step';
  readonly created_at: number;
  readonly run_id: string;
  readonly assistant_id: string;
  readonly thread_id: string;
  readonly type: StepDetails['type'];
  readonly status: 'in_progress' | 'completed' | 'failed' | 'cancelled' | 'expired';
  readonly cancelled_at: number | null;
  readonly completed_at: number | null;
  readonly expired_at: number | null;
  readonly failed_at: number | null;
  readonly last_error: StepError | null;
  readonly step_details: StepDetails;
  readonly metadata: Readonly<Record<string, string>>;
  /** Null while it is in progress. */
  readonly usage: Usage | null;
}

type StepDetails =
  | { readonly type: 'message_creation'; readonly message_creation: { readonly message_id: string } }
  | { readonly type: 'tool_calls'; readonly tool_calls: readonly ToolCall[] };

/** `output` is null until it is submitted. */
export interface ToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string; readonly output: string | null };
}

interface StepError {
  readonly code: 'server_error' | 'rate_limit_exceeded';
  readonly message: string;
}

/** What an open step has of its end. */
const OPEN = {
  status: 'in_progress',
  cancelled_at: null,
  completed_at: null,
  expired_at: null,
  failed_at: null,
  last_error: null,
} as const;

/** A step in progress. `now` is Unix time in seconds. */
export function createStep(
  id: string,
  run: { readonly id: string; readonly thread_id: string; readonly assistant_id: string },
  details: StepDetails,
  now: number,
): RunStep {
  return {
    id,
    object: 'thread.run.step',
    created_at: now,
    run_id: run.id,
    assistant_id: run.assistant_id,
    thread_id: run.thread_id,
    type: details.type,
    ...OPEN,
    step_details: details,
    metadata: {},
    usage: null,
  };
}

/** The step as it was when it was created. */
export function stepAsCreated(step: RunStep): RunStep {
  const { step_details: details } = step;
  const step_details = details.type === 'tool_calls' ? { ...details, tool_calls: [] } : details;
  return { ...step, ...OPEN, step_details, usage: null };
}

export function completeStep(step: RunStep, usage: Usage | null, now: number): RunStep {
  return { ...step, status: 'completed', completed_at: now, usage: usage ?? NO_USAGE };
}

/** The calls as a run shows them while it waits for their outputs. */
export function toRequiredToolCalls(calls: readonly ToolCall[]): readonly RequiredToolCall[] {
  return calls.map(({ id, type, function: { name, arguments: json } }) => ({
    id,
    type,
    function: { name, arguments: json },
  }));
}

/** A step of tool calls with the outputs of its calls, by their ids. */
export function withOutputs(step: RunStep, outputs: ReadonlyMap<string, string>): RunStep {
  if (step.step_details.type !== 'tool_calls') return step;
  const tool_calls = step.step_details.tool_calls.map((call): ToolCall => ({
    ...call,
    function: { ...call.function, output: outputs.get(call.id) ?? call.function.output },
  }));
  return { ...step, step_details: { type: 'tool_calls', tool_calls } };
}

/**
 * The open step after the end of its run. An incomplete run completes it: the message, not the step, says that it was
 * cut.
 */
export function endStep(step: RunStep, end: RunEnd, now: number): RunStep {
  const usage = step.usage ?? NO_USAGE;
  switch (end.status) {
    case 'completed':
    case 'incomplete':
      return completeStep(step, usage, now);
    case 'failed':
      return { ...step, status: 'failed', failed_at: now, last_error: toStepError(end.error), usage };
    case 'cancelled':
      return { ...step, status: 'cancelled', cancelled_at: now, usage };
    case 'expired':
      return { ...step, status: 'expired', expired_at: now, usage };
  }
}

/** A step has fewer codes of errors than a run. */
function toStepError({ code, message }: RunError): StepError {
  return { code: code === 'rate_limit_exceeded' ? code : 'server_error', message };
}
