/**
 * The tracing interface of the service. Spans are passed as arguments instead of AsyncLocalStorage. If tracing is off,
 * OpenTelemetry is not loaded and requests allocate nothing for it.
 *
 * A span never contains a URL, a host, an id, a variable, a header or a credential.
 */
import type { OperationRecord } from './operation-record.ts';

export interface TracingOptions {
  /** The base URL of an OTLP/HTTP collector, as in OTEL_EXPORTER_OTLP_ENDPOINT: `v1/traces` is appended. */
  readonly endpoint: URL;
  /** As in OTEL_SERVICE_NAME. */
  readonly serviceName?: string | undefined;
  readonly serviceVersion?: string | undefined;
  /** Called when exports begin to fail, and when they succeed again. */
  readonly onDelivery?: (isDelivered: boolean) => void;
  /** The time-out of a batch and of {@link Tracing.close}, in milliseconds; 3000 by default. */
  readonly timeoutMs?: number | undefined;
}

export const DEFAULT_SERVICE_NAME = 'assistants-graphql';

/** Request headers by lower-case name, as in node:http. */
export type TraceHeaders = Readonly<Record<string, string | readonly string[] | undefined>>;

export interface Tracing {
  /**
   * Starts the server span of a request, as a child of the client's span if it sent a valid `traceparent`. Null if tracing
   * is off. `route` is the path of the registered route, never the requested URL.
   */
  startRequest(method: string, route: string, headers: TraceHeaders): RequestTrace | null;
  /** Exports the remaining spans within the time-out. Never rejects. */
  close(): Promise<void>;
}

/** The trace of one request. The code that starts it must call `end`; spans that start later still belong to it. */
export interface RequestTrace {
  /** 32 hexadecimal digits, for log entries. */
  readonly traceId: string;
  startOperation(): void;
  endOperation(record: OperationRecord): void;
  /**
   * Starts the span of an attempt of an upstream call, as a child of the operation if there is one. `name` is that of the
   * endpoint (`assistants.get`), `method` that of HTTP.
   */
  startCall(name: string, method: string, isRetry: boolean): CallTrace;
  /**
   * `status` is the HTTP status of the response; null if the client disconnected before it. An operation that was started
   * still needs `endOperation`.
   */
  end(status: number | null): void;
}

export interface CallTrace {
  /** The header to send along (https://www.w3.org/TR/trace-context/). */
  readonly traceparent: string;
  end(attempt: { readonly kind: string; readonly status: number | null }): void;
}

const OFF: Tracing = { startRequest: () => null, close: () => Promise.resolve() };

/** Null switches tracing off. If the collector cannot be reached, spans are dropped without an error. */
export async function createTracing(options: TracingOptions | null): Promise<Tracing> {
  if (!options) return OFF;
  const { createOtlpTracing } = await import('./otlp.ts');
  return createOtlpTracing(options);
}
