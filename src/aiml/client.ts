/**
 * The client of the AIML API: every call goes through {@link AimlClient.call}, which applies the retry table.
 *
 * One client serves the whole process. It owns the connections, the circuit breakers and the retry budget, and nothing
 * that belongs to one caller.
 */
import { needsTurn, nextTurn } from '../runtime/turn-queue.ts';
import { toOutcome, type AttemptOutcome, type FailedAttempt } from './outcome.ts';
import type { ProxySettings } from '../runtime/proxy.ts';
import { FairSemaphore } from './fair-semaphore.ts';
import { PublicError, OPERATION_TOO_LARGE, type PublicErrorCode, type PublicErrorDetails } from '../runtime/errors.ts';
import type { CancellationToken } from '../runtime/cancellation.ts';
import type { RateLimit } from './rate-limit.ts';
import { RetryBudget } from './retry-budget.ts';
import { toOutcomeError, mayRetry, type RetryRule } from './retry-rules.ts';
import type { HttpResponse, HttpResult } from './exchange.ts';
import { toFailureCause, type FailureCause } from './failure-cause.ts';
import type { StreamReceiver } from './stream-body.ts';
import { Transport } from './transport.ts';
import { toEvidence, UpstreamHealth, type BreakerListener } from './upstream-health.ts';

const MAX_RETRIES = 2;
const BACKOFF_BASE_MS = 250;
const BACKOFF_CAP_MS = 4000;

/** The caller, deadline and limits of the calls of one GraphQL request. */
export interface UpstreamContext {
  /** The bearer token, which is sent to upstream and nowhere else. */
  readonly credential: string;
  /** Identifies the credential in cache keys. */
  readonly tenant: string;
  /** Identifies the caller where callers share a limit: the tenant, or one of several users of the same credential. */
  readonly subject: string;
  /** Sent to upstream as X-Client-Request-Id. */
  readonly requestId: string;
  readonly cancel: CancellationToken;
  /** The deadline of the request, on `performance.now()`. */
  readonly deadlineAt: number;
  /** The bytes of responses that the operation may still hold, shared by all of its reads. Absent for no limit. */
  readonly responseBytesLeft?: { bytes: number } | undefined;
  /** Null or absent if attempts are not traced. */
  readonly trace?: AttemptTracer | null | undefined;
  /** Called when an attempt begins. */
  readonly onAttempt?: (() => void) | undefined;
}

/** Traces attempts. `traceparent` is sent as a header. */
interface AttemptTracer {
  startCall(call: { readonly name: string; readonly method: string; readonly isRetry: boolean }): {
    readonly traceparent: string;
    end(attempt: { readonly kind: AttemptOutcome<unknown>['kind']; readonly status: number | null }): void;
  };
}

export interface Call<T> {
  /** The endpoint, for logs and metrics: `assistants.get`. */
  readonly name: string;
  /** The kind of object, in messages to clients: `assistant`. */
  readonly noun: string;
  readonly rule: RetryRule;
  readonly path: string;
  readonly body: string | null;
  /** Whether a 404 or 410 means that the account no longer has the endpoint: on a collection without a parent. */
  readonly notFoundMeansSunset: boolean;
  readonly read: (body: unknown, response: HttpResponse) => T;
  /** Sent as a header. Only the embedded AIML API supports it. */
  readonly idempotencyKey?: string | undefined;
  /** Receives the response if it is an event stream. `read` then gets its `body`. */
  readonly receiver?: StreamReceiver | undefined;
  /** The last event that was read of the stream. Null or absent if it is read from the beginning. */
  readonly lastEventId?: string | null;
  /** For a conditional read: `onNotModified` is the result of a 304. */
  readonly conditional?: { readonly etag: string; readonly onNotModified: () => T } | undefined;
  /** For a modify of unknown outcome: reads the object to decide whether the modify was applied. */
  readonly readBack?: ReadBack<T>;
  /** For a delete: the result if NOT_FOUND follows an attempt of unknown outcome, which was therefore applied. */
  readonly onAlreadyDeleted?: () => T;
}

interface ReadBack<T> {
  readonly name: string;
  readonly path: string;
  readonly read: (body: unknown) => T;
  /** Whether the object has the requested values. */
  readonly isApplied: (value: T) => boolean;
}

export interface AttemptReport {
  readonly call: string;
  readonly kind: AttemptOutcome<unknown>['kind'];
  readonly status: number | null;
  readonly durationMs: number;
  readonly isRetry: boolean;
}

/** An attempt that failed for another reason than the input of the caller. */
interface FailedAttemptReport extends AttemptReport {
  readonly cause: FailureCause;
  /** The id of the GraphQL request. */
  readonly requestId: string;
  /** Upstream's own id of its response; null if it gave none. */
  readonly upstreamRequestId: string | null;
  /** From 1. */
  readonly attempt: number;
  /** Identifies the caller. */
  readonly subject: string;
}

export interface AimlClientOptions {
  readonly baseUrl: URL;
  readonly connections: number;
  readonly attemptTimeoutMs: number;
  /** Null or absent for no limit. */
  readonly rateLimit?: RateLimit | null;
  /** The maximum of calls of one subject that wait for the rate limit. Absent for no maximum. */
  readonly maxRateLimitWaiters?: number;
  /** Whether there is more than one subject. If so, none of them can take all connections. */
  readonly isMultiTenant?: boolean;
  /** Null or absent if upstream is called directly. */
  readonly proxies?: ProxySettings | null;
  /** The idle time-out of streams, in milliseconds; by default a minute. */
  readonly streamIdleTimeoutMs?: number | undefined;
  /** Called with every attempt that ended. */
  readonly onAttempt?: (report: AttemptReport) => void;
  /** Called with every attempt that failed, after `onAttempt`. */
  readonly onFailure?: (report: FailedAttemptReport) => void;
  /** Called when a circuit breaker opens or closes. */
  readonly onBreaker?: BreakerListener;
  /** Called when a call is rejected because of `rateLimit`. */
  readonly onRateLimited?: () => void;
}

const METHODS = { get: 'GET', create: 'POST', modify: 'POST', delete: 'DELETE' } as const;

const CIRCUIT_OPEN = new PublicError({
  code: 'UPSTREAM_UNAVAILABLE',
  message: 'The AIML API has been failing; requests to it are held back for a moment.',
  retryable: true,
});
const DEADLINE_EXCEEDED = new PublicError({
  code: 'UPSTREAM_TIMEOUT',
  message: 'The AIML API did not respond in time.',
  retryable: true,
});

const RATE_LIMITED: PublicErrorDetails = {
  code: 'RATE_LIMITED',
  message: 'The service allows no more requests to the AIML API with this credential for now.',
  retryable: true,
};

export class AimlClient {
  readonly #transport: Transport;
  readonly #health: UpstreamHealth;
  readonly #connections: FairSemaphore;
  readonly #budget = new RetryBudget();
  readonly #attemptTimeoutMs: number;
  readonly #rateLimit: RateLimit | null;
  readonly #maxRateLimitWaiters: number;
  /** The number of calls that wait for the rate limit, of each subject that has any. */
  readonly #rateLimitWaiters = new Map<string, number>();
  readonly #onAttempt: AimlClientOptions['onAttempt'];
  readonly #onFailure: AimlClientOptions['onFailure'];
  readonly #onRateLimited: AimlClientOptions['onRateLimited'];
  readonly #hostname: string;

  constructor({
    baseUrl,
    connections,
    attemptTimeoutMs,
    rateLimit = null,
    maxRateLimitWaiters = Infinity,
    isMultiTenant = false,
    proxies = null,
    streamIdleTimeoutMs,
    onAttempt,
    onFailure,
    onBreaker,
    onRateLimited,
  }: AimlClientOptions) {
    this.#health = new UpstreamHealth(undefined, onBreaker);
    this.#transport = new Transport({
      baseUrl,
      connections,
      connectTimeoutMs: attemptTimeoutMs,
      isMultiTenant,
      streamIdleTimeoutMs,
      proxies,
    });
    this.#connections = new FairSemaphore(connections, isMultiTenant);
    this.#maxRateLimitWaiters = maxRateLimitWaiters;
    this.#attemptTimeoutMs = attemptTimeoutMs;
    this.#rateLimit = rateLimit;
    this.#onAttempt = onAttempt;
    this.#onFailure = onFailure;
    this.#onRateLimited = onRateLimited;
    this.#hostname = baseUrl.hostname;
  }

  /** Whether any circuit breaker is open. */
  get isBreakerOpen(): boolean {
    return this.#health.isAnyOpen;
  }

  /** Makes the call, with the retries that the retry table allows. Always rejects with a PublicError. */
  async call<T>(call: Call<T>, context: UpstreamContext): Promise<T> {
    this.#budget.countRequest(context.subject);
    let outcomeUnknown = false;
    for (let retries = 0; ; retries += 1) {
      const attempt = await this.#attempt(call, context, retries);
      if (attempt.kind === 'OK') return attempt.value;
      if (outcomeUnknown && call.onAlreadyDeleted && attempt.error.code === 'NOT_FOUND') return call.onAlreadyDeleted();
      outcomeUnknown ||= attempt.kind === 'UNKNOWN';
      if (attempt.kind === 'UNKNOWN' && call.readBack) return this.#readBack(call.readBack, call, context, attempt);
      const delayMs = mayRetry(call, attempt) ? this.#delayBeforeRetry(attempt.error, call, context, retries) : null;
      if (delayMs === null) throw toOutcomeError(call.rule, attempt.error, outcomeUnknown);
      await sleep(delayMs, context.cancel);
    }
  }

  /** Makes the call once, without a retry. `status` is that of the HTTP response; null if there was none. */
  async tryOnce(call: Call<unknown>, context: UpstreamContext): Promise<{ readonly status: number | null }> {
    const attempt = await this.#attempt(call, context, 0);
    return { status: attempt.kind === 'OK' ? 200 : attempt.status };
  }

  /** Opens a connection ahead of the first call; resolves when it is open or cannot be opened. */
  preconnect(): Promise<void> {
    return this.#transport.preconnect();
  }

  /** Waits for the calls in flight, at most `timeoutMs`, then closes the connections. */
  async close(timeoutMs = 0): Promise<void> {
    await this.#transport.close(timeoutMs);
  }

  async #readBack<T>(
    readBack: ReadBack<T>,
    call: Call<T>,
    context: UpstreamContext,
    failed: FailedAttempt,
  ): Promise<T> {
    const { name, path, read, isApplied } = readBack;
    const attempt = await this.#attempt(
      { name, noun: call.noun, rule: 'get', path, body: null, notFoundMeansSunset: false, read },
      context,
      0,
    );
    if (attempt.kind === 'OK' && isApplied(attempt.value)) return attempt.value;
    throw toOutcomeError(call.rule, failed.error, true);
  }

  /** The delay before the next attempt, in milliseconds. Null if there must not be one. */
  #delayBeforeRetry(
    { details }: PublicError,
    call: RequestParts,
    context: UpstreamContext,
    retries: number,
  ): number | null {
    if (retries >= MAX_RETRIES || context.cancel.isCancelled) return null;
    if (this.#health.isFailing(context.subject, toRequestKey(call))) return null;
    const delayMs = details.retryAfterMs ?? Math.random() * Math.min(BACKOFF_CAP_MS, BACKOFF_BASE_MS * 2 ** retries);
    if (performance.now() + delayMs >= context.deadlineAt) return null;
    return this.#budget.takeRetry(context.subject) ? delayMs : null;
  }

  async #attempt<T>(call: Call<T>, context: UpstreamContext, retries: number): Promise<AttemptOutcome<T>> {
    const requestKey = toRequestKey(call);
    const limited =
      this.#rateLimit === null ? null : await this.#waitForRateLimit(this.#rateLimit, requestKey, context);
    if (limited) return limited;
    const startedAt = performance.now();
    const leftMs = context.deadlineAt - startedAt;
    // Leaves time for the read-back after an unknown outcome.
    const timeoutMs = Math.min(this.#attemptTimeoutMs, call.readBack ? leftMs * (3 / 4) : leftMs);
    if (timeoutMs <= 0) return { kind: 'NOT_SENT', status: null, error: DEADLINE_EXCEEDED };
    const { subject, cancel, responseBytesLeft } = context;
    if (call.rule === 'get' && responseBytesLeft && responseBytesLeft.bytes <= 0)
      return { kind: 'REJECTED', status: null, error: new PublicError(OPERATION_TOO_LARGE) };
    const release = call.receiver
      ? NO_CONNECTION_OF_OTHERS
      : (this.#connections.tryAcquire(subject) ?? (await this.#connections.acquire(subject, timeoutMs, cancel)));
    if (!release) return { kind: 'NOT_SENT', status: null, error: DEADLINE_EXCEEDED };
    try {
      if (!this.#health.tryAdmit(subject, requestKey)) return { kind: 'NOT_SENT', status: null, error: CIRCUIT_OPEN };
      return await this.#send(call, context, { requestKey, startedAt, timeoutMs, retries });
    } finally {
      release();
    }
  }

  async #send<T>(
    call: Call<T>,
    context: UpstreamContext,
    { requestKey, startedAt, timeoutMs, retries }: AttemptPlan,
  ): Promise<AttemptOutcome<T>> {
    const method = METHODS[call.rule];
    const isRetry = retries > 0;
    const budget = call.rule === 'get' ? (context.responseBytesLeft ?? null) : null;
    context.onAttempt?.();
    const span = context.trace?.startCall({ name: call.name, method, isRetry });
    const headers = headersOf(call, context);
    if (span) headers.push('traceparent', span.traceparent);
    const result = await this.#transport.send({
      method,
      path: call.path,
      headers,
      body: call.body,
      subject: context.subject,
      timeoutMs: Math.max(1, startedAt + timeoutMs - performance.now()),
      cancellation: context.cancel,
      isWrite: call.rule !== 'get',
      budget,
      receiver: call.receiver ?? null,
    });
    // Large bodies are parsed in separate turns of the event loop.
    if (result.status !== null && needsTurn(result.body)) await nextTurn();
    const attempt = toOutcome(result, call, {
      credential: context.credential,
      hostname: this.#hostname,
      path: call.path,
      body: call.body,
    });
    // The body of a failed attempt is not retained.
    if (budget && result.status !== null && attempt.kind !== 'OK') budget.bytes += result.body.length;
    this.#recordResult(result, requestKey, context);
    span?.end({ kind: attempt.kind, status: result.status });
    const report: AttemptReport = {
      call: call.name,
      kind: attempt.kind,
      status: result.status,
      durationMs: performance.now() - startedAt,
      isRetry,
    };
    this.#onAttempt?.(report);
    if (attempt.kind !== 'OK' && this.#onFailure && !isCallerError(result, attempt))
      this.#onFailure({
        ...report,
        cause: toFailureCause(result),
        requestId: context.requestId,
        upstreamRequestId: attempt.error.details.upstream?.requestId ?? null,
        attempt: retries + 1,
        subject: context.subject,
      });
    return attempt;
  }

  #recordResult(result: HttpResult, requestKey: string, { subject, tenant }: UpstreamContext): void {
    const evidence = toEvidence(result);
    if (evidence !== null) this.#health.record(subject, requestKey, evidence);
    const { status } = result;
    if (status !== null && ((status >= 200 && status < 300) || status === 304)) this.#rateLimit?.accept(tenant);
  }

  /**
   * Waits for the rate limit if that fits the deadline and the queue is not full, else fails. Consumes nothing if the
   * circuit breaker would reject the call. Not counted as a retry or a failure, because nothing was sent.
   */
  async #waitForRateLimit(
    rateLimit: RateLimit,
    requestKey: string,
    context: UpstreamContext,
  ): Promise<FailedAttempt | null> {
    const { subject, tenant, cancel, deadlineAt } = context;
    while (!cancel.isCancelled && performance.now() < deadlineAt) {
      if (this.#health.holdsBack(subject, requestKey)) return { kind: 'NOT_SENT', status: null, error: CIRCUIT_OPEN };
      const retryAfterMs = await rateLimit.take(tenant);
      if (retryAfterMs === 0) return null;
      const waiters = this.#rateLimitWaiters.get(subject) ?? 0;
      if (performance.now() + retryAfterMs >= deadlineAt || waiters >= this.#maxRateLimitWaiters) {
        this.#onRateLimited?.();
        // REJECTED, because a retry would not be admitted earlier.
        return { kind: 'REJECTED', status: null, error: new PublicError({ ...RATE_LIMITED, retryAfterMs }) };
      }
      this.#rateLimitWaiters.set(subject, waiters + 1);
      await sleep(retryAfterMs, cancel);
      this.#stopWaiting(subject);
    }
    return null;
  }

  #stopWaiting(subject: string): void {
    const left = (this.#rateLimitWaiters.get(subject) ?? 0) - 1;
    if (left > 0) this.#rateLimitWaiters.set(subject, left);
    else this.#rateLimitWaiters.delete(subject);
  }
}

/** Errors that the input of the caller causes. They are not reported as failures, as an operator cannot fix them. */
const CALLER_ERRORS: ReadonlySet<PublicErrorCode> = new Set(['BAD_USER_INPUT', 'NOT_FOUND', 'CONFLICT']);

const isCallerError = (result: HttpResult, { error }: FailedAttempt): boolean =>
  CALLER_ERRORS.has(error.code) || (result.status === null && result.failure === 'ABORTED');

interface AttemptPlan {
  readonly requestKey: string;
  /** On `performance.now()`. */
  readonly startedAt: number;
  readonly timeoutMs: number;
  /** The number of earlier attempts of the call. */
  readonly retries: number;
}

type RequestParts = Pick<Call<unknown>, 'rule' | 'path' | 'body'>;

/** Only the beginning and the length of longer bodies are hashed, in UTF-16 code units. */
const MAX_HASHED_LENGTH = 16_384;

/** Identifies equal calls of one caller. Its length is bounded. */
function toRequestKey({ rule, path, body }: RequestParts): string {
  return body === null ? `${rule} ${path}` : `${rule} ${path} ${body.length} ${checksumOf(body)}`;
}

/** FNV-1a. Bodies with the same checksum share a circuit breaker. */
function checksumOf(text: string): number {
  const length = Math.min(text.length, MAX_HASHED_LENGTH);
  let checksum = 0x811c9dc5;
  for (let index = 0; index < length; index += 1) checksum = Math.imul(checksum ^ text.charCodeAt(index), 0x01000193);
  return checksum;
}

/** Streams have a pool of their own. */
const NO_CONNECTION_OF_OTHERS = (): void => undefined;

function headersOf(
  {
    body,
    conditional,
    idempotencyKey,
    receiver,
    lastEventId,
  }: Pick<Call<unknown>, 'body' | 'conditional' | 'idempotencyKey' | 'receiver' | 'lastEventId'>,
  { credential, requestId }: UpstreamContext,
): string[] {
  const headers = [
    'authorization',
    `Bearer ${credential}`,
    'openai-beta',
    'assistants=v2',
    'accept',
    receiver ? 'text/event-stream, application/json' : 'application/json',
    'accept-encoding',
    // What compresses a stream may hold it back.
    receiver ? 'identity' : 'gzip',
    'x-client-request-id',
    requestId,
  ];
  if (body !== null) headers.push('content-type', 'application/json');
  if (idempotencyKey !== undefined) headers.push('idempotency-key', idempotencyKey);
  if (typeof lastEventId === 'string') headers.push('last-event-id', lastEventId);
  if (conditional) headers.push('if-none-match', conditional.etag);
  return headers;
}

/** Waits, but not for a caller who went away. */
function sleep(ms: number, cancellation: CancellationToken): Promise<void> {
  return new Promise((resolve) => {
    const wake = () => {
      clearTimeout(timer);
      cancellation.offCancel(wake);
      resolve();
    };
    const timer = setTimeout(wake, ms);
    cancellation.onCancel(wake);
  });
}
