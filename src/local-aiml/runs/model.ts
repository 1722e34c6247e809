/**
 * The run: its wire form, its states, and the transitions between them. Pure: each transition takes a run and returns the
 * run after it. The store and the engine decide when a transition is due.
 */
import type { AssistantTool, ResponseFormat } from '../assistants/model.ts';
import type { MessageEnd } from '../messages/model.ts';
import type { ToolResources } from '../wire/tool-resources.ts';

/** In these a run is live: it locks its thread. */
export const LIVE_STATUSES = ['queued', 'in_progress', 'requires_action', 'cancelling'] as const;
/** In these a run has ended and never changes again, but for its metadata. */
export const END_STATUSES = ['completed', 'incomplete', 'failed', 'cancelled', 'expired'] as const;

type LiveStatus = (typeof LIVE_STATUSES)[number];
type EndStatus = (typeof END_STATUSES)[number];
export type RunStatus = LiveStatus | EndStatus;

/** As it is on the wire; the order of the members is the order in which they are sent. Times are Unix seconds. */
export interface Run {
  readonly id: string;
  readonly object: 'thread.run';
  readonly created_at: number;
  readonly thread_id: string;
  readonly assistant_id: string;
  readonly status: RunStatus;
  readonly started_at: number | null;
  /** Null once the run has ended. */
  readonly expires_at: number | null;
  readonly cancelled_at: number | null;
  readonly failed_at: number | null;
  readonly completed_at: number | null;
  readonly required_action: RequiredAction | null;
  readonly last_error: RunError | null;
  readonly incomplete_details: { readonly reason: RunIncompleteReason } | null;
  readonly model: string;
  /** The effective instructions, additional ones included; '' if there are none. */
  readonly instructions: string;
  readonly tools: readonly AssistantTool[];
  readonly tool_resources: ToolResources;
  readonly metadata: Readonly<Record<string, string>>;
  readonly temperature: number | null;
  readonly top_p: number | null;
  readonly reasoning_effort: string | null;
  readonly max_prompt_tokens: number | null;
  readonly max_completion_tokens: number | null;
  readonly truncation_strategy: { readonly type: 'auto' | 'last_messages'; readonly last_messages: number | null };
  readonly tool_choice: ToolChoice;
  readonly parallel_tool_calls: boolean;
  readonly response_format: ResponseFormat;
  /** Null while the run is live. */
  readonly usage: Usage | null;
  /** What the model API said that the calls cost; null if it said nothing. */
  readonly cost: { readonly usd: number } | null;
}

export type ToolChoice =
  'none' | 'auto' | 'required' | { readonly type: 'function'; readonly function: { readonly name: string } };

export interface RunError {
  readonly code: 'server_error' | 'rate_limit_exceeded' | 'invalid_prompt';
  readonly message: string;
}

type RunIncompleteReason = 'max_completion_tokens' | 'max_prompt_tokens' | 'content_filter';

export interface Usage {
  readonly prompt_tokens: number;
  readonly completion_tokens: number;
  readonly total_tokens: number;
}

export const NO_USAGE: Usage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };

interface RequiredAction {
  readonly type: 'submit_tool_outputs';
  readonly submit_tool_outputs: { readonly tool_calls: readonly RequiredToolCall[] };
}

/** A function call that waits for its output. `arguments` is the text that the model wrote. */
export interface RequiredToolCall {
  readonly id: string;
  readonly type: 'function';
  readonly function: { readonly name: string; readonly arguments: string };
}

/** What the model calls of a run came to so far. It outlives the process, so that usage adds up over every attempt. */
export interface Tally {
  /** Calls of the model that were begun. */
  readonly modelCalls: number;
  readonly usage: Usage | null;
  readonly costUsd: number | null;
}

/** How a run ends, and with it the message and the step that are open. */
export type RunEnd =
  | { readonly status: 'completed' }
  | { readonly status: 'incomplete'; readonly reason: RunIncompleteReason }
  | { readonly status: 'failed'; readonly error: RunError }
  | { readonly status: 'cancelled' }
  | { readonly status: 'expired' };

/** What a run has of an end, or of a wait, that it has not come to. */
export const NOT_ENDED = {
  cancelled_at: null,
  failed_at: null,
  completed_at: null,
  required_action: null,
  last_error: null,
  incomplete_details: null,
} as const;

export function isLive(status: RunStatus): status is LiveStatus {
  return (LIVE_STATUSES as readonly RunStatus[]).includes(status);
}

/** A worker takes it up: `queued` → `in_progress`, or another attempt at what is in progress. */
export function startRun(run: Run, now: number): Run {
  return { ...run, status: 'in_progress', started_at: now };
}

/** The model called functions: → `requires_action`. */
export function waitForOutputs(run: Run, toolCalls: readonly RequiredToolCall[]): Run {
  const required_action: RequiredAction = {
    type: 'submit_tool_outputs',
    submit_tool_outputs: { tool_calls: toolCalls },
  };
  return { ...run, status: 'requires_action', required_action };
}

/** Every output is there: `requires_action` → `queued`. */
export function resumeRun(run: Run): Run {
  return { ...run, status: 'queued', required_action: null };
}

/** `in_progress` → `cancelling`, until its worker has stopped. */
export function beginCancel(run: Run): Run {
  return { ...run, status: 'cancelling' };
}

export function endRun(run: Run, end: RunEnd, tally: Tally, now: number): Run {
  return {
    ...run,
    status: end.status,
    expires_at: null,
    required_action: null,
    cancelled_at: end.status === 'cancelled' ? now : null,
    failed_at: end.status === 'failed' ? now : null,
    completed_at: end.status === 'completed' ? now : null,
    last_error: end.status === 'failed' ? end.error : null,
    incomplete_details: end.status === 'incomplete' ? { reason: end.reason } : null,
    usage: tally.usage ?? NO_USAGE,
    cost: tally.costUsd === null ? null : { usd: tally.costUsd },
  };
}

/** How the open message of a run ends when the run ends. */
export function toMessageEnd(end: RunEnd): MessageEnd {
  if (end.status === 'completed') return { status: 'completed' };
  if (end.status !== 'incomplete') return { status: 'incomplete', reason: `run_${end.status}` };
  return { status: 'incomplete', reason: end.reason === 'content_filter' ? 'content_filter' : 'max_tokens' };
}
