/**
 * The closed family of what can go wrong between the service and the AIML API.
 *
 * Nothing here ever holds a credential, a URL, a host or a body of upstream: what an error may tell is decided when it
 * is made, so that nobody downstream has to clean it. The one exception is the `reason` of a 400 or 422, which
 * `reason.ts` has already cleaned.
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
  | 'UNSUPPORTED_BY_UPSTREAM';

/** What is known of a write that failed. NOT_APPLIED: it did not happen. UNKNOWN: it may have. */
export type Outcome = 'NOT_APPLIED' | 'UNKNOWN';

export interface PublicErrorDetails {
  readonly code: PublicErrorCode;
  /** A fixed text for people; it never holds what upstream said. */
  readonly message: string;
  /** Whether the same request may succeed later. */
  readonly retryable: boolean;
  /** How long upstream asked to wait, in milliseconds; absent where it did not say. */
  readonly retryAfterMs?: number | undefined;
  /** Set for writes only. */
  readonly outcome?: Outcome | undefined;
  /** Set where upstream answered. `requestId` is upstream's own, null where it sent none that is well-formed. */
  readonly upstream?: { readonly status: number; readonly requestId: string | null } | undefined;
  /** For BAD_USER_INPUT: why upstream refused, cleaned; null where it gave no reason. */
  readonly reason?: string | null | undefined;
  /** For BAD_USER_INPUT: upstream's name for the parameter at fault, for example `tools[0].function.name`. */
  readonly param?: string | null | undefined;
  /** For BAD_USER_INPUT that this service found out: what kind of problem it is. Absent where upstream rejected the input. */
  readonly problem?: 'INVALID' | 'TOO_MANY' | undefined;
}

/** A call to the AIML API failed. */
export class PublicError extends Error {
  override readonly name = 'PublicError';
  readonly code: PublicErrorCode;
  readonly details: PublicErrorDetails;

  constructor(details: PublicErrorDetails) {
    super(details.message);
    this.code = details.code;
    this.details = details;
  }

  /** The same error, with what is now known of the write that it belongs to. */
  withOutcome(outcome: Outcome): PublicError {
    return new PublicError({ ...this.details, outcome });
  }
}

/** Each response may be as large as a response may be, so what one operation holds at a time has a bound of its own. */
export const OPERATION_TOO_LARGE: PublicErrorDetails = {
  code: 'UPSTREAM_BAD_RESPONSE',
  message: 'What the operation asks for is too large to be held at once: ask for less of it at a time.',
  retryable: false,
};

/** Whether the operation's own limits, rather than upstream, made a call fail: it may succeed for another operation. */
export const isLimitOfOperation = (error: unknown): boolean =>
  error instanceof PublicError &&
  (error.details.message === OPERATION_TOO_LARGE.message || error.code === 'UPSTREAM_TIMEOUT');
