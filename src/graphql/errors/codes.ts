/**
 * The public error codes, all in one registry, and the one class of errors whose texts are meant for callers.
 *
 * What is thrown as a {@link ServiceError} reaches the caller with its message as it is, so that message never holds a
 * value of the caller. How every other error becomes an answer is decided in `format.ts`.
 */
import { GraphQLError, type ASTNode } from 'graphql';

interface ErrorCodeEntry {
  /** When a caller sees this code. */
  readonly description: string;
  /** The message where the error brings none that is known to be safe. */
  readonly message: string;
  /** The HTTP status where the whole request is refused with this code. Where the operation ran, it is 200. */
  readonly httpStatus: number;
}

/** Every value that `extensions.code` can take. */
export const errorCodes = {
  GRAPHQL_PARSE_FAILED: {
    description: 'The document is not GraphQL.',
    message: 'The document cannot be parsed.',
    httpStatus: 400,
  },
  GRAPHQL_VALIDATION_FAILED: {
    description: 'The document does not fit the schema, or breaks a limit that documents have.',
    message: 'The document does not fit the schema.',
    httpStatus: 400,
  },
  OPERATION_RESOLUTION_FAILURE: {
    description: 'It is not clear which operation of the document to run, or there is no such operation.',
    message: 'The document has no such operation.',
    httpStatus: 400,
  },
  BAD_REQUEST: {
    description: 'The HTTP request is not one that GraphQL over HTTP allows.',
    message: 'The request is not a GraphQL request over HTTP.',
    httpStatus: 400,
  },
  PERSISTED_QUERY_NOT_FOUND: {
    description: 'The hash names no document that is known here; send the document with it once.',
    message: 'PersistedQueryNotFound',
    httpStatus: 400,
  },
  BAD_USER_INPUT: {
    description: 'An argument or a variable has a value that cannot be used; on a query, upstream refused it.',
    message: 'A value of the request cannot be used.',
    httpStatus: 400,
  },
  UNAUTHENTICATED: {
    description: 'There is no usable credential, or upstream does not accept it.',
    message: 'A valid credential is needed.',
    httpStatus: 401,
  },
  FORBIDDEN: {
    description: 'The credential does not allow this, here or upstream.',
    message: 'The credential does not allow this.',
    httpStatus: 403,
  },
  QUOTA_EXCEEDED: {
    description: 'The upstream account is out of credits.',
    message: 'The upstream account is out of credits.',
    httpStatus: 402,
  },
  RATE_LIMITED: {
    description: 'Too many requests; `retryAfterMs` tells how long to wait where that is known.',
    message: 'Too many requests.',
    httpStatus: 429,
  },
  CONFLICT: {
    description: 'Upstream is changing the same thing at the same time. Nothing was applied.',
    message: 'Upstream is changing the same thing at the same time.',
    httpStatus: 409,
  },
  UPSTREAM_UNAVAILABLE: {
    description: 'The AIML API cannot be reached, fails, or has no assistants for this account any more.',
    message: 'The AIML API is not available.',
    httpStatus: 502,
  },
  UPSTREAM_TIMEOUT: {
    description: 'The AIML API did not answer in time.',
    message: 'The AIML API did not answer in time.',
    httpStatus: 504,
  },
  UPSTREAM_BAD_RESPONSE: {
    description: 'The AIML API answered something that it never promised.',
    message: 'The AIML API gave an answer that cannot be used.',
    httpStatus: 502,
  },
  OUTCOME_UNKNOWN: {
    description: 'A write was sent, and whether it was applied cannot be told.',
    message: 'Whether the change was applied cannot be told.',
    httpStatus: 502,
  },
  UNSUPPORTED_BY_UPSTREAM: {
    description: 'This upstream does not have what was asked for, for example a list of threads.',
    message: 'This upstream does not have what was asked for.',
    httpStatus: 501,
  },
  OVERLOADED: {
    description: 'The service has as many operations under way as it takes; try again later.',
    message: 'The service has too much to do.',
    httpStatus: 503,
  },
  INTERNAL_SERVER_ERROR: {
    description: 'A fault of the service. The log has the details under the request id.',
    message: 'Internal server error.',
    httpStatus: 500,
  },
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof errorCodes;

/** Whether this is one of the public codes. */
export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(errorCodes, value);

interface ServiceErrorOptions {
  /** The place of the document that is at fault. */
  readonly node?: ASTNode | undefined;
  /** The HTTP status where the whole request is refused; Apollo Server takes it from the error. */
  readonly httpStatus?: number;
}

/**
 * An error of this service whose message is for the caller. It may hold names of the schema and of the document; it
 * never holds a value of the caller.
 */
export class ServiceError extends GraphQLError {
  override readonly name = 'ServiceError';

  constructor(code: ErrorCode, message: string, { node, httpStatus }: ServiceErrorOptions = {}) {
    super(message, {
      nodes: node ?? null,
      extensions: { code, ...(httpStatus !== undefined && { http: { status: httpStatus } }) },
    });
  }
}

/** A request that is refused before any operation runs: its HTTP status is the one of the registry. */
export const refuseRequest = (code: ErrorCode, message: string): ServiceError =>
  new ServiceError(code, message, { httpStatus: errorCodes[code].httpStatus });
