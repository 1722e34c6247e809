/** What the HTTP layer keeps on a Fastify request. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { BodyReservation } from './body-memory.ts';
import type { HttpExchange } from './connection.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** When it came, on `performance.now()`. */
    startedAt: number;
    /** Null until its headers have been looked at. */
    exchange: HttpExchange | null;
    /** Null where its body takes no memory, or where its operation has taken it over. */
    bodyReservation: BodyReservation | null;
  }
}

export function decorateRequests(app: FastifyInstance): void {
  app.decorateRequest('startedAt', 0);
  app.decorateRequest('exchange', null);
  app.decorateRequest('bodyReservation', null);
}

export function exchangeOf({ exchange }: FastifyRequest): HttpExchange {
  if (!exchange) throw new TypeError('the request is not known to its connection yet');
  return exchange;
}
