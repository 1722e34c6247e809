/**
 * What the workers of this process are writing and have not stored yet: the text of the open message and the arguments of
 * the open tool calls. Streams add it to what is stored.
 */
import type { MessageContent } from '../messages/model.ts';
import type { RunStep, ToolCall } from '../runs/step.ts';

/** A message that grows. */
export class LiveMessage {
  readonly id: string;
  /** In the order in which they began. */
  readonly #parts: { readonly type: 'text' | 'refusal'; text: string }[] = [];
  #chars = 0;

  constructor(id: string) {
    this.id = id;
  }

  get chars(): number {
    return this.#chars;
  }

  append(type: 'text' | 'refusal', text: string): void {
    const last = this.#parts.at(-1);
    if (last?.type === type) last.text += text;
    else this.#parts.push({ type, text });
    this.#chars += text.length;
  }

  get content(): readonly MessageContent[] {
    return this.#parts.map(({ type, text }) =>
      type === 'text' ? { type, text: { value: text, annotations: [] } } : { type, refusal: text },
    );
  }
}

/** A step of tool calls that grows. */
export class LiveToolStep {
  /** As it was created, without its calls. */
  readonly created: RunStep;
  readonly #calls: { readonly id: string; readonly name: string; text: string }[] = [];

  constructor(created: RunStep) {
    this.created = created;
  }

  begin(id: string, name: string): void {
    this.#calls.push({ id, name, text: '' });
  }

  append(index: number, text: string): void {
    const call = this.#calls[index];
    if (call) call.text += text;
  }

  get toolCalls(): readonly ToolCall[] {
    return this.#calls.map(({ id, name, text }) => ({
      id,
      type: 'function',
      function: { name, arguments: text, output: null },
    }));
  }
}

export interface LiveRun {
  message: LiveMessage | undefined;
  toolStep: LiveToolStep | undefined;
}

export class LiveRuns {
  readonly #runs = new Map<string, LiveRun>();
  readonly #listeners = new Map<string, () => void>();

  get(runId: string): LiveRun | undefined {
    return this.#runs.get(runId);
  }

  add(runId: string): LiveRun {
    const run: LiveRun = { message: undefined, toolStep: undefined };
    this.#runs.set(runId, run);
    return run;
  }

  delete(runId: string, run: LiveRun): void {
    if (this.#runs.get(runId) === run) this.#runs.delete(runId);
  }

  /** The run has written something. */
  changed(runId: string): void {
    this.#listeners.get(runId)?.();
  }

  /** One listener for a run. */
  listen(runId: string, listener: () => void): void {
    this.#listeners.set(runId, listener);
  }

  unlisten(runId: string): void {
    this.#listeners.delete(runId);
  }
}
