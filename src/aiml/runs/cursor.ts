/**
 * Cursors of the events of a run: how far a client has read.
 *
 * A cursor holds the last states that were seen and the length of the text, so that any process can go on from it. Within
 * the process that wrote it, `instance` and `position` say the same exactly. Of one that was parsed, ids and states are as
 * {@link toCursorPart} writes them.
 */
export interface RunCursor {
  /** Which {@link LiveRun} wrote it. */
  readonly instance: string;
  /** How many of its transitions were seen. */
  readonly position: number;
  /** The last status of the run that was seen; empty where none was. */
  readonly runStatus: string;
  /** The last step that was seen, and its status; empty where none was. */
  readonly stepId: string;
  readonly stepStatus: string;
  /** The last message that was seen, and its status; empty where none was. Those before it were seen whole. */
  readonly messageId: string;
  readonly messageStatus: string;
  /** The text part of that message, and how much of it was seen, in UTF-16 code units. */
  readonly contentIndex: number;
  readonly textLength: number;
}

/** An id or a status, as {@link toCursorPart} writes it. */
const PART = '([A-Za-z0-9_-]{0,64})';
const PATTERN = new RegExp(
  `^1\\.([A-Za-z0-9_-]{8})\\.(\\d{1,6})\\.${PART}\\.${PART}\\.${PART}\\.${PART}\\.${PART}\\.(\\d{1,3})\\.(\\d{1,9})$`,
);

/** Upstream may have ids and states of any kind: what a cursor cannot hold of them is left out. */
export const toCursorPart = (text: string): string => text.slice(0, 64).replace(/[^A-Za-z0-9_-]/g, '_');

export const formatCursor = (cursor: RunCursor): string =>
  [
    1,
    cursor.instance,
    cursor.position,
    toCursorPart(cursor.runStatus),
    toCursorPart(cursor.stepId),
    toCursorPart(cursor.stepStatus),
    toCursorPart(cursor.messageId),
    toCursorPart(cursor.messageStatus),
    cursor.contentIndex,
    cursor.textLength,
  ].join('.');

/** Null if it is not a cursor. */
export function parseCursor(text: string): RunCursor | null {
  const [, instance, position, runStatus, stepId, stepStatus, messageId, messageStatus, contentIndex, textLength] =
    PATTERN.exec(text) ?? [];
  if (
    instance === undefined ||
    runStatus === undefined ||
    stepId === undefined ||
    stepStatus === undefined ||
    messageId === undefined ||
    messageStatus === undefined
  )
    return null;
  return {
    instance,
    position: Number(position),
    runStatus,
    stepId,
    stepStatus,
    messageId,
    messageStatus,
    contentIndex: Number(contentIndex),
    textLength: Number(textLength),
  };
}
