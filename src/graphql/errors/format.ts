/**
 * Formats every error of a response: a code of the registry, a message without values of the client, and details about
 * upstream. It never throws, and it masks every error that it does not recognize.
 *
 * {@link createErrorCompleter} then adds the request id.
 */
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { PublicError } from '../../runtime/errors.ts';
import { toPublicMessage } from './public-message.ts';
import { errorCodes, isErrorCode, ServiceError, toExtensions, type ErrorCode } from './codes.ts';

interface ErrorFormatOptions {
  /** Whether messages may suggest names of the schema ("Did you mean …"). */
  readonly suggestions: boolean;
}

/** The key of a masked error's cause, for the log. JSON omits properties with symbol keys. */
const maskedCause = Symbol('masked cause');

type ErrorFormatter = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

interface FormattedError {
  readonly message: string;
  readonly extensions: Readonly<Record<string, unknown>> & { readonly code: ErrorCode };
}

const MASKED: FormattedError = {
  message: errorCodes.INTERNAL_SERVER_ERROR.message,
  extensions: { code: 'INTERNAL_SERVER_ERROR' },
};

/** The parser recurses until the stack overflows. Within 5,000 tokens only values can be nested that deep. */
const TOO_DEEP: FormattedError = {
  message: 'Lists and objects of the document are nested too deep.',
  extensions: { code: 'GRAPHQL_PARSE_FAILED' },
};

/** Creates Apollo Server's `formatError`. */
export function createErrorFormatter({ suggestions }: ErrorFormatOptions): ErrorFormatter {
  return ({ locations, path, extensions }, error) => {
    const formatted = attempt(() => toFormattedError(error, extensions?.['code'], suggestions));
    return {
      ...(formatted ?? { ...MASKED, [maskedCause]: causeOf(error) }),
      ...(locations && { locations }),
      ...(path && { path }),
    };
  };
}

/** Null if the error has to be masked. `code` is Apollo Server's. */
function toFormattedError(error: unknown, code: unknown, suggestions: boolean): FormattedError | null {
  const cause = causeOf(error);
  if (cause instanceof PublicError) return toUpstreamError(cause);
  if (cause instanceof RangeError && code === 'GRAPHQL_PARSE_FAILED') return TOO_DEEP;
  if (!(error instanceof GraphQLError && cause instanceof GraphQLError)) return null;
  const text = toPublicMessage(error, suggestions);
  const publicCode = text?.code ?? (isErrorCode(code) && code !== 'INTERNAL_SERVER_ERROR' ? code : null);
  if (!publicCode || (!text && isThrownByResolver(error))) return null;
  return { message: text?.message ?? errorCodes[publicCode].message, extensions: { ...toExtensions(publicCode) } };
}

/** Errors of resolvers are public only if they are our own, and those have a message. */
const isThrownByResolver = (error: GraphQLError): boolean => error.path !== undefined;

/** The error that was thrown, without the wrappers of graphql-js and Apollo Server. */
function causeOf(error: unknown): unknown {
  return error instanceof GraphQLError && !(error instanceof ServiceError) && error.originalError
    ? causeOf(error.originalError)
    : error;
}

/** NOT_FOUND is not a public code: a read returns null, and a write returns a user error. */
function toUpstreamError({ details }: PublicError): FormattedError | null {
  const { code, message, reason, isUnknownCursor, retryable, retryAfterMs, outcome, upstream } = details;
  if (code === 'NOT_FOUND') return null;
  return {
    message: code === 'BAD_USER_INPUT' && reason ? `${message.replace(/\.$/, '')}: ${reason}` : message,
    extensions: {
      code,
      ...(isUnknownCursor && { reason: 'CURSOR_UNKNOWN' }),
      retryable,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(outcome !== undefined && { outcome }),
      ...(upstream && { upstream: { status: upstream.status, requestId: upstream.requestId } }),
    },
  };
}

/** Called with the cause of an INTERNAL_SERVER_ERROR. Errors that it throws are ignored: the response is sent anyway. */
export type OnInternalError = (error: unknown, request: ReportedRequest) => void;

/** Names the request and the caller in the log. */
export interface ReportedRequest {
  readonly requestId: string;
  /** The subject of the caller; null or absent if it is not known. */
  readonly caller?: string | null;
}

type Masked = GraphQLFormattedError & { readonly [maskedCause]?: unknown };

/** Adds the request id to formatted errors and reports masked ones. */
export type ErrorCompleter = (
  errors: readonly GraphQLFormattedError[],
  request: ReportedRequest,
) => GraphQLFormattedError[];

export const createErrorCompleter =
  (onInternalError: OnInternalError): ErrorCompleter =>
  (errors, request) =>
    errors.map((error: Masked) => {
      if (maskedCause in error) attempt(() => onInternalError(error[maskedCause], request));
      return { ...error, extensions: { ...error.extensions, requestId: request.requestId } };
    });

/** Undefined if it throws: formatting and reporting never break a response. */
export const attempt = <T>(run: () => T): T | undefined => {
  try {
    return run();
  } catch {
    return undefined;
  }
};
