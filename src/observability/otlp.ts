/**
 * OpenTelemetry tracing with batches over OTLP/HTTP. Loaded only if tracing is on.
 *
 * Attributes follow the semantic conventions for HTTP and GraphQL, without those that could leak data: `url.full`,
 * `url.query`, `server.address` and `graphql.document`. Nothing is registered globally. OpenTelemetry gets no logger:
 * `onDelivery` reports a failing collector. The exporter itself reads the other OTEL_EXPORTER_OTLP_* variables (headers,
 * compression).
 */
import {
  ROOT_CONTEXT,
  SpanKind,
  SpanStatusCode,
  trace,
  type Context,
  type Span,
  type Tracer,
} from '@opentelemetry/api';
import { ExportResultCode, parseTraceParent } from '@opentelemetry/core';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, resourceFromAttributes } from '@opentelemetry/resources';
import { BatchSpanProcessor, TracerProvider } from '@opentelemetry/sdk-trace';
import type { OperationRecord } from './operation-record.ts';
import {
  DEFAULT_SERVICE_NAME,
  type CallTrace,
  type RequestTrace,
  type TraceHeaders,
  type Tracing,
  type TracingOptions,
} from './tracing.ts';

const DEFAULT_TIMEOUT_MS = 3000;

/** At most 2,048 spans wait for the collector; further ones are dropped. */
export function createOtlpTracing({
  endpoint,
  serviceName,
  serviceVersion,
  timeoutMs = DEFAULT_TIMEOUT_MS,
  onDelivery = () => undefined,
}: TracingOptions): Tracing {
  const exporter = new ReportingExporter({ url: toTracesUrl(endpoint), timeoutMillis: timeoutMs }, onDelivery);
  const provider = new TracerProvider({
    resource: defaultResource().merge(
      resourceFromAttributes({
        'service.name': serviceName ?? DEFAULT_SERVICE_NAME,
        ...(serviceVersion !== undefined && { 'service.version': serviceVersion }),
      }),
    ),
    spanProcessors: [new BatchSpanProcessor({ exporter, exportTimeoutMillis: timeoutMs })],
  });
  const tracer = provider.getTracer(DEFAULT_SERVICE_NAME, serviceVersion);
  return {
    startRequest: (method, route, headers) => new OtlpRequestTrace(tracer, method, route, headers),
    close: () => within(timeoutMs, provider.shutdown()),
  };
}

/** Calls `onDelivery` when exports begin to fail, and when they succeed again. */
class ReportingExporter extends OTLPTraceExporter {
  readonly #onDelivery: (isDelivered: boolean) => void;
  #isFailing = false;

  constructor(options: ConstructorParameters<typeof OTLPTraceExporter>[0], onDelivery: (isDelivered: boolean) => void) {
    super(options);
    this.#onDelivery = onDelivery;
  }

  override export(...[spans, done]: Parameters<OTLPTraceExporter['export']>): void {
    super.export(spans, (result) => {
      const isFailing = result.code !== ExportResultCode.SUCCESS;
      if (isFailing !== this.#isFailing) this.#onDelivery(!isFailing);
      this.#isFailing = isFailing;
      done(result);
    });
  }
}

/** Appends to the endpoint's path (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). */
function toTracesUrl(endpoint: URL): string {
  const url = new URL(endpoint);
  url.pathname = `${url.pathname.replace(/\/$/, '')}/v1/traces`;
  return url.href;
}

async function within(timeoutMs: number, done: Promise<void>): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<void>((resolve) => (timer = setTimeout(resolve, timeoutMs)));
  await Promise.race([done.catch(() => undefined), timeout]);
  clearTimeout(timer);
}

const METHODS: ReadonlySet<string> = new Set(['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS']);

class OtlpRequestTrace implements RequestTrace {
  readonly #tracer: Tracer;
  readonly #request: Span;
  readonly #context: Context;
  #operation: Span | null = null;
  /** The parent of upstream calls. */
  #callContext: Context;

  constructor(tracer: Tracer, method: string, route: string, headers: TraceHeaders) {
    const methodLabel = METHODS.has(method) ? method : '_OTHER';
    this.#tracer = tracer;
    this.#request = tracer.startSpan(
      `${methodLabel === '_OTHER' ? 'HTTP' : methodLabel} ${route}`,
      {
        kind: SpanKind.SERVER,
        attributes: {
          'http.request.method': methodLabel,
          'http.route': route,
          'url.path': route,
          'url.scheme': 'http',
        },
      },
      readParent(headers),
    );
    this.#context = trace.setSpan(ROOT_CONTEXT, this.#request);
    this.#callContext = this.#context;
  }

  get traceId(): string {
    return this.#request.spanContext().traceId;
  }

  startOperation(): void {
    this.#operation = this.#tracer.startSpan('GraphQL operation', { kind: SpanKind.INTERNAL }, this.#context);
    this.#callContext = trace.setSpan(this.#context, this.#operation);
  }

  endOperation({ kind, operationName, outcome, errorCodes }: OperationRecord): void {
    const span = this.#operation;
    if (!span) return;
    this.#operation = null;
    // The operation name is an attribute only: span names must have low cardinality.
    if (kind !== 'unknown') span.updateName(kind).setAttribute('graphql.operation.type', kind);
    if (operationName !== null) span.setAttribute('graphql.operation.name', operationName);
    const [code] = errorCodes;
    if (code !== undefined) span.setAttribute('error.type', code);
    if (outcome !== 'ok') span.setStatus({ code: SpanStatusCode.ERROR });
    span.end();
  }

  startCall(name: string, method: string, isRetry: boolean): CallTrace {
    const span = this.#tracer.startSpan(
      name,
      {
        kind: SpanKind.CLIENT,
        attributes: { 'http.request.method': method, ...(isRetry && { 'aiml.attempt.is_retry': true }) },
      },
      this.#callContext,
    );
    const { traceId, spanId, traceFlags } = span.spanContext();
    return {
      traceparent: `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, '0')}`,
      end: ({ kind, status }) => {
        span.setAttribute('aiml.attempt.outcome', kind);
        if (status !== null) span.setAttribute('http.response.status_code', status);
        if (kind !== 'OK')
          span
            .setAttribute('error.type', status === null ? kind : String(status))
            .setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  end(status: number | null): void {
    // The operation may outlive its request: it ends with its own record, which names it.
    if (status !== null) this.#request.setAttribute('http.response.status_code', status);
    // By the conventions, 4xx is not an error of a server span.
    if (status === null || status >= 500)
      this.#request
        .setAttribute('error.type', status === null ? 'client_disconnected' : String(status))
        .setStatus({ code: SpanStatusCode.ERROR });
    this.#request.end();
  }
}

/** Only `traceparent` is read. `tracestate` and `baggage` are ignored because they can contain any text. */
function readParent({ traceparent }: TraceHeaders): Context {
  const parent = typeof traceparent === 'string' ? parseTraceParent(traceparent) : null;
  return parent ? trace.setSpanContext(ROOT_CONTEXT, { ...parent, isRemote: true }) : ROOT_CONTEXT;
}
