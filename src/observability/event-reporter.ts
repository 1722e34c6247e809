/** Turns the events of the service's parts into log entries, metrics and spans. */
import { LogSampler } from './log-sampler.ts';
import type { LibraryLevel, Logger } from './logger.ts';
import type { AttemptMetrics, Metrics, StreamMetrics } from './metrics.ts';
import { toTenantLabel, type OperationRecord } from './operation-record.ts';
import type { RequestTrace } from './tracing.ts';

/** The most entries of one kind per second, for events that clients or upstream can cause at any rate. */
const MAX_ENTRIES_PER_SECOND = 10;

/** An attempt of an upstream call that failed. */
export interface AttemptFailure extends AttemptMetrics {
  /** One of the few values of `FailureCause`. */
  readonly cause: string;
  /** The id of the GraphQL request. */
  readonly requestId: string;
  /** Upstream's own id of its response; null if it gave none. */
  readonly upstreamRequestId: string | null;
  /** From 1. */
  readonly attempt: number;
  /** Identifies the caller. */
  readonly subject: string;
}

/** A circuit breaker that has opened or closed. */
interface ChangedBreaker {
  readonly scope: 'connections' | 'outage' | 'request';
  readonly isOpen: boolean;
  readonly tenant: string | undefined;
}

/** What is reported of an operation in addition to its record. */
interface EndedOperation {
  readonly info: {
    readonly requestId: string;
    readonly callerRequestId: string | null;
    readonly trace: RequestTrace | null;
  };
  readonly upstreamCalls: number;
  readonly isShared: boolean;
  readonly isUnlisted: boolean;
  readonly tenant?: string | undefined;
  readonly writtenIds?: readonly string[] | undefined;
  /** Null if the operation had no stream. */
  readonly stream: (StreamMetrics & { readonly durationMs: number }) | null;
}

export class EventReporter {
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #rejectsUnlisted: boolean;

  readonly breakerChanged: (change: ChangedBreaker) => void;
  readonly attemptFailed: (attempt: AttemptFailure) => void;
  readonly keysUnavailable: (reason: string) => void;
  readonly originRejected: (requestId: string) => void;
  readonly webSocketRejected: (closeCode: number) => void;
  readonly tokenRejected: (entry: { readonly requestId: string; readonly reason: string }) => void;

  /** `rejectsUnlisted`: whether operations that are not in the manifest are rejected. */
  constructor(logger: Logger, metrics: Metrics, rejectsUnlisted: boolean) {
    this.#logger = logger;
    this.#metrics = metrics;
    this.#rejectsUnlisted = rejectsUnlisted;
    // There is one breaker for each request of each tenant, and two for all calls, whose entries are never left out.
    const requestBreakerOpened = sampled<ChangedBreaker>((suppressed, { scope, tenant }) =>
      logger.breakerOpened({ scope, tenant }, suppressed),
    );
    const requestBreakerClosed = sampled<ChangedBreaker>((suppressed, { scope, tenant }) =>
      logger.breakerClosed({ scope, tenant }, suppressed),
    );
    this.breakerChanged = (change) => {
      const { scope, isOpen, tenant } = change;
      if (scope === 'request') (isOpen ? requestBreakerOpened : requestBreakerClosed)(change);
      else if (isOpen) logger.breakerOpened({ scope, tenant }, 0);
      else logger.breakerClosed({ scope, tenant }, 0);
    };
    this.keysUnavailable = sampled((suppressed, reason) => logger.jwksUnavailable(reason, suppressed));
    this.tokenRejected = sampled((suppressed, entry) => logger.tokenRejected(entry, suppressed));
    this.originRejected = sampled((suppressed, requestId) => logger.originRejected(requestId, suppressed));
    const logWebSocket = sampled<number>((suppressed, closeCode) => logger.webSocketRejected(closeCode, suppressed));
    this.webSocketRejected = (closeCode) => {
      metrics.recordWebSocketRejected(closeCode);
      logWebSocket(closeCode);
    };
    this.attemptFailed = sampled((suppressed, { requestId, call, cause, status, upstreamRequestId, ...attempt }) =>
      logger.upstreamCallFailed(
        {
          requestId,
          call,
          cause,
          status: status ?? undefined,
          upstreamRequestId: upstreamRequestId ?? undefined,
          attempt: attempt.attempt,
          outcome: attempt.kind,
          durationMs: Math.round(attempt.durationMs),
          tenant: toTenantLabel(attempt.subject),
        },
        suppressed,
      ),
    );
  }

  operationEnded(record: OperationRecord, operation: EndedOperation): void {
    operation.info.trace?.endOperation(record);
    // Send the response before recording metrics and logging.
    setImmediate(() => this.#recordOperation(record, operation));
  }

  /** `tenant` is undefined if the operation is rejected, before its request is authenticated. */
  operationUnlisted(requestId: string, operationName: string | null, tenant?: string): void {
    this.#metrics.recordUnlisted();
    this.#logger.operationUnlisted({ requestId, operationName, tenant, rejected: this.#rejectsUnlisted });
  }

  requestRejected(request: {
    readonly requestId: string;
    /** Undefined for an operation of a WebSocket. */
    readonly status?: number;
    readonly code: string;
    readonly durationMs: number;
  }): void {
    const { requestId, status, code, durationMs } = request;
    this.#metrics.recordOperation({ kind: 'unknown', outcome: 'error', errorCodes: [code], durationMs });
    this.#logger.requestRejected({ requestId, status, errorCodes: [code], durationMs });
  }

  /** The logger of a library, which logs only the level of its messages. */
  libraryLogger(library: string): Readonly<Record<LibraryLevel, () => void>> {
    const logger = this.#logger;
    return {
      debug: () => logger.libraryLogged(library, 'debug'),
      info: () => logger.libraryLogged(library, 'info'),
      warn: () => logger.libraryLogged(library, 'warn'),
      error: () => logger.libraryLogged(library, 'error'),
    };
  }

  #recordOperation(record: OperationRecord, operation: EndedOperation): void {
    const { info, upstreamCalls, isShared, isUnlisted, stream, tenant, writtenIds } = operation;
    const { requestId, callerRequestId, trace } = info;
    this.#metrics.recordOperation(record);
    if (stream) this.#metrics.recordStream(stream);
    if (isUnlisted) this.operationUnlisted(requestId, record.operationName, tenant);
    this.#logger.operationEnded({
      requestId,
      operationName: record.operationName,
      kind: record.kind,
      outcome: record.outcome,
      errorCodes: record.errorCodes,
      durationMs: stream?.durationMs ?? record.durationMs,
      upstreamCalls,
      callerRequestId: callerRequestId ?? undefined,
      isShared: isShared || undefined,
      traceId: trace?.traceId,
      tenant,
      writtenIds,
      transport: stream?.transport,
      end: stream?.end,
      events: stream?.events,
    });
  }
}

/** Limits the calls of `log`; `suppressed` is the number of events that were not logged since the last call. */
function sampled<T>(log: (suppressed: number, event: T) => void): (event: T) => void {
  const sampler = new LogSampler(MAX_ENTRIES_PER_SECOND, 1000);
  return (event) => {
    const suppressed = sampler.take();
    if (suppressed !== null) log(suppressed, event);
  };
}
