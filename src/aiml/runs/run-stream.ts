/** Reads one event stream of upstream into a live run. If it breaks, `run-hub.ts` continues the run in another way. */
import { createEventStreamReader, EventStreamError, type StreamEvent } from '../../runtime/event-stream-reader.ts';
import type { StreamReceiver } from '../stream-body.ts';
import { readRun } from '../resources/run.ts';
import { MalformedResponseError } from '../wire.ts';
import { KNOWN_EVENTS, LiveRun } from './live-run.ts';

const READER_OPTIONS = { maxEventBytes: 16 * 1024 * 1024, isStrict: true };
/** Event ids that can be sent in the header Last-Event-ID. */
const EVENT_ID = /^[\x21-\x7e]{1,256}$/;

export class RunStream implements StreamReceiver {
  /** Resolves when the stream has ended for any reason, or was cancelled before it began. */
  readonly ended: Promise<void>;
  readonly #initial: LiveRun | null;
  readonly #isJoin: boolean;
  #resolve: () => void = () => undefined;
  #cancel: () => void = () => undefined;
  #readEvents = createEventStreamReader(READER_OPTIONS);
  #live: LiveRun | null;
  /** Null before the first event of the run, and after it was taken. */
  #body: Buffer | null = null;
  #hasBody = false;
  #lastEventId: string | null = null;
  #hasBegun = false;
  #hasEvents = false;
  #hasEnded = false;
  /** Events that were received before the run was known. */
  #early: StreamEvent[] = [];

  /**
   * `live`: null if the stream starts the run. `isJoin`: whether a read opened the stream. Its response is ignored. The
   * response of a write is the run in the first event.
   */
  constructor(live: LiveRun | null, isJoin: boolean) {
    this.#initial = live;
    this.#live = live;
    this.#isJoin = isJoin;
    this.ended = new Promise((resolve) => (this.#resolve = resolve));
  }

  /** Null until the first event of the run. */
  get live(): LiveRun | null {
    return this.#live;
  }

  /** Whether upstream responded with a stream. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether any event was received. */
  get hasEvents(): boolean {
    return this.#hasEvents;
  }

  /** The id of the last event, from which upstream can continue; null if its events have no ids. */
  get lastEventId(): string | null {
    return this.#lastEventId;
  }

  takeBody(): Buffer | null {
    const body = this.#body;
    this.#body = null;
    return body;
  }

  begin(cancel: () => void): void {
    this.#cancel = cancel;
    this.#readEvents = createEventStreamReader(READER_OPTIONS);
    this.#live = this.#initial;
    this.#early = [];
    this.#setBody(this.#isJoin ? EMPTY : null);
    this.#hasBegun = true;
  }

  push(chunk: Buffer): boolean {
    if (this.#hasEnded) return false;
    try {
      for (const event of this.#readEvents(chunk)) if (!this.#take(event)) return false;
    } catch (error) {
      if (!(error instanceof MalformedResponseError) && !(error instanceof EventStreamError)) throw error;
      return false;
    }
    return true;
  }

  end(): void {
    // If an attempt fails before its first event, a retry may open the stream.
    if (this.#hasBody) this.#finish();
  }

  /** Ends the stream, if it has begun. The run continues. */
  cancel(): void {
    this.#finish();
    this.#cancel();
  }

  #setBody(body: Buffer | null): void {
    this.#body = body;
    this.#hasBody = body !== null;
  }

  #finish(): void {
    this.#hasEnded = true;
    this.#resolve();
  }

  /** False if the event is the last one. */
  #take(event: StreamEvent): boolean {
    if (event.name === 'done' || event.data === '[DONE]' || event.name === 'error') return false;
    this.#hasEvents = true;
    if (event.id !== null && EVENT_ID.test(event.id)) this.#lastEventId = event.id;
    const data = parseEventData(event);
    const isRun = KNOWN_EVENTS.has(event.name) && /^thread\.run\.(?!step\.)/.test(event.name);
    if (!this.#live && !isRun) {
      if (this.#early.length < MAX_EARLY_EVENTS) this.#early.push(event);
      return true;
    }
    this.#live ??= new LiveRun(readRun(data));
    this.#live.applyEvent(event.name, data);
    if (isRun && !this.#hasBody) this.#setBody(Buffer.from(event.data));
    // The run is the first event of every stream, so earlier events are applied after it.
    for (const early of this.#early.splice(0)) this.#live.applyEvent(early.name, parseEventData(early));
    return true;
  }
}

/** Undefined if the data is not JSON. */
function parseEventData({ data }: StreamEvent): unknown {
  try {
    return JSON.parse(data);
  } catch {
    return undefined;
  }
}

/** Further events before the run is known are dropped. */
const MAX_EARLY_EVENTS = 100;

const EMPTY = Buffer.from('null');
