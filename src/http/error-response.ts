/** Error responses for requests without a GraphQL operation: JSON in the form of a GraphQL response. */
import type { IncomingMessage } from 'node:http';
import type { FastifyReply } from 'fastify';
import { errorCode } from '../runtime/error-code.ts';
import { toExtensions, type ErrorCode } from '../graphql/errors/codes.ts';
import { msSince } from '../observability/operation-record.ts';
import { chooseContentType, chooseStreamType } from './content-negotiation.ts';
import { exchangeOf } from './request-state.ts';
import { pathOf } from './request-target.ts';
import { sendOneResult } from './stream-response.ts';

/** Some clients and proxies append a slash. */
export const GRAPHQL_PATHS: readonly string[] = ['/graphql', '/graphql/'];

export interface HttpErrorResponse {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
}

/** A request that the client has to change. */
export const clientError = (status: number, message: string): HttpErrorResponse => ({
  status,
  code: 'BAD_REQUEST',
  message,
});

/** A request that the service cannot take now. */
export const overloaded = (message: string): HttpErrorResponse => ({ status: 503, code: 'OVERLOADED', message });

export const NO_SLOT = overloaded('The service is working on as many operations as it can: try again in a moment.');

/** A request to `/graphql` that was rejected before it became an operation. */
export interface ErrorResponseRecord {
  readonly requestId: string;
  readonly status: number;
  readonly code: ErrorCode;
  readonly durationMs: number;
}

declare module 'fastify' {
  interface FastifyInstance {
    readonly onErrorResponse: (record: ErrorResponseRecord) => void;
  }
}

export function sendErrorResponse(reply: FastifyReply, error: HttpErrorResponse): FastifyReply {
  recordErrorResponse(reply, error.status, error.code);
  return sendUnrecorded(reply, error);
}

/** For a request that is not an operation. */
export function sendUnrecorded(reply: FastifyReply, { status, code, message }: HttpErrorResponse): FastifyReply {
  return reply
    .code(status)
    .headers(errorHeaders(status, reply.request.raw))
    .header('cache-control', 'no-store')
    .send(toErrorBody({ code, message }, reply.request.id));
}

/**
 * Sends the response for a body that was rejected. If its JSON is not valid or too large, clients that prefer a stream get the
 * error as the only result of one, with status 200, as they get the errors of an operation. A body of another media type (415)
 * may come from a page of another site, and is no request for a stream.
 */
export function sendBodyError(reply: FastifyReply, error: HttpErrorResponse): FastifyReply {
  const { request } = reply;
  const isRejected = (error.status === 400 || error.status === 413) && isGraphQLPath(request.url);
  const streaming = isRejected && request.method === 'POST' ? chooseStreamType(request.headers.accept) : null;
  if (!streaming?.isPreferred) return sendErrorResponse(reply, error);
  recordErrorResponse(reply, error.status, error.code);
  const body = Buffer.from(toErrorBody(error, request.id));
  sendOneResult(reply, body, { type: streaming.type, exchange: exchangeOf(request) });
  return reply;
}

/** A media type for clients that accept none of those of GraphQL, or streams only. */
export const DEFAULT_ERROR_TYPE = 'application/json; charset=utf-8';
/** In seconds. */
export const RETRY_AFTER = '1';

/** The headers that an error response has for its status and its request. On other paths than `/graphql`, it is JSON. */
export function errorHeaders(
  status: number,
  { url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>,
): Readonly<Record<string, string>> {
  const contentType = isGraphQLPath(url) ? chooseContentType(headers.accept) : null;
  return {
    'content-type': contentType ?? DEFAULT_ERROR_TYPE,
    ...(status === 503 && { 'retry-after': RETRY_AFTER }),
  };
}

const isGraphQLPath = (url: string): boolean => GRAPHQL_PATHS.includes(pathOf(url));

export function toErrorBody({ code, message }: Pick<HttpErrorResponse, 'code' | 'message'>, requestId: string): string {
  return JSON.stringify({ errors: [{ message, extensions: { ...toExtensions(code), requestId } }] });
}

/** Reports the error response of a request to `/graphql`. */
export function recordErrorResponse(reply: FastifyReply, status: number, code: ErrorCode): void {
  const { request, server } = reply;
  if (!isGraphQLPath(request.url)) return;
  server.onErrorResponse({ requestId: request.id, status, code, durationMs: msSince(request.startedAt) });
}

const UNSUPPORTED_MEDIA_TYPE = clientError(415, 'The request body must be sent as application/json.');

export const BODY_TOO_LARGE = clientError(413, 'The request body is larger than 2 MiB.');

/** The client disconnected while it sent the request; this response is never delivered. */
export const CLIENT_DISCONNECTED = clientError(400, 'The request was cut short.');

const INTERNAL_ERROR: HttpErrorResponse = {
  status: 500,
  code: 'INTERNAL_SERVER_ERROR',
  message: 'Internal server error.',
};

export function toErrorResponse(error: unknown): HttpErrorResponse {
  if (error instanceof RequestError) return error.errorResponse;
  // See https://fastify.dev/docs/latest/Reference/Errors/.
  return errorCode(error) === 'FST_ERR_CTP_INVALID_MEDIA_TYPE' ? UNSUPPORTED_MEDIA_TYPE : INTERNAL_ERROR;
}

export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly errorResponse: HttpErrorResponse;

  constructor(errorResponse: HttpErrorResponse) {
    super(errorResponse.message);
    this.errorResponse = errorResponse;
  }
}
