/**
 * The service's Prometheus metrics. Every label has a small, fixed set of values: never an id, a credential, a URL or
 * text from a client, such as an operation name.
 */
import { STATUS_CODES } from 'node:http';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { HotCounter, HotHistogram } from './hot-metrics.ts';
import type { OperationRecord } from './operation-record.ts';

/** The service's own metrics, which the documentation lists. The metrics of the process have prom-client's names. */
export const metricDescriptions = {
  assistants_build_info: 'The running version; the value is always 1.',
  assistants_operations_total: 'GraphQL operations that ended, by kind and outcome.',
  assistants_operation_duration_seconds: 'Duration of GraphQL operations, by kind.',
  assistants_operations_in_flight: 'Operations in flight.',
  assistants_request_body_bytes: 'Memory reserved for request bodies, in bytes.',
  assistants_unsent_response_bytes: 'Bytes of responses that clients have not read yet.',
  assistants_errors_total: 'Responses with errors, by code; a response counts once for each distinct code.',
  assistants_user_errors_total: 'Mutations that returned userErrors, by code; a mutation counts once for each code.',
  assistants_rate_limited_total:
    'Calls to the AIML API that were rejected by a rate limit: of this service (UPSTREAM_RATE_LIMIT), or of upstream (429).',
  assistants_cache_lookups_total: 'Reads that could come from a cache, by result. Only if CACHE_TTL_SECONDS is set.',
  assistants_upstream_attempts_total:
    'Attempts of calls to the AIML API, by call, HTTP status ("none": no response, "other": not a registered status) and outcome.',
  assistants_upstream_attempt_duration_seconds: 'Duration of attempts of calls to the AIML API, by call.',
  assistants_upstream_retries_total: 'Attempts after a failed attempt of the same call.',
  assistants_upstream_breaker_open:
    '1 while the circuit breaker blocks some or all calls to the AIML API, 0 otherwise.',
  assistants_streams_open: 'Open subscription streams, by transport.',
  assistants_streams_total: 'Subscription streams that ended, by transport and end.',
  assistants_stream_events_total: 'Results sent in subscription streams.',
  assistants_stream_first_text_seconds: 'Time from the start of a stream to the first text of a message.',
  assistants_websockets_open: 'Open WebSockets.',
  assistants_websockets_rejected_total:
    'WebSockets that were closed for what their clients did, by close code; 1006 for clients that did not respond to pings.',
  assistants_runs_followed: 'Runs that are followed, or were followed a moment ago.',
  assistants_followed_run_bytes:
    'Memory of the runs that are followed, in bytes; above 64 MiB further ones are limited.',
  assistants_unlisted_operations_total: 'Operations that are not in the manifest of persisted operations.',
  assistants_log_entries_dropped_total: 'Log entries that were dropped because the log could not be written.',
  assistants_redis_up: '1 while Redis is available, 0 while the service runs without it. Only if REDIS_URL is set.',
} as const;

/** From a cache hit to the deadline of an operation. */
const DURATION_BUCKETS_SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/** From a model that responds at once to the expiry of a run. */
const FIRST_TEXT_BUCKETS_SECONDS = [0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300, 600];

/**
 * The sampling interval of the event loop delay, in milliseconds. Sampling uses a native timer and runs no JavaScript; the
 * reported delays include the interval.
 */
const EVENT_LOOP_PRECISION_MS = 20;

/** The label of error codes that are not in {@link MetricsOptions.errorCodes}. */
const OTHER_CODE = 'OTHER';

/** An attempt of an upstream call that ended. */
export interface AttemptMetrics {
  /** The call's name in the code, for example `assistants.get`. */
  readonly call: string;
  readonly kind: 'OK' | 'NOT_SENT' | 'REJECTED' | 'UNKNOWN';
  /** Null if upstream did not respond. */
  readonly status: number | null;
  readonly durationMs: number;
  readonly isRetry: boolean;
}

/** An attempt of an upstream call that failed. */
export interface AttemptFailure extends AttemptMetrics {
  /** One of the few values of `FailureCause`: dns, refused, tls, timeout, status, … */
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

/** A stream of a subscription that ended. */
export interface StreamMetrics {
  readonly transport: string;
  readonly end: string;
  readonly events: number;
  /** From its start to the first text of a message, in milliseconds; null if there was none. */
  readonly firstTextMs: number | null;
}

/** The functions are called when the metrics are read. */
export interface MetricsOptions {
  /** Whether reads are cached; without it lookups are not counted. */
  readonly hasCache: boolean;
  readonly version: string;
  /** All registered error codes. Others are counted as `OTHER`. */
  readonly errorCodes: readonly string[];
  readonly inFlight: () => number;
  readonly requestBodyBytes: () => number;
  readonly unsentResponseBytes: () => number;
  readonly isBreakerOpen: () => boolean;
  /** The number of open streams by transport. */
  readonly openStreams: () => ReadonlyMap<string, number>;
  readonly openWebSockets: () => number;
  readonly runsFollowed: () => number;
  readonly followedRunBytes: () => number;
  /** The number of log entries dropped since the start. */
  readonly droppedLogEntries: () => number;
  /** Null without Redis. */
  readonly isRedisUp: (() => boolean) | null;
}

export type Metrics = ReturnType<typeof createMetrics>;

export function createMetrics(options: MetricsOptions) {
  const { hasCache, version, errorCodes, openStreams, isBreakerOpen, droppedLogEntries, isRedisUp } = options;
  const registry = new Registry();
  const registers = [registry];
  const counter = (name: MetricName, ...labelNames: string[]) => new Counter({ ...named(name), labelNames, registers });
  const gauge = (name: MetricName, read: () => number) =>
    new Gauge({
      ...named(name),
      registers,
      collect() {
        this.set(read());
      },
    });

  const operations = new HotCounter(named('assistants_operations_total'), ['kind', 'outcome'], registers);
  const operationDuration = new HotHistogram({
    ...named('assistants_operation_duration_seconds'),
    labelName: 'kind',
    buckets: DURATION_BUCKETS_SECONDS,
  });
  const errors = counter('assistants_errors_total', 'code');
  const userErrors = counter('assistants_user_errors_total', 'code');
  const rateLimited = counter('assistants_rate_limited_total', 'by');
  const cacheLookups = { hit: 0, miss: 0 };
  if (hasCache)
    new Counter({
      ...named('assistants_cache_lookups_total'),
      labelNames: ['result'],
      registers,
      collect() {
        this.reset();
        for (const result of ['hit', 'miss'] as const) this.inc({ result }, cacheLookups[result]);
      },
    });
  const attempts = new HotCounter(
    named('assistants_upstream_attempts_total'),
    ['call', 'status', 'outcome'],
    registers,
  );
  const attemptDuration = new HotHistogram({
    ...named('assistants_upstream_attempt_duration_seconds'),
    labelName: 'call',
    buckets: DURATION_BUCKETS_SECONDS,
  });
  const retries = counter('assistants_upstream_retries_total', 'call');
  const streams = counter('assistants_streams_total', 'transport', 'end');
  const streamEvents = counter('assistants_stream_events_total');
  const firstText = new Histogram({
    ...named('assistants_stream_first_text_seconds'),
    buckets: FIRST_TEXT_BUCKETS_SECONDS,
    registers,
  });
  new Gauge({
    ...named('assistants_streams_open'),
    labelNames: ['transport'],
    registers,
    collect() {
      this.reset();
      for (const [transport, count] of openStreams()) this.set({ transport }, count);
    },
  });
  const rejectedWebSockets = counter('assistants_websockets_rejected_total', 'code');
  const unlisted = counter('assistants_unlisted_operations_total');
  new Gauge({ ...named('assistants_build_info'), labelNames: ['version'], registers }).set({ version }, 1);
  gauge('assistants_operations_in_flight', options.inFlight);
  gauge('assistants_request_body_bytes', options.requestBodyBytes);
  gauge('assistants_unsent_response_bytes', options.unsentResponseBytes);
  gauge('assistants_upstream_breaker_open', () => (isBreakerOpen() ? 1 : 0));
  gauge('assistants_websockets_open', options.openWebSockets);
  gauge('assistants_runs_followed', options.runsFollowed);
  gauge('assistants_followed_run_bytes', options.followedRunBytes);
  if (isRedisUp) gauge('assistants_redis_up', () => (isRedisUp() ? 1 : 0));
  new Counter({
    ...named('assistants_log_entries_dropped_total'),
    registers,
    collect() {
      this.reset();
      this.inc(droppedLogEntries());
    },
  });

  // Counters start at 0 so that `rate` and `increase` see the first error of a code.
  const codes = new Set([...errorCodes, OTHER_CODE]);
  for (const code of codes) errors.inc({ code }, 0);
  for (const by of ['service', 'upstream']) rateLimited.inc({ by }, 0);
  const processRegistry = processMetrics();

  return {
    contentType: registry.contentType as string,
    recordOperation(record: Pick<OperationRecord, 'kind' | 'outcome' | 'errorCodes' | 'durationMs'>): void {
      const { kind, outcome, durationMs } = record;
      operations.increment(`${kind} ${outcome}`, () => ({ kind, outcome }));
      operationDuration.observe(kind, durationMs / 1000);
      const counter = outcome === 'user_error' ? userErrors : errors;
      for (const code of record.errorCodes)
        counter.inc({ code: codes.has(code) || outcome === 'user_error' ? code : OTHER_CODE });
    },
    recordAttempt({ call, kind, status, durationMs, isRetry }: AttemptMetrics): void {
      const label = toStatusLabel(status);
      attempts.increment(`${call} ${label} ${kind}`, () => ({ call, status: label, outcome: kind }));
      attemptDuration.observe(call, durationMs / 1000);
      if (isRetry) retries.inc({ call });
      if (status === 429) rateLimited.inc({ by: 'upstream' });
    },
    /** A call that was rejected by the service's own rate limit. */
    recordRateLimited: (): void => rateLimited.inc({ by: 'service' }),
    recordCacheLookup(result: 'hit' | 'miss'): void {
      cacheLookups[result] += 1;
    },
    recordStream({ transport, end, events, firstTextMs }: StreamMetrics): void {
      streams.inc({ transport, end });
      streamEvents.inc(events);
      if (firstTextMs !== null) firstText.observe(firstTextMs / 1000);
    },
    recordWebSocketRejected: (code: number): void => rejectedWebSockets.inc({ code }),
    /** An operation that is not in the manifest, whether it was rejected or not. */
    recordUnlisted: (): void => unlisted.inc(),
    /** All metrics in Prometheus' text format. */
    text: async (): Promise<string> =>
      `${await registry.metrics()}\n${operationDuration.text()}\n${attemptDuration.text()}\n${await processRegistry.metrics()}`,
  };
}

/** Unregistered statuses share a label, because upstream could send any number. */
const toStatusLabel = (status: number | null): string | number =>
  status === null ? 'none' : status in STATUS_CODES ? status : 'other';

type MetricName = keyof typeof metricDescriptions;

const named = (name: MetricName) => ({ name, help: metricDescriptions[name] });

let processRegistry: Registry | null = null;

/** Created once per process: prom-client cannot stop the collectors of the process's metrics. */
function processMetrics(): Registry {
  if (processRegistry) return processRegistry;
  processRegistry = new Registry();
  collectDefaultMetrics({ register: processRegistry, eventLoopMonitoringPrecision: EVENT_LOOP_PRECISION_MS });
  return processRegistry;
}
