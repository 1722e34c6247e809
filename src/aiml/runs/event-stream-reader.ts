/** Reads server-sent events from the chunks of a response, with a limit for their size. */
import { createParser, type EventSourceParser } from 'eventsource-parser';
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

export class EventStreamReader {
  readonly #decoder = new TextDecoder('utf-8', { fatal: true });
  readonly #parser: EventSourceParser;
  readonly #events: StreamEvent[] = [];
  /** The beginning of an unfinished line. The parser would scan all of it again with every chunk. */
  readonly #line: string[] = [];
  #bytesSinceEvent = 0;

  constructor() {
    this.#parser = createParser({
      onEvent: ({ event, data, id }) => {
        this.#bytesSinceEvent = 0;
        this.#events.push({
          name: event ?? 'message',
          data,
          id: id !== undefined && EVENT_ID.test(id) ? id : null,
        });
      },
    });
  }

  /** Returns the events that the chunk completes. Throws MalformedResponseError if one is too large, or not UTF-8. */
  push(chunk: Buffer): readonly StreamEvent[] {
    this.#bytesSinceEvent += chunk.length;
    const text = this.#decode(chunk);
    this.#line.push(text);
    if (/[\r\n]/.test(text)) this.#parser.feed(this.#line.splice(0).join(''));
    if (this.#bytesSinceEvent > MAX_EVENT_BYTES) throw new MalformedResponseError('event', 'of at most 16 MiB');
    return this.#events.splice(0);
  }

  #decode(chunk: Buffer): string {
    try {
      return this.#decoder.decode(chunk, { stream: true });
    } catch {
      throw new MalformedResponseError('stream', 'UTF-8');
    }
  }
}

/** Undefined if the data is not JSON. */
export function parseEventData({ data }: StreamEvent): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}
