/**
 * The built-in model, which responds if no model API is configured. It is no AI and says so. It follows fixed rules, so that
 * every state of a chat screen can be built and tested without a key, a network or a bill.
 */
import { setImmediate as nextTick, setTimeout as sleep } from 'node:timers/promises';
import { createId } from '../../wire/ids.ts';
import { ModelError } from '../model/model-error.ts';
import type { CompleteOptions, ModelApi, ModelChunk, ModelListing, ModelRequest } from '../model/model-api.ts';
import { countTokens, readConversation, type Conversation } from './conversation.ts';
import { createReply, type Reply } from './reply.ts';

export const BUILT_IN_LISTING: ModelListing = {
  id: 'built-in',
  object: 'model',
  created: 0,
  owned_by: 'the embedded AIML API; no AI, it follows fixed rules',
};

/** Without a delay, so many words are written before other work gets its turn. */
const WORDS_IN_A_ROW = 16;

export class BuiltInModel implements ModelApi {
  async *complete(request: ModelRequest, { signal, assistant }: CompleteOptions): AsyncIterable<ModelChunk> {
    signal.throwIfAborted();
    const conversation = readConversation(request, assistant);
    const reply = createReply(request, conversation);
    const { failure, hangAfterWords } = conversation.commands;
    if (failure?.afterWords === 0) throw toFailure(failure.code);
    if (hangAfterWords === 0) await hang(signal);
    yield* write(reply, conversation, request, signal);
  }
}

async function* write(
  reply: Reply,
  { commands, promptTokens }: Conversation,
  request: ModelRequest,
  signal: AbortSignal,
): AsyncIterable<ModelChunk> {
  const { delayMs = 0, failure, hangAfterWords = Infinity, cut } = commands;
  const limit = request.max_completion_tokens ?? Infinity;
  const words = reply.text.match(/\S+\s*|\s+/g) ?? [];
  const lastWord = cut === undefined ? words.length : Math.ceil(words.length / 2);
  let written = 0;
  for (const word of words.slice(0, Math.min(lastWord, limit))) {
    await pause(delayMs, written, signal);
    if (written === failure?.afterWords) throw toFailure(failure.code);
    if (written === hangAfterWords) await hang(signal);
    written++;
    yield { type: reply.isRefusal ? 'refusal' : 'text', text: word };
  }
  if (failure && written <= failure.afterWords) throw toFailure(failure.code);
  const isCut = cut !== undefined || words.length > limit;
  let completionTokens = written;
  for (const [index, call] of (isCut ? [] : reply.calls).entries()) {
    await pause(delayMs, written++, signal);
    completionTokens += countTokens(call.name) + countTokens(call.arguments);
    yield { type: 'tool_call', index, id: createId('call'), name: call.name };
    for (const piece of call.arguments.match(/[^\s,:]+[\s,:]*/g) ?? []) {
      await pause(delayMs, written++, signal);
      yield { type: 'tool_call_arguments', index, text: piece };
    }
  }
  yield {
    type: 'end',
    finishReason: isCut ? (cut ?? 'length') : reply.calls.length > 0 ? 'tool_calls' : 'stop',
    usage: {
      prompt_tokens: promptTokens,
      completion_tokens: completionTokens,
      total_tokens: promptTokens + completionTokens,
    },
    costUsd: null,
    requestId: null,
  };
}

async function pause(delayMs: number, written: number, signal: AbortSignal): Promise<void> {
  if (delayMs > 0) await sleep(delayMs, undefined, { signal }).catch(() => undefined);
  else if (written % WORDS_IN_A_ROW === 0) await nextTick();
  signal.throwIfAborted();
}

async function hang(signal: AbortSignal): Promise<never> {
  // It may have been aborted since the last pause, and then emits no event.
  signal.throwIfAborted();
  await new Promise((resolve) => signal.addEventListener('abort', resolve, { once: true }));
  throw signal.reason;
}

function toFailure(code: ModelError['code']): ModelError {
  return new ModelError(code, 'The built-in model failed, as the message asked for with /fail.');
}
