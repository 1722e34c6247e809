/**
 * Cursors of the events of a run: how far a client has read.
 *
 * A cursor holds the last states that were seen and the length of the text, so that any process can go on from it. Within
 * the process that wrote it, `instance` and `position` say the same exactly.
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

const STATUS = '[a-z_]{0,32}';
const ID = '[A-Za-z0-9_-]{0,64}';
const PATTERN = new RegExp(
  `^1\\.([A-Za-z0-9_-]{8})\\.(\\d{1,6})\\.(${STATUS})\\.(${ID})\\.(${STATUS})\\.(${ID})\\.(${STATUS})\\.(\\d{1,3})\\.(\\d{1,9})$`,
);

export const formatCursor = (cursor: RunCursor): string =>
  [
    1,
    cursor.instance,
    cursor.position,
    cursor.runStatus,
    cursor.stepId,
    cursor.stepStatus,
    cursor.messageId,
    cursor.messageStatus,
    cursor.contentIndex,
    cursor.textLength,
  ].join('.');

/** Null where it is not a cursor. */
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
