/**
 * The HTTP surface: paths, request ids, body limits, CORS, health, and JSON for everything that is refused. It owns no
 * GraphQL and never talks to upstream.
 */
import { randomUUID } from 'node:crypto';
import type { Socket } from 'node:net';
import cors from '@fastify/cors';
import Fastify, { type FastifyInstance } from 'fastify';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import { BodyRoom } from './body-room.ts';
import { MAX_BODY_BYTES, parseJson, readJsonBody } from './body.ts';
import { registerExplorer } from './explorer/explorer-routes.ts';
import { registerGraphQLRoute, type GraphQLRouteOptions } from './graphql-route.ts';
import { refuse, toRefusal, type Refusal, type RefusalRecord } from './errors.ts';

/** The longest a client may take to send its headers, in milliseconds. */
const HEADERS_TIMEOUT_MS = 15_000;
/** The longest a client may take to send a whole request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;
const KEEP_ALIVE_TIMEOUT_MS = 65_000;

const NOTHING_HERE: Refusal = { status: 404, code: 'BAD_REQUEST', message: 'There is nothing at this path.' };

export interface AppOptions extends GraphQLRouteOptions {
  readonly onRefusal: (record: RefusalRecord) => void;
  readonly metrics: Pick<Metrics, 'text' | 'contentType'>;
  readonly logger: Logger;
  readonly corsOrigins: readonly string[];
  readonly corsLoopback: boolean;
  /** Whether the landing page and the explorer are served. */
  readonly explorer: boolean;
  /** Whether Redis can be used, which is told and changes nothing else; null or absent where there is none. */
  readonly isRedisUp?: (() => boolean) | null;
}

export async function createApp(options: AppOptions): Promise<FastifyInstance> {
  const { lifecycle, logger, metrics, onRefusal, isRedisUp } = options;
  const app = Fastify({
    // What is to be logged is logged once, with the request id, by the service's own logger.
    logger: false,
    // No route has a schema, so nothing is loaded to compile one.
    schemaController: { compilersFactory: { buildValidator: refuseSchema, buildSerializer: refuseSchema } },
    bodyLimit: MAX_BODY_BYTES,
    genReqId: () => randomUUID(),
    requestIdHeader: false,
    return503OnClosing: false,
    forceCloseConnections: 'idle',
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { headersTimeout: HEADERS_TIMEOUT_MS, connectionsCheckingInterval: 1000 },
    clientErrorHandler,
    frameworkErrors: (_error, request, reply) => {
      reply.header('x-request-id', request.id);
      void refuse(reply, NOTHING_HERE);
    },
  });

  app.decorateRequest('startedAt', 0);
  app.addHook('onRequest', (request, reply, done) => {
    request.startedAt = performance.now();
    reply.header('x-request-id', request.id);
    reply.header('x-content-type-options', 'nosniff');
    if (lifecycle.state === 'draining') reply.header('connection', 'close');
    done();
  });
  app.decorate('onRefusal', onRefusal);
  app.removeAllContentTypeParsers();
  const room = new BodyRoom();
  app.addHook('preParsing', (request, reply, _payload, done) => {
    if (BodyRoom.isNeeded(request)) {
      reply.raw.once('close', () => room.leave(request));
      room.read(request).then(() => done(), done);
    } else done();
  });
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer, done) => {
    if (BodyRoom.isNeeded(request))
      readJsonBody(body, request.headers['content-encoding'], (bytes) => room.parse(request, bytes)).then(
        (parsed) => done(null, parsed),
        done,
      );
    else done(null, parseJson(body));
  });
  app.setErrorHandler((error, request, reply) => {
    const refusal = toRefusal(error);
    if (refusal.status >= 500) logger.error({ err: error, requestId: request.id }, 'a request failed');
    return refuse(reply, refusal);
  });
  app.setNotFoundHandler((_request, reply) => refuse(reply, NOTHING_HERE));
  if (options.corsOrigins.length > 0 || options.corsLoopback)
    await app.register(cors, {
      origin: (origin, decide) => {
        decide(null, origin !== undefined && isAllowedOrigin(origin, options));
      },
      methods: ['GET', 'POST'],
      exposedHeaders: ['x-request-id'],
      maxAge: 600,
    });

  registerGraphQLRoute(app, options);
  if (options.explorer && !(await registerExplorer(app)))
    logger.warn('there is no explorer, as it has not been built: run npm run build');
  app.get('/healthz', () => ({ status: 'ok' }));
  app.get('/readyz', (_request, reply) =>
    reply
      .code(lifecycle.state === 'ready' ? 200 : 503)
      .send({ status: lifecycle.state, ...(isRedisUp && { redis: isRedisUp() ? 'up' : 'away' }) }),
  );
  app.get('/metrics', async (_request, reply) => reply.type(metrics.contentType).send(await metrics.text()));
  return app;
}

function refuseSchema(): never {
  throw new TypeError('routes have no schemas here');
}

function isAllowedOrigin(origin: string, { corsOrigins, corsLoopback }: AppOptions): boolean {
  if (corsOrigins.includes(origin)) return true;
  return corsLoopback && /^https?:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d{1,5})?$/.test(origin);
}

/** What is no HTTP at all, or too slow, or has headers that are too large, gets a JSON answer as well. */
function clientErrorHandler(error: Error & { code?: string }, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy();
    return;
  }
  const [status, message] =
    error.code === 'HPE_HEADER_OVERFLOW'
      ? ['431 Request Header Fields Too Large', 'The request headers are too large.']
      : error.code === 'ERR_HTTP_REQUEST_TIMEOUT'
        ? ['408 Request Timeout', 'The request took too long to arrive.']
        : ['400 Bad Request', 'The request is not valid HTTP.'];
  const requestId = randomUUID();
  const body = JSON.stringify({ errors: [{ message, extensions: { code: 'BAD_REQUEST', requestId } }] });
  socket.end(
    `HTTP/1.1 ${status}\r\nX-Request-Id: ${requestId}\r\nContent-Type: application/json; charset=utf-8\r\n` +
      `Content-Length: ${Buffer.byteLength(body)}\r\nConnection: close\r\n\r\n${body}`,
  );
}
