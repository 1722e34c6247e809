/** Owns the text form of events: server-sent events as the SDKs of the Assistants API read them. */
import { toCursor, type Position } from './cursor.ts';
import type { RunEvent } from './projection.ts';

/** A comment: clients skip it. */
export const HEARTBEAT = ': \n\n';

/** The cursor is the id of the event, which browsers send back as `Last-Event-ID`. */
export function toFrame({ event, data, position }: RunEvent): string {
  return `event: ${event}\nid: ${toCursor(position)}\ndata: ${JSON.stringify(data)}\n\n`;
}

export function toThreadFrame(threadJson: string, position: Position): string {
  return `event: thread.created\nid: ${toCursor(position)}\ndata: ${threadJson}\n\n`;
}

export function toDoneFrame(position: Position): string {
  return `event: done\nid: ${toCursor(position)}\ndata: [DONE]\n\n`;
}

/** The last frame of a stream that cannot continue. The error stands under `error`, where the SDKs look for it. */
export function toErrorFrame(message: string): string {
  const error = { message, type: 'server_error', param: null, code: null };
  return `event: error\ndata: ${JSON.stringify({ error })}\n\n`;
}
