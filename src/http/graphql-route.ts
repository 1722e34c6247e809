/** `/graphql`: from a Fastify request into Apollo Server and back, with nothing in between that the hot path can do without. */
import { HeaderMap, type HTTPGraphQLRequest } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { CancellationToken } from '../runtime/cancellation.ts';
import { isErrorCode } from '../graphql/errors/codes.ts';
import type { RequestTrace, TraceHeaders } from '../observability/tracing.ts';
import type { Release } from '../runtime/semaphore.ts';
import { chooseContentType } from './content-type.ts';
import {
  CLIENT_DISCONNECTED,
  recordErrorResponse,
  sendErrorResponse,
  type HttpErrorResponse,
} from './error-response.ts';
import type { Lifecycle } from './lifecycle.ts';
import { exchangeOf } from './request-state.ts';
import { toSearch } from './search.ts';
import { sendOneResult, sendStream } from './stream-response.ts';
import { chooseStreamType, type StreamAcceptance } from './stream-type.ts';
import type { RequestInfo } from '../graphql/server/request-context.ts';
import type { GraphQLHttpResponse } from '../graphql/server/request-handler.ts';

export interface GraphQLRouteOptions {
  readonly lifecycle: Lifecycle;
  /** Null while tracing is off. */
  readonly startTrace: (method: string, route: string, headers: TraceHeaders) => RequestTrace | null;
  /** How long nothing may be sent in a stream, in milliseconds; 12 s where it is left out. */
  readonly heartbeatMs?: number | undefined;
  /** Never rejects. */
  readonly execute: (request: HTTPGraphQLRequest, info: RequestInfo) => Promise<GraphQLHttpResponse>;
}

export function registerGraphQLRoute(app: FastifyInstance, url: string, options: GraphQLRouteOptions): void {
  const { lifecycle, startTrace, heartbeatMs, execute } = options;

  app.route({
    method: ['GET', 'POST'],
    exposeHeadRoute: false,
    url,
    handler: (request, reply) => {
      const exchange = exchangeOf(request);
      if (exchange.hasEnded) return sendErrorResponse(reply, CLIENT_DISCONNECTED);
      // Apollo Server looks at this only once the operation has run, which for a mutation is too late.
      const contentType = chooseContentType(request.headers.accept);
      const streaming = request.method === 'POST' ? chooseStreamType(request.headers.accept) : null;
      if (contentType === null && streaming === null)
        return sendErrorResponse(reply, {
          status: 406,
          code: 'BAD_REQUEST',
          message:
            'The response is application/graphql-response+json or application/json, or a stream as text/event-stream or ' +
            'multipart/mixed with subscriptionSpec=1.0, which Accept rules out.',
        });
      const search = searchOf(request);
      if (search === null) return sendErrorResponse(reply, NO_UTF8);
      const release = lifecycle.tryBeginOperation();
      if (!release)
        return sendErrorResponse(reply, {
          status: 503,
          code: 'OVERLOADED',
          message: 'The service is working on as many operations as it can: try again in a moment.',
        });
      const cancellation = new CancellationToken();
      const trace = startTrace(request.method, '/graphql', request.headers);
      exchange.isExecuted = true;
      exchange.onEnded(() => {
        if (exchange.sentStatus === null) cancellation.cancel();
        trace?.end(exchange.sentStatus);
      });
      // One literal, without a spread: properties that follow a spread cost a microsecond each.
      return respond(request, reply, {
        contentType: contentType ?? STREAM_ONLY,
        streaming,
        search,
        cancellation,
        trace,
        lifecycle,
        heartbeatMs,
        execute,
        onSettled: claimBody(request, release),
      });
    },
  });
}

/**
 * Takes over the memory of the request's body. What it returns is to be called when the operation has ended, which is not
 * when its response is sent: that takes as long as its client likes.
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

interface ResponseOptions
  extends
    Pick<GraphQLRouteOptions, 'lifecycle' | 'heartbeatMs' | 'execute'>,
    Pick<RequestInfo, 'cancellation' | 'trace'> {
  /** Of a response that is no stream. */
  readonly contentType: string;
  /** Null where the response cannot be a stream. */
  readonly streaming: StreamAcceptance | null;
  readonly search: string;
  /** The operation has ended, or its stream has begun. */
  readonly onSettled: () => void;
}

/** Stands for the Content-Type of clients that accept streams alone; overload and draining are responded to with JSON. */
const STREAM_ONLY = 'application/json; charset=utf-8';

/** Resolves to the body, not to the reply: Fastify would wait for that to be sent, which costs more than to send it. */
async function respond(
  request: FastifyRequest,
  reply: FastifyReply,
  options: ResponseOptions,
): Promise<Buffer | FastifyReply> {
  const { contentType, streaming, lifecycle, onSettled } = options;
  let response: GraphQLHttpResponse;
  try {
    response = await execute(request, options);
  } finally {
    onSettled();
  }
  const { id: requestId } = request;
  const { status, headers, body, stream, isSubscription = false } = response;
  const exchange = exchangeOf(request);
  if (stream && streaming) {
    await sendStream(reply, stream, {
      type: streaming.type,
      exchange,
      isStopping: () => lifecycle.state === 'draining',
      heartbeatMs: options.heartbeatMs,
    });
    return reply;
  }
  for (const [name, value] of headers) reply.header(name, value);
  reply.code(status).header('content-type', contentType);
  if (lifecycle.state === 'draining') reply.header('connection', 'close');
  // What Apollo Server's plugins saw has its request id; what it refused before them (CSRF, a malformed request) has not.
  const completed = status < 400 || body.includes(requestId) ? body : completeErrorResponse(body, status, reply);
  // Clients of streams take another status than 200 for a failure of the connection, and come again.
  const isStreamed = streaming !== null && status !== 503 && (isSubscription || streaming.isPreferred);
  if (!streaming || !isStreamed) return completed;
  sendOneResult(reply, completed, { type: streaming.type, exchange });
  return reply;
}

function execute(
  request: FastifyRequest,
  { streaming, search, cancellation, trace, execute: executeRequest }: ResponseOptions,
): Promise<GraphQLHttpResponse> {
  return executeRequest(toApolloRequest(request, search), {
    requestId: request.id,
    callerRequestId: callerRequestIdOf(request.headers['x-request-id']),
    authorization: request.headers.authorization,
    cancellation,
    trace,
    streamTransport: streaming?.type ?? null,
  });
}

const NO_UTF8: HttpErrorResponse = { status: 400, code: 'BAD_REQUEST', message: 'The query string is not UTF-8 text.' };

/** The parameters of a GET, empty for a POST, which has its own in the body; null where they are not UTF-8. */
const searchOf = ({ method, url }: FastifyRequest): string | null => (method === 'POST' ? '' : toSearch(url));

const callerRequestIdOf = (header: string | string[] | undefined): string | null =>
  typeof header === 'string' && /^[A-Za-z0-9._:-]{1,128}$/.test(header) ? header : null;

/**
 * A POST has come through the parser for application/json, which no other site's page can send without a preflight, so
 * CSRF prevention has nothing left to look at. The content type of the answer is chosen here for both methods.
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
