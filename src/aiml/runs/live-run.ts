/**
 * A run as this process knows it: its states so far, and the text of its messages.
 *
 * It is fed with upstream's events, or with what upstream's objects are at a moment, and read by any number of followers.
 * A follower that reads slowly gets fewer and larger pieces of text: text is kept once, in the message, and not for each
 * follower.
 */
import { randomBytes } from 'node:crypto';
import { isDeepStrictEqual } from 'node:util';
import type { PublicError } from '../../runtime/errors.ts';
import type { WireMessage } from '../resources/message.ts';
import { readRunStep, type WireRunStep } from '../resources/run-step.ts';
import { hasEnded, readRun, type WireRun } from '../resources/run.ts';
import { jsonObject, MalformedResponseError, requireId, requireObject, type JsonObject } from '../wire.ts';
import { LiveMessage } from './live-message.ts';
import { mergeDelta } from './merge-delta.ts';

type Fields = Record<string, unknown>;

/** One thing that happened, text aside. */
export type Transition =
  | { readonly kind: 'run'; readonly event: string; readonly run: WireRun }
  | { readonly kind: 'step'; readonly event: string; readonly step: WireRunStep }
  | { readonly kind: 'message'; readonly event: string; readonly message: WireMessage; readonly isEnd: boolean }
  | { readonly kind: 'unknown'; readonly event: string; readonly raw: JsonObject | null };

/** The objects of a run as upstream has them at a moment, as they came; steps and messages in the order of creation. */
export interface RunSnapshot {
  readonly run: unknown;
  readonly steps: readonly unknown[];
  readonly messages: readonly unknown[];
}

/** A run has at most 32 calls of a model. What is more than this is not worth keeping. */
const MAX_TRANSITIONS = 10_000;

/** What upstream is known to send of a run. */
export const KNOWN_EVENTS: ReadonlySet<string> = new Set([
  'thread.run.created',
  'thread.run.queued',
  'thread.run.in_progress',
  'thread.run.requires_action',
  'thread.run.completed',
  'thread.run.incomplete',
  'thread.run.failed',
  'thread.run.cancelling',
  'thread.run.cancelled',
  'thread.run.expired',
  'thread.run.step.created',
  'thread.run.step.in_progress',
  'thread.run.step.delta',
  'thread.run.step.completed',
  'thread.run.step.failed',
  'thread.run.step.cancelled',
  'thread.run.step.expired',
  'thread.message.created',
  'thread.message.in_progress',
  'thread.message.delta',
  'thread.message.completed',
  'thread.message.incomplete',
]);

/** A step, how often it changed since its last state, and which of its states were reported. */
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
  #hasEnded = false;
  #failure: PublicError | null = null;

  constructor(run: WireRun) {
    this.#run = run;
  }

  /** Everything that happened so far, text aside. */
  get transitions(): readonly Transition[] {
    return this.#transitions;
  }

  /** The run as it is now. */
  get run(): WireRun {
    return this.#run;
  }

  /** Whether its end is the last of its transitions: one that was found ended has to be read first. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Grows with whatever becomes known. */
  get size(): number {
    let size = this.#transitions.length;
    for (const { version } of this.#steps.values()) size += version;
    for (const message of this.#messages.values()) size += message.length;
    return size;
  }

  /** Why it cannot be followed any more; null while it can. The run itself goes on. */
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

  /** `listener` is called after each change. Returns what ends it. */
  listen(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  fail(error: PublicError): void {
    this.#failure ??= error;
    this.#notify();
  }

  /** A step's calls so far, and how often they changed; null if there is no such step. */
  readStep(id: string): { readonly step: WireRunStep; readonly version: number } | null {
    const entry = this.#steps.get(id);
    return entry ? { step: readRunStep(entry.raw), version: entry.version } : null;
  }

  versionOf(stepId: string): number {
    return this.#steps.get(stepId)?.version ?? 0;
  }

  /**
   * Takes one event of upstream's stream; `data` is undefined if it is not JSON. States of steps and messages that are
   * known already are taken once. Throws MalformedResponseError if an event of a known kind cannot be read.
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
    else if (event.startsWith('thread.run.step.')) this.#setStep(event, fields);
    else this.#setRun(event, fields);
  }

  /** A state that upstream added has the object that it is a state of; nothing is known of what other events have. */
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
    this.#transitions.push({ kind: 'unknown', event, raw: jsonObjectOrNull(data) });
  }

  /** Takes what upstream has now. Only differences become transitions. Throws MalformedResponseError. */
  applySnapshot({ run, steps, messages }: RunSnapshot): void {
    if (this.hasEnded) return;
    const current = readRun(run);
    const isLast = hasEnded(current.status) || current.status === 'requires_action';
    if (!isLast) this.#changeRun(current);
    const open: Fields[] = [];
    for (const step of steps) {
      const fields = requireObject(step, 'step') as Fields;
      // A step that has ended is reported behind the message that it wrote.
      if (fields['status'] === 'in_progress') this.#changeStep(fields);
      else open.push(fields);
    }
    for (const message of messages) this.#changeMessage(requireObject(message, 'message'));
    for (const fields of open) this.#changeStep(fields);
    if (isLast) this.#changeRun(current);
    this.#notify();
  }

  #changeRun(run: WireRun): void {
    const isNew = !this.#transitions.some(({ kind }) => kind === 'run');
    // A run that goes on with its tool outputs starts anew.
    const isRestarted = run.started_at !== null && run.started_at !== this.#run.started_at;
    if (isNew || run.status !== this.#run.status || isRestarted) this.#pushRun(`thread.run.${run.status}`, run);
    this.#run = run;
  }

  #changeStep(raw: Fields): void {
    const known = this.#steps.get(requireId(raw));
    if (!known || known.raw['status'] !== raw['status']) this.#setStep(`thread.run.step.${String(raw['status'])}`, raw);
    else if (raw['status'] === 'in_progress' && !isDeepStrictEqual(known.raw, raw)) {
      known.raw = structuredClone(raw);
      known.version += 1;
    }
  }

  #changeMessage(raw: Fields): void {
    const known = this.#messages.get(requireId(raw));
    if (known?.hasEnded) return;
    // What users write has no status.
    const status = typeof raw['status'] === 'string' ? raw['status'] : 'completed';
    if (!known) this.#setMessage('thread.message.created', { ...raw, status: 'in_progress' });
    if (status === 'in_progress') known?.replace(structuredClone(raw));
    else this.#setMessage(`thread.message.${status}`, { ...raw, status });
  }

  #setRun(event: string, fields: Readonly<Fields>): void {
    const run = readRun(fields);
    this.#run = run;
    this.#pushRun(event, run);
  }

  #pushRun(event: string, run: WireRun): void {
    this.#transitions.push({ kind: 'run', event, run });
    this.#hasEnded = hasEnded(run.status);
  }

  #setStep(event: string, fields: Readonly<Fields>): void {
    const step = readRunStep(fields);
    const known = this.#steps.get(step.id);
    if (known && readRunStep(known.raw).status !== 'in_progress') return;
    const events = known?.events ?? new Set<string>();
    this.#steps.set(step.id, { raw: structuredClone(fields), version: known?.version ?? 0, events });
    if (events.has(event)) return;
    events.add(event);
    this.#transitions.push({ kind: 'step', event, step });
  }

  #setMessage(event: string, fields: Readonly<Fields>): void {
    const id = requireId(fields);
    const known = this.#messages.get(id);
    if (known?.hasEnded) return;
    const message = known ?? new LiveMessage(id, {});
    message.replace(structuredClone(fields));
    // Nothing is kept of what cannot be read.
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
    mergeDelta(entry.raw, requireObject(fields['delta'], 'delta'));
    readRunStep(entry.raw);
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
