/** The HTTP response of a GraphQL request, and the error responses that need no execution. */
import type { HTTPGraphQLResponse } from '@apollo/server';
import { toExtensions, type ErrorCode } from '../errors/codes.ts';
import type { OperationStream } from './operation-stream.ts';

/** The response, without the headers that every response has. */
export interface GraphQLHttpResponse {
  readonly status: number;
  readonly headers: Iterable<readonly [name: string, value: string]>;
  /** JSON, as bytes: a long string would be copied twice more before it is sent. */
  readonly body: Buffer;
  /** The results of a started subscription, which are sent instead of the body. Absent otherwise. */
  readonly stream?: OperationStream;
  readonly isSubscription?: boolean;
}

export const NO_HEADERS: GraphQLHttpResponse['headers'] = [];
export const NO_STORE: GraphQLHttpResponse['headers'] = [['cache-control', 'no-store']];

/** The HTTP layer adds the id of the request, and records that the request was rejected. */
export const badRequest = (code: ErrorCode, message: string): GraphQLHttpResponse => ({
  status: 400,
  headers: NO_STORE,
  body: Buffer.from(JSON.stringify({ errors: [{ message, extensions: toExtensions(code) }] })),
});

export const OVER_SHARE =
  'There are as many operations of this caller in flight as there may be: try again in a moment.';

export const NOT_LISTED = badRequest('BAD_REQUEST', 'The operation is not one of those that may be run here.');

/** `largeBody` replaces the body of Apollo Server if it is not null. */
export function toResponse(
  { status = 200, headers, body }: HTTPGraphQLResponse,
  largeBody: Buffer | null,
): GraphQLHttpResponse {
  if (body.kind === 'chunked') throw new TypeError('incremental delivery is not offered');
  return { status, headers: [...headers], body: largeBody ?? Buffer.from(body.string) };
}

/** The same response with the id of another request. Ids have a fixed length and occur in errors only. */
export function withRequestId(body: Buffer, from: string, to: string): Buffer {
  const copy = Buffer.from(body);
  for (let index = copy.indexOf(from); index !== -1; index = copy.indexOf(from, index + from.length))
    copy.write(to, index, 'latin1');
  return copy;
}
