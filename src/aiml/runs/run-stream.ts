/**
 * One stream of a run's events from upstream into a live run.
 *
 * A stream that is broken ends here and never ends the run: what opened it goes on by other means.
 */
import type { StreamReceiver } from '../stream-body.ts';
import { readRun } from '../resources/run.ts';
import { MalformedResponseError } from '../wire.ts';
import { EventStreamReader, parseEventData, type StreamEvent } from './event-stream-reader.ts';
import { KNOWN_EVENTS, LiveRun } from './live-run.ts';

export class RunStream implements StreamReceiver {
  /** Resolves when the stream has ended, however; also where none began. */
  readonly ended: Promise<void>;
  readonly #initial: LiveRun | null;
  readonly #isJoin: boolean;
  #resolve: () => void = () => undefined;
  #cancel: () => void = () => undefined;
  #reader = new EventStreamReader();
  #live: LiveRun | null;
  #body: Buffer | null = null;
  #lastEventId: string | null = null;
  #hasBegun = false;
  #hasEvents = false;
  #hasEnded = false;
  /** Events that came before the run was known. */
  #early: StreamEvent[] = [];

  /**
   * `live`: null where the stream starts the run. `isJoin`: whether it is opened by a read, whose response is of no
   * interest, and not by a write, whose response is the run of its first event.
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

  /** Whether upstream gave a stream. */
  get hasBegun(): boolean {
    return this.#hasBegun;
  }

  /** Whether any event came. */
  get hasEvents(): boolean {
    return this.#hasEvents;
  }

  /** What upstream goes on after; null where it numbers no events. */
  get lastEventId(): string | null {
    return this.#lastEventId;
  }

  get body(): Buffer | null {
    return this.#body;
  }

  begin(cancel: () => void): void {
    this.#cancel = cancel;
    this.#reader = new EventStreamReader();
    this.#live = this.#initial;
    this.#early = [];
    this.#body = this.#isJoin ? EMPTY : null;
    this.#hasBegun = true;
  }

  push(chunk: Buffer): boolean {
    if (this.#hasEnded) return false;
    try {
      for (const event of this.#reader.push(chunk)) if (!this.#take(event)) return false;
    } catch (error) {
      if (!(error instanceof MalformedResponseError)) throw error;
      return false;
    }
    return true;
  }

  end(): void {
    // An attempt that failed before its first event is not the stream: another attempt may be.
    if (this.#body) this.#finish();
  }

  /** Ends the stream, where it has begun; the run goes on. */
  cancel(): void {
    this.#finish();
    this.#cancel();
  }

  #finish(): void {
    this.#hasEnded = true;
    this.#resolve();
  }

  /** False where the event is the last one. */
  #take(event: StreamEvent): boolean {
    if (event.name === 'done' || event.data === '[DONE]' || event.name === 'error') return false;
    this.#hasEvents = true;
    this.#lastEventId = event.id ?? this.#lastEventId;
    const data = parseEventData(event);
    const isRun = KNOWN_EVENTS.has(event.name) && /^thread\.run\.(?!step\.)/.test(event.name);
    if (!this.#live && !isRun) {
      if (this.#early.length < MAX_EARLY_EVENTS) this.#early.push(event);
      return true;
    }
    this.#live ??= new LiveRun(readRun(data));
    this.#live.applyEvent(event.name, data);
    if (isRun) this.#body ??= Buffer.from(event.data);
    // The run is the first event of every stream, so what came before it follows.
    for (const early of this.#early.splice(0)) this.#live.applyEvent(early.name, parseEventData(early));
    return true;
  }
}

/** What more than this comes before the run is dropped. */
const MAX_EARLY_EVENTS = 100;

const EMPTY = Buffer.from('null');
