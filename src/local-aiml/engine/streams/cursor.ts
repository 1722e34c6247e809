/**
 * The position of a follower in a run, and the text form of events, whose `id:` is the position: server-sent events as the
 * SDKs of the Assistants API read them. It counts what was sent rather than events, so that any process can continue from it.
 */
import { END_STATUSES, LIVE_STATUSES, type RunStatus } from '../../runs/model.ts';

/** What of the open step was sent. */
export const PHASES = {
  none: 0,
  stepCreated: 1,
  stepInProgress: 2,
  messageCreated: 3,
  messageInProgress: 4,
  messageEnded: 5,
  requiresAction: 6,
} as const;
type Phase = (typeof PHASES)[keyof typeof PHASES];

export interface Position {
  /** The attempt that wrote what was sent last. Texts of two attempts are never one text. */
  readonly attempt: number;
  /** The status of the run that was sent last; `none` before any, `created` behind `thread.run.created`. */
  readonly status: RunStatus | 'none' | 'created';
  /** How many steps were sent to their end. */
  readonly closedSteps: number;
  readonly phase: Phase;
  /** How many parts of the open message, or calls of the open step, were begun. */
  readonly parts: number;
  /** How many UTF-16 units of the last of them were sent. */
  readonly chars: number;
}

export const START: Position = { attempt: 0, status: 'none', closedSteps: 0, phase: 0, parts: 0, chars: 0 };

const STATUSES = ['none', 'created', ...LIVE_STATUSES, ...END_STATUSES] as const;

export function toCursor({ attempt, status, closedSteps, phase, parts, chars }: Position): string {
  return [attempt, STATUSES.indexOf(status), closedSteps, phase, parts, chars].join('-');
}

/** Undefined for what is no cursor. */
export function parseCursor(cursor: string): Position | undefined {
  if (!/^\d{1,9}(-\d{1,9}){5}$/.test(cursor)) return undefined;
  const [attempt = 0, statusIndex = 0, closedSteps = 0, phaseNumber = 0, parts = 0, chars = 0] = cursor
    .split('-')
    .map(Number);
  const status = STATUSES[statusIndex];
  const phase = Object.values(PHASES).find((known) => known === phaseNumber);
  return status === undefined || phase === undefined
    ? undefined
    : { attempt, status, closedSteps, phase, parts, chars };
}

/** A comment: clients skip it. */
export const HEARTBEAT = ': \n\n';

/** The cursor of the position is the id of the event, which browsers send back as `Last-Event-ID`. */
export function toFrame(event: string, position: Position, data: string): string {
  return `event: ${event}\nid: ${toCursor(position)}\ndata: ${data}\n\n`;
}

/** The last frame of a stream that cannot continue. The error stands under `error`, where the SDKs look for it. */
export function toErrorFrame(message: string): string {
  const error = { message, type: 'server_error', param: null, code: null };
  return `event: error\ndata: ${JSON.stringify({ error })}\n\n`;
}
