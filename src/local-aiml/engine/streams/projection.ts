/**
 * Derives the next event of a follower from its position and the run as it is now, in the order of OpenAI's streams. Pure:
 * no events are stored, and every process derives the same ones.
 */
import { messageAsCreated, textOf, type Message, type MessageContent } from '../../messages/model.ts';
import { isLive, type Run, type RunStatus } from '../../runs/model.ts';
import { stepAsCreated, type RunStep, type ToolCall } from '../../runs/step.ts';
import type { RunSnapshot } from '../../store/work-store.ts';
import { PHASES, type Position } from './cursor.ts';
import { runAs, runAsWaiting } from './run-view.ts';

export interface RunEvent {
  readonly event: string;
  readonly data: object;
  /** Where the follower stands once it has the event. */
  readonly position: Position;
}

/** What comes next behind `position`; undefined if there is nothing yet. */
export function nextEvent(view: RunSnapshot, position: Position): RunEvent | undefined {
  const { run } = view;
  const { status } = position;
  if (status === 'none') return runEvent(view, position, 'created', runAsQueued(view, position));
  if (status === 'created') return runEvent(view, position, 'queued', runAsQueued(view, position));
  if (isEnd(status)) return undefined;
  const step = view.steps[position.closedSteps];
  if (status === 'queued') {
    if (hasBegun(run, position, step)) return runEvent(view, position, 'in_progress', runAs(view, 'in_progress'));
  } else if (step) {
    const event = nextOfStep(view, position, step);
    if (event) return event;
  }
  if (run.status === 'cancelling' && status === 'in_progress') return runEvent(view, position, 'cancelling', run);
  if (!isEnd(run.status) || step) return undefined;
  if (run.status === 'cancelled' && status !== 'cancelling')
    return runEvent(view, position, 'cancelling', runAs(view, 'cancelling'));
  return runEvent(view, position, run.status, run);
}

/** Behind outputs it has been started before. */
function runAsQueued(view: RunSnapshot, { closedSteps }: Position): Run {
  const run = runAs(view, 'queued');
  return closedSteps === 0 ? { ...run, started_at: null } : run;
}

/** Whether a queued run was taken up by a worker. */
function hasBegun(run: Run, position: Position, step: RunStep | undefined): boolean {
  if (step !== undefined) return true;
  switch (run.status) {
    case 'queued':
      return false;
    case 'cancelled':
    case 'expired':
      // Behind outputs it is not known whether it was taken up once more; nothing was written then.
      return position.closedSteps === 0 && run.started_at !== null;
    default:
      return true;
  }
}

function nextOfStep(view: RunSnapshot, position: Position, step: RunStep): RunEvent | undefined {
  switch (position.phase) {
    case PHASES.none:
      return at(position, 'thread.run.step.created', stepAsCreated(step), { phase: PHASES.stepCreated });
    case PHASES.stepCreated:
      return at(position, 'thread.run.step.in_progress', stepAsCreated(step), { phase: PHASES.stepInProgress });
    case PHASES.requiresAction:
      return endOfStep(position, step);
    default:
      return step.step_details.type === 'message_creation'
        ? nextOfMessage(view, position, step, step.step_details.message_creation.message_id)
        : nextOfCalls(view, position, step, step.step_details.tool_calls);
  }
}

function nextOfMessage(view: RunSnapshot, position: Position, step: RunStep, messageId: string): RunEvent | undefined {
  const found = view.messages.get(messageId);
  // It was deleted after the run.
  if (!found || position.phase === PHASES.messageEnded) return endOfStep(position, step);
  const { message, attempt } = found;
  if (position.phase === PHASES.stepInProgress)
    return at(position, 'thread.message.created', messageAsCreated(message), {
      attempt,
      phase: PHASES.messageCreated,
    });
  if (position.phase === PHASES.messageCreated)
    return at(position, 'thread.message.in_progress', messageAsCreated(message), {
      phase: PHASES.messageInProgress,
      parts: 0,
      chars: 0,
    });
  return nextOfText(position, message) ?? endOfMessage(position, message);
}

function nextOfText(position: Position, message: Message): RunEvent | undefined {
  const isOpen = message.status === 'in_progress';
  const { parts, chars } = position;
  const delta = (index: number, content: object, sent: number): RunEvent =>
    at(
      position,
      'thread.message.delta',
      { id: message.id, object: 'thread.message.delta', delta: { content: [{ index, ...content }] } },
      { parts: index + 1, chars: sent },
    );
  const current = message.content[parts - 1];
  const total = current === undefined ? 0 : textOf(current).length;
  // Its worker died, and what it had not saved is lost: the message begins again, as far as it was saved.
  if (!isOpen && parts > 0 && (current === undefined || chars > total))
    return at(position, 'thread.message.created', messageAsCreated(message), {
      phase: PHASES.messageCreated,
      parts: 0,
      chars: 0,
    });
  if (current !== undefined) {
    const isLast = isOpen && parts === message.content.length;
    const piece = pieceFrom(textOf(current), chars, isLast);
    if (piece !== '') return delta(parts - 1, toPiece(current, piece, false), chars + piece.length);
  }
  const next = message.content[parts];
  if (next === undefined) return undefined;
  const piece = pieceFrom(textOf(next), 0, isOpen && parts + 1 === message.content.length);
  return piece === '' && isOpen ? undefined : delta(parts, toPiece(next, piece, true), piece.length);
}

function endOfMessage(position: Position, message: Message): RunEvent | undefined {
  return message.status === 'in_progress'
    ? undefined
    : at(position, `thread.message.${message.status}`, message, { phase: PHASES.messageEnded, parts: 0, chars: 0 });
}

function nextOfCalls(
  view: RunSnapshot,
  position: Position,
  step: RunStep,
  calls: readonly ToolCall[],
): RunEvent | undefined {
  const { parts, chars } = position;
  const delta = (call: object, next: Partial<Position>): RunEvent =>
    at(
      position,
      'thread.run.step.delta',
      {
        id: step.id,
        object: 'thread.run.step.delta',
        delta: { step_details: { type: 'tool_calls', tool_calls: [call] } },
      },
      next,
    );
  const current = calls[parts - 1];
  if (current && current.function.arguments.length > chars) {
    const piece = current.function.arguments.slice(chars);
    const call = { index: parts - 1, type: 'function', function: { arguments: piece } };
    return delta(call, { chars: chars + piece.length });
  }
  const next = calls[parts];
  if (next) {
    const { id, type, function: called } = next;
    // A null that comes twice for one call breaks the SDKs, so the output is sent here alone.
    const call = { index: parts, id, type, function: { name: called.name, arguments: '', output: null } };
    return delta(call, { parts: parts + 1, chars: 0 });
  }
  const isWaiting = view.run.status === 'requires_action' && view.steps.at(-1) === step;
  const hasWaited =
    step.status === 'completed' && calls.length > 0 && calls.every((call) => call.function.output !== null);
  if (isWaiting || hasWaited)
    return runEvent(view, { ...position, phase: PHASES.requiresAction }, 'requires_action', runAsWaiting(view, step));
  return endOfStep(position, step);
}

/** Behind outputs the run is queued again. */
function endOfStep(position: Position, step: RunStep): RunEvent | undefined {
  if (step.status === 'in_progress') return undefined;
  return at(position, `thread.run.step.${step.status}`, step, {
    closedSteps: position.closedSteps + 1,
    phase: PHASES.none,
    parts: 0,
    chars: 0,
    ...(position.status === 'requires_action' && step.status === 'completed' ? { status: 'created' } : {}),
  });
}

function runEvent(view: RunSnapshot, position: Position, status: RunStatus | 'created', run: Run): RunEvent {
  return at(position, `thread.run.${status}`, run, { attempt: view.attempt, status });
}

function at(position: Position, event: string, data: object, next: Partial<Position>): RunEvent {
  return { event, data, position: { ...position, ...next } };
}

export function isEnd(status: Position['status']): boolean {
  return status !== 'none' && status !== 'created' && !isLive(status);
}

/** What follows `from`. While more is to come, half of a character waits for its other half. */
function pieceFrom(text: string, from: number, isOpen: boolean): string {
  const last = text.charCodeAt(text.length - 1);
  const isHalf = isOpen && last >= 0xd800 && last <= 0xdbff;
  return text.slice(from, isHalf ? text.length - 1 : text.length);
}

function toPiece(content: MessageContent, piece: string, isFirst: boolean): object {
  if (content.type === 'refusal') return { type: 'refusal', refusal: piece };
  return { type: 'text', text: { value: piece, ...(isFirst ? { annotations: [] } : {}) } };
}

/** Where a stream of `submit_tool_outputs` begins: with the end of the step whose outputs were submitted. */
export function positionOfSubmit(view: RunSnapshot): Position | undefined {
  const index = view.steps.findLastIndex((step) => step.type === 'tool_calls' && step.status === 'completed');
  if (index === -1) return undefined;
  return {
    attempt: view.attempt,
    status: 'requires_action',
    closedSteps: index,
    phase: PHASES.requiresAction,
    parts: 0,
    chars: 0,
  };
}

/** Whether the position can be one of this run. */
export function isPositionOf(view: RunSnapshot, { attempt, closedSteps, phase }: Position): boolean {
  if (attempt > view.attempt || closedSteps > view.steps.length) return false;
  return phase === PHASES.none || closedSteps < view.steps.length;
}
