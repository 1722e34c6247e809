/**
 * The Fastify app: routes, request ids, body limits, CORS, health checks and JSON error responses. It contains no GraphQL
 * and never calls upstream.
 */
import { randomUUID } from 'node:crypto';
import cors from '@fastify/cors';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import { isKeptAlive, KEEP_ALIVE_HEADERS } from '../runtime/keep-alive.ts';
import { BodyReservation, type BodyMemory } from './body-memory.ts';
import { isSmallBody, readJsonBody, readSmallJsonBody } from './request-body.ts';
import type { ConnectionTracker } from '../runtime/connection-tracker.ts';
import { registerExplorer } from './explorer/explorer-routes.ts';
import { registerGraphQLRoute, type GraphQLRouteOptions } from './graphql-route.ts';
import {
  clientError,
  CLIENT_DISCONNECTED,
  GRAPHQL_PATHS,
  sendBodyError,
  sendErrorResponse,
  RequestError,
  toErrorResponse,
  type ErrorResponseRecord,
} from './error-response.ts';
import type { HostPolicy } from './host-policy.ts';
import type { HttpServers } from './http-servers.ts';
import { hasUnsupportedCharset } from './content-negotiation.ts';
import { decorateRequests, exchangeOf } from './request-state.ts';
import { registerSchemaRoute } from './schema-route.ts';
import { NOT_FOUND, UnmatchedRequests } from './unmatched-requests.ts';

const UNSUPPORTED_CHARSET = clientError(415, 'The charset of the Content-Type must be utf-8.');

interface AppOptions extends GraphQLRouteOptions {
  readonly servers: Pick<HttpServers, 'create'>;
  readonly connections: Pick<ConnectionTracker, 'begin'>;
  readonly bodyMemory: BodyMemory;
  readonly hosts: Pick<HostPolicy, 'check'>;
  readonly onErrorResponse: (record: ErrorResponseRecord) => void;
  /** Called with every CORS preflight of an origin that is not allowed. */
  readonly onOriginRejected: (requestId: string) => void;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  readonly logger: Pick<Logger, 'requestFailed' | 'explorerMissing'>;
  readonly corsOrigins: readonly string[];
  readonly corsLoopback: boolean;
  readonly explorer: boolean;
  /** Returns the schema in SDL, which `/schema.graphql` serves; null or absent if clients may not read the schema. */
  readonly printSchema?: (() => string) | null;
  /** A notice for people on the landing page; null if there is none. */
  readonly notice?: (() => string | null) | undefined;
  /** Whether Redis is available, which `/readyz` reports; null or absent without Redis. */
  readonly isRedisUp?: (() => boolean) | null;
}

export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { bodyMemory, connections, lifecycle, logger, metrics, onErrorResponse, isRedisUp, servers, hosts } = options;
  const app = Fastify({
    // The service's own logger writes one entry per request.
    logger: false,
    // No route has a schema, so the schema compilers are not loaded.
    schemaController: { compilersFactory: { buildValidator: rejectSchema, buildSerializer: rejectSchema } },
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    serverFactory: (handler) => servers.create(handler),
    // HttpServers handles these errors on every server; Fastify would handle them on the first only.
    clientErrorHandler: () => undefined,
    frameworkErrors: (_error, request, reply) => {
      connections.begin(request.raw, reply.raw).respond(0);
      reply.header('x-request-id', request.id);
      void sendErrorResponse(reply, hosts.check(request.raw) ?? NOT_FOUND);
    },
  });

  decorateRequests(app);
  app.addHook('onRequest', (request, reply, done) => {
    request.startedAt = performance.now();
    request.exchange = connections.begin(request.raw, reply.raw);
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    if (lifecycle.state === 'draining') reply.header('connection', 'close');
    else if (isKeptAlive(request.raw, reply.raw)) reply.headers(KEEP_ALIVE_HEADERS);
    const rejection = hosts.check(request.raw);
    if (rejection) sendErrorResponse(reply, rejection);
    else done();
  });
  app.decorate('onErrorResponse', onErrorResponse);
  app.removeAllContentTypeParsers();
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    if (request.method === 'POST' && hasUnsupportedCharset(request.headers['content-type'] ?? '')) {
      done(new RequestError(UNSUPPORTED_CHARSET));
      return;
    }
    const exchange = exchangeOf(request);
    const turn = exchange.waitForTurn();
    if (turn) void turn.then(() => done(exchange.hasEnded ? new RequestError(CLIENT_DISCONNECTED) : null));
    else done();
  });
  app.addContentTypeParser('application/json', (request: FastifyRequest) => {
    if (isSmallBody(request.headers)) return readSmallJsonBody(request.raw);
    const reservation = new BodyReservation(bodyMemory);
    request.bodyReservation = reservation;
    // An operation takes over the reservation, because it continues after the client has disconnected.
    exchangeOf(request).onEnded(() => request.bodyReservation?.release());
    return readJsonBody(request.raw, reservation);
  });
  app.addHook('onSend', reportResponse);
  app.setErrorHandler((error, request, reply) => {
    const errorResponse = toErrorResponse(error);
    // Rejected requests (503, for example) are not faults.
    if (errorResponse.code === 'INTERNAL_SERVER_ERROR')
      logger.requestFailed(error, request.id, exchangeOf(request).connection.caller);
    return sendBodyError(reply, errorResponse);
  });
  const unmatched = new UnmatchedRequests(app, options.onOriginRejected);
  if (options.corsOrigins.length > 0 || options.corsLoopback)
    await app.register(cors, {
      origin: (origin, decide) => {
        decide(null, origin !== undefined && isAllowedOrigin(origin, options));
      },
      methods: ['GET', 'POST'],
      exposedHeaders: ['x-request-id', 'retry-after'],
      maxAge: 600,
    });
  unmatched.register(app);

  const { printSchema = null } = options;
  if (printSchema) registerSchemaRoute(app, printSchema);
  const hasLandingPage =
    options.explorer && (await registerExplorer(app, { notice: options.notice, hasSchema: printSchema !== null }));
  if (options.explorer && !hasLandingPage) logger.explorerMissing();
  for (const url of GRAPHQL_PATHS) registerGraphQLRoute(app, url, { ...options, hasLandingPage });
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) =>
    reply
      .code(lifecycle.state === 'ready' ? 200 : 503)
      .send({ status: lifecycle.state, ...(isRedisUp && { redis: isRedisUp() ? 'up' : 'unavailable' }) }),
  );
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  return app;
}

/** An onSend hook that reports the size of the response to its exchange. */
function reportResponse(
  { exchange, method }: FastifyRequest,
  _reply: FastifyReply,
  payload: unknown,
  done: () => void,
): void {
  const isBody = method !== 'HEAD' && (typeof payload === 'string' || Buffer.isBuffer(payload));
  exchange?.respond(isBody ? Buffer.byteLength(payload) : 0);
  done();
}

function rejectSchema(): never {
  throw new TypeError('routes must not have schemas');
}

export function isAllowedOrigin(
  origin: string,
  { corsOrigins, corsLoopback }: Pick<AppOptions, 'corsOrigins' | 'corsLoopback'>,
): boolean {
  if (corsOrigins.includes(origin)) return true;
  return corsLoopback && /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/.test(origin);
}
