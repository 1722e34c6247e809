/**
 * The interface between the engine and a model: a chat completions API or the built-in model. Requests have the form of chat
 * completions. Responses have one form, whatever the server.
 */
import type {
  ChatCompletionCreateParamsStreaming,
  ChatCompletionMessageParam,
} from 'openai/resources/chat/completions';
import type { Usage } from '../../runs/model.ts';
import type { JsonObject } from '../../wire/json.ts';

export type ChatMessage = ChatCompletionMessageParam;

/** One call of a model. A member that is absent is left to the model API's default. */
export type ModelRequest = Pick<
  ChatCompletionCreateParamsStreaming,
  | 'model'
  | 'messages'
  | 'tools'
  | 'tool_choice'
  | 'parallel_tool_calls'
  | 'response_format'
  | 'temperature'
  | 'top_p'
  | 'max_completion_tokens'
  | 'reasoning_effort'
>;

export type FinishReason = 'stop' | 'tool_calls' | 'length' | 'content_filter';

/**
 * A piece of a response. Tool calls come in order of their index, each whole before the next begins; the first piece
 * of a call has its id and name. `end` comes last, exactly once, unless the iteration throws.
 */
export type ModelChunk =
  | { readonly type: 'text'; readonly text: string }
  | { readonly type: 'refusal'; readonly text: string }
  | { readonly type: 'tool_call'; readonly index: number; readonly id: string; readonly name: string }
  | { readonly type: 'tool_call_arguments'; readonly index: number; readonly text: string }
  | ModelEnd;

export interface ModelEnd {
  readonly type: 'end';
  readonly finishReason: FinishReason;
  /** Null if the model API did not report it. */
  readonly usage: Usage | null;
  /** US dollars; null if the model API did not report it. */
  readonly costUsd: number | null;
  readonly requestId: string | null;
}

export interface CompleteOptions {
  /** Ends the call of the model API. The iteration then throws the signal's reason. */
  readonly signal: AbortSignal;
  /** The bearer token of the call; absent, the API's own is used, if there is one. */
  readonly key?: string | undefined;
  /** The assistant of the run. The built-in model shows it; a model API never gets it. */
  readonly assistant?: RespondingAssistant | undefined;
}

export interface RespondingAssistant {
  readonly name: string | null;
  readonly instructions: string;
}

/** A model as `GET /models` lists it, with whatever else the model API says of it. */
export interface ModelListing extends JsonObject {
  readonly id: string;
  readonly object: 'model';
  /** Unix time in seconds. */
  readonly created: number;
  readonly owned_by: string;
}

export interface ModelApi {
  /** Throws a `ModelError` if the model API fails, and the signal's reason where that is aborted. */
  complete(request: ModelRequest, options: CompleteOptions): AsyncIterable<ModelChunk>;
}
