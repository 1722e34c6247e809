/**
 * The registry of public error codes, and the class of errors whose messages clients see unchanged.
 *
 * The message of a {@link ServiceError} therefore never contains a value of the client. `format.ts` maps every other
 * error.
 */
import { GraphQLError, type ASTNode, type FormattedExecutionResult } from 'graphql';
import type { Outcome } from '../../runtime/errors.ts';

interface ErrorCodeEntry {
  /** When a client gets this code. */
  readonly description: string;
  /** The message if the error has none that is safe. */
  readonly message: string;
  /** The HTTP status if the request fails before execution. Once an operation is executed, the status is 200. */
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
    description: 'The document does not fit the schema, or exceeds a limit on documents.',
    message: 'The document does not fit the schema.',
    httpStatus: 400,
  },
  OPERATION_RESOLUTION_FAILURE: {
    description: 'The document does not have the operation to run, or the request does not select one of several.',
    message: 'The document has no such operation.',
    httpStatus: 400,
  },
  BAD_REQUEST: {
    description: 'The request is not a valid GraphQL-over-HTTP request.',
    message: 'The request is not a GraphQL request over HTTP.',
    httpStatus: 400,
  },
  PERSISTED_QUERY_NOT_FOUND: {
    description: 'The hash of the persisted query is not registered; send the document along with it once.',
    message: 'PersistedQueryNotFound',
    httpStatus: 400,
  },
  BAD_USER_INPUT: {
    description: 'An argument or a variable has an invalid value. On a query, upstream may have rejected it.',
    message: 'A value of the request cannot be used.',
    httpStatus: 400,
  },
  UNAUTHENTICATED: {
    description: 'The credential is missing or invalid, or upstream does not accept it.',
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
    description: 'Too many requests. `retryAfterMs` is the time to wait, if it is known.',
    message: 'Too many requests.',
    httpStatus: 429,
  },
  CONFLICT: {
    description: 'Another request is changing the same object upstream. Nothing was applied.',
    message: 'Another request is changing the same object upstream.',
    httpStatus: 409,
  },
  UPSTREAM_UNAVAILABLE: {
    description: 'The AIML API cannot be reached, fails, or no longer offers assistants to this account.',
    message: 'The AIML API is not available.',
    httpStatus: 502,
  },
  UPSTREAM_TIMEOUT: {
    description: 'The AIML API did not respond in time.',
    message: 'The AIML API did not respond in time.',
    httpStatus: 504,
  },
  UPSTREAM_BAD_RESPONSE: {
    description: 'The response of the AIML API does not have the documented form.',
    message: 'The response of the AIML API cannot be used.',
    httpStatus: 502,
  },
  OUTCOME_UNKNOWN: {
    description: 'A write was sent, and it is unknown whether it was applied.',
    message: 'It is unknown whether the change was applied.',
    httpStatus: 502,
  },
  UNSUPPORTED_BY_UPSTREAM: {
    description: 'This upstream does not support the request, for example a list of threads.',
    message: 'This upstream does not support the request.',
    httpStatus: 501,
  },
  OVERLOADED: {
    description: 'The service has its maximum of operations in flight; try again later.',
    message: 'The service is overloaded.',
    httpStatus: 503,
  },
  INTERNAL_SERVER_ERROR: {
    description: 'A fault of the service. The log has the details under the request id.',
    message: 'Internal server error.',
    httpStatus: 500,
  },
} as const satisfies Record<string, ErrorCodeEntry>;

export type ErrorCode = keyof typeof errorCodes;

export const isErrorCode = (value: unknown): value is ErrorCode =>
  typeof value === 'string' && Object.hasOwn(errorCodes, value);

interface ErrorExtensions {
  readonly code: ErrorCode;
  readonly retryable?: boolean;
  readonly outcome?: Outcome;
}

/**
 * The `extensions` of an error of this service, without the request id. Nothing of an overloaded request is executed, so a
 * mutation is not applied and may be sent again.
 */
export const toExtensions = (code: ErrorCode): ErrorExtensions =>
  code === 'OVERLOADED' ? { code, retryable: true, outcome: 'NOT_APPLIED' } : { code };

export const NO_CODES: readonly string[] = [];

/** The codes of the errors of a result, each once. */
export function codesOf(errors: FormattedExecutionResult['errors']): readonly string[] {
  if (!errors) return NO_CODES;
  const codes = new Set<string>();
  for (const { extensions } of errors) {
    const code = extensions?.['code'];
    codes.add(typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR');
  }
  return [...codes];
}

/** Its message may contain names of the schema and of the document, never a value of the client. */
export class ServiceError extends GraphQLError {
  override readonly name = 'ServiceError';

  /** `node`: the invalid part of the document. */
  constructor(code: ErrorCode, message: string, node?: ASTNode) {
    super(message, { nodes: node ?? null, extensions: { code } });
  }
}
