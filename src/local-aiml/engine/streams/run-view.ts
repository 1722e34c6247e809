/** Owns what a stream shows of a run: what is stored, with what a worker of this process is writing on top of it. Pure. */
import type { Message } from '../../messages/model.ts';
import { isLive, type Run, type RunStatus } from '../../runs/model.ts';
import type { RunStep } from '../../runs/step.ts';
import type { RunSnapshot } from '../../store/work-store.ts';
import type { LiveRun } from '../live-runs.ts';

export interface RunView {
  readonly attempt: number;
  readonly run: Run;
  /** When it expires, or would have. */
  readonly expiresAt: number;
  readonly steps: readonly RunStep[];
  readonly messages: ReadonlyMap<string, { readonly message: Message; readonly attempt: number }>;
}

export function toView(snapshot: RunSnapshot): RunView {
  return {
    attempt: snapshot.attempt,
    run: snapshot.run,
    expiresAt: snapshot.expiresAt,
    steps: snapshot.steps,
    messages: new Map(snapshot.messages.map((item) => [item.message.id, item])),
  };
}

/** The view with the text and the calls of the worker, where they belong to what is open. */
export function withLive(view: RunView, live: LiveRun | undefined): RunView {
  if (!live) return view;
  const { message, toolStep } = live;
  let { messages, steps } = view;
  const stored = message && messages.get(message.id);
  if (message && stored?.message.status === 'in_progress')
    messages = new Map([
      ...messages,
      [message.id, { ...stored, message: { ...stored.message, content: message.content } }],
    ]);
  const last = steps.at(-1);
  // The stored step has its calls once the run waits for their outputs.
  if (
    toolStep &&
    last?.id === toolStep.id &&
    last.step_details.type === 'tool_calls' &&
    view.run.status === 'in_progress'
  )
    steps = [...steps.slice(0, -1), { ...last, step_details: { type: 'tool_calls', tool_calls: toolStep.toolCalls } }];
  return { ...view, messages, steps };
}

/** The view of a run that was deleted with its thread: cancelled, and with it what was open. */
export function asDeleted(view: RunView, now: number): RunView {
  if (!isLive(view.run.status)) return view;
  const end = { incomplete_details: { reason: 'run_cancelled' }, incomplete_at: now, status: 'incomplete' } as const;
  const messages = [...view.messages].map(([id, item]): [string, typeof item] =>
    item.message.status === 'in_progress' ? [id, { ...item, message: { ...item.message, ...end } }] : [id, item],
  );
  const noUsage = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 };
  return {
    ...view,
    run: {
      ...view.run,
      status: 'cancelled',
      cancelled_at: now,
      expires_at: null,
      required_action: null,
      usage: view.run.usage ?? noUsage,
    },
    steps: view.steps.map((step) =>
      step.status === 'in_progress' ? { ...step, status: 'cancelled', cancelled_at: now, usage: noUsage } : step,
    ),
    messages: new Map(messages),
  };
}

/** The run as it was in an earlier state. */
export function runAs(view: RunView, status: RunStatus): Run {
  const { run } = view;
  if (run.status === status) return run;
  return {
    ...run,
    status,
    expires_at: view.expiresAt,
    cancelled_at: null,
    failed_at: null,
    completed_at: null,
    required_action: null,
    last_error: null,
    incomplete_details: null,
    usage: null,
    cost: null,
  };
}

/** The run while it waited for the outputs of a step. */
export function runAsWaiting(view: RunView, step: RunStep): Run {
  if (view.run.status === 'requires_action') return view.run;
  const calls = step.step_details.type === 'tool_calls' ? step.step_details.tool_calls : [];
  return {
    ...runAs(view, 'requires_action'),
    required_action: {
      type: 'submit_tool_outputs',
      submit_tool_outputs: {
        tool_calls: calls.map(({ id, type, function: called }) => ({
          id,
          type,
          function: { name: called.name, arguments: called.arguments },
        })),
      },
    },
  };
}

/** The step as it was created. */
export function stepAsCreated(step: RunStep): RunStep {
  return {
    ...step,
    status: 'in_progress',
    cancelled_at: null,
    completed_at: null,
    expired_at: null,
    failed_at: null,
    last_error: null,
    step_details: step.step_details.type === 'tool_calls' ? { type: 'tool_calls', tool_calls: [] } : step.step_details,
    usage: null,
  };
}

/** The message as it was created. */
export function messageAsCreated(message: Message): Message {
  return {
    ...message,
    status: 'in_progress',
    incomplete_details: null,
    completed_at: null,
    incomplete_at: null,
    content: [],
  };
}
