/**
 * Turns whatever went wrong into the error that the caller gets: a code of the registry, a text that holds no value of
 * the caller, and what is known of upstream's part in it. It never throws, and it passes on nothing that it does not know.
 *
 * The request's id is not known here: `error-response.plugin.ts` adds it.
 */
import { GraphQLError, type GraphQLFormattedError } from 'graphql';
import { PublicError } from '../../runtime/errors.ts';
import { toPublicMessage } from './public-message.ts';
import { errorCodes, isErrorCode, ServiceError, type ErrorCode } from './codes.ts';

export interface ErrorFormatOptions {
  /** Whether a message may tell names of the schema that the caller did not use ("Did you mean …"). */
  readonly suggestions: boolean;
}

/** Where a masked error keeps what was thrown, for the log: JSON leaves properties with symbols out. */
export const maskedCause = Symbol('what was thrown');

type ErrorFormatter = (formatted: GraphQLFormattedError, error: unknown) => GraphQLFormattedError;

interface FormattedError {
  readonly message: string;
  readonly extensions: Readonly<Record<string, unknown>> & { readonly code: ErrorCode };
}

const MASKED: FormattedError = {
  message: errorCodes.INTERNAL_SERVER_ERROR.message,
  extensions: { code: 'INTERNAL_SERVER_ERROR' },
};

/** The parser goes as deep as the document, and ends where the stack does; only values can be that deep in 5,000 tokens. */
const TOO_DEEP: FormattedError = {
  message: 'The document holds lists and objects that are too deep.',
  extensions: { code: 'GRAPHQL_PARSE_FAILED' },
};

/** Makes the function that Apollo Server asks to format every error of an answer. */
export function createErrorFormatter({ suggestions }: ErrorFormatOptions): ErrorFormatter {
  return ({ locations, path, extensions }, error) => {
    const known = attempt(() => toFormattedError(error, extensions?.['code'], suggestions));
    return {
      ...(known ?? { ...MASKED, [maskedCause]: causeOf(error) }),
      ...(locations && { locations }),
      ...(path && { path }),
    };
  };
}

/** Null where the error is nothing that a caller may learn about. `code`: what Apollo Server takes it for. */
function toFormattedError(error: unknown, code: unknown, suggestions: boolean): FormattedError | null {
  const cause = causeOf(error);
  if (cause instanceof PublicError) return toUpstreamError(cause);
  if (cause instanceof RangeError && code === 'GRAPHQL_PARSE_FAILED') return TOO_DEEP;
  if (!(error instanceof GraphQLError && cause instanceof GraphQLError)) return null;
  const text = toPublicMessage(error, suggestions);
  const known = text?.code ?? (isErrorCode(code) && code !== 'INTERNAL_SERVER_ERROR' ? code : null);
  if (!known || (!text && isThrownByResolver(error))) return null;
  return { message: text?.message ?? errorCodes[known].message, extensions: { code: known } };
}

/** What a resolver threw is public only where it is one of our own errors, which have a text. */
const isThrownByResolver = (error: GraphQLError): boolean => error.path !== undefined;

/** What was thrown in the first place, below what graphql-js and Apollo Server wrapped around it. */
function causeOf(error: unknown): unknown {
  return error instanceof GraphQLError && !(error instanceof ServiceError) && error.originalError
    ? causeOf(error.originalError)
    : error;
}

/** NOT_FOUND is no public code: a read answers null, a write has a user error for it. */
function toUpstreamError({ details }: PublicError): FormattedError | null {
  const { code, message, reason, retryable, retryAfterMs, outcome, upstream } = details;
  if (code === 'NOT_FOUND') return null;
  return {
    message: code === 'BAD_USER_INPUT' && reason ? `${message.replace(/\.$/, '')}: ${reason}` : message,
    extensions: {
      code,
      retryable,
      ...(retryAfterMs !== undefined && { retryAfterMs }),
      ...(outcome !== undefined && { outcome }),
      ...(upstream && { upstream: { status: upstream.status, requestId: upstream.requestId } }),
    },
  };
}

const attempt = <T>(run: () => T): T | undefined => {
  try {
    return run();
  } catch {
    return undefined;
  }
};
