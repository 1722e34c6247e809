/**
 * A run as this process knows it: its states so far, and the text of its messages.
 *
 * Upstream's events change it, or snapshots of upstream's objects. Any number of followers read it. Text is stored once, in
 * the message, and not for each follower, so a follower that reads slowly gets fewer and larger pieces of text.
 */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { PublicError } from '../../runtime/errors.ts';
import { readMessage, type WireMessage } from '../resources/message.ts';
import { readRunStep, STEP_STATUSES, type WireRunStep, type WireRunStepStatus } from '../resources/run-step.ts';
import { hasEnded, readRun, RUN_STATUSES, type WireRun } from '../resources/run.ts';
import { jsonObject, MalformedResponseError, requireId, requireObject, type JsonObject } from '../wire.ts';
import { toRunState } from './cursor.ts';
import { LiveMessage } from './live-message.ts';
import { mergeDelta } from './merge-delta.ts';
import type { Transition } from './run-event.ts';
import { addedBytes, estimateBytes, shareUnchanged } from './run-memory.ts';

type Fields = Record<string, unknown>;

/** An object as upstream sent it, and as it was read. */
export interface SnapshotItem<T> {
  readonly raw: unknown;
  readonly item: T;
}

/**
 * The objects of a run at one moment, as upstream sent them. Steps and messages are in the order of creation. The run was
 * read first and the messages last. Nothing else keeps these objects.
 */
export interface RunSnapshot {
  readonly run: unknown;
  readonly steps: readonly SnapshotItem<WireRunStep>[];
  readonly messages: readonly unknown[];
}

/** Later events are ignored. A run has at most 32 calls of a model, which cause far fewer. */
const MAX_TRANSITIONS = 10_000;

const withStates = (object: string, ...states: readonly string[]) => states.map((state) => `${object}.${state}`);

/** The events that upstream documents. */
export const KNOWN_EVENTS: ReadonlySet<string> = new Set([
  ...withStates('thread.run', 'created', ...RUN_STATUSES),
  ...withStates('thread.run.step', 'created', 'delta', ...STEP_STATUSES),
  ...withStates('thread.message', 'created', 'delta', 'in_progress', 'completed', 'incomplete'),
]);

/** The status of a message, by that of the step that writes it. */
const MESSAGE_STATUSES: Readonly<Record<WireRunStepStatus, WireMessage['status']>> = {
  in_progress: 'in_progress',
  unknown: 'in_progress',
  completed: 'completed',
  failed: 'incomplete',
  cancelled: 'incomplete',
  expired: 'incomplete',
};

/** A step, the number of its changes within a state, and the events that became transitions. */
interface LiveStep {
  raw: Fields;
  version: number;
  readonly events: Set<string>;
}

export class LiveRun {
  /** Identifies it among all processes. */
  readonly instance = randomBytes(6).toString('base64url');
  readonly #transitions: Transition[] = [];
  readonly #messages = new Map<string, LiveMessage>();
  readonly #steps = new Map<string, LiveStep>();
  readonly #listeners = new Set<() => void>();
  #run: WireRun;
  #lastRunEvent = '';
  #hasEnded = false;
  #failure: PublicError | null = null;
  #stateBytes: number;

  constructor(run: WireRun) {
    this.#run = run;
    this.#stateBytes = estimateBytes(run);
  }

  /** All changes of state so far. */
  get transitions(): readonly Transition[] {
    return this.#transitions;
  }

  get run(): WireRun {
    return this.#run;
  }

  /** Whether the last transition is the end of the run. A run that had ended before is read first. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Grows with every change. */
  get size(): number {
    let size = this.#transitions.length;
    for (const { version } of this.#steps.values()) size += version;
    for (const message of this.#messages.values()) size += message.length;
    return size;
  }

  /** The memory that its states and its text take, in bytes: an estimate. */
  get bytes(): number {
    let bytes = this.#stateBytes;
    for (const message of this.#messages.values()) bytes += 2 * message.length;
    return bytes;
  }

  /** Why the run can no longer be followed; null if it can. Upstream continues it. */
  get failure(): PublicError | null {
    return this.#failure;
  }

  /** The messages so far, in the order of creation. */
  get messages(): ReadonlyMap<string, LiveMessage> {
    return this.#messages;
  }

  get listenerCount(): number {
    return this.#listeners.size;
  }

  /** `listener` is called after each change. Returns a function that removes it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  fail(error: PublicError): void {
    this.#failure ??= error;
    this.#notify();
  }

  /** The step, and the number of its changes; null if there is none with this id. */
  readStep(id: string): { readonly step: WireRunStep; readonly version: number } | null {
    const entry = this.#steps.get(id);
    return entry ? { step: readRunStep(entry.raw), version: entry.version } : null;
  }

  versionOf(stepId: string): number {
    return this.#steps.get(stepId)?.version ?? 0;
  }

  /**
   * Applies one event of upstream's stream; `data` is undefined if it is not JSON. A repeated state is ignored. Throws
   * MalformedResponseError if the data of a documented event cannot be read.
   */
  applyEvent(event: string, data: unknown): void {
    if (this.hasEnded || this.#transitions.length >= MAX_TRANSITIONS) return;
    if (KNOWN_EVENTS.has(event)) this.#applyKnown(event, requireObject(data, 'event'));
    else this.#applyUnknown(event, data);
    this.#notify();
  }

  #applyKnown(event: string, fields: Fields): void {
    if (event === 'thread.message.delta') this.#appendToMessage(fields);
    else if (event === 'thread.run.step.delta') this.#appendToStep(fields);
    else if (event.startsWith('thread.message.')) this.#setMessage(event, fields);
    else if (event.startsWith('thread.run.step.')) this.#setStep(event, structuredClone(fields), readRunStep(fields));
    else this.#setRun(event, fields);
  }

  /** The name shows whether a new event has a message, a run or a step. The data of all others is passed on unread. */
  #applyUnknown(event: string, data: unknown): void {
    if (event === 'thread.created') return;
    try {
      if (/^thread\.(?:message|run(?:\.step)?)\.[a-z_]+$/.test(event)) {
        this.#applyKnown(event, requireObject(data, 'event'));
        return;
      }
    } catch (error) {
      if (!(error instanceof MalformedResponseError)) throw error;
    }
    const raw = jsonObjectOrNull(data);
    this.#stateBytes += estimateBytes(raw);
    this.#transitions.push({ kind: 'unknown', event, raw });
  }

  /** Applies the current objects of upstream. Only differences become transitions. Throws MalformedResponseError. */
  applySnapshot({ run, steps, messages }: RunSnapshot): void {
    if (this.hasEnded) return;
    const current = readRun(run);
    const isLast = hasEnded(current.status) || current.status === 'requires_action';
    // A stream begins with the state of the run, unless that state ends it.
    if (!isLast || (!hasEnded(current.status) && this.#transitions.length === 0)) this.#changeRun(current);
    const byId = new Map(messages.map((item) => requireObject(item, 'message')).map((item) => [requireId(item), item]));
    const changeMessage = (id: string, statusOfStep: WireMessage['status']) => {
      const fields = byId.get(id);
      // OpenAI's lists leave the status out.
      if (fields) this.#changeMessage({ ...fields, status: fields['status'] ?? statusOfStep });
      byId.delete(id);
    };
    // Steps follow each other. A message begins after the step that writes it, and ends before it.
    for (const step of steps) {
      const { details, status } = step.item;
      if (status === 'in_progress') this.#changeStep(step);
      if (details.type === 'message_creation') changeMessage(details.message_id, MESSAGE_STATUSES[status]);
      if (status !== 'in_progress') this.#changeStep(step);
    }
    for (const id of [...byId.keys()]) changeMessage(id, isLast ? 'completed' : 'in_progress');
    if (isLast) this.#changeRun(current);
    this.#notify();
  }

  /** Whether it has all of an earlier snapshot, or nothing more will come. Throws MalformedResponseError. */
  covers({ run, steps, messages }: RunSnapshot): boolean {
    if (this.#hasEnded || this.#failure) return true;
    /** The end of the last step whose tool outputs were submitted: a new state of the run follows it. */
    let submitted = -1;
    for (const { item } of steps) {
      const { id, status, details } = item;
      const end = this.#transitions.findIndex(
        (each) => each.kind === 'step' && each.step.id === id && each.step.status === status,
      );
      if (end === -1) return false;
      if (status !== 'in_progress' && details.type === 'tool_calls') submitted = end;
    }
    for (const raw of messages) {
      const fields = requireObject(raw, 'message');
      const known = this.#messages.get(requireId(fields));
      const isOpen = readMessage(fields).status === 'in_progress';
      if (!known || (!known.hasEnded && (!isOpen || known.length < new LiveMessage(known.id, fields).length)))
        return false;
    }
    const state = toRunState(readRun(run));
    const states = this.#transitions.filter((each) => each.kind === 'run');
    return (
      states.some((each) => toRunState(each.run) === state) &&
      (submitted === -1 || this.#transitions.slice(submitted).some(({ kind }) => kind === 'run'))
    );
  }

  #changeRun(current: WireRun): void {
    const run = shareUnchanged(current, this.#run);
    const isNew = this.#lastRunEvent === '';
    // A run that continues with tool outputs starts again, perhaps in the same second, and may wait for others.
    const isRestarted =
      (run.started_at !== null && run.started_at !== this.#run.started_at) ||
      run.required_tool_calls[0]?.id !== this.#run.required_tool_calls[0]?.id;
    if (isNew || run.status !== this.#run.status || isRestarted) this.#pushRun(`thread.run.${run.status}`, run);
    this.#run = run;
  }

  #changeStep({ raw: value, item }: SnapshotItem<WireRunStep>): void {
    const known = this.#steps.get(item.id);
    const raw = requireObject(value, 'step') as Fields;
    if (!known || known.raw['status'] !== raw['status'])
      this.#setStep(`thread.run.step.${String(raw['status'])}`, raw, item);
    else if (raw['status'] === 'in_progress' && !isDeepStrictEqual(known.raw, raw)) {
      known.raw = raw;
      known.version += 1;
    }
  }

  #changeMessage(raw: Fields): void {
    const known = this.#messages.get(requireId(raw));
    if (known?.hasEnded) return;
    if (!known) this.#setMessage('thread.message.created', { ...raw, status: 'in_progress' });
    if (raw['status'] === 'in_progress') known?.replace(structuredClone(raw));
    else this.#setMessage(`thread.message.${String(raw['status'])}`, raw);
  }

  #setRun(event: string, fields: Readonly<Fields>): void {
    const current = readRun(fields);
    if (current.id !== this.#run.id) throw new MalformedResponseError('id', 'the id of the run');
    const run = shareUnchanged(current, this.#run);
    if (event === this.#lastRunEvent && isDeepStrictEqual(run, this.#run)) return;
    this.#pushRun(event, run);
    this.#run = run;
  }

  #pushRun(event: string, run: WireRun): void {
    this.#stateBytes += addedBytes(run, this.#run);
    this.#transitions.push({ kind: 'run', event, run });
    this.#lastRunEvent = event;
    this.#hasEnded = hasEnded(run.status);
  }

  #setStep(event: string, raw: Fields, step: WireRunStep): void {
    const known = this.#steps.get(step.id);
    if (known && readRunStep(known.raw).status !== 'in_progress') return;
    const events = known?.events ?? new Set<string>();
    this.#steps.set(step.id, { raw, version: known?.version ?? 0, events });
    if (events.has(event)) return;
    this.#stateBytes += estimateBytes(step);
    events.add(event);
    this.#transitions.push({ kind: 'step', event, step });
  }

  #setMessage(event: string, fields: Readonly<Fields>): void {
    const id = requireId(fields);
    const known = this.#messages.get(id);
    if (known?.hasEnded) return;
    // Throws before anything is stored.
    readMessage(fields);
    const message = known ?? new LiveMessage(id, {});
    message.replace(structuredClone(fields));
    const state = message.read();
    if (!known) {
      this.#messages.set(id, message);
      const created = message.hasEnded ? 'thread.message.created' : event;
      message.events.add(created);
      this.#transitions.push({ kind: 'message', event: created, message: message.readEmpty(), isEnd: false });
    }
    if (message.events.has(event)) return;
    message.events.add(event);
    this.#transitions.push({ kind: 'message', event, message: state, isEnd: message.hasEnded });
  }

  #appendToMessage(fields: Readonly<Fields>): void {
    const message = this.#messages.get(requireId(fields));
    if (!message) throw new MalformedResponseError('id', 'the id of a message that was created');
    if (!message.hasEnded) message.append(requireObject(fields['delta'], 'delta'));
  }

  #appendToStep(fields: Readonly<Fields>): void {
    const entry = this.#steps.get(requireId(fields));
    if (!entry) throw new MalformedResponseError('id', 'the id of a step that was created');
    const delta = requireObject(fields['delta'], 'delta');
    mergeDelta(entry.raw, delta);
    readRunStep(entry.raw);
    this.#stateBytes += estimateBytes(delta);
    entry.version += 1;
  }

  #notify(): void {
    for (const listener of this.#listeners) listener();
  }
}

function jsonObjectOrNull(data: unknown): JsonObject | null {
  try {
    return jsonObject(requireObject(data, 'event'), 'event');
  } catch (error) {
    if (error instanceof MalformedResponseError) return null;
    throw error;
  }
}
