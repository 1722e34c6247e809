/** `/graphql`: from a Fastify request into Apollo Server and back, with nothing in between that the hot path can do without. */
import { HeaderMap, type HTTPGraphQLResponse, type HTTPGraphQLRequest } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isErrorCode } from '../graphql/errors.ts';
import type { RequestTrace, TraceHeaders } from '../observability/tracing.ts';
import { refuse } from './errors.ts';
import type { Lifecycle } from './lifecycle.ts';

/** What the HTTP layer knows of a request that a GraphQL context is made from. */
export interface RequestInfo {
  readonly requestId: string;
  readonly authorization: string | undefined;
  /** Aborted when the caller hangs up before the answer is sent. */
  readonly signal: AbortSignal;
  /** Null while tracing is off. */
  readonly trace: RequestTrace | null;
}

export interface GraphQLRouteOptions {
  readonly lifecycle: Lifecycle;
  /** Null while tracing is off. */
  readonly startTrace: (method: string, route: string, headers: TraceHeaders) => RequestTrace | null;
  /** Never rejects. */
  readonly execute: (request: HTTPGraphQLRequest, info: RequestInfo) => Promise<HTTPGraphQLResponse>;
}

/** The request headers that Apollo Server looks at: content negotiation and CSRF prevention. */
const FORWARDED_HEADERS = ['content-type', 'accept', 'x-apollo-operation-name', 'apollo-require-preflight'] as const;

export function registerGraphQLRoute(app: FastifyInstance, options: GraphQLRouteOptions): void {
  const { lifecycle } = options;

  app.route({
    method: ['DELETE', 'HEAD', 'PATCH', 'PUT'],
    url: '/graphql',
    handler: (_request, reply) =>
      refuse(reply.header('allow', 'GET, POST'), {
        status: 405,
        code: 'BAD_REQUEST',
        message: 'GraphQL is asked with POST, queries with GET as well.',
      }),
  });
  app.route({
    method: ['GET', 'POST'],
    exposeHeadRoute: false,
    url: '/graphql',
    handler: async (request, reply) => {
      if (!lifecycle.enter())
        return refuse(reply, {
          status: 503,
          code: 'OVERLOADED',
          message: 'The service is working on as many operations as it can: try again in a moment.',
        });
      try {
        // Apollo Server looks at this only once the operation has run, which for a mutation is too late.
        if (!acceptsJson(request.headers.accept))
          return refuse(reply, {
            status: 406,
            code: 'BAD_REQUEST',
            message: 'The answer is application/graphql-response+json or application/json, which Accept rules out.',
          });
        return await answer(request, reply, options);
      } finally {
        lifecycle.leave();
      }
    },
  });
}

const acceptsJson = (accept: string | undefined): boolean =>
  accept === undefined || /(?:^|[\s,])(?:\*|application)\/(?:\*|json|graphql-response\+json)(?:[\s,;]|$)/i.test(accept);

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { startTrace, execute }: GraphQLRouteOptions,
): Promise<FastifyReply> {
  const hangUp = new AbortController();
  const trace = startTrace(request.method, '/graphql', request.headers);
  reply.raw.once('close', () => {
    const isSent = reply.raw.writableFinished;
    if (!isSent) hangUp.abort();
    trace?.end(isSent ? reply.raw.statusCode : null);
  });
  const { id: requestId } = request;
  const { authorization } = request.headers;
  const info: RequestInfo = { requestId, authorization, signal: hangUp.signal, trace };
  const { status = 200, headers, body } = await execute(toApolloRequest(request), info);
  for (const [name, value] of headers) reply.header(name, value);
  reply.code(status);
  if (body.kind === 'chunked') throw new TypeError('incremental delivery is not offered');
  // What Apollo Server's plugins saw has its request id; what it refused before them (CSRF, a malformed request) has not.
  return reply.send(
    status < 400 || body.string.includes(requestId) ? body.string : completeRefusal(body.string, request),
  );
}

function toApolloRequest(request: FastifyRequest): HTTPGraphQLRequest {
  const headers = new HeaderMap();
  for (const name of FORWARDED_HEADERS) {
    const value = request.headers[name];
    if (typeof value === 'string') headers.set(name, value);
  }
  const queryStart = request.url.indexOf('?');
  return {
    method: request.method,
    headers,
    search: queryStart === -1 ? '' : request.url.slice(queryStart),
    body: request.body,
  };
}

function completeRefusal(body: string, request: FastifyRequest): string {
  const answer = JSON.parse(body) as { errors?: { extensions?: Record<string, unknown> }[] };
  for (const error of answer.errors ?? []) {
    const code = error.extensions?.['code'];
    if (isErrorCode(code)) request.refusalCode = code;
    error.extensions = { ...error.extensions, requestId: request.id };
  }
  return JSON.stringify(answer);
}
