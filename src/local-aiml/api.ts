/**
 * Owns the HTTP application around the methods: request ids, reading bodies, and that every failure, whoever noticed
 * it, leaves in the AIML API's error form. It does not listen; the methods themselves are in the routes.
 */
import { randomUUID } from 'node:crypto';
import { STATUS_CODES } from 'node:http';
import Fastify, { type FastifyInstance, type FastifyReply, type FastifyRequest } from 'fastify';
import Database from 'libsql';
import type pino from 'pino';
import { answer } from './answer.ts';
import { ApiError, toErrorBody } from './api-error.ts';
import { addAssistantRoutes, MAX_BODY_BYTES, methodsAt } from './assistants/routes.ts';
import { isFull } from './store-file.ts';
import type { AssistantStore } from './store.ts';
import { refuseUnreadable } from './unreadable-request.ts';

export type ApiLogger = Pick<pino.Logger, 'info' | 'warn' | 'error'>;

/** Longer than clients keep a connection in their pools, so that it is never closed while a request is on its way. */
const KEEP_ALIVE_TIMEOUT_MS = 65_000;
/** How long a client may take to send a request. */
const REQUEST_TIMEOUT_MS = 60_000;

export function createApi(store: AssistantStore, logger: ApiLogger | undefined): FastifyInstance {
  let isClosing = false;
  const fail = (error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply => {
    const refusal = toApiError(error);
    if (refusal.statusCode >= 500) logger?.error({ requestId: request.id, err: error }, 'request failed');
    for (const [name, value] of Object.entries(refusal.headers)) void reply.header(name, value);
    return answer(reply, refusal.statusCode, toErrorBody(refusal, request.id, request.url));
  };

  const app = Fastify({
    bodyLimit: MAX_BODY_BYTES,
    keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
    requestTimeout: REQUEST_TIMEOUT_MS,
    // A request that comes on an open connection while the server stops is still answered; then the connection ends.
    return503OnClosing: false,
    genReqId: () => randomUUID(),
    // Any id that fits a request line gets to the route, and its 404.
    routerOptions: { ignoreTrailingSlash: true, maxParamLength: 65_536 },
    frameworkErrors: (error, request, reply) => {
      void reply.header('x-request-id', request.id);
      void fail(error, request, reply);
    },
    clientErrorHandler: refuseUnreadable,
  });

  app.addHook('onRequest', (request, reply, done) => {
    void reply.header('x-request-id', request.id);
    if (request.is404) throw notFound(request);
    done();
  });
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  app.addHook('onSend', (_request, reply, _payload, done) => {
    if (isClosing) void reply.header('connection', 'close');
    done();
  });
  app.addHook('onResponse', (request, reply, done) => {
    if (logger) logRequest(logger, request, reply);
    done();
  });
  app.setErrorHandler(fail);
  readBodies(app);
  void app.register((routes, _options, done) => {
    addAssistantRoutes(routes, store);
    done();
  });
  return app;
}

/** Unknown paths and methods are refused before a key or a body is looked at. */
function notFound({ method, url }: FastifyRequest): ApiError {
  const allowed = methodsAt(url.split('?', 1)[0] ?? '');
  if (allowed.length === 0 || allowed.includes(method)) return new ApiError(404, 'There is nothing at this path.');
  return new ApiError(405, 'This path does not have this method.', { headers: { allow: allowed.join(', ') } });
}

function readBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  // Not Fastify's own: that one refuses or drops a `__proto__` member, which is data here.
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    try {
      done(null, parseBody(request, bytes as Buffer));
    } catch (error) {
      done(error as ApiError);
    }
  });
}

function parseBody({ headers }: FastifyRequest, bytes: Buffer): unknown {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  if (!/^utf-?8$/i.test(charset) || !/^(identity)?$/i.test(headers['content-encoding'] ?? '')) throw wrongMediaType();
  if (bytes.length === 0) return undefined;
  try {
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes));
  } catch {
    throw new ApiError(400, 'Invalid body: expected JSON in UTF-8.');
  }
}

const wrongMediaType = () => new ApiError(415, 'The body has to be application/json in UTF-8, not compressed.');

/** What went wrong, in words of this API: those of Fastify and SQLite may quote the request or name files. */
function toApiError(error: unknown): ApiError {
  if (error instanceof ApiError) return error;
  if (error instanceof Database.SqliteError) return toStoreError(error.code);
  const { statusCode } = error as { readonly statusCode?: unknown };
  switch (statusCode) {
    case 413:
      return new ApiError(413, 'The body is larger than 8 MiB.');
    case 415:
      return wrongMediaType();
    default:
      return typeof statusCode === 'number' && statusCode >= 400 && statusCode < 500
        ? new ApiError(statusCode, `${STATUS_CODES[statusCode] ?? 'Bad Request'}.`)
        : new ApiError(500, 'Internal server error.');
  }
}

function toStoreError(code: string): ApiError {
  if (code === 'SQLITE_BUSY') return new ApiError(503, 'The store is locked by another process. Try again.');
  if (isFull(code)) return new ApiError(500, 'The disk of the store is full.');
  return new ApiError(500, 'The store cannot be read or written.');
}

function logRequest(logger: ApiLogger, request: FastifyRequest, reply: FastifyReply): void {
  const clientRequestId = request.headers['x-client-request-id'];
  const isValid = typeof clientRequestId === 'string' && /^[A-Za-z0-9._:-]{1,128}$/.test(clientRequestId);
  logger.info(
    {
      requestId: request.id,
      ...(isValid ? { clientRequestId } : {}),
      method: request.method,
      route: request.routeOptions.url ?? null,
      statusCode: reply.statusCode,
      durationMs: Math.round(reply.elapsedTime * 10) / 10,
    },
    'request',
  );
}
