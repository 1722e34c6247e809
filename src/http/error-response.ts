/** What is answered where no GraphQL operation came to run: JSON in GraphQL's own form, never HTML, never a stack. */
import type { FastifyReply } from 'fastify';
import { errorCode } from '../runtime/error-code.ts';
import type { ErrorCode } from '../graphql/errors/codes.ts';
import { msSince } from '../observability/operation-record.ts';
import { pathOf } from './request-target.ts';

/** Clients and proxies that join paths send the second. */
export const GRAPHQL_PATHS: readonly string[] = ['/graphql', '/graphql/'];

export interface HttpErrorResponse {
  readonly status: number;
  readonly code: ErrorCode;
  readonly message: string;
}

/** A request to `/graphql` that never came to be an operation. */
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

export function sendErrorResponse(reply: FastifyReply, { status, code, message }: HttpErrorResponse): FastifyReply {
  recordErrorResponse(reply, status, code);
  return reply
    .code(status)
    .header('content-type', 'application/json; charset=utf-8')
    .header('cache-control', 'no-store')
    .send(toErrorBody({ code, message }, reply.request.id));
}

/** The body of an error response. */
export function toErrorBody({ code, message }: Pick<HttpErrorResponse, 'code' | 'message'>, requestId: string): string {
  return JSON.stringify({ errors: [{ message, extensions: { code, requestId } }] });
}

/** Tells of a refusal where `/graphql` was asked. */
export function recordErrorResponse(reply: FastifyReply, status: number, code: ErrorCode): void {
  const { request, server } = reply;
  if (!GRAPHQL_PATHS.includes(pathOf(request.url))) return;
  server.onErrorResponse({ requestId: request.id, status, code, durationMs: msSince(request.startedAt) });
}

/** What Fastify itself refuses, by its own codes (https://fastify.dev/docs/latest/Reference/Errors/). */
const errorResponses: Readonly<Record<string, HttpErrorResponse>> = {
  FST_ERR_CTP_INVALID_MEDIA_TYPE: {
    status: 415,
    code: 'BAD_REQUEST',
    message: 'The request body must be sent as application/json.',
  },
};

export const TOO_LARGE: HttpErrorResponse = {
  status: 413,
  code: 'BAD_REQUEST',
  message: 'The request body is larger than 2 MiB.',
};

/** For a caller who went away while his request was read: nobody gets this. */
export const CLIENT_DISCONNECTED: HttpErrorResponse = {
  status: 400,
  code: 'BAD_REQUEST',
  message: 'The request was cut short.',
};

const internalError: HttpErrorResponse = {
  status: 500,
  code: 'INTERNAL_SERVER_ERROR',
  message: 'Internal server error.',
};

/** The refusal that an error of the HTTP layer stands for. */
export function toErrorResponse(error: unknown): HttpErrorResponse {
  if (error instanceof RequestError) return error.errorResponse;
  return errorResponses[errorCode(error) ?? ''] ?? internalError;
}

/** A request that the HTTP layer itself turns down. */
export class RequestError extends Error {
  override readonly name = 'RequestError';
  readonly errorResponse: HttpErrorResponse;

  constructor(errorResponse: HttpErrorResponse) {
    super(errorResponse.message);
    this.errorResponse = errorResponse;
  }
}
