/** Owns the text form of events: server-sent events as the SDKs of the Assistants API read them. */
import { toCursor, type Position } from './cursor.ts';

/** A comment: clients skip it. */
export const HEARTBEAT = ': \n\n';

/** The cursor of the position is the id of the event, which browsers send back as `Last-Event-ID`. */
export function toFrame(event: string, position: Position, data: string): string {
  return `event: ${event}\nid: ${toCursor(position)}\ndata: ${data}\n\n`;
}

export const toDoneFrame = (position: Position): string => toFrame('done', position, '[DONE]');

/** The last frame of a stream that cannot continue. The error stands under `error`, where the SDKs look for it. */
export function toErrorFrame(message: string): string {
  const error = { message, type: 'server_error', param: null, code: null };
  return `event: error\ndata: ${JSON.stringify({ error })}\n\n`;
}
