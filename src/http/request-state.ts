/** The properties that the HTTP layer adds to Fastify requests. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BodyReservation } from './body-memory.ts';
import type { HttpExchange } from '../runtime/connection.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** The `performance.now()` time at which the headers arrived. */
    startedAt: number;
    /** Null until the onRequest hook. */
    exchange: HttpExchange | null;
    /** Null without a body, or after the operation has taken it over. */
    bodyReservation: BodyReservation | null;
  }
}

export function decorateRequests(app: FastifyInstance): void {
  app.decorateRequest('startedAt', 0);
  app.decorateRequest('exchange', null);
  app.decorateRequest('bodyReservation', null);
}

export function exchangeOf({ exchange }: FastifyRequest): HttpExchange {
  if (!exchange) throw new TypeError('the request has no exchange before the onRequest hook');
  return exchange;
}
