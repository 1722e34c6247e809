/** The route `/graphql`: maps a Fastify request to a GraphQL request, and the result to a response. It is on the hot path. */
import { HeaderMap, type HTTPGraphQLRequest } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CancellationToken } from '../runtime/cancellation.ts';
import { isErrorCode } from '../graphql/errors/codes.ts';
import type { RequestTrace, TraceHeaders } from '../observability/tracing.ts';
import { isRequestId } from '../runtime/request-id.ts';
import type { Release, Semaphore } from '../runtime/semaphore.ts';
import { chooseContentType, chooseStreamType, type StreamAcceptance } from './content-negotiation.ts';
import {
  clientError,
  CLIENT_DISCONNECTED,
  DEFAULT_ERROR_TYPE,
  NO_SLOT,
  recordErrorResponse,
  RETRY_AFTER,
  sendErrorResponse,
} from './error-response.ts';
import { acceptsHtml, addVary } from './explorer/page-headers.ts';
import type { Lifecycle } from './shutdown.ts';
import { exchangeOf } from './request-state.ts';
import { queryStringOf } from './request-target.ts';
import { sendOneResult, sendStream } from './stream-response.ts';
import type { RequestInfo } from '../graphql/server/request-context.ts';
import type { GraphQLHttpResponse } from '../graphql/server/http-response.ts';

/** What operations need over HTTP and over WebSockets. */
export interface OperationOptions {
  readonly lifecycle: Readonly<Lifecycle>;
  /** Limits the operations in flight (`MAX_IN_FLIGHT`). */
  readonly operationSlots: Pick<Semaphore, 'tryAcquire'>;
  /** Returns null if tracing is off. */
  readonly startTrace: (method: string, route: string, headers: TraceHeaders) => RequestTrace | null;
  /** The interval of heartbeats in streams and WebSockets, in milliseconds; 12 s by default. */
  readonly heartbeatMs?: number | undefined;
  /** Never rejects. */
  readonly execute: (request: HTTPGraphQLRequest, info: RequestInfo) => Promise<GraphQLHttpResponse>;
}

export interface GraphQLRouteOptions extends OperationOptions {
  /** Whether `/` is a page. A browser that opens this URL without an operation is then redirected to it. */
  readonly hasLandingPage?: boolean;
}

export function registerGraphQLRoute(app: FastifyInstance, url: string, options: GraphQLRouteOptions): void {
  const { operationSlots, startTrace, hasLandingPage = false } = options;

  app.route({
    method: ['GET', 'POST'],
    exposeHeadRoute: false,
    url,
    handler: (request, reply) => {
      const exchange = exchangeOf(request);
      if (exchange.hasEnded) return sendErrorResponse(reply, CLIENT_DISCONNECTED);
      if (hasLandingPage && request.method === 'GET' && isPageVisit(request)) return redirectToLandingPage(reply);
      // Checked before execution. Apollo Server checks it afterwards, which is too late for a mutation.
      const contentType = chooseContentType(request.headers.accept);
      const streaming = request.method === 'POST' ? chooseStreamType(request.headers.accept) : null;
      if (contentType === null && streaming === null) return sendErrorResponse(reply, NOT_ACCEPTABLE);
      const search = searchOf(request);
      if (search === null) return sendErrorResponse(reply, NOT_UTF8);
      const release = operationSlots.tryAcquire();
      if (!release) return sendErrorResponse(reply, NO_SLOT);
      const cancellation = new CancellationToken();
      const trace = startTrace(request.method, '/graphql', request.headers);
      exchange.isExecuted = true;
      exchange.onEnded(() => {
        if (exchange.sentStatus === null) cancellation.cancel();
        trace?.end(exchange.sentStatus);
      });
      return respond(request, reply, options, {
        contentType: contentType ?? DEFAULT_ERROR_TYPE,
        streaming,
        search,
        cancellation,
        trace,
        onSettled: claimBody(request, release),
      });
    },
  });
}

/**
 * Takes over the body's memory reservation. Call the returned function when the operation has ended, without waiting for
 * the client to read the response.
 */
function claimBody(request: FastifyRequest, releaseOperation: Release): () => void {
  const { bodyReservation } = request;
  request.bodyReservation = null;
  return () => {
    request.body = undefined;
    bodyReservation?.release();
    releaseOperation();
  };
}

interface ResponseOptions extends Pick<RequestInfo, 'cancellation' | 'trace'> {
  /** The Content-Type of a response that is not a stream. */
  readonly contentType: string;
  /** Null if the client accepts no stream. */
  readonly streaming: StreamAcceptance | null;
  readonly search: string;
  /** Called when the operation has ended or its stream has started. */
  readonly onSettled: () => void;
}

/** Resolves to the body. With the reply, Fastify would wait until it is sent, which costs more than sending it. */
async function respond(
  request: FastifyRequest,
  reply: FastifyReply,
  { lifecycle, heartbeatMs, execute }: GraphQLRouteOptions,
  { contentType, streaming, search, cancellation, trace, onSettled }: ResponseOptions,
): Promise<Buffer | FastifyReply> {
  const { 'x-request-id': callerRequestId } = request.headers;
  const info: RequestInfo = {
    requestId: request.id,
    callerRequestId: isRequestId(callerRequestId) ? callerRequestId : null,
    authorization: request.headers.authorization,
    cancellation,
    trace,
    streamTransport: streaming?.type ?? null,
    caller: null,
  };
  let response: GraphQLHttpResponse;
  try {
    response = await execute(toApolloRequest(request, search), info);
  } finally {
    onSettled();
  }
  const { id: requestId } = request;
  const { status, headers, body, stream, isSubscription = false } = response;
  const exchange = exchangeOf(request);
  exchange.connection.caller = info.caller;
  if (stream && streaming) {
    await sendStream(reply, stream, {
      type: streaming.type,
      exchange,
      isStopping: () => lifecycle.state === 'draining',
      heartbeatMs,
    });
    return reply;
  }
  for (const [name, value] of headers) reply.header(name, value);
  reply.code(status).header('content-type', contentType);
  if (status === 503) reply.header('retry-after', RETRY_AFTER);
  if (lifecycle.state === 'draining') reply.header('connection', 'close').removeHeader('keep-alive');
  // Errors that Apollo Server raises before its plugins run (CSRF, malformed requests) lack the request id.
  const completed = status < 400 || body.includes(requestId) ? body : completeErrorResponse(body, status, reply);
  // Clients of streams treat another status than 200 as a connection failure and reconnect.
  const isStreamed = streaming !== null && status !== 503 && (isSubscription || streaming.isPreferred);
  if (!streaming || !isStreamed) return completed;
  sendOneResult(reply, completed, { type: streaming.type, exchange });
  return reply;
}

const NOT_ACCEPTABLE = clientError(
  406,
  'The response is application/graphql-response+json or application/json, or for a subscription by POST ' +
    'text/event-stream or multipart/mixed with subscriptionSpec=1.0. Accept allows none of them.',
);
const NOT_UTF8 = clientError(400, 'The query string is not UTF-8 text.');

/** The query string of a GET, empty for a POST; null if it is not UTF-8. */
const searchOf = ({ method, url }: FastifyRequest): string | null => (method === 'POST' ? '' : queryStringOf(url));

/**
 * A POST has the content type application/json, which pages of other sites cannot send without a preflight, so Apollo
 * Server's CSRF prevention need not check it. Accept is omitted because this route chooses the content type.
 */
const POST_HEADERS = new HeaderMap([['apollo-require-preflight', 'true']]);

function toApolloRequest({ method, headers: received, body }: FastifyRequest, search: string): HTTPGraphQLRequest {
  if (method === 'POST') return { method, headers: POST_HEADERS, search, body };
  const headers = new HeaderMap();
  for (const name of ['content-type', 'x-apollo-operation-name', 'apollo-require-preflight']) {
    const value = received[name];
    if (typeof value === 'string') headers.set(name, value);
  }
  return { method, headers, search, body };
}

function completeErrorResponse(body: Buffer, status: number, reply: FastifyReply): Buffer {
  const response = JSON.parse(body.toString()) as { errors?: { extensions?: Record<string, unknown> }[] };
  for (const error of response.errors ?? []) {
    const code = error.extensions?.['code'];
    if (isErrorCode(code)) recordErrorResponse(reply, status, code);
    error.extensions = { ...error.extensions, requestId: reply.request.id };
  }
  return Buffer.from(JSON.stringify(response));
}

/** Whether a browser opens the URL as a page, without an operation in it. */
function isPageVisit({ headers, raw }: FastifyRequest): boolean {
  return acceptsHtml(headers.accept) && !/[?&](?:query|extensions)=/.test(raw.url ?? '');
}

function redirectToLandingPage(reply: FastifyReply): FastifyReply {
  addVary(reply, 'Accept');
  return reply.redirect('/', 302);
}
