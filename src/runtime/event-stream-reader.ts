/** Reads server-sent events from the chunks of a response, with a limit for their size. */
import { createParser } from 'eventsource-parser';

export interface StreamEvent {
  readonly name: string;
  /** JSON, or `[DONE]`. */
  readonly data: string;
  readonly id: string | null;
}

/** An event is too large, or the stream is not UTF-8. */
export class EventStreamError extends Error {
  override readonly name = 'EventStreamError';
}

/** The end of a stream that names it. Some servers send no empty line behind it, and keep the connection open. */
const DONE = /[\r\n]data: ?\[DONE\](?:\r?\n)?$/;
/** In characters: the longest text that {@link DONE} matches. */
const DONE_LENGTH = 15;

interface EventStreamOptions {
  /** A larger event ends the stream. */
  readonly maxEventBytes: number;
  /** Whether bytes that are not UTF-8 end the stream. Otherwise they are replaced. */
  readonly isStrict: boolean;
}

/**
 * Returns a function that takes the chunks of a stream and returns the events that each completes. It throws
 * {@link EventStreamError}.
 */
export function createEventStreamReader({
  maxEventBytes,
  isStrict,
}: EventStreamOptions): (chunk: Uint8Array) => readonly StreamEvent[] {
  const decoder = new TextDecoder('utf-8', { fatal: isStrict });
  const events: StreamEvent[] = [];
  /** The beginning of an unfinished line. The parser would scan all of it again with every chunk. */
  const line: string[] = [];
  let bytesSinceEvent = 0;
  let tail = '\n';
  const parser = createParser({
    onEvent: ({ event, data, id }) => {
      bytesSinceEvent = 0;
      events.push({ name: event ?? 'message', data, id: id ?? null });
    },
  });
  const decode = (chunk: Uint8Array): string => {
    try {
      return decoder.decode(chunk, { stream: true });
    } catch {
      throw new EventStreamError('the stream is not UTF-8');
    }
  };
  return (chunk) => {
    bytesSinceEvent += chunk.length;
    const text = decode(chunk);
    line.push(text);
    if (/[\r\n]/.test(text)) parser.feed(line.splice(0).join(''));
    tail = (tail + text.slice(-DONE_LENGTH)).slice(-DONE_LENGTH);
    if (DONE.test(tail)) parser.feed(`${line.splice(0).join('')}\n\n`);
    if (bytesSinceEvent > maxEventBytes) throw new EventStreamError('an event is too large');
    return events.splice(0);
  };
}
