/** Owns how one response of a model becomes a message and a step of tool calls, in memory and in the store. */
import { createId } from '../wire/ids.ts';
import { createRunMessage, type MessageEnd } from '../messages/model.ts';
import type { RequiredToolCall, Usage } from '../runs/model.ts';
import { createStep, toRequiredToolCalls, type RunStep } from '../runs/step.ts';
import type { ClaimedRun, WorkStore, WrittenMessage } from '../store/work-store.ts';
import { nowSeconds } from '../wire/unix-time.ts';
import { LiveMessage, LiveToolStep, type LiveRun, type LiveRuns } from './live-runs.ts';
import { ModelError } from './model/model-error.ts';
import type { ModelChunk } from './model/model-api.ts';
import type { TextSaver } from './text-saver.ts';

/** A model that does not stop is stopped here. As JSON in its worst form this is still less than the store takes. */
const MAX_RESPONSE_CHARS = 1_000_000;

export interface WriterParts {
  readonly work: WorkStore;
  readonly liveRuns: LiveRuns;
  readonly textSaver: TextSaver;
}

/** Makes a write, again while another process holds the lock of the store. */
type Persist = (write: () => Promise<unknown>) => Promise<void>;

export class ResponseWriter {
  readonly #parts: WriterParts;
  readonly #claimed: ClaimedRun;
  readonly #live: LiveRun;
  readonly #persist: Persist;
  /** White space that no text has followed yet: a response of nothing else has no message. */
  #blank = '';
  #chars = 0;

  constructor(parts: WriterParts, claimed: ClaimedRun, live: LiveRun, persist: Persist) {
    this.#parts = parts;
    this.#claimed = claimed;
    this.#live = live;
    this.#persist = persist;
  }

  /** How much the model wrote. */
  get chars(): number {
    return this.#chars;
  }

  async write(chunk: Exclude<ModelChunk, { type: 'end' }>): Promise<void> {
    switch (chunk.type) {
      case 'text':
      case 'refusal':
        // Text behind calls is dropped: the run waits for the outputs of the calls.
        if (!this.#live.toolStep) await this.#append(chunk.type, chunk.text);
        break;
      case 'tool_call':
        await this.#beginCall(chunk.id, chunk.name);
        break;
      case 'tool_call_arguments':
        this.#count(chunk.text);
        this.#live.toolStep?.append(chunk.index, chunk.text);
        break;
    }
    this.#parts.liveRuns.changed(this.#claimed.claim.runId);
  }

  /** The message that is open, as it ends; undefined where none is. Its text is not saved in pieces any more. */
  endOfMessage(end: MessageEnd, usage: Usage | null): WrittenMessage | undefined {
    this.#parts.textSaver.forget(this.#claimed.claim);
    const { message } = this.#live;
    return message && { messageId: message.id, content: message.content, end, usage };
  }

  /** The step of the calls that the model made. Undefined if it made none. */
  toolStep(): { readonly step: RunStep; readonly calls: readonly RequiredToolCall[] } | undefined {
    const { toolStep } = this.#live;
    if (!toolStep) return undefined;
    const { created, toolCalls } = toolStep;
    return {
      step: { ...created, step_details: { type: 'tool_calls', tool_calls: toolCalls } },
      calls: toRequiredToolCalls(toolCalls),
    };
  }

  async #append(type: 'text' | 'refusal', text: string): Promise<void> {
    this.#count(text);
    if (!this.#live.message && text.trim() === '') {
      this.#blank += text;
      return;
    }
    const message = this.#live.message ?? (await this.#beginMessage());
    message.append(type, this.#blank + text);
    this.#blank = '';
    this.#parts.textSaver.mark(this.#claimed.claim, message);
  }

  async #beginMessage(): Promise<LiveMessage> {
    const id = createId('msg');
    const now = nowSeconds();
    const details = { type: 'message_creation', message_creation: { message_id: id } } as const;
    const step = createStep(createId('step'), this.#claimed.run, details, now);
    const { claim, run } = this.#claimed;
    await this.#persist(() => this.#parts.work.startMessage(claim, createRunMessage(id, run, now), step));
    this.#live.message = new LiveMessage(id);
    return this.#live.message;
  }

  async #beginCall(id: string, name: string): Promise<void> {
    const { toolStep } = this.#live;
    // Not every model API knows the parameter. The model can call the other functions after the output of the first one.
    if (toolStep && !this.#claimed.run.parallel_tool_calls) return;
    this.#live.toolStep = toolStep ?? (await this.#beginToolStep());
    this.#live.toolStep.begin(id, name);
  }

  async #beginToolStep(): Promise<LiveToolStep> {
    const { claim, run, tally } = this.#claimed;
    const message = this.endOfMessage({ status: 'completed' }, null);
    if (message) await this.#persist(() => this.#parts.work.endMessage(claim, message, tally));
    this.#live.message = undefined;
    const step = createStep(createId('step'), run, { type: 'tool_calls', tool_calls: [] }, nowSeconds());
    await this.#persist(() => this.#parts.work.startToolStep(claim, step));
    return new LiveToolStep(step);
  }

  #count(text: string): void {
    this.#chars += text.length;
    if (this.#chars > MAX_RESPONSE_CHARS)
      throw new ModelError('server_error', `The model wrote more than ${MAX_RESPONSE_CHARS} characters.`);
  }
}
