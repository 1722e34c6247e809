/**
 * The client of the AIML API: every call goes through {@link AimlClient.call}, which applies the retry table.
 *
 * One client serves the whole process. It owns the connections, the circuit breakers and the retry budget, and nothing
 * that belongs to one caller.
 */
import { allowHeapGrowthFor } from '../runtime/heap-growth.ts';
import { continueInNextTurn, needsTurn, nextTurn } from '../runtime/turn-queue.ts';
import {
  CANCELLED,
  mayRetry,
  parseInNextTurn,
  toOutcome,
  toOutcomeError,
  type AttemptOutcome,
  type FailedAttempt,
} from './outcome.ts';
import type { ChangedBreaker } from '../observability/logger.ts';
import type { AttemptFailure, AttemptMetrics } from '../observability/metrics.ts';
import { PublicError, OPERATION_TOO_LARGE, type PublicErrorCode } from '../runtime/errors.ts';
import { CancellationToken, sleepUnlessCancelled } from '../runtime/cancellation.ts';
import { Semaphore } from '../runtime/semaphore.ts';
import {
  METHODS,
  toHeaders,
  toRequestKey,
  type Call,
  type ReadBack,
  type RequestParts,
  type UpstreamContext,
} from './call.ts';
import type { RateLimit } from './rate-limit.ts';
import { RateLimitQueue } from './rate-limit-queue.ts';
import { rejectIfTooLargeToParse, SMALL_BODY_BYTES } from './response-body.ts';
import { RetryBudget } from './retry-budget.ts';
import { toEvidence, toFailureCause, type HttpResult } from './exchange.ts';
import { Transport, type TransportOptions } from './transport.ts';
import { CIRCUIT_OPEN, UpstreamHealth } from './upstream-health.ts';

const MAX_RETRIES = 2;
const BACKOFF_BASE_MS = 250;
const BACKOFF_CAP_MS = 4000;

export interface AimlClientOptions extends TransportOptions {
  /** Null or absent for no limit. */
  readonly rateLimit?: RateLimit | null;
  /** The maximum of calls of one subject that wait for the rate limit. Absent for no maximum. */
  readonly maxRateLimitWaiters?: number;
  /** Called with every attempt that ended. */
  readonly onAttempt?: (report: AttemptMetrics) => void;
  /** Called with every attempt that failed for another reason than the input of the caller, after `onAttempt`. */
  readonly onFailure?: (report: AttemptFailure) => void;
  /** Called when a circuit breaker opens or closes. */
  readonly onBreaker?: (change: ChangedBreaker) => void;
  /** Called when a call is rejected because of `rateLimit`. */
  readonly onRateLimited?: () => void;
}

const PROBE: Call<null> = {
  name: 'assistants.list',
  noun: 'assistant',
  rule: 'get',
  path: '/assistants?limit=1',
  notFoundMeansSunset: true,
  read: () => null,
};

const DEADLINE_EXCEEDED = new PublicError({
  code: 'UPSTREAM_TIMEOUT',
  message: 'The AIML API did not respond in time.',
  retryable: true,
});

export class AimlClient {
  readonly #transport: Transport;
  readonly #health: UpstreamHealth;
  readonly #connections: Semaphore;
  readonly #budget = new RetryBudget();
  readonly #options: AimlClientOptions;
  readonly #rateLimit: RateLimitQueue | null;
  readonly #hostname: string;

  constructor(options: AimlClientOptions) {
    const { baseUrl, connections, isMultiTenant = false, onBreaker, onRateLimited } = options;
    const { rateLimit = null, maxRateLimitWaiters: maxWaiters = Infinity } = options;
    this.#options = options;
    this.#health = new UpstreamHealth(undefined, onBreaker);
    this.#transport = new Transport(options);
    this.#connections = new Semaphore(connections, isMultiTenant);
    this.#rateLimit = rateLimit && new RateLimitQueue({ rateLimit, health: this.#health, maxWaiters, onRateLimited });
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
      await sleepUnlessCancelled(delayMs, context.cancel);
    }
  }

  /** Whether the account of the credential has assistants at the AIML API: one attempt, false for 404 and 410 only. */
  async hasAssistants(credential: string, requestId: string): Promise<boolean> {
    const attempt = await this.#attempt(
      PROBE,
      {
        credential,
        tenant: 'probe',
        subject: 'probe',
        requestId,
        cancel: new CancellationToken(),
        deadlineAt: performance.now() + this.#options.attemptTimeoutMs,
      },
      0,
    );
    return attempt.kind === 'OK' || (attempt.status !== 404 && attempt.status !== 410);
  }

  /** Opens a connection ahead of the first call; resolves when it is open or cannot be opened. */
  preconnect(): Promise<void> {
    return this.#transport.preconnect();
  }

  /** Ends the writes in flight, also those that were sent, whose outcome is then unknown. */
  cancelWrites(): void {
    this.#transport.cancelWrites();
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
    const attempt = await this.#attempt({ name, noun: call.noun, rule: 'get', path, read }, context, 0);
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
    const limited = this.#rateLimit === null ? null : await this.#rateLimit.wait(requestKey, context);
    if (limited) return limited;
    const startedAt = performance.now();
    const leftMs = context.deadlineAt - startedAt;
    // Leaves time for the read-back after an unknown outcome.
    const timeoutMs = Math.min(this.#options.attemptTimeoutMs, call.readBack ? leftMs * (3 / 4) : leftMs);
    if (timeoutMs <= 0) return { kind: 'NOT_SENT', status: null, error: DEADLINE_EXCEEDED };
    const { subject, cancel, responseBytesLeft } = context;
    if (call.rule === 'get' && responseBytesLeft && responseBytesLeft.bytes <= 0)
      return { kind: 'REJECTED', status: null, error: new PublicError(OPERATION_TOO_LARGE) };
    const release = call.receiver
      ? releaseNothing
      : (this.#connections.tryAcquire(1, subject) ??
        (await this.#connections.acquire(1, { tenant: subject, maxWaitMs: timeoutMs, cancellation: cancel })));
    if (!release) return { kind: 'NOT_SENT', status: null, error: cancel.isCancelled ? CANCELLED : DEADLINE_EXCEEDED };
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
    const isRetry = retries > 0;
    const budget = call.rule === 'get' ? (context.responseBytesLeft ?? null) : null;
    context.onAttempt?.();
    const span = context.trace?.startCall(call.name, METHODS[call.rule], isRetry);
    const headers = toHeaders(call, context);
    if (span) headers.push('traceparent', span.traceparent);
    const leftMs = Math.max(1, startedAt + timeoutMs - performance.now());
    const received = await this.#transport.send(call, context, headers, leftMs);
    // Large bodies are measured, parsed and read in separate turns of the event loop.
    const isLarge = received.status !== null && needsTurn(received.body);
    if (isLarge) {
      // What is large is held by few exchanges at a time only if it is parsed at once.
      await (received.body.length > SMALL_BODY_BYTES ? continueInNextTurn() : nextTurn());
      allowHeapGrowthFor(received.body);
    }
    const result = rejectIfTooLargeToParse(received);
    const parsed = isLarge ? await parseInNextTurn(result) : null;
    const sent = { credential: context.credential, hostname: this.#hostname, path: call.path, body: call.body ?? null };
    const attempt = toOutcome(result, call, sent, parsed);
    // The body of a failed attempt is not retained.
    if (budget && received.status !== null && attempt.kind !== 'OK') budget.bytes += received.body.length;
    this.#recordResult(result, requestKey, context);
    span?.end({ kind: attempt.kind, status: result.status });
    const { onAttempt, onFailure } = this.#options;
    const report: AttemptMetrics = {
      call: call.name,
      kind: attempt.kind,
      status: result.status,
      durationMs: performance.now() - startedAt,
      isRetry,
    };
    onAttempt?.(report);
    if (attempt.kind !== 'OK' && onFailure && !isCallerError(result, attempt))
      onFailure({
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

/** Streams have a pool of their own, so they hold no permit. */
const releaseNothing = (): void => undefined;
