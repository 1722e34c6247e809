/** Owns how the chunks of a chat completions API become `ModelChunk`s, whatever the server's quirks. */
import type { Usage } from '../../runs/model.ts';
import { arrayOf, isJsonObject, objectOf, type JsonObject, type JsonValue } from '../../wire/json.ts';
import { ModelError } from './model-error.ts';
import { ToolCallAssembly } from './tool-call-assembly.ts';
import type { FinishReason, ModelChunk } from './model-api.ts';

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

  /** A chunk as servers send it: nothing of it is certain. */
  *read(sent: unknown): Iterable<ModelChunk> {
    const chunk = objectOf(sent as JsonValue);
    if (!chunk) return;
    failOnError(chunk);
    // Some servers count up with each chunk: the last one has the sum.
    this.usage = toUsage(chunk['usage']) ?? this.usage;
    this.costUsd = toCost(chunk) ?? this.costUsd;
    const choices = arrayOf(chunk['choices'])?.filter(isJsonObject) ?? [];
    const choice = choices.find(({ index }) => (index ?? 0) === 0);
    if (!choice) return;
    // Where a server does not stream, the whole is in `message`.
    const { delta, message, finish_reason: finish } = choice;
    yield* this.#readDelta(objectOf(delta ?? message) ?? {});
    if (typeof finish === 'string' && finish !== '') this.#finish = finish.toLowerCase();
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

  *#readDelta({ content, refusal, tool_calls: calls, function_call: call }: JsonObject): Iterable<ModelChunk> {
    const text = toText(content);
    if (text !== '') {
      this.#hasText = true;
      yield { type: 'text', text };
    }
    if (typeof refusal === 'string' && refusal !== '') {
      this.#hasText = true;
      yield { type: 'refusal', text: refusal };
    }
    for (const piece of arrayOf(calls) ?? []) if (isJsonObject(piece)) yield* this.#toolCalls.add(piece);
    if (isJsonObject(call)) yield* this.#toolCalls.add({ index: 0, function: call });
  }
}

/** Mistral's content is a list of parts. */
function toText(content: JsonValue | undefined): string {
  if (typeof content === 'string') return content;
  const texts = arrayOf(content)?.map((part) => objectOf(part)?.['text']) ?? [];
  return texts.filter((text) => typeof text === 'string').join('');
}

/** vLLM sends errors with `object: "error"`, AIML with a `statusCode`, both without `error` around them. */
function failOnError({ choices, object, statusCode, code }: JsonObject): void {
  if (choices !== undefined || (object !== 'error' && typeof statusCode !== 'number')) return;
  const status = Number(statusCode ?? code);
  if (status === 429)
    throw new ModelError('rate_limit_exceeded', "The model API's rate limit or quota is used up.", {
      isRetryable: true,
    });
  if (status === 400 || status === 413 || status === 422)
    throw new ModelError('invalid_prompt', `The model API rejected the request (${status}).`);
  throw new ModelError('server_error', 'The model API failed while it was writing.', { isRetryable: true });
}

function toUsage(value: JsonValue | undefined): Usage | null {
  const { prompt_tokens, completion_tokens, total_tokens } = objectOf(value) ?? {};
  if (!isCount(prompt_tokens) && !isCount(completion_tokens)) return null;
  const prompt = isCount(prompt_tokens) ? prompt_tokens : 0;
  const completion = isCount(completion_tokens) ? completion_tokens : 0;
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: isCount(total_tokens) ? total_tokens : prompt + completion,
  };
}

function isCount(value: JsonValue | undefined): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

/** AIML's `meta.usage.usd_spent`, and `usage.cost` as OpenRouter has it. */
function toCost({ meta, usage }: JsonObject): number | null {
  const cost = objectOf(objectOf(meta)?.['usage'])?.['usd_spent'] ?? objectOf(usage)?.['cost'];
  return typeof cost === 'number' && Number.isFinite(cost) && cost >= 0 ? cost : null;
}
