/**
 * The cursor of an event of a run: how far a client has read.
 *
 * It has the last states that the client received and the length of the text, so that any process can continue after it. In
 * the process that wrote it, `instance` and `position` identify the event exactly. The ids and states of a parsed cursor
 * have the form of {@link toCursorPart}.
 */
import { createHash } from 'node:crypto';
import type { WireRun } from '../resources/run.ts';

export interface RunCursor {
  /** Which {@link LiveRun} wrote it. */
  readonly instance: string;
  /** The number of its transitions that were sent. */
  readonly position: number;
  /** The last state of the run that was sent, as {@link toRunState} writes it; empty if none was. */
  readonly runState: string;
  /** The last step that was sent, and its status; empty if none was. */
  readonly step: { readonly id: string; readonly status: string };
  /** The last message that was sent; the id is empty if none was. Earlier messages were sent completely. */
  readonly message: SentMessage;
}

export interface SentMessage {
  readonly id: string;
  readonly status: string;
  /** The text part, and the length of its text that was sent, in UTF-16 code units. */
  readonly contentIndex: number;
  readonly textLength: number;
}

/** An id or a status, as {@link toCursorPart} writes it. */
const PART = '([A-Za-z0-9_-]{0,64})';
const PATTERN = new RegExp(
  `^1\\.([A-Za-z0-9_-]{8})\\.(\\d{1,6})\\.${PART}\\.${PART}\\.${PART}\\.${PART}\\.${PART}\\.(\\d{1,3})\\.(\\d{1,9})$`,
);

/** The form of an id or a status in a cursor. Upstream may send any text, so other characters become underscores. */
export const toCursorPart = (text: string): string => text.slice(0, 64).replace(/[^A-Za-z0-9_-]/g, '_');

/** The status of a run, and which tool outputs it waits for: a run may wait several times. */
export function toRunState({ status, required_tool_calls: calls }: WireRun): string {
  if (calls.length === 0) return toCursorPart(status);
  const digest = createHash('sha256').update(JSON.stringify(calls.map(({ id }) => id)));
  return `${toCursorPart(status)}-${digest.digest('base64url').slice(0, 8)}`;
}

export function formatCursor({ instance, position, runState, step, message }: RunCursor): string {
  const states = [runState, step.id, step.status, message.id, message.status].map(toCursorPart);
  return [1, instance, position, ...states, message.contentIndex, message.textLength].join('.');
}

/** Null if it is not a cursor. */
export function parseCursor(text: string): RunCursor | null {
  const parts = PATTERN.exec(text);
  if (!parts) return null;
  const [, instance = '', position, runState = '', stepId = '', stepStatus = '', ...rest] = parts;
  const [messageId = '', messageStatus = '', contentIndex, textLength] = rest;
  return {
    instance,
    position: Number(position),
    runState,
    step: { id: stepId, status: stepStatus },
    message: {
      id: messageId,
      status: messageStatus,
      contentIndex: Number(contentIndex),
      textLength: Number(textLength),
    },
  };
}
