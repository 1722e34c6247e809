/**
 * Traces of requests, as the rest of the service sees them. Spans are handed on by hand: nothing here or below it uses
 * AsyncLocalStorage, and while tracing is off nothing of OpenTelemetry is loaded and no request allocates anything.
 *
 * No span ever holds a URL, a host, an id, a variable, a header or a credential.
 */
import type { OperationRecord } from './operation-record.ts';

export interface TracingOptions {
  /** The base URL of an OTLP/HTTP collector, as in OTEL_EXPORTER_OTLP_ENDPOINT: `v1/traces` is appended. */
  readonly endpoint: URL;
  /** As in OTEL_SERVICE_NAME. */
  readonly serviceName?: string | undefined;
  readonly serviceVersion?: string | undefined;
  /** The longest that one batch is tried, and that {@link Tracing.close} waits, in milliseconds; 3000 by default. */
  /** Called when traces cannot be delivered any more, and when they can again. */
  readonly onDelivery?: (isDelivered: boolean) => void;
  readonly timeoutMs?: number | undefined;
}

export const DEFAULT_SERVICE_NAME = 'assistants-graphql';

/** Request headers by their names in lower case, as node:http has them. */
export type TraceHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Tracing {
  /**
   * Begins the trace of a request, or goes on with the caller's where it sent a valid `traceparent`. Null while tracing
   * is off. `route` is the path as the service knows it, never as it was asked for.
   */
  startRequest(method: string, route: string, headers: TraceHeaders): RequestTrace | null;
  /** Sends what is left as long as the time-out allows, and never rejects. */
  close(): Promise<void>;
}

/** One request. Whoever starts it ends it; what is started later than `end` still counts as part of it. */
export interface RequestTrace {
  /** 32 hexadecimal digits, for log lines. */
  readonly traceId: string;
  startOperation(): void;
  endOperation(record: OperationRecord): void;
  /** Begins one attempt of a call to upstream, below the operation where there is one. */
  startCall(call: TracedCall): CallTrace;
  /** `status` is the HTTP status of the answer, null where the caller went away before there was one. */
  end(status: number | null): void;
}

export interface TracedCall {
  /** The call's name in the code, for example `assistants.get`. */
  readonly name: string;
  /** The HTTP method. */
  readonly method: string;
  readonly isRetry: boolean;
}

export interface CallTrace {
  /** The header to send along (https://www.w3.org/TR/trace-context/). */
  readonly traceparent: string;
  end(attempt: { readonly kind: string; readonly status: number | null }): void;
}

const OFF: Tracing = { startRequest: () => null, close: () => Promise.resolve() };

/** Null switches tracing off. A collector that cannot be reached is no error: its spans are dropped in silence. */
export async function createTracing(options: TracingOptions | null): Promise<Tracing> {
  if (!options) return OFF;
  const { createOtlpTracing } = await import('./otlp.ts');
  return createOtlpTracing(options);
}
