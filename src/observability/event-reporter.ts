/** Turns the events of the service's parts into log entries, metrics and spans. */
import type { Caller, ChangedBreaker, LibraryLevel, Logger, RejectedRequest, RejectedWebSocket } from './logger.ts';
import type { Metrics } from './metrics.ts';
import type { EndedOperation, OperationRecord } from './operation-record.ts';

/** The most entries of one kind per second, for events that clients or upstream can cause at any rate. */
const MAX_ENTRIES_PER_SECOND = 10;

export type EventReporter = ReturnType<typeof createEventReporter>;

/** `rejectsUnlisted`: whether operations that are not in the manifest are rejected. */
export function createEventReporter(logger: Logger, metrics: Metrics, rejectsUnlisted: boolean) {
  const requestBreakerOpened = sampled(logger.breakerChanged);
  const requestBreakerClosed = sampled(logger.breakerChanged);
  const logWebSocket = sampled(logger.webSocketRejected);

  /** `caller` is null if the operation is rejected, before its request is authenticated. */
  function operationUnlisted(requestId: string, operationName: string | null, caller: Caller = null): void {
    metrics.recordUnlisted();
    logger.operationUnlisted({ requestId, operationName, rejected: rejectsUnlisted }, caller);
  }

  return {
    attemptFailed: sampled(logger.upstreamCallFailed),
    keysUnavailable: sampled(logger.jwksUnavailable),
    tokenRejected: sampled(logger.tokenRejected),
    originRejected: sampled(logger.originRejected),
    operationUnlisted,

    webSocketRejected: (socket: RejectedWebSocket): void => {
      metrics.recordWebSocketRejected(socket.closeCode);
      logWebSocket(socket);
    },

    /** There is one breaker for each request of each tenant, and two for all calls, whose entries are never left out. */
    breakerChanged: (change: ChangedBreaker): void => {
      if (change.scope !== 'request') logger.breakerChanged(change);
      else if (change.isOpen) requestBreakerOpened(change);
      else requestBreakerClosed(change);
    },

    operationEnded: (record: OperationRecord, operation: EndedOperation): void => {
      const { info, isUnlisted, stream } = operation;
      info.trace?.endOperation(record);
      // Send the response before recording metrics and logging.
      setImmediate(() => {
        metrics.recordOperation(record);
        if (stream) metrics.recordStream(stream);
        if (isUnlisted) operationUnlisted(info.requestId, record.operationName, info.caller);
        logger.operationEnded(record, operation);
      });
    },

    requestRejected: (request: RejectedRequest): void => {
      const { code, durationMs } = request;
      metrics.recordOperation({ kind: 'unknown', outcome: 'error', errorCodes: [code], durationMs });
      logger.requestRejected(request);
    },

    /** The logger of a library, which logs only the level of its messages. */
    libraryLogger: (library: string): Readonly<Record<LibraryLevel, () => void>> => ({
      debug: () => logger.libraryLogged(library, 'debug'),
      info: () => logger.libraryLogged(library, 'info'),
      warn: () => logger.libraryLogged(library, 'warn'),
      error: () => logger.libraryLogged(library, 'error'),
    }),
  };
}

/**
 * Limits the calls of `log`, however often the event happens. `suppressed` is the number of events that were left out since
 * the last call; absent if there were none. `now` is a monotonic clock in milliseconds.
 */
export function sampled<T>(
  log: (event: T, suppressed?: number) => void,
  now: () => number = () => performance.now(),
): (event: T) => void {
  let windowEndsAt = 0;
  let written = 0;
  let suppressed = 0;
  return (event) => {
    const at = now();
    if (at >= windowEndsAt) {
      windowEndsAt = at + 1000;
      written = 0;
    }
    if (written >= MAX_ENTRIES_PER_SECOND) {
      suppressed += 1;
      return;
    }
    written += 1;
    log(event, suppressed || undefined);
    suppressed = 0;
  };
}
