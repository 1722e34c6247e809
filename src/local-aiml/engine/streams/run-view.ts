/** Owns what a stream shows of a run: what is stored, with what a worker of this process is writing on top of it. Pure. */
import { endMessage, textOf, type Message } from '../../messages/model.ts';
import { endRun, isLive, NOT_ENDED, toMessageEnd, waitForOutputs, type Run, type RunStatus } from '../../runs/model.ts';
import { endStep, toRequiredToolCalls, type RunStep } from '../../runs/step.ts';
import type { RunSnapshot } from '../../store/work-store.ts';
import type { LiveRun } from '../live-runs.ts';

/** The snapshot with the text and the calls of the worker, where they belong to what is open. */
export function withLive(view: RunSnapshot, live: LiveRun | undefined): RunSnapshot {
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
    last?.id === toolStep.created.id &&
    last.step_details.type === 'tool_calls' &&
    view.run.status === 'in_progress'
  )
    steps = [...steps.slice(0, -1), { ...last, step_details: { type: 'tool_calls', tool_calls: toolStep.toolCalls } }];
  return { ...view, messages, steps };
}

/**
 * The snapshot, with the text that followers have seen of its messages: a run that a request ended, for example because its
 * thread is deleted, is stored without the last words of its worker.
 */
export function withSeenText(view: RunSnapshot, seen: RunSnapshot | undefined): RunSnapshot {
  let { messages } = view;
  for (const [id, item] of view.messages) {
    const before = seen?.messages.get(id);
    if (before?.attempt !== item.attempt || lengthOf(before.message) <= lengthOf(item.message)) continue;
    messages = new Map([...messages, [id, { ...item, message: { ...item.message, content: before.message.content } }]]);
  }
  return messages === view.messages ? view : { ...view, messages };
}

const lengthOf = ({ content }: Message): number => content.reduce((length, part) => length + textOf(part).length, 0);

/** The snapshot of a run that was deleted with its thread: cancelled, and with it what was open. */
export function asDeleted(view: RunSnapshot, now: number): RunSnapshot {
  const { run, steps, messages } = view;
  if (!isLive(run.status)) return view;
  const end = { status: 'cancelled' } as const;
  const endOpen = (message: Message) =>
    message.status === 'in_progress' ? endMessage(message, toMessageEnd(end), now) : message;
  return {
    ...view,
    run: endRun(run, end, { modelCalls: 0, usage: run.usage, costUsd: null }, now),
    steps: steps.map((step) => (step.status === 'in_progress' ? endStep(step, end, now) : step)),
    messages: new Map([...messages].map(([id, item]) => [id, { ...item, message: endOpen(item.message) }])),
  };
}

/** The run as it was in an earlier state. */
export function runAs(view: RunSnapshot, status: RunStatus): Run {
  const { run } = view;
  if (run.status === status) return run;
  return { ...run, ...NOT_ENDED, status, expires_at: view.expiresAt, usage: null, cost: null };
}

/** The run while it waited for the outputs of a step. */
export function runAsWaiting(view: RunSnapshot, step: RunStep): Run {
  if (view.run.status === 'requires_action') return view.run;
  const calls = step.step_details.type === 'tool_calls' ? step.step_details.tool_calls : [];
  return waitForOutputs(runAs(view, 'requires_action'), toRequiredToolCalls(calls));
}
