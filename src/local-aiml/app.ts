/**
 * The HTTP application around the routes: request ids, authentication, logging, and one form of error response for every
 * failure. It does not listen.
 */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES, type IncomingHttpHeaders } from 'node:http';
import type { Socket } from 'node:net';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import type pino from 'pino';
import { isKeptAlive, KEEP_ALIVE_HEADERS, KEEP_ALIVE_TIMEOUT_MS } from '../runtime/keep-alive.ts';
import { createAssistantRoutes } from './assistants/routes.ts';
import type { EngineParts } from './engine/engine.ts';
import type { Caller } from './engine/scheduler.ts';
import { ApiError, toErrorBody } from './api/api-error.ts';
import { bodyOf, MAX_BODY_BYTES, readBodies, unsupportedMediaType } from './api/body.ts';
import { digestOf, readIdempotency, readKey, unauthenticated } from './api/request-reader.ts';
import { readListValue, respond, toListJson } from './api/respond.ts';
import { createRouteLookup, ok, route, withoutBase, type ApiRequest, type Route } from './api/route.ts';
import { createMessageRoutes } from './messages/routes.ts';
import { ModelError } from './engine/model/model-error.ts';
import { createRunRoutes } from './runs/routes.ts';
import type { Idempotency, Store } from './store/store.ts';
import type { JsonValue } from './wire/json.ts';
import { createThreadRoutes } from './threads/routes.ts';

export type ApiLogger = Pick<pino.Logger, 'info' | 'warn' | 'error'>;

interface AppOptions {
  readonly store: Store;
  readonly parts: EngineParts;
  /** Finds the account of a key; undefined for a key that is none. */
  readonly accountOf: (key: string) => string | undefined;
  readonly runExpiresAfterSeconds: number;
  readonly logger: ApiLogger | undefined;
}

/** How long a client may take to send a request. */
const REQUEST_TIMEOUT_MS = 60_000;

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

/** A request of the service, in the same process. */
export interface InProcessRequest {
  readonly method: Route['method'];
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  /** Objects without undefined members, which nobody changes. Null if there is none. */
  readonly body: unknown;
}

export interface InProcessResponse {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  /** What the body is the JSON of; nobody changes it. */
  readonly value: unknown;
  /** The length of the JSON in bytes; for a write in characters. */
  readonly bytes: number;
}

interface App {
  readonly app: FastifyInstance;
  /**
   * Handles a request like one that comes over HTTP, but neither writes nor reads its body as text: for a large body that
   * takes longer than anything else. Never rejects.
   */
  readonly handle: (request: InProcessRequest) => Promise<InProcessResponse>;
}

export function createApp(options: AppOptions): App {
  const { parts, logger } = options;
  const routes = createRoutes(options);
  const lookup = createRouteLookup(routes);
  let isClosing = false;
  const authenticate = (headers: IncomingHttpHeaders): Caller => {
    const key = readKey(headers);
    const account = options.accountOf(key);
    if (account === undefined) throw unauthenticated('Only the service that started this API may use it.');
    const caller: Caller = { account, key };
    parts.engine.seen(caller);
    return caller;
  };
  const toLoggedError = (error: unknown, request: RequestIds): ApiError => {
    const apiError = toApiError(error);
    if (apiError.statusCode >= 500) logger?.error({ ...requestIdsOf(request), err: error }, 'request failed');
    return apiError;
  };
  const fail = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const apiError = toLoggedError(error, request);
    for (const [name, value] of Object.entries(apiError.headers)) void reply.header(name, value);
    return respond(reply, apiError.statusCode, toErrorBody(apiError, request.id, request.originalUrl));
  };

  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // A request that comes on an open connection while the server stops is still served; then the connection ends.
    return503OnClosing: false,
    genReqId: () => randomUUID(),
    // Routes for each base would make four times as many, which takes longer than the rest of the start.
    rewriteUrl: ({ url = '' }) => withoutBase(url),
    // Any id that fits a request line gets to the route, and its 404.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 65_536 },
    frameworkErrors: (error, request, reply) => {
      void reply.header('x-request-id', request.id);
      void fail(error, request, reply);
    },
    clientErrorHandler: handleClientError,
  });

  app.decorateRequest('caller', null);
  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    if (isKeptAlive(request.raw, reply.raw)) void reply.headers(KEEP_ALIVE_HEADERS);
    // Unknown paths and methods are reported before a key or a body is looked at.
    if (request.is404) throw notFound(request.method, lookup.methodsAt(request.url));
    request.setDecorator('caller', authenticate(request.headers));
    done();
  });
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isClosing) void reply.header('connection', 'close').removeHeader('keep-alive');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    const { method, routeOptions } = request;
    const { statusCode, elapsedTime: durationMs } = reply;
    if (logger) logRequest(logger, request, { method, route: routeOptions.url, statusCode, durationMs });
    done();
  });
  app.setErrorHandler(fail);
  readBodies(app);
  for (const item of routes) addRoute(app, item);

  const handle: App['handle'] = async ({ method, path, headers, body }) => {
    const startedAt = performance.now();
    const id = randomUUID();
    const [pathname = '', search = ''] = withoutBase(path).split('?', 2);
    const found = lookup.find(method, pathname);
    const respondWith = (status: number, value: unknown, bytes: number, added: ApiError['headers'] = {}) => {
      const durationMs = performance.now() - startedAt;
      const logged = { method, route: found?.path, statusCode: status, durationMs };
      if (logger) logRequest(logger, { id, headers }, logged);
      return { status, headers: { ...added, 'x-request-id': id }, value, bytes };
    };
    try {
      if (!found) throw notFound(method, lookup.methodsAt(pathname));
      // The service never says that it retries: what it may send again has a key.
      const hasKey = headers['idempotency-key'] !== undefined;
      const response = await found.handle({
        caller: authenticate(headers),
        params: found.params,
        query: Object.fromEntries(new URLSearchParams(search)),
        headers,
        body: body as JsonValue,
        idempotency: () =>
          hasKey ? readIdempotency({ method, url: pathname, headers }, digestOf(JSON.stringify(body))) : NOT_REPEATED,
      });
      if ('stream' in response) throw new TypeError('a stream takes over a connection');
      if ('readPage' in response) {
        const { value, bytes } = await readListValue(response.readPage);
        return respondWith(200, value, bytes);
      }
      const { statusCode, json, value, headers: added } = response;
      return respondWith(
        statusCode,
        value ?? JSON.parse(json),
        method === 'GET' ? Buffer.byteLength(json) : json.length,
        added,
      );
    } catch (error) {
      const apiError = toLoggedError(error, { id, headers });
      const json = toErrorBody(apiError, id, path);
      return respondWith(apiError.statusCode, JSON.parse(json), json.length, apiError.headers);
    }
  };
  return { app, handle };
}

const NOT_REPEATED: Idempotency = { idempotencyKey: undefined, fingerprint: null, isRetry: false };

function addRoute(app: FastifyInstance, { method, path, handle }: Route): void {
  app.route({
    method,
    url: path,
    handler: async (request, reply) => {
      const response = await handle(toApiRequest(request));
      if ('stream' in response) {
        // A stream may last for minutes, and a body may be megabytes.
        request.body = undefined;
        return response.stream(reply);
      }
      if ('readPage' in response) return respond(reply, 200, toListJson(await response.readPage()));
      for (const [name, value] of Object.entries(response.headers ?? {})) void reply.header(name, value);
      return respond(reply, response.statusCode, response.json);
    },
  });
}

function toApiRequest(request: FastifyRequest): ApiRequest {
  const { value, digest } = bodyOf(request);
  return {
    caller: request.getDecorator<Caller>('caller'),
    params: request.params as ApiRequest['params'],
    query: request.query as ApiRequest['query'],
    headers: request.headers,
    body: value,
    idempotency: () => readIdempotency(request, digest),
  };
}

function notFound(method: string, allowed: readonly string[]): ApiError {
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

interface LoggedRequest {
  readonly method: string;
  readonly route: string | undefined;
  readonly statusCode: number;
  readonly durationMs: number;
}

function logRequest(logger: ApiLogger, request: RequestIds, { method, route, statusCode, durationMs }: LoggedRequest) {
  logger.info(
    {
      ...requestIdsOf(request),
      method,
      route: route ?? null,
      statusCode,
      durationMs: Math.round(durationMs * 10) / 10,
    },
    'request',
  );
}

type RequestIds = Pick<FastifyRequest, 'id' | 'headers'>;

/** The id of the request, and the client's own if it sent a valid one in OpenAI's header, or else in the usual one. */
function requestIdsOf({ id, headers }: RequestIds): {
  readonly requestId: string;
  readonly clientRequestId?: string;
} {
  const clientRequestId = headers['x-client-request-id'] ?? headers['x-request-id'];
  const isValid = typeof clientRequestId === 'string' && /^[A-Za-z0-9._:-]{1,128}$/.test(clientRequestId);
  return { requestId: id, ...(isValid && { clientRequestId }) };
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
}
