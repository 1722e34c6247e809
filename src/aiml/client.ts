/**
 * The one way to the AIML API: every call goes through {@link AimlClient.call}, which decides what may be sent again.
 *
 * One client serves the whole process. It holds what belongs to upstream as such (connections, breaker, retry budget)
 * and nothing that belongs to a caller.
 */
import { toAttempt, type Attempt, type FailedAttempt } from './attempt.ts';
import { CircuitBreaker } from './circuit-breaker.ts';
import { AimlError, type AimlErrorDetails } from './errors.ts';
import type { HangUp } from './hang-up.ts';
import type { RateLimit } from './rate-limit.ts';
import { RetryBudget } from './retry-budget.ts';
import { Transport, type Answer } from './transport.ts';

const MAX_RETRIES = 2;
const BACKOFF_BASE_MS = 250;
const BACKOFF_CAP_MS = 4000;

/** Whom a call is made for. Lives as long as one GraphQL request. */
export interface Caller {
  /** The bearer token for upstream. It is sent to upstream and goes nowhere else. */
  readonly credential: string;
  /** Stands for the credential in keys of caches. */
  readonly tenant: string;
  /** Sent to upstream as X-Client-Request-Id. */
  readonly requestId: string;
  readonly hangUp: HangUp;
  /** The time on `performance.now()` after which nobody waits any more. */
  readonly deadlineAt: number;
  /** How many more bytes of answers the operation may hold, shared by all of its reads; without one there is no bound. */
  readonly budget?: { bytes: number };
  /** Where attempts are traced; null or absent where they are not. */
  readonly trace?: AttemptTracer | null;
  /** Told of every attempt that begins. */
  readonly onAttempt?: () => void;
}

/** Traces attempts; `traceparent` is sent along. */
export interface AttemptTracer {
  startCall(call: { readonly name: string; readonly method: string; readonly isRetry: boolean }): {
    readonly traceparent: string;
    end(attempt: { readonly kind: Attempt<unknown>['kind']; readonly status: number | null }): void;
  };
}

/** The row of the retry table that a call follows. */
export type RetryRule = 'get' | 'create' | 'modify' | 'delete';

export interface Call<T> {
  /** The endpoint, for logs and metrics: `assistants.get`. */
  readonly name: string;
  /** What the call is about, in messages to callers: `assistant`. */
  readonly noun: string;
  readonly rule: RetryRule;
  readonly path: string;
  readonly body: string | null;
  /** Whether a 404 or 410 means that the account has no such endpoint any more: on a collection without a parent. */
  readonly notFoundMeansSunset: boolean;
  readonly read: (body: unknown, answer: Answer) => T;
  /** For a read of what is known already: asked for under its ETag, and taken where upstream answers 304. */
  readonly known?: { readonly etag: string; readonly take: () => T };
  /** For a modify of unknown outcome: how to find out from the object itself whether it was applied. */
  readonly readBack?: ReadBack<T>;
  /** For a delete: the result where NOT_FOUND follows an attempt of unknown outcome, as it means that it was applied. */
  readonly onAlreadyDeleted?: () => T;
}

export interface ReadBack<T> {
  readonly name: string;
  readonly path: string;
  readonly read: (body: unknown) => T;
  /** Whether the object is as the write asked for it. */
  readonly isApplied: (value: T) => boolean;
}

export interface AttemptReport {
  readonly call: string;
  readonly kind: Attempt<unknown>['kind'];
  readonly status: number | null;
  readonly durationMs: number;
  readonly isRetry: boolean;
}

export interface AimlClientOptions {
  readonly baseUrl: URL;
  readonly connections: number;
  readonly attemptTimeoutMs: number;
  /** Null or absent where requests are not limited. */
  readonly rateLimit?: RateLimit | null;
  /** Told of every attempt that ended. */
  readonly onAttempt?: (report: AttemptReport) => void;
}

const METHODS = { get: 'GET', create: 'POST', modify: 'POST', delete: 'DELETE' } as const;

const UNAVAILABLE_FOR_NOW = new AimlError({
  code: 'UPSTREAM_UNAVAILABLE',
  message: 'The AIML API has been failing; requests to it are held back for a moment.',
  retryable: true,
});
const OUT_OF_TIME = new AimlError({
  code: 'UPSTREAM_TIMEOUT',
  message: 'The AIML API did not answer in time.',
  retryable: true,
});

const OVER_LIMIT: AimlErrorDetails = {
  code: 'RATE_LIMITED',
  message: 'The service allows no more requests to the AIML API with this credential for now.',
  retryable: true,
};

/** Each of them may be as large as an answer may be: what one operation holds at a time needs a bound of its own. */
export const TOO_MUCH_AT_ONCE = new AimlError({
  code: 'UPSTREAM_BAD_RESPONSE',
  message: 'What the operation asks for is too large to be held at once: ask for less of it at a time.',
  retryable: false,
});

export class AimlClient {
  readonly #transport: Transport;
  readonly #breaker = new CircuitBreaker();
  readonly #budget = new RetryBudget();
  readonly #attemptTimeoutMs: number;
  readonly #rateLimit: RateLimit | null;
  readonly #onAttempt: AimlClientOptions['onAttempt'];
  readonly #hostname: string;

  constructor({ baseUrl, connections, attemptTimeoutMs, rateLimit = null, onAttempt }: AimlClientOptions) {
    this.#transport = new Transport({ baseUrl, connections, connectTimeoutMs: attemptTimeoutMs });
    this.#attemptTimeoutMs = attemptTimeoutMs;
    this.#rateLimit = rateLimit;
    this.#onAttempt = onAttempt;
    this.#hostname = baseUrl.hostname;
  }

  get isBreakerOpen(): boolean {
    return this.#breaker.isOpen;
  }

  /** Makes the call, and makes it again where the retry table allows it. Rejects with an AimlError and nothing else. */
  async call<T>(call: Call<T>, caller: Caller): Promise<T> {
    this.#budget.countRequest();
    let isFateUnknown = false;
    for (let retries = 0; ; retries += 1) {
      const attempt = await this.#attempt(call, caller, retries > 0);
      if (attempt.kind === 'OK') return attempt.value;
      if (isFateUnknown && call.onAlreadyDeleted && attempt.error.code === 'NOT_FOUND') return call.onAlreadyDeleted();
      isFateUnknown ||= attempt.kind === 'UNKNOWN';
      if (attempt.kind === 'UNKNOWN' && call.readBack) return this.#readBack(call.readBack, call, caller, attempt);
      const delayMs = mayRetry(call.rule, attempt) ? this.#delayBeforeRetry(attempt.error, caller, retries) : null;
      if (delayMs === null) throw finalError(call.rule, attempt.error, isFateUnknown);
      await sleep(delayMs, caller.hangUp);
    }
  }

  /** Opens a connection ahead of the first call; resolves when it is open or cannot be opened. */
  warm(): Promise<void> {
    return this.#transport.warm();
  }

  /** Waits for the calls in flight, at most `timeoutMs`, then closes the connections. */
  async close(timeoutMs = 0): Promise<void> {
    await this.#transport.close(timeoutMs);
  }

  async #readBack<T>(readBack: ReadBack<T>, call: Call<T>, caller: Caller, failed: FailedAttempt): Promise<T> {
    const { name, path, read, isApplied } = readBack;
    const attempt = await this.#attempt(
      { name, noun: call.noun, rule: 'get', path, body: null, notFoundMeansSunset: false, read },
      caller,
      false,
    );
    if (attempt.kind === 'OK' && isApplied(attempt.value)) return attempt.value;
    throw finalError(call.rule, failed.error, true);
  }

  /** How long to wait before the next try, in milliseconds; null where there must not be one. */
  #delayBeforeRetry({ details }: AimlError, caller: Caller, retries: number): number | null {
    if (retries >= MAX_RETRIES || caller.hangUp.hasHappened || this.#breaker.isOpen) return null;
    const delayMs = details.retryAfterMs ?? Math.random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** retries);
    if (performance.now() + delayMs >= caller.deadlineAt) return null;
    return this.#budget.takeRetry() ? delayMs : null;
  }

  async #attempt<T>(call: Call<T>, caller: Caller, isRetry: boolean): Promise<Attempt<T>> {
    const refused = this.#rateLimit === null ? null : await this.#waitForTurn(this.#rateLimit, caller);
    if (refused) return refused;
    const startedAt = performance.now();
    const leftMs = caller.deadlineAt - startedAt;
    // The read-back that an unknown modify needs must still fit the deadline.
    const timeoutMs = Math.min(this.#attemptTimeoutMs, call.readBack ? leftMs * (3 / 4) : leftMs);
    if (timeoutMs <= 0) return { kind: 'NOT_SENT', status: null, error: OUT_OF_TIME };
    const budget = call.rule === 'get' ? caller.budget : undefined;
    if (budget && budget.bytes <= 0) return { kind: 'REJECTED', status: null, error: TOO_MUCH_AT_ONCE };
    if (!this.#breaker.admits()) return { kind: 'NOT_SENT', status: null, error: UNAVAILABLE_FOR_NOW };
    const method = METHODS[call.rule];
    caller.onAttempt?.();
    const span = caller.trace?.startCall({ name: call.name, method, isRetry });
    const headers = headersOf(call, caller);
    if (span) headers.push('traceparent', span.traceparent);
    const exchange = await this.#transport.exchange({
      method,
      path: call.path,
      headers,
      body: call.body,
      timeoutMs,
      hangUp: caller.hangUp,
      isWrite: call.rule !== 'get',
    });
    const isTooMuch = budget !== undefined && budget.bytes <= 0;
    if (budget && exchange.status !== null) budget.bytes -= exchange.body.length;
    const attempt: Attempt<T> = isTooMuch
      ? { kind: 'REJECTED', status: exchange.status, error: TOO_MUCH_AT_ONCE }
      : toAttempt(exchange, call, {
          credential: caller.credential,
          hostname: this.#hostname,
          path: call.path,
          body: call.body,
        });
    if (exchange.status !== null || exchange.loss !== 'ABORTED')
      this.#breaker.record(attempt.kind === 'OK' || attempt.kind === 'REJECTED');
    span?.end({ kind: attempt.kind, status: exchange.status });
    this.#onAttempt?.({
      call: call.name,
      kind: attempt.kind,
      status: exchange.status,
      durationMs: performance.now() - startedAt,
      isRetry,
    });
    return attempt;
  }

  /**
   * Takes a place under the limit, waiting for it where that fits the deadline; the refusal where it does not. Nothing is
   * taken for what would not be sent anyway. It is no retry, as nothing left: retry budget and breaker hear nothing of it.
   */
  async #waitForTurn(rateLimit: RateLimit, caller: Caller): Promise<FailedAttempt | null> {
    while (!caller.hangUp.hasHappened && performance.now() < caller.deadlineAt) {
      if (this.#breaker.holdsBack) return { kind: 'NOT_SENT', status: null, error: UNAVAILABLE_FOR_NOW };
      const retryAfterMs = await rateLimit.take(caller.tenant);
      if (retryAfterMs === 0) return null;
      if (performance.now() + retryAfterMs >= caller.deadlineAt)
        return { kind: 'NOT_SENT', status: null, error: new AimlError({ ...OVER_LIMIT, retryAfterMs }) };
      await sleep(retryAfterMs, caller.hangUp);
    }
    return null;
  }
}

function headersOf(
  { body, known }: Pick<Call<unknown>, 'body' | 'known'>,
  { credential, requestId }: Caller,
): string[] {
  const headers = [
    'authorization',
    `Bearer ${credential}`,
    'openai-beta',
    'assistants=v2',
    'accept',
    'application/json',
    'accept-encoding',
    'gzip',
    'x-client-request-id',
    requestId,
  ];
  if (body !== null) headers.push('content-type', 'application/json');
  if (known) headers.push('if-none-match', known.etag);
  return headers;
}

/** The retry table of the public contract, without the counting. */
function mayRetry(rule: RetryRule, { kind, status }: FailedAttempt): boolean {
  switch (kind) {
    case 'NOT_SENT':
      return true;
    case 'REJECTED':
      return status === 429;
    case 'UNKNOWN':
      return (rule === 'get' || rule === 'delete') && !isRedirect(status);
  }
}

/** Waits, but not for a caller who went away. */
function sleep(ms: number, hangUp: HangUp): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      hangUp.ignore(wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    hangUp.listen(wake);
  });
}

const isRedirect = (status: number | null): boolean => status !== null && status >= 300 && status < 400;

/** What the caller is told in the end. Once the fate of a write is unknown, no later answer makes it known. */
function finalError(rule: RetryRule, error: AimlError, isFateUnknown: boolean): AimlError {
  if (rule === 'get') return error;
  if (!isFateUnknown) return error.withOutcome('NOT_APPLIED');
  const { upstream, retryAfterMs }: AimlErrorDetails = error.details;
  return new AimlError({
    code: 'OUTCOME_UNKNOWN',
    message: `It cannot be told whether the ${rule} took place: look before you send it again.`,
    retryable: false,
    outcome: 'UNKNOWN',
    upstream,
    retryAfterMs,
  });
}
