/** Owns how the chunks of a chat completions API become `ModelChunk`s, whatever the server's quirks. */
import type { Usage } from '../../runs/model.ts';
import { ModelError } from './model-error.ts';
import { ToolCallAssembly, type ToolCallPiece } from './tool-call-assembly.ts';
import type { FinishReason, ModelChunk } from './model-api.ts';

/** A chunk as servers send it. Nothing of it is certain. */
interface RawChunk {
  readonly choices?: unknown;
  readonly usage?: unknown;
  readonly meta?: { readonly usage?: { readonly usd_spent?: unknown } | null } | null;
  /** vLLM sends errors with `object: "error"`, AIML with a `statusCode`, both without `error` around them. */
  readonly object?: unknown;
  readonly message?: unknown;
  readonly statusCode?: unknown;
  readonly code?: unknown;
}

interface RawDelta {
  readonly content?: unknown;
  readonly refusal?: unknown;
  readonly tool_calls?: unknown;
  readonly function_call?: ToolCallPiece['function'];
}

interface RawChoice {
  readonly index?: unknown;
  readonly delta?: RawDelta | null;
  /** Where a server does not stream, the whole is here. */
  readonly message?: RawDelta | null;
  readonly finish_reason?: unknown;
}

const FINISH_REASONS: Readonly<Record<string, FinishReason>> = {
  stop: 'stop',
  eos: 'stop',
  end_turn: 'stop',
  stop_sequence: 'stop',
  tool_calls: 'tool_calls',
  function_call: 'tool_calls',
  tool_use: 'tool_calls',
  length: 'length',
  max_tokens: 'length',
  model_length: 'length',
  content_filter: 'content_filter',
  safety: 'content_filter',
};
const FAILURES = ['error', 'abort', 'network_error', 'insufficient_system_resource'];

/** Reads one response. Throws a `ModelError` for what no completion can be. */
export class ChunkReader {
  readonly #toolCalls = new ToolCallAssembly();
  #finish: string | undefined;
  #hasText = false;
  usage: Usage | null = null;
  costUsd: number | null = null;

  *read(chunk: unknown): Iterable<ModelChunk> {
    if (typeof chunk !== 'object' || chunk === null) return;
    const raw = chunk as RawChunk;
    failOnError(raw);
    // Some servers count up with each chunk: the last one has the sum.
    this.usage = toUsage(raw.usage) ?? this.usage;
    this.costUsd = toCost(raw) ?? this.costUsd;
    const choices = Array.isArray(raw.choices) ? (raw.choices as (RawChoice | null)[]) : [];
    const choice = choices.find((item) => item !== null && (item.index ?? 0) === 0);
    if (!choice) return;
    yield* this.#readDelta(choice.delta ?? choice.message ?? {});
    if (typeof choice.finish_reason === 'string' && choice.finish_reason !== '')
      this.#finish = choice.finish_reason.toLowerCase();
  }

  /** What is left, and how the response ended. */
  *end(): Iterable<ModelChunk | FinishReason> {
    if (this.#finish === undefined)
      throw new ModelError('server_error', 'The response of the model API ended before it was whole.', {
        isRetryable: true,
      });
    if (FAILURES.includes(this.#finish))
      throw new ModelError('server_error', 'The model API failed while it was writing.', { isRetryable: true });
    const known = Object.hasOwn(FINISH_REASONS, this.#finish) ? FINISH_REASONS[this.#finish] : undefined;
    if (known === undefined && !this.#hasText && this.#toolCalls.isEmpty)
      throw new ModelError(
        'server_error',
        'The model API ended its response for a reason that is not known, without text.',
      );
    const isCut = known === 'length' || known === 'content_filter';
    yield* this.#toolCalls.end(isCut);
    if (isCut) yield known;
    else yield this.#toolCalls.isEmpty ? 'stop' : 'tool_calls';
  }

  *#readDelta(delta: RawDelta): Iterable<ModelChunk> {
    const text = toText(delta.content);
    if (text !== '') {
      this.#hasText = true;
      yield { type: 'text', text };
    }
    if (typeof delta.refusal === 'string' && delta.refusal !== '') {
      this.#hasText = true;
      yield { type: 'refusal', text: delta.refusal };
    }
    const pieces = Array.isArray(delta.tool_calls) ? (delta.tool_calls as (ToolCallPiece | null)[]) : [];
    for (const piece of pieces) if (piece !== null) yield* this.#toolCalls.add(piece);
    if (delta.function_call) yield* this.#toolCalls.add({ index: 0, function: delta.function_call });
  }
}

/** Mistral's content is a list of parts. */
function toText(content: unknown): string {
  if (typeof content === 'string') return content;
  if (!Array.isArray(content)) return '';
  return content
    .map((part: unknown) => (part as { readonly text?: unknown } | null)?.text)
    .filter((text) => typeof text === 'string')
    .join('');
}

function failOnError(chunk: RawChunk): void {
  if (chunk.choices !== undefined || (chunk.object !== 'error' && typeof chunk.statusCode !== 'number')) return;
  const status = Number(chunk.statusCode ?? chunk.code);
  if (status === 429)
    throw new ModelError('rate_limit_exceeded', "The model API's rate limit or quota is used up.", {
      isRetryable: true,
    });
  if (status === 400 || status === 413 || status === 422)
    throw new ModelError('invalid_prompt', `The model API rejected the request (${status}).`);
  throw new ModelError('server_error', 'The model API failed while it was writing.', { isRetryable: true });
}

function toUsage(value: unknown): Usage | null {
  if (typeof value !== 'object' || value === null) return null;
  const { prompt_tokens, completion_tokens, total_tokens } = value as Readonly<Record<string, unknown>>;
  if (!isCount(prompt_tokens) && !isCount(completion_tokens)) return null;
  const prompt = isCount(prompt_tokens) ? prompt_tokens : 0;
  const completion = isCount(completion_tokens) ? completion_tokens : 0;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: isCount(total_tokens) ? total_tokens : prompt + completion,
  };
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** AIML's `meta.usage.usd_spent`, and `usage.cost` as OpenRouter has it. */
function toCost({ meta, usage }: RawChunk): number | null {
  const cost = meta?.usage?.usd_spent ?? (usage as { readonly cost?: unknown } | null | undefined)?.cost;
  return typeof cost === 'number' && Number.isFinite(cost) && cost >= 0 ? cost : null;
}
