/**
 * One follower of a live run: the events from its cursor to the end of the run, each once.
 *
 * It is not a generator, because a generator that waits cannot be ended: its `return` queues behind `next`.
 */
import type { WireMessage } from '../resources/message.ts';
import { hasEnded } from '../resources/run.ts';
import { formatCursor, toCursorPart, toRunState, type RunCursor, type SentMessage } from './cursor.ts';
import type { LiveMessage } from './live-message.ts';
import type { LiveRun } from './live-run.ts';
import type { RunEvent, Transition } from './run-event.ts';
import { nextTurn } from '../../runtime/turn-queue.ts';
import { MalformedResponseError } from '../wire.ts';
import { UNREADABLE } from './run-reader.ts';
import { findSeen, isStep } from './seen-transitions.ts';

/** Text of a message is sent at most once in this time, in milliseconds, and step progress likewise. */
const COALESCE_MS = 50;
/** Events for more followers of a run are made in turns of their own: each may be large, and is executed and written at once. */
const MAX_FOLLOWERS_IN_A_TURN = 4;
const MAX_EVENTS_IN_A_TURN = 8;

interface RunFollowerOptions {
  /** Called before each event. */
  readonly onEvent: (event: RunEvent) => void;
  /** Called once, however it ends. */
  readonly onEnd: () => void;
}

export class RunFollower implements AsyncIterableIterator<RunEvent> {
  readonly #live: LiveRun;
  readonly #options: RunFollowerOptions;
  readonly #unlisten: () => void;
  #position = 0;
  /** Transitions before the position of a cursor of another process that were seen out of order. */
  readonly #seen: ReadonlySet<number>;
  #runState = '';
  #step = { id: '', status: '', version: 0 };
  #message: SentMessage = { id: '', status: '', contentIndex: 0, textLength: 0 };
  /** The rewrites of that message that were applied to its place. */
  #rewrites = 0;
  /** Whether the text at that place has to be sent, even if it is empty. */
  #isBack = false;
  #lastGrowthAt = -Infinity;
  #isScheduled = false;
  #takenInTurn = 0;
  #isDone = false;
  #waiting: { resolve: (result: IteratorResult<RunEvent>) => void; reject: (error: Error) => void } | null = null;
  #timer: NodeJS.Timeout | null = null;

  /** `after`: null from the beginning. */
  constructor(live: LiveRun, after: RunCursor | null, options: RunFollowerOptions) {
    this.#live = live;
    this.#options = options;
    this.#unlisten = live.listen(() => {
      if (live.listenerCount > MAX_FOLLOWERS_IN_A_TURN) this.#wakeInTurn();
      else this.#wake();
    });
    this.#seen = after ? this.#resume(after) : new Set();
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  next(): Promise<IteratorResult<RunEvent>> {
    if (this.#isDone) return Promise.resolve({ done: true, value: undefined });
    return new Promise((resolve, reject) => {
      this.#waiting = { resolve, reject };
      // A follower that is far behind lets other work come in between: there may be thousands of events.
      if (this.#position < this.#live.transitions.length && ++this.#takenInTurn > MAX_EVENTS_IN_A_TURN)
        this.#wakeInTurn();
      else this.#wake();
    });
  }

  return(): Promise<IteratorResult<RunEvent>> {
    this.#end();
    this.#waiting?.resolve({ done: true, value: undefined });
    this.#waiting = null;
    return Promise.resolve({ done: true, value: undefined });
  }

  #wakeInTurn(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    void nextTurn().then(() => {
      this.#isScheduled = false;
      this.#takenInTurn = 0;
      this.#wake();
    });
  }

  #wake(): void {
    const { resolve, reject } = this.#waiting ?? {};
    if (!resolve || !reject) return;
    let event: RunEvent | null;
    try {
      event = this.#take();
    } catch (error) {
      this.#end();
      this.#waiting = null;
      reject(error instanceof MalformedResponseError ? UNREADABLE : toError(error));
      return;
    }
    if (event) {
      this.#waiting = null;
      this.#options.onEvent(event);
      resolve({ done: false, value: event });
      return;
    }
    if (this.#timer) return;
    const { failure } = this.#live;
    if (!failure && !this.#hasSeenEnd()) return;
    this.#end();
    this.#waiting = null;
    if (failure && !this.#hasSeenEnd()) reject(failure);
    else resolve({ done: true, value: undefined });
  }

  #hasSeenEnd(): boolean {
    return this.#live.hasEnded && this.#position >= this.#live.transitions.length;
  }

  #end(): void {
    if (this.#isDone) return;
    this.#isDone = true;
    if (this.#timer) clearTimeout(this.#timer);
    this.#timer = null;
    this.#unlisten();
    this.#options.onEnd();
  }

  /** The next event; null if there is none yet. */
  #take(): RunEvent | null {
    const { transitions } = this.#live;
    for (;;) {
      const transition = transitions[this.#position];
      if (!transition) return this.#takeGrowth();
      if (this.#seen.has(this.#position)) {
        this.#position += 1;
        continue;
      }
      if (transition.kind === 'message' && transition.isEnd) {
        // Another message has begun since: all of its text is sent again.
        if (transition.message.id !== this.#message.id) this.#beginMessage(transition.message.id, 'in_progress');
        const text = this.#takeText();
        if (text) return text;
      }
      if (transition.kind === 'run' && hasEnded(transition.run.status)) {
        // Upstream may end a run without ending its message.
        const text = this.#takeText();
        if (text) return text;
      }
      this.#position += 1;
      this.#recordSent(transition);
      return { ...transition, cursor: this.#cursor() };
    }
  }

  /** Text and step progress, unless some was sent within `COALESCE_MS`: then a timer checks again. */
  #takeGrowth(): RunEvent | null {
    if (this.#hasSeenEnd()) return null;
    const step = this.#step.id === '' ? 0 : this.#live.versionOf(this.#step.id);
    const message = this.#live.messages.get(this.#message.id);
    const hasText = message !== undefined && this.#findText(message) !== null;
    if (!hasText && step === this.#step.version) return null;
    const waitMs = this.#lastGrowthAt + COALESCE_MS - performance.now();
    if (waitMs > 0) {
      this.#timer ??= setTimeout(() => {
        this.#timer = null;
        this.#wake();
      }, waitMs);
      return null;
    }
    this.#lastGrowthAt = performance.now();
    if (hasText) return this.#takeText();
    const progress = this.#live.readStep(this.#step.id);
    if (!progress) return null;
    this.#step = { id: progress.step.id, status: progress.step.status, version: progress.version };
    return { kind: 'step', event: 'thread.run.step.delta', step: progress.step, cursor: this.#cursor() };
  }

  /** The new text of the message that was begun last; null if there is none. */
  #takeText(): RunEvent | null {
    const message = this.#live.messages.get(this.#message.id);
    const found = message ? this.#findText(message) : null;
    if (!message || !found) return null;
    const { contentIndex, offset, text } = found;
    this.#isBack = false;
    this.#message = { ...this.#message, contentIndex, textLength: offset + text.length };
    return {
      kind: 'text',
      event: 'thread.message.delta',
      messageId: message.id,
      contentIndex,
      offset,
      text,
      message: () => readCurrent(message),
      cursor: this.#cursor(),
    };
  }

  #findText(message: LiveMessage): { contentIndex: number; offset: number; text: string } | null {
    this.#applyRewrites(message);
    const { contentIndex: index, textLength } = this.#message;
    // The client has text that was never stored, because the process that sent it died.
    if (message.hasEnded && textLength > message.textOf(index).length) {
      this.#message = { ...this.#message, textLength: message.textOf(index).length };
      this.#isBack = true;
    }
    if (this.#isBack) {
      const { contentIndex, textLength: offset } = this.#message;
      // Empty if the message became shorter: the client then cuts its text.
      return { contentIndex, offset, text: message.textOf(contentIndex).slice(offset) };
    }
    for (let contentIndex = this.#message.contentIndex; contentIndex < message.partCount; contentIndex += 1) {
      const whole = message.textOf(contentIndex);
      const offset = contentIndex === this.#message.contentIndex ? this.#message.textLength : 0;
      if (whole.length > offset) return { contentIndex, offset, text: whole.slice(offset) };
    }
    return null;
  }

  /** Goes back to where the text that was sent is no longer the text of the message. */
  #applyRewrites({ rewrites }: LiveMessage): void {
    for (const { contentIndex, length } of rewrites.slice(this.#rewrites)) {
      const sent = this.#message;
      if (contentIndex > sent.contentIndex) continue;
      if (contentIndex === sent.contentIndex && length >= sent.textLength) continue;
      this.#message = { ...sent, contentIndex, textLength: length };
      this.#isBack = true;
    }
    this.#rewrites = rewrites.length;
  }

  #beginMessage(id: string, status: string): void {
    this.#message = { id, status, contentIndex: 0, textLength: 0 };
    this.#rewrites = 0;
    this.#isBack = false;
  }

  #recordSent(transition: Transition): void {
    switch (transition.kind) {
      case 'run':
        this.#runState = toRunState(transition.run);
        break;
      case 'step': {
        const { id, status } = transition.step;
        this.#step = { id, status, version: this.#live.versionOf(id) };
        break;
      }
      case 'message': {
        const { id, status } = transition.message;
        if (id === this.#message.id) this.#message = { ...this.#message, status };
        else this.#beginMessage(id, status);
        break;
      }
      case 'unknown':
    }
  }

  #cursor(): string {
    return formatCursor({
      instance: this.#live.instance,
      position: this.#position,
      runState: this.#runState,
      step: this.#step,
      message: this.#message,
    });
  }

  /** Restores the state of a cursor. Returns the transitions that it has seen, if they are not all before its position. */
  #resume(after: RunCursor): ReadonlySet<number> {
    this.#runState = after.runState;
    const { transitions, messages } = this.#live;
    const step = transitions.find((transition) => isStep(transition, after));
    const stepId = step?.kind === 'step' ? step.step.id : after.step.id;
    this.#step = { id: stepId, status: after.step.status, version: this.#live.versionOf(stepId) };
    const messageId = [...messages.keys()].find((id) => toCursorPart(id) === after.message.id);
    this.#message = { ...after.message, id: messageId ?? after.message.id };
    if (after.instance === this.#live.instance) {
      this.#position = Math.min(after.position, transitions.length);
      return new Set();
    }
    return findSeen(transitions, after);
  }
}

const toError = (error: unknown): Error =>
  error instanceof Error ? error : new Error('a run could not be followed', { cause: error });

/** Deltas may have made it unreadable. Throws a PublicError. */
function readCurrent(message: LiveMessage): WireMessage {
  try {
    return message.read();
  } catch (error) {
    throw error instanceof MalformedResponseError ? UNREADABLE : error;
  }
}
