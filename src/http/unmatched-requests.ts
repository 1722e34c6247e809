/** Responses to requests that match no route: 404, 405 with Allow, and OPTIONS, unless it is an allowed CORS preflight. */
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { clientError, sendErrorResponse, sendUnrecorded, type HttpErrorResponse } from './error-response.ts';
import { pathOf } from './request-target.ts';

export const NOT_FOUND = clientError(404, 'There is nothing at this path.');
const NOT_ALLOWED = clientError(
  405,
  'This path does not support the method of the request: the Allow header lists those that it supports.',
);

/** Of a CORS preflight, and of the upgrade to a WebSocket. */
export const ORIGIN_NOT_ALLOWED: HttpErrorResponse = {
  status: 403,
  code: 'FORBIDDEN',
  message: 'Pages of this origin may not call the service: CORS_ORIGINS decides which origins may.',
};

interface Route {
  readonly path: RegExp;
  readonly methods: readonly string[];
}

/** Create it before the routes: it collects them as they are registered. */
export class UnmatchedRequests {
  readonly #routes: Route[] = [];
  readonly #onOriginRejected: (requestId: string) => void;

  constructor(app: FastifyInstance, onOriginRejected: (requestId: string) => void) {
    this.#onOriginRejected = onOriginRejected;
    app.addHook('onRoute', ({ url, method }) => {
      if (url !== '*') this.#routes.push({ path: toPattern(url), methods: [method].flat() });
    });
    app.addHook('onRequest', (request, reply, done) => {
      if (request.method === 'OPTIONS' && !isPreflight(request)) this.#respond(request, reply);
      else done();
    });
  }

  /** Call it after CORS is registered, so that pages can read these responses. */
  register(app: FastifyInstance): void {
    // Before the body is read, which is not needed.
    app.addHook('onRequest', (request, reply, done) => {
      if (request.is404) this.#respond(request, reply);
      else done();
    });
    app.setNotFoundHandler((request, reply) => this.#respond(request, reply));
  }

  #respond(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    const path = pathOf(request.url);
    const methods = new Set(this.#routes.filter((route) => route.path.test(path)).flatMap((route) => route.methods));
    // A route that responded with 404, such as one for files of the explorer.
    const isServed = methods.has(request.method);
    if (path !== '*' && (methods.size === 0 || isServed)) return sendErrorResponse(reply, NOT_FOUND);
    reply.header('allow', path === '*' ? 'GET, HEAD, OPTIONS, POST' : [...methods].sort().join(', '));
    if (request.method !== 'OPTIONS') return sendErrorResponse(reply, NOT_ALLOWED);
    // CORS has responded to the preflights of allowed origins.
    return isPreflight(request) ? this.#rejectOrigin(request, reply) : reply.code(204).send();
  }

  /** A preflight is not an operation, so it is not recorded. */
  #rejectOrigin(request: FastifyRequest, reply: FastifyReply): FastifyReply {
    this.#onOriginRejected(request.id);
    return sendUnrecorded(reply, ORIGIN_NOT_ALLOWED);
  }
}

const isPreflight = ({ headers }: FastifyRequest): boolean =>
  headers.origin !== undefined && headers['access-control-request-method'] !== undefined;

/** `/files/:name` matches one segment at `:name`. */
const toPattern = (url: string): RegExp =>
  new RegExp(`^${url.replace(/[.*+?^${}()|[\]\\]/g, '\\$&').replace(/:\w+/g, '[^/]+')}$`);
