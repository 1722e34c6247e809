/**
 * Calls a chat completions API through the `openai` package, with retries, time-outs and aliases of models. The package's
 * own retries are off, because they know neither the run's deadline nor what was already passed on.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import type OpenAI from 'openai';
import { isRequestId } from '../../../runtime/request-id.ts';
import { arrayOf, objectOf, type JsonValue } from '../../wire/json.ts';
import { containsSecret } from '../../../runtime/sanitize-reason.ts';
import type { ModelApiSettings } from '../../settings.ts';
import { ChunkReader } from './chunk-reader.ts';
import { isApiFailure, ModelError, toModelError, type ApiFailure } from './model-error.ts';
import { createModelFetch, readPieces, type ModelFetch } from './model-fetch.ts';
import { ParameterMemory, type RequestBody } from './parameter-memory.ts';
import type { CompleteOptions, FinishReason, ModelApi, ModelChunk, ModelListing, ModelRequest } from './model-api.ts';

export interface OpenAIModelApiOptions extends ModelApiSettings {
  /** Names of models that are requested under another name. */
  readonly aliases?: ReadonlyMap<string, string>;
  /** The wait before the first retry; doubled for each later one. */
  readonly retryDelayMs?: number;
}

const MAX_ATTEMPTS = 4;
const DEFAULT_RETRY_DELAY_MS = 500;
/** If the Retry-After of a model API is longer, the run fails at once and says so. */
const MAX_RETRY_AFTER_MS = 60_000;
const LIST_TIMEOUT_MS = 15_000;
/** The package's time-out ends at the headers; the watchdog is ours. */
const NO_TIMEOUT_MS = 2 ** 31 - 1;
/** AIML takes no `top_p` of 0. */
const MIN_TOP_P = 0.01;

export class OpenAIModelApi implements ModelApi {
  readonly #options: OpenAIModelApiOptions;
  readonly #fetch: ModelFetch;
  #client: Promise<OpenAI> | null = null;
  readonly #parameters = new ParameterMemory();

  constructor(options: OpenAIModelApiOptions) {
    this.#options = options;
    this.#fetch = createModelFetch(options.proxies ?? null);
  }

  async *complete(request: ModelRequest, options: CompleteOptions): AsyncIterable<ModelChunk> {
    const { signal } = options;
    const toSend = this.#toWireRequest(request);
    for (let attempt = 1; ;) {
      let hasBegun = false;
      let failure: ModelError;
      try {
        for await (const chunk of this.#attempt(toSend, options)) {
          hasBegun = true;
          yield chunk;
        }
        return;
      } catch (error) {
        signal.throwIfAborted();
        failure = this.#toModelError(error, null, options);
        if (!hasBegun && this.#parameters.learn(toSend, failure.cause)) continue;
      }
      const waitMs = failure.retryAfterMs ?? this.#backoffMs(attempt);
      if (hasBegun || !failure.isRetryable || attempt === MAX_ATTEMPTS || waitMs > MAX_RETRY_AFTER_MS) throw failure;
      attempt++;
      await sleep(waitMs, undefined, { signal }).catch(() => signal.throwIfAborted());
    }
  }

  async listModels(options: CompleteOptions): Promise<readonly ModelListing[]> {
    const signal = AbortSignal.any([options.signal, AbortSignal.timeout(LIST_TIMEOUT_MS)]);
    try {
      const body = await (await this.#openai()).get<JsonValue>('/models', { signal, headers: this.#headers(options) });
      return toListings(body);
    } catch (error) {
      options.signal.throwIfAborted();
      if (signal.aborted) throw new ModelError('server_error', 'The model API did not list its models in time.');
      throw this.#toModelError(error, null, options);
    }
  }

  /** The name of a model at the model API. */
  nameOf(model: string): string {
    return this.#options.aliases?.get(model) ?? model;
  }

  /** Closes idle connections. Does not throw. */
  close(): Promise<void> {
    return this.#fetch.close();
  }

  /** The package is loaded with the first call: it is a quarter of the time that the embedded API takes to start. */
  #openai(): Promise<OpenAI> {
    return (this.#client ??= import('openai').then(
      ({ OpenAI: Client }) =>
        // Each member that the package would otherwise take from the environment is given.
        new Client({
          baseURL: this.#options.baseUrl,
          apiKey: 'given with each call',
          adminAPIKey: null,
          organization: null,
          project: null,
          webhookSecret: null,
          maxRetries: 0,
          timeout: NO_TIMEOUT_MS,
          logLevel: 'off',
          fetch: this.#fetch.fetch,
        }),
    ));
  }

  async *#attempt(toSend: ModelRequest, options: CompleteOptions): AsyncIterable<ModelChunk> {
    const reader = new ChunkReader();
    const watchdog = new Watchdog(options.signal, this.#options);
    let requestId: string | null = null;
    try {
      const client = await this.#openai();
      const response = await client.chat.completions
        .create(this.#parameters.apply(toSend) satisfies RequestBody, {
          signal: watchdog.signal,
          headers: this.#headers(options),
        })
        .asResponse();
      requestId = requestIdOf(response.headers);
      reader.costUsd = costOf(response.headers);
      for await (const piece of readPieces(response)) {
        watchdog.restart();
        yield* reader.read(piece);
      }
      let finishReason: FinishReason = 'stop';
      for (const last of reader.end())
        if (typeof last === 'string') finishReason = last;
        else yield last;
      yield { type: 'end', finishReason, usage: reader.usage, costUsd: reader.costUsd, requestId };
    } catch (error) {
      watchdog.signal.throwIfAborted();
      const failure = this.#toModelError(error, requestId, options);
      failure.usage = reader.usage;
      failure.costUsd = reader.costUsd;
      throw failure;
    } finally {
      watchdog.stop();
    }
  }

  #toWireRequest(request: ModelRequest): ModelRequest {
    const model = this.nameOf(request.model);
    const topP = request.top_p === 0 ? MIN_TOP_P : request.top_p;
    return { ...request, model, ...(topP === undefined ? {} : { top_p: topP }) };
  }

  #headers(options: CompleteOptions): Record<string, string | null> {
    const key = options.key ?? this.#options.key;
    return { authorization: key === null ? null : `Bearer ${key}` };
  }

  #backoffMs(attempt: number): number {
    const { retryDelayMs = DEFAULT_RETRY_DELAY_MS } = this.#options;
    return retryDelayMs * 2 ** (attempt - 1) * (0.75 + Math.random() / 4);
  }

  #toModelError(error: unknown, requestId: string | null, options: CompleteOptions): ModelError {
    const key = options.key ?? this.#options.key;
    const { hostname } = new URL(this.#options.baseUrl);
    const id = requestId ?? (isApiFailure(error) ? requestIdOfError(error) : null);
    const context = { credential: key ?? '', hostname, path: '', body: null };
    return toModelError(error, id !== null && containsSecret(id, context) ? null : id, context);
  }
}

/** Aborts a call that is silent for too long, with a ModelError as the reason. */
class Watchdog {
  readonly #controller = new AbortController();
  readonly #idleTimeoutMs: number;
  #timer: NodeJS.Timeout;
  #hasBegun = false;
  /** Aborts for the caller as well. */
  readonly signal: AbortSignal;

  constructor(caller: AbortSignal, { firstTokenTimeoutMs, timeoutMs }: OpenAIModelApiOptions) {
    caller.throwIfAborted();
    this.signal = AbortSignal.any([caller, this.#controller.signal]);
    this.#idleTimeoutMs = timeoutMs;
    this.#timer = this.#start(firstTokenTimeoutMs, 'The model API did not begin its response in time.');
  }

  restart(): void {
    if (this.#hasBegun) {
      this.#timer.refresh();
      return;
    }
    this.#hasBegun = true;
    clearTimeout(this.#timer);
    this.#timer = this.#start(this.#idleTimeoutMs, 'The model API fell silent before its response was whole.');
  }

  stop(): void {
    clearTimeout(this.#timer);
    this.#controller.abort();
  }

  #start(timeoutMs: number, message: string): NodeJS.Timeout {
    return setTimeout(() => this.#controller.abort(new ModelError('server_error', message)), timeoutMs);
  }
}

const REQUEST_ID_HEADERS = ['x-request-id', 'x-inference-id', 'request-id', 'apim-request-id'];

function requestIdOf(headers: Headers): string | null {
  const ids = REQUEST_ID_HEADERS.map((name) => headers.get(name));
  return ids.find(isRequestId) ?? null;
}

function requestIdOfError(error: ApiFailure): string | null {
  const inHeaders = error.headers ? requestIdOf(error.headers) : null;
  const inBody = (error.error as { readonly requestId?: unknown } | undefined)?.requestId;
  return inHeaders ?? (isRequestId(inBody) ? inBody : null);
}

function costOf(headers: Headers): number | null {
  const spent = headers.get('x-aimlapi-usd-spent');
  const cost = spent === null ? NaN : Number(spent);
  return Number.isFinite(cost) && cost >= 0 ? cost : null;
}

/** Tolerant: a bare array, and entries with an id alone, are read too. */
function toListings(body: JsonValue): ModelListing[] {
  const data = arrayOf(body) ?? arrayOf(objectOf(body)?.['data']);
  if (!data) throw new ModelError('server_error', 'The model API did not send a list of models.');
  return data.flatMap((item) => {
    const entry = objectOf(item) ?? {};
    const { id, created, owned_by: owner } = entry;
    if (typeof id !== 'string' || id === '') return [];
    return {
      ...entry,
      id,
      object: 'model' as const,
      created: typeof created === 'number' ? Math.trunc(created) : 0,
      owned_by: typeof owner === 'string' ? owner : 'unknown',
    };
  });
}
