/**
 * The error that clients may see, with its code.
 *
 * It never contains a credential, a URL, a host or a body of upstream, so it can be sent as it is. Its only text from
 * upstream is the `reason` of a 400 or 422, which `sanitize-reason.ts` has sanitized.
 */

export type PublicErrorCode =
  | 'BAD_USER_INPUT'
  | 'NOT_FOUND'
  | 'UNAUTHENTICATED'
  | 'FORBIDDEN'
  | 'QUOTA_EXCEEDED'
  | 'RATE_LIMITED'
  | 'CONFLICT'
  | 'UPSTREAM_UNAVAILABLE'
  | 'UPSTREAM_TIMEOUT'
  | 'UPSTREAM_BAD_RESPONSE'
  | 'OUTCOME_UNKNOWN'
  | 'OVERLOADED'
  | 'UNSUPPORTED_BY_UPSTREAM';

/** The outcome of a write that failed. NOT_APPLIED: upstream did not apply it. UNKNOWN: upstream may have applied it. */
export type Outcome = 'NOT_APPLIED' | 'UNKNOWN';

export interface PublicErrorDetails {
  readonly code: PublicErrorCode;
  /** A fixed text, without any text of upstream. */
  readonly message: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** How long upstream asks to wait before a retry, in milliseconds; absent if it did not say. */
  readonly retryAfterMs?: number | undefined;
  /** Set for writes only. */
  readonly outcome?: Outcome | undefined;
  /** Set if upstream responded. `requestId` is upstream's, or null if it sent no valid one. */
  readonly upstream?: { readonly status: number; readonly requestId: string | null } | undefined;
  /** For BAD_USER_INPUT: upstream's sanitized reason, or null if it gave none. */
  readonly reason?: string | null | undefined;
  /** For BAD_USER_INPUT: upstream's name of the invalid parameter, for example `tools[0].function.name`. */
  readonly param?: string | null | undefined;
  /** For BAD_USER_INPUT found by this service: the kind of problem. Absent if upstream rejected the input. */
  readonly problem?: 'INVALID' | 'TOO_MANY' | undefined;
  /** True for BAD_USER_INPUT about a cursor whose node does not exist. The extensions have it as `reason`. */
  readonly isUnknownCursor?: boolean | undefined;
}

/** An error whose code and message may be sent to the client. */
export class PublicError extends Error {
  override readonly name = 'PublicError';
  readonly code: PublicErrorCode;
  readonly details: PublicErrorDetails;

  constructor(details: PublicErrorDetails) {
    super(details.message);
    this.code = details.code;
    this.details = details;
  }

  /** A copy of the error with the outcome of the write that failed. */
  withOutcome(outcome: Outcome): PublicError {
    return new PublicError({ ...this.details, outcome });
  }
}

/** The responses that one operation holds at a time exceed its memory limit. */
export const OPERATION_TOO_LARGE: PublicErrorDetails = {
  code: 'UPSTREAM_BAD_RESPONSE',
  message: 'The data that the operation requests is too large: request less of it at a time.',
  retryable: false,
};

export const isOperationTooLarge = (error: unknown): boolean =>
  error instanceof PublicError && error.details.message === OPERATION_TOO_LARGE.message;

/** Whether a call failed on the limits of its operation, so that the same call may succeed for another operation. */
export const isLimitOfOperation = (error: unknown): boolean =>
  isOperationTooLarge(error) || (error instanceof PublicError && error.code === 'UPSTREAM_TIMEOUT');
