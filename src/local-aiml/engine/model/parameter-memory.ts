/**
 * Remembers which optional parameters a model API rejected by name, and leaves them out of later requests to that model. It
 * never leaves out tools, response formats and messages.
 */
import { LRUCache } from 'lru-cache';
import { isApiFailure, type ApiFailure } from './model-error.ts';
import type { ChatMessage, ModelRequest } from './model-api.ts';

const OPTIONAL_PARAMETERS = [
  'stream_options',
  'parallel_tool_calls',
  'reasoning_effort',
  'temperature',
  'top_p',
  'max_completion_tokens',
] as const;
type Omission = (typeof OPTIONAL_PARAMETERS)[number] | 'system';

const MAX_MODELS = 1_000;

export type RequestBody = Omit<ModelRequest, 'model'> & {
  model: string;
  stream: true;
  stream_options?: { include_usage: true };
  max_tokens?: number;
};

export class ParameterMemory {
  readonly #omissions = new LRUCache<string, Set<Omission>>({ max: MAX_MODELS });

  /** The body for the request of a model, without what the model is known not to take. */
  apply(request: ModelRequest): RequestBody {
    const omissions = this.#omissions.get(request.model);
    let body: RequestBody = { ...request, stream: true, stream_options: { include_usage: true } };
    for (const name of omissions ?? []) {
      if (name === 'system') body.messages = withoutSystemRole(body.messages);
      else if (name === 'max_completion_tokens') moveTokenLimit(body);
      else body = without(body, name);
    }
    return body;
  }

  /** Remembers the parameter that `error` rejects. Returns whether to send the request again without it. */
  learn(request: ModelRequest, error: unknown): boolean {
    if (!isApiFailure(error) || (error.status !== 400 && error.status !== 422)) return false;
    const sent = this.apply(request);
    const omission = rejectedParameter(sent, error);
    if (omission === undefined) return false;
    const known = this.#omissions.get(request.model) ?? new Set<Omission>();
    this.#omissions.set(request.model, known.add(omission));
    return true;
  }
}

function rejectedParameter(sent: RequestBody, error: ApiFailure): Omission | undefined {
  const { message, param, details } = error.error as Readonly<Record<string, unknown>>;
  const said = [message, details].filter((text) => typeof text === 'string').join('\n');
  const isRoleRejected = /\b(role|system|developer)\b/i.test(said) && /'?\b(system|developer)\b'?/i.test(said);
  const hasSystem = sent.messages.some((item) => item.role === 'system' || item.role === 'developer');
  if (typeof param === 'string' && param !== '') {
    if (/^messages\b.*\brole$/.test(param)) return hasSystem && isRoleRejected ? 'system' : undefined;
    const root = param.split(/[.[]/, 1)[0];
    return OPTIONAL_PARAMETERS.find((name) => name === root && name in sent);
  }
  const named = OPTIONAL_PARAMETERS.find((name) => name in sent && new RegExp(`\\b${name}\\b`).test(said));
  if (named !== undefined) return named;
  const isRoleNamed = /\brole\b/i.test(said) && /\b(system|developer)\b/i.test(said);
  return hasSystem && isRoleNamed ? 'system' : undefined;
}

function without(body: RequestBody, name: Exclude<Omission, 'system'>): RequestBody {
  return Object.fromEntries(Object.entries(body).filter(([key]) => key !== name)) as RequestBody;
}

function moveTokenLimit(body: RequestBody): void {
  const limit = body.max_completion_tokens;
  delete body.max_completion_tokens;
  if (typeof limit === 'number') body.max_tokens = limit;
}

/** The instructions stand before the first message of the user: some chat templates want roles that alternate. */
function withoutSystemRole(messages: readonly ChatMessage[]): ChatMessage[] {
  const instructions: string[] = [];
  const others: ChatMessage[] = [];
  for (const message of messages) {
    if (message.role !== 'system' && message.role !== 'developer') others.push(message);
    else if (typeof message.content === 'string') instructions.push(message.content);
  }
  const text = instructions.join('\n\n');
  const first = others.at(0);
  if (first?.role !== 'user') return [{ role: 'user', content: text }, ...others];
  const content =
    typeof first.content === 'string'
      ? `${text}\n\n${first.content}`
      : [{ type: 'text' as const, text }, ...first.content];
  return [{ ...first, content }, ...others.slice(1)];
}
