// Calls of a staged model API, shared by the tests of dialects and of failures.
import { ModelError } from '../../../src/local-aiml/engine/model/model-error.ts';
import { OpenAIModelApi, type OpenAIModelApiOptions } from '../../../src/local-aiml/engine/model/openai-model-api.ts';
import type { ModelChunk, ModelRequest } from '../../../src/local-aiml/engine/model/model-api.ts';
import { cleanUpLater } from '../../support/cleanup.ts';
import { startStagedModelApi, type Stage, type StagedModelApi } from './staged-model-api.ts';

export const KEY = 'sk-secret-of-the-test-0123456789';
export const REQUEST: ModelRequest = { model: 'm', messages: [{ role: 'user', content: 'hello' }] };

/** Closed after the test. */
export async function setUp(
  stages: Stage[],
  options: Partial<OpenAIModelApiOptions> = {},
): Promise<{ staged: StagedModelApi; api: OpenAIModelApi }> {
  const staged = await startStagedModelApi(...stages);
  const api = new OpenAIModelApi({
    baseUrl: staged.url,
    key: KEY,
    usesCallerKeys: false,
    firstTokenTimeoutMs: 20_000,
    timeoutMs: 20_000,
    retryDelayMs: 1,
    ...options,
  });
  cleanUpLater(() => api.close());
  return { staged, api };
}

export interface Collected {
  text: string;
  refusal: string;
  calls: { id: string; name: string; arguments: string }[];
  end: Extract<ModelChunk, { type: 'end' }>;
  order: string[];
}

/** Collects the complete response of one call. */
export async function collect(
  api: OpenAIModelApi,
  request = REQUEST,
  signal = new AbortController().signal,
): Promise<Collected> {
  const result: Collected = {
    text: '',
    refusal: '',
    calls: [],
    end: { type: 'end', finishReason: 'stop', usage: null, costUsd: null, requestId: null },
    order: [],
  };
  for await (const chunk of api.complete(request, { signal })) {
    result.order.push('index' in chunk ? `${chunk.type} ${chunk.index}` : chunk.type);
    if (chunk.type === 'text') result.text += chunk.text;
    else if (chunk.type === 'refusal') result.refusal += chunk.text;
    else if (chunk.type === 'tool_call') result.calls.push({ id: chunk.id, name: chunk.name, arguments: '' });
    else if (chunk.type === 'tool_call_arguments') {
      const call = result.calls[chunk.index];
      if (call) call.arguments += chunk.text;
    } else result.end = chunk;
  }
  return result;
}

/** The error of a call that must fail. */
export async function failureOf(api: OpenAIModelApi, request = REQUEST): Promise<ModelError> {
  const error: unknown = await collect(api, request).then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof ModelError)) throw new Error(`expected a ModelError, got ${String(error)}`);
  return error;
}

/** The text contains nothing that callers must not see. */
export function expectClean(message: string, staged: StagedModelApi): void {
  const { host, hostname } = new URL(staged.url);
  for (const secret of [KEY, host, hostname, '://', 'localhost']) expect(message).not.toContain(secret);
}
