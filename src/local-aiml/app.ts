/**
 * The HTTP application around the routes: request ids, authentication, logging, and one form of error response for every
 * failure. It does not listen.
 */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type pino from 'pino';
import { isKeptAlive, KEEP_ALIVE_HEADERS, KEEP_ALIVE_TIMEOUT_MS } from '../runtime/keep-alive.ts';
import type { HttpExchange } from '../runtime/connection.ts';
import type { ConnectionTracker } from '../runtime/connection-tracker.ts';
import type { Release } from '../runtime/semaphore.ts';
import { isRequestId } from '../runtime/request-id.ts';
import { createAssistantRoutes } from './assistants/routes.ts';
import type { EngineParts } from './engine/engine.ts';
import type { Caller } from './engine/scheduler.ts';
import type { Admission } from './api/admission.ts';
import { ApiError, toErrorBody } from './api/api-error.ts';
import { bodyOf, MAX_BODY_BYTES, readBodies, unsupportedMediaType } from './api/body.ts';
import { readIdempotency, readKey, unauthenticated } from './api/request-reader.ts';
import { respond } from './api/respond.ts';
import { createMethodLookup, ok, route, withoutBase, type ApiRequest, type Route } from './api/route.ts';
import { createMessageRoutes } from './messages/routes.ts';
import { ModelError } from './engine/model/model-error.ts';
import { createRunRoutes } from './runs/routes.ts';
import type { Store } from './store/store.ts';
import { createThreadRoutes } from './threads/routes.ts';

export type ApiLogger = Pick<pino.Logger, 'info' | 'warn' | 'error'>;

interface AppOptions {
  readonly connections: Pick<ConnectionTracker, 'begin'>;
  readonly store: Store;
  readonly parts: EngineParts;
  /** Finds the account of a key; undefined for a key that is none. */
  readonly accountOf: (key: string) => string | undefined;
  /** Whose bodies are scanned: `service` has scanned those that it makes its own of. */
  readonly callers: 'anyone' | 'service';
  readonly runExpiresAfterSeconds: number;
  readonly admission: Admission;
  readonly logger: ApiLogger | undefined;
}

/** How long a client may take to send a request. */
const REQUEST_TIMEOUT_MS = 60_000;
/** How often Node looks for clients that took longer. */
const CHECK_INTERVAL_MS = 1000;
/** How long a connection that is not HTTP, or too slow, stays open for its client to read the response, in milliseconds. */
const LINGER_MS = 2000;

/** Every route of the API: what is not here is not served. */
function createRoutes({ store, parts, runExpiresAfterSeconds }: AppOptions): readonly Route[] {
  return [
    ...createAssistantRoutes(store.assistants),
    ...createThreadRoutes(store, parts.engine),
    ...createMessageRoutes(store.messages),
    ...createRunRoutes({ store, ...parts, runExpiresAfterSeconds }),
    createModelRoute(parts.models),
  ];
}

function createModelRoute(models: EngineParts['models']): Route {
  return route('GET', '/models', async ({ caller }) => {
    const data = await models.list(caller.key).catch((error: unknown) => {
      throw error instanceof ModelError ? new ApiError(502, error.message) : error;
    });
    return ok(JSON.stringify({ object: 'list', data }));
  });
}

export function createApp(options: AppOptions): FastifyInstance {
  const { connections, parts, logger, callers, admission } = options;
  const routes = createRoutes(options);
  const methodsAt = createMethodLookup(routes);
  let isClosing = false;
  const fail = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const apiError = toApiError(error);
    if (apiError.statusCode >= 500) logger?.error({ ...requestIdsOf(request), err: error }, 'request failed');
    for (const [name, value] of Object.entries(apiError.headers)) void reply.header(name, value);
    return respond(reply, apiError.statusCode, toErrorBody(apiError, request.id, request.originalUrl));
  };

  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    http: { connectionsCheckingInterval: CHECK_INTERVAL_MS },
    // A request that comes on an open connection while the server stops is still served; then the connection ends.
    return503OnClosing: false,
    genReqId: () => randomUUID(),
    // Routes for each base would make four times as many, which takes longer than the rest of the start.
    rewriteUrl: ({ url = '' }) => withoutBase(url),
    // Any id that fits a request line gets to the route, and its 404.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 65_536 },
    frameworkErrors: (error, request, reply) => {
      connections.begin(request.raw, reply.raw).respond(0);
      void reply.header('x-request-id', request.id);
      void fail(error, request, reply);
    },
    clientErrorHandler: handleClientError,
  });

  app.decorateRequest('caller', null);
  app.decorateRequest('exchange', null);
  app.decorateRequest('releaseBody', null);
  app.addHook('onRequest', (request, reply, done) => {
    request.setDecorator('exchange', connections.begin(request.raw, reply.raw));
    void reply.header('x-request-id', request.id);
    if (isKeptAlive(request.raw, reply.raw)) void reply.headers(KEEP_ALIVE_HEADERS);
    // Unknown paths and methods are reported before a key or a body is looked at.
    if (request.is404) throw notFound(request, methodsAt(request.url));
    const key = readKey(request.headers);
    const account = options.accountOf(key);
    if (account === undefined) throw unauthenticated('Only the service that started this API may use it.');
    const caller: Caller = { account, key };
    request.setDecorator('caller', caller);
    parts.engine.seen(caller);
    done();
  });
  app.addHook('preParsing', async (request) => {
    const exchange = exchangeOf(request);
    // Pipelined requests would all make their responses, however many of those the client reads.
    await exchange.waitForTurn();
    request.setDecorator(
      'releaseBody',
      await admission.admitBody(request.headers, callerOf(request).account, exchange),
    );
  });
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  app.addHook('onSend', (request, reply, payload, done) => {
    const isBody = typeof payload === 'string' || Buffer.isBuffer(payload);
    exchangeOf(request).respond(isBody && request.method !== 'HEAD' ? Buffer.byteLength(payload) : 0);
    if (isClosing) void reply.header('connection', 'close').removeHeader('keep-alive');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    if (logger) logRequest(logger, request, reply);
    done();
  });
  app.setErrorHandler(fail);
  readBodies(app, callers === 'anyone');
  for (const item of routes) addRoute(app, item, admission);
  return app;
}

function addRoute(app: FastifyInstance, { method, path, handle }: Route, admission: Admission): void {
  app.route({
    method,
    url: path,
    handler: async (request, reply) => {
      const release = admission.admit(callerOf(request).account);
      const response = await handle(toApiRequest(request)).finally(release);
      // A response may last for minutes, and a body may be megabytes.
      request.body = undefined;
      request.getDecorator<Release>('releaseBody')();
      if ('stream' in response) return response.stream(reply, exchangeOf(request));
      for (const [name, value] of Object.entries(response.headers ?? {})) void reply.header(name, value);
      return respond(reply, response.statusCode, response.json);
    },
  });
}

const callerOf = (request: FastifyRequest): Caller => request.getDecorator<Caller>('caller');
const exchangeOf = (request: FastifyRequest): HttpExchange => request.getDecorator<HttpExchange>('exchange');

function toApiRequest(request: FastifyRequest): ApiRequest {
  const { value, digest } = bodyOf(request);
  return {
    caller: callerOf(request),
    params: request.params as ApiRequest['params'],
    query: request.query as ApiRequest['query'],
    headers: request.headers,
    body: value,
    idempotency: () => readIdempotency(request, digest),
  };
}

function notFound({ method }: FastifyRequest, allowed: readonly string[]): ApiError {
  if (allowed.length === 0 || allowed.includes(method)) return new ApiError(404, 'There is nothing at this path.');
  return new ApiError(405, 'This path does not have this method.', { headers: { allow: allowed.join(', ') } });
}

/** What went wrong, in words of this API: those of Fastify may quote the request. */
function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  const { statusCode } = error as { readonly statusCode?: unknown };
  switch (statusCode) {
    case 413:
      return new ApiError(413, 'The body is larger than 8 MiB.');
    case 415:
      return unsupportedMediaType();
    default:
      return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
        ? new ApiError(statusCode, `${STATUS_CODES[statusCode] ?? 'Bad Request'}.`)
        : new ApiError(500, 'The server had an error processing your request. Sorry about that!');
  }
}

function logRequest(logger: ApiLogger, request: FastifyRequest, reply: FastifyReply): void {
  logger.info(
    {
      ...requestIdsOf(request),
      method: request.method,
      route: request.routeOptions.url ?? null,
      statusCode: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 10) / 10,
    },
    'request',
  );
}

/** The id of the request, and the client's own if it sent a valid one in OpenAI's header, or else in the usual one. */
function requestIdsOf({ id, headers }: FastifyRequest): {
  readonly requestId: string;
  readonly clientRequestId?: string;
} {
  const clientRequestId = headers['x-client-request-id'] ?? headers['x-request-id'];
  return { requestId: id, ...(isRequestId(clientRequestId) && { clientRequestId }) };
}

const STATUS_BY_CODE = new Map([
  ['HPE_HEADER_OVERFLOW', 431],
  ['ERR_HTTP_REQUEST_TIMEOUT', 408],
]);

/** Responds to what is not HTTP at all, or not in time, and closes the connection: there is no request yet. */
function handleClientError(error: Error & { readonly code?: string }, socket: Socket): void {
  if (socket.destroyed) return;
  if (!socket.writable) {
    socket.destroy();
    return;
  }
  const statusCode = STATUS_BY_CODE.get(error.code ?? '') ?? 400;
  const reason = STATUS_CODES[statusCode] ?? '';
  const requestId = randomUUID();
  const body = toErrorBody(new ApiError(statusCode, `${reason}.`), requestId, '');
  socket.end(
    [
      `HTTP/1.1 ${statusCode} ${reason}`,
      'Content-Type: application/json; charset=utf-8',
      `Content-Length: ${Buffer.byteLength(body)}`,
      `X-Request-Id: ${requestId}`,
      'Connection: close',
      '',
      body,
    ].join('\r\n'),
  );
  // A client that does not close it would hold what its request holds.
  setTimeout(() => socket.destroy(), LINGER_MS).unref();
}
