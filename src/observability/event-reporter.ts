/** Turns the events of the service's parts into log entries, metrics and spans. */
import { LogSampler } from './log-sampler.ts';
import type { Caller, ChangedBreaker, LibraryLevel, Logger, RejectedWebSocket } from './logger.ts';
import type { AttemptFailure, Metrics } from './metrics.ts';
import { toTenantLabel, type EndedOperation, type OperationRecord } from './operation-record.ts';

/** The most entries of one kind per second, for events that clients or upstream can cause at any rate. */
const MAX_ENTRIES_PER_SECOND = 10;

export class EventReporter {
  readonly #logger: Logger;
  readonly #metrics: Metrics;
  readonly #rejectsUnlisted: boolean;

  readonly breakerChanged: (change: ChangedBreaker) => void;
  readonly attemptFailed: (attempt: AttemptFailure) => void;
  readonly keysUnavailable: (reason: string) => void;
  readonly originRejected: (requestId: string) => void;
  readonly webSocketRejected: (socket: RejectedWebSocket) => void;
  readonly tokenRejected: (entry: { readonly requestId: string; readonly reason: string }) => void;

  /** `rejectsUnlisted`: whether operations that are not in the manifest are rejected. */
  constructor(logger: Logger, metrics: Metrics, rejectsUnlisted: boolean) {
    this.#logger = logger;
    this.#metrics = metrics;
    this.#rejectsUnlisted = rejectsUnlisted;
    // There is one breaker for each request of each tenant, and two for all calls, whose entries are never left out.
    const requestBreakerOpened = sampled(logger.breakerChanged);
    const requestBreakerClosed = sampled(logger.breakerChanged);
    this.breakerChanged = (change) => {
      if (change.scope !== 'request') logger.breakerChanged(change, 0);
      else if (change.isOpen) requestBreakerOpened(change);
      else requestBreakerClosed(change);
    };
    this.keysUnavailable = sampled(logger.jwksUnavailable);
    this.tokenRejected = sampled(logger.tokenRejected);
    this.originRejected = sampled(logger.originRejected);
    this.attemptFailed = sampled(logger.upstreamCallFailed);
    const logWebSocket = sampled(logger.webSocketRejected);
    this.webSocketRejected = (socket) => {
      metrics.recordWebSocketRejected(socket.closeCode);
      logWebSocket(socket);
    };
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
    readonly caller?: Caller;
  }): void {
    const { requestId, status, code, durationMs, caller = null } = request;
    const tenant = caller === null ? undefined : toTenantLabel(caller);
    this.#metrics.recordOperation({ kind: 'unknown', outcome: 'error', errorCodes: [code], durationMs });
    this.#logger.requestRejected({ requestId, status, errorCodes: [code], durationMs, tenant });
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
    const { info, isUnlisted, stream, tenant } = operation;
    this.#metrics.recordOperation(record);
    if (stream) this.#metrics.recordStream(stream);
    if (isUnlisted) this.operationUnlisted(info.requestId, record.operationName, tenant);
    this.#logger.operationEnded(record, operation);
  }
}

/** Limits the calls of `log`. `suppressed` is the number of events that were not logged since the last call. */
function sampled<T>(log: (event: T, suppressed: number) => void): (event: T) => void {
  const sampler = new LogSampler(MAX_ENTRIES_PER_SECOND, 1000);
  return (event) => {
    const suppressed = sampler.take();
    if (suppressed !== null) log(event, suppressed);
  };
}
