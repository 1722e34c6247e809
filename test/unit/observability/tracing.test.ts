// Traces as a collector receives them, over a real socket.
import { createServer, type IncomingHttpHeaders } from 'node:http';
import { createServer as createTcpServer, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import type { OperationRecord } from '../../../src/observability/operation-record.ts';
import { createTracing, type RequestTrace, type Tracing } from '../../../src/observability/tracing.ts';
import { listen } from '../../support/listen.ts';

interface OtlpSpan {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId?: string;
  readonly name: string;
  readonly kind: number;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly status: { readonly code?: number; readonly message?: string };
}

interface OtlpBody {
  readonly resourceSpans: readonly {
    readonly resource: Pick<OtlpSpan, 'attributes'>;
    readonly scopeSpans: readonly { readonly spans: readonly OtlpSpan[] }[];
  }[];
}

interface Collector {
  readonly url: URL;
  readonly requests: { readonly path: string; readonly headers: IncomingHttpHeaders; readonly text: string }[];
  spans(): OtlpSpan[];
  span(name: string): OtlpSpan;
  resource(): Record<string, unknown>;
  stop(): Promise<void>;
}

const SERVER = 2;
const CLIENT = 3;
const INTERNAL = 1;
const ERROR = 2;

async function startCollector(): Promise<Collector> {
  const requests: Collector['requests'] = [];
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      requests.push({
        path: request.url ?? '',
        headers: request.headers,
        text: Buffer.concat(chunks).toString('utf8'),
      });
      response.setHeader('content-type', 'application/json').end('{}');
    });
  });
  const url = new URL(`http://127.0.0.1:${await listen(server)}`);
  const bodies = () => requests.map(({ text }) => JSON.parse(text) as OtlpBody);
  const spans = () =>
    bodies().flatMap(({ resourceSpans }) =>
      resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
    );
  return {
    url,
    requests,
    spans,
    span: (name) => {
      const found = spans().filter((span) => span.name === name);
      if (found.length !== 1 || !found[0]) throw new Error(`${found.length} spans are named ${name}`);
      return found[0];
    },
    resource: () => attributesOf(bodies()[0]?.resourceSpans[0]?.resource ?? { attributes: [] }),
    stop: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

const attributesOf = ({ attributes }: Pick<OtlpSpan, 'attributes'>): Record<string, unknown> =>
  Object.fromEntries(attributes.map(({ key, value }) => [key, Object.values(value)[0]]));

const operation = (fields: Partial<OperationRecord> = {}): OperationRecord => ({
  operationName: null,
  kind: 'query',
  outcome: 'ok',
  errorCodes: [],
  durationMs: 1,
  ...fields,
});

const CALL = ['assistants.get', 'GET', false] as const;
const TRACE_ID = '4bf92f3577b34da6a3ce929d0e0e4736';
const PARENT_ID = '00f067aa0ba902b7';

describe('tracing that is on', () => {
  let collector: Collector;
  let tracing: Tracing;

  beforeEach(async () => {
    collector = await startCollector();
    tracing = await createTracing({ endpoint: collector.url });
  });
  afterEach(async () => {
    await tracing.close();
    await collector.stop();
  });

  function startRequest(headers: Record<string, string | string[]> = {}, method = 'POST'): RequestTrace {
    const trace = tracing.startRequest(method, '/graphql', headers);
    if (!trace) throw new Error('tracing is off');
    return trace;
  }

  test('sends a span for the request, the operation and each attempt upstream, each a child of the previous', async () => {
    const trace = startRequest();
    trace.startOperation();
    trace.startCall(...CALL).end({ kind: 'UNKNOWN', status: 503 });
    trace.startCall('again', 'GET', true).end({ kind: 'OK', status: 200 });
    trace.endOperation(operation({ operationName: 'One' }));
    trace.end(200);
    await tracing.close();

    expect(collector.requests).toHaveLength(1);
    expect(collector.requests[0]?.path).toBe('/v1/traces');
    const request = collector.span('POST /graphql');
    const query = collector.span('query');
    const first = collector.span('assistants.get');
    const second = collector.span('again');
    expect([request, query, first, second].map(({ traceId }) => traceId)).toEqual(Array(4).fill(trace.traceId));
    expect([request, query, first, second].map(({ kind }) => kind)).toEqual([SERVER, INTERNAL, CLIENT, CLIENT]);
    expect(request.parentSpanId ?? '').toBe('');
    expect(query.parentSpanId).toBe(request.spanId);
    expect([first.parentSpanId, second.parentSpanId]).toEqual([query.spanId, query.spanId]);
    expect(attributesOf(request)).toEqual({
      'http.request.method': 'POST',
      'http.route': '/graphql',
      'url.path': '/graphql',
      'url.scheme': 'http',
      'http.response.status_code': 200,
    });
    expect(attributesOf(query)).toEqual({ 'graphql.operation.type': 'query', 'graphql.operation.name': 'One' });
    expect(attributesOf(first)).toEqual({
      'http.request.method': 'GET',
      'aiml.attempt.outcome': 'UNKNOWN',
      'http.response.status_code': 503,
      'error.type': '503',
    });
    expect(attributesOf(second)).toEqual({
      'http.request.method': 'GET',
      'aiml.attempt.is_retry': true,
      'aiml.attempt.outcome': 'OK',
      'http.response.status_code': 200,
    });
    expect([request, query, first, second].map(({ status }) => status.code ?? 0)).toEqual([0, 0, ERROR, 0]);
  });

  test("continues the client's trace and passes it on upstream", async () => {
    const trace = startRequest({ traceparent: `00-${TRACE_ID}-${PARENT_ID}-01`, tracestate: 'vendor=text' });
    trace.startOperation();
    const call = trace.startCall(...CALL);
    call.end({ kind: 'OK', status: 200 });
    trace.endOperation(operation());
    trace.end(200);
    await tracing.close();

    expect(trace.traceId).toBe(TRACE_ID);
    expect(collector.span('POST /graphql')).toMatchObject({ traceId: TRACE_ID, parentSpanId: PARENT_ID });
    expect(call.traceparent).toBe(`00-${TRACE_ID}-${collector.span('assistants.get').spanId}-01`);
    expect(collector.requests[0]?.text).not.toContain('vendor=text');
  });

  test('sends nothing of a trace that is not sampled, and still passes it on', async () => {
    const trace = startRequest({ traceparent: `00-${TRACE_ID}-${PARENT_ID}-00` });
    trace.startOperation();
    const call = trace.startCall(...CALL);
    call.end({ kind: 'OK', status: 200 });
    trace.endOperation(operation());
    trace.end(200);
    await tracing.close();
    expect(collector.requests).toEqual([]);
    expect(call.traceparent).toMatch(new RegExp(`^00-${TRACE_ID}-[0-9a-f]{16}-00$`));
  });

  test.each([
    '',
    'nonsense',
    `00-${'0'.repeat(32)}-${PARENT_ID}-01`,
    `00-${TRACE_ID}-${'0'.repeat(16)}-01`,
    `ff-${TRACE_ID}-${PARENT_ID}-01`,
    `00-${TRACE_ID}-${PARENT_ID}-01-more`,
    `00-${TRACE_ID}-${PARENT_ID}-01, 00-${TRACE_ID}-${PARENT_ID}-01`,
    [`00-${TRACE_ID}-${PARENT_ID}-01`, `00-${TRACE_ID}-${PARENT_ID}-01`],
  ])('starts a new trace for the traceparent %j', (traceparent) => {
    const { traceId } = startRequest({ traceparent });
    expect(traceId).toMatch(/^[0-9a-f]{32}$/);
    expect(traceId).not.toBe(TRACE_ID);
  });

  test('marks errors by their codes only', async () => {
    const trace = startRequest();
    trace.startOperation();
    trace.startCall(...CALL).end({ kind: 'NOT_SENT', status: null });
    trace.endOperation(operation({ kind: 'mutation', outcome: 'error', errorCodes: ['UPSTREAM_UNAVAILABLE', 'B'] }));
    trace.end(503);
    await tracing.close();
    expect(attributesOf(collector.span('assistants.get'))).toMatchObject({ 'error.type': 'NOT_SENT' });
    expect(attributesOf(collector.span('mutation'))).toMatchObject({ 'error.type': 'UPSTREAM_UNAVAILABLE' });
    expect(attributesOf(collector.span('POST /graphql'))).toMatchObject({ 'error.type': '503' });
    for (const { status } of collector.spans()) expect(status).toEqual({ code: ERROR });
  });

  test('names an operation that outlives its request, as that of a stream whose client disconnected', async () => {
    const trace = startRequest();
    trace.startOperation();
    trace.end(null);
    trace.endOperation(operation({ operationName: 'Named' }));
    await tracing.close();
    const request = collector.span('POST /graphql');
    expect(attributesOf(request)).toMatchObject({ 'error.type': 'client_disconnected' });
    const query = collector.span('query');
    expect(query.parentSpanId).toBe(request.spanId);
    expect(attributesOf(query)).toMatchObject({ 'graphql.operation.name': 'Named' });
  });

  test('records a write that outlives its request, and a request that fails before its operation', async () => {
    const trace = startRequest();
    const call = trace.startCall(...CALL);
    trace.end(400);
    call.end({ kind: 'OK', status: 200 });
    await tracing.close();
    const request = collector.span('POST /graphql');
    expect(collector.span('assistants.get').parentSpanId).toBe(request.spanId);
    expect(request.status.code ?? 0).toBe(0);
  });

  test('records no unknown HTTP method', async () => {
    startRequest({}, 'CANARY').end(404);
    await tracing.close();
    expect(attributesOf(collector.span('HTTP /graphql'))).toMatchObject({ 'http.request.method': '_OTHER' });
    expect(collector.requests[0]?.text).not.toContain('CANARY');
  });

  test('sends no headers of the request', async () => {
    startRequest({ authorization: 'Bearer canary-key', cookie: 'canary-key', baggage: 'canary-key' }).end(200);
    await tracing.close();
    expect(collector.requests[0]?.text).not.toContain('canary-key');
  });

  test('names the service, and keeps the path of the endpoint', async () => {
    startRequest().end(200);
    await tracing.close();
    expect(collector.resource()).toMatchObject({ 'service.name': 'assistants-graphql' });

    const endpoint = new URL('/otlp/', collector.url);
    const other = await createTracing({ endpoint, serviceName: 'mine', serviceVersion: '1.2.3' });
    collector.requests.length = 0;
    other.startRequest('GET', '/graphql', {})?.end(200);
    await other.close();
    expect(collector.requests[0]?.path).toBe('/otlp/v1/traces');
    expect(collector.resource()).toMatchObject({ 'service.name': 'mine', 'service.version': '1.2.3' });
  });

  test('closes more than once', async () => {
    startRequest().end(200);
    await Promise.all([tracing.close(), tracing.close()]);
    await tracing.close();
    expect(collector.spans()).toHaveLength(1);
  });
});

describe('a collector that does not work', () => {
  const trace = (tracing: Tracing) => {
    const request = tracing.startRequest('POST', '/graphql', {});
    request?.startOperation();
    request?.startCall(...CALL).end({ kind: 'OK', status: 200 });
    request?.endOperation(operation());
    request?.end(200);
  };

  test.each([
    ['refuses connections', null],
    ['drops connections', (socket: Socket) => socket.destroy()],
    ['does not speak HTTP', (socket: Socket) => void socket.on('error', () => undefined).end('what?\r\n\r\n')],
    ['never responds', (socket: Socket) => void socket.on('error', () => undefined).resume()],
  ])('disturbs no request if it %s', async (_what, onConnection) => {
    const sockets = new Set<Socket>();
    const server = createTcpServer((socket) => {
      sockets.add(socket);
      onConnection?.(socket);
    });
    const endpoint = new URL(`http://127.0.0.1:${await listen(server)}`);
    const close = async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    };
    if (!onConnection) await close();
    const tracing = await createTracing({ endpoint, timeoutMs: 200 });
    trace(tracing);
    await expect(tracing.close()).resolves.toBeUndefined();
    if (onConnection) await close();
  });

  test('uses bounded memory if it is slow: spans beyond the queue are dropped', async () => {
    const collector = await startCollector();
    const tracing = await createTracing({ endpoint: collector.url });
    for (let index = 0; index < 5000; index += 1) trace(tracing);
    await tracing.close();
    expect(collector.spans().length).toBeGreaterThan(0);
    expect(collector.spans().length).toBeLessThanOrEqual(512 + 2048);
    await collector.stop();
  });
});
