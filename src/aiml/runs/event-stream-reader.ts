/** Reads server-sent events from the chunks of a response, with a limit for their size. */
import { createParser } from 'eventsource-parser';
import { MalformedResponseError } from '../wire.ts';

/** The largest event, in bytes. A larger one ends the stream. */
const MAX_EVENT_BYTES = 16 * 1024 * 1024;
/** Event ids that can be sent in the header Last-Event-ID. */
const EVENT_ID = /^[\x21-\x7e]{1,256}$/;

export interface StreamEvent {
  readonly name: string;
  /** JSON, or `[DONE]`. */
  readonly data: string;
  /** Null if upstream sent none, or one that cannot be sent back. */
  readonly id: string | null;
}

/**
 * Returns a function that takes the chunks of a stream and returns the events that each completes. It throws
 * MalformedResponseError if an event is too large, or not UTF-8.
 */
export function createEventStreamReader(): (chunk: Buffer) => readonly StreamEvent[] {
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const events: StreamEvent[] = [];
  /** The beginning of an unfinished line. The parser would scan all of it again with every chunk. */
  const line: string[] = [];
  let bytesSinceEvent = 0;
  const parser = createParser({
    onEvent: ({ event, data, id }) => {
      bytesSinceEvent = 0;
      events.push({ name: event ?? 'message', data, id: id !== undefined && EVENT_ID.test(id) ? id : null });
    },
  });
  const decode = (chunk: Buffer): string => {
    try {
      return decoder.decode(chunk, { stream: true });
    } catch {
      throw new MalformedResponseError('stream', 'UTF-8');
    }
  };
  return (chunk) => {
    bytesSinceEvent += chunk.length;
    const text = decode(chunk);
    line.push(text);
    if (/[\r\n]/.test(text)) parser.feed(line.splice(0).join(''));
    if (bytesSinceEvent > MAX_EVENT_BYTES) throw new MalformedResponseError('event', 'of at most 16 MiB');
    return events.splice(0);
  };
}

/** Undefined if the data is not JSON. */
export function parseEventData({ data }: StreamEvent): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
