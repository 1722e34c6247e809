/** `/graphql`: from a Fastify request into Apollo Server and back, with nothing in between that the hot path can do without. */
import { HeaderMap, type HTTPGraphQLResponse, type HTTPGraphQLRequest } from '@apollo/server';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { RequestContext } from '../graphql/context.ts';
import { refuse } from './errors.ts';
import type { Lifecycle } from './lifecycle.ts';

/** What the HTTP layer knows of a request that a GraphQL context is made from. */
export interface RequestInfo {
  readonly requestId: string;
  readonly authorization: string | undefined;
  /** Aborted when the caller hangs up before the answer is sent. */
  readonly signal: AbortSignal;
}

export interface GraphQLRouteOptions {
  readonly lifecycle: Lifecycle;
  readonly createContext: (info: RequestInfo) => Promise<RequestContext> | RequestContext;
  readonly execute: (request: HTTPGraphQLRequest, context: RequestContext) => Promise<HTTPGraphQLResponse>;
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
        return await answer(request, reply, options);
      } finally {
        lifecycle.leave();
      }
    },
  });
}

async function answer(
  request: FastifyRequest,
  reply: FastifyReply,
  { createContext, execute }: GraphQLRouteOptions,
): Promise<FastifyReply> {
  const hangUp = new AbortController();
  reply.raw.once('close', () => {
    if (!reply.raw.writableFinished) hangUp.abort();
  });
  const context = await createContext({
    requestId: request.id,
    authorization: request.headers.authorization,
    signal: hangUp.signal,
  });
  const response = await execute(toApolloRequest(request), context);
  for (const [name, value] of response.headers) reply.header(name, value);
  reply.code(response.status ?? 200);
  if (response.body.kind === 'chunked') throw new TypeError('incremental delivery is not offered');
  return reply.send(withRequestId(response.body.string, response.status, request.id));
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

/** What Apollo Server refuses before its plugins see the request (CSRF, a malformed request) gets its request id here. */
function withRequestId(body: string, status: number | undefined, requestId: string): string {
  if (status === undefined || status < 400 || body.includes(requestId)) return body;
  const answer = JSON.parse(body) as { errors?: { extensions?: Record<string, unknown> }[] };
  for (const error of answer.errors ?? []) error.extensions = { ...error.extensions, requestId };
  return JSON.stringify(answer);
}
