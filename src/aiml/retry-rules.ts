/** The retry table of the public contract. */
import type { FailedAttempt } from './outcome.ts';
import { PublicError, type PublicErrorDetails } from '../runtime/errors.ts';

/** The row of the retry table that a call follows. */
export type RetryRule = 'get' | 'create' | 'modify' | 'delete';

/** Whether the table allows another attempt. Their number is limited elsewhere. */
export function mayRetry(
  { rule, idempotencyKey }: { readonly rule: RetryRule; readonly idempotencyKey?: string | undefined },
  { kind, status, error }: FailedAttempt,
): boolean {
  switch (kind) {
    case 'NOT_SENT':
      return true;
    case 'REJECTED':
      return status === 429;
    case 'UNKNOWN':
      // An unreadable response will be unreadable again. A delete is retried anyway, to find out whether it was applied.
      if (rule === 'get') return error.details.retryable;
      // With an idempotency key, a create is applied once in any case.
      return (rule === 'delete' || idempotencyKey !== undefined) && !isRedirect(status);
  }
}

const isRedirect = (status: number | null): boolean => status !== null && status >= 300 && status < 400;

/** The error for the client. Once the outcome of a write is unknown, a later attempt cannot change that. */
export function toOutcomeError(rule: RetryRule, error: PublicError, outcomeUnknown: boolean): PublicError {
  if (rule === 'get') return error;
  if (!outcomeUnknown) return error.withOutcome('NOT_APPLIED');
  const { upstream, retryAfterMs }: PublicErrorDetails = error.details;
  return new PublicError({
    code: 'OUTCOME_UNKNOWN',
    message: `It is unknown whether the ${rule} was applied: check before you send it again.`,
    retryable: false,
    outcome: 'UNKNOWN',
    upstream,
    retryAfterMs,
  });
}
