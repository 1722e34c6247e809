/** The retry table of the public contract. */
import type { FailedAttempt } from './outcome.ts';
import { PublicError, type PublicErrorDetails } from '../runtime/errors.ts';

/** The row of the retry table that a call follows. */
export type RetryRule = 'get' | 'create' | 'modify' | 'delete';

/** Whether the table allows another attempt. How many there may be is not decided here. */
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
      // What cannot be read will not be readable the next time. A delete is still sent again, to learn whether it was applied.
      if (rule === 'get') return error.details.retryable;
      // With a key that upstream keeps, the create is applied once however often it is sent.
      return (rule === 'delete' || idempotencyKey !== undefined) && !isRedirect(status);
  }
}

const isRedirect = (status: number | null): boolean => status !== null && status >= 300 && status < 400;

/** What the caller is told in the end. Once the fate of a write is unknown, no later answer makes it known. */
export function toOutcomeError(rule: RetryRule, error: PublicError, outcomeUnknown: boolean): PublicError {
  if (rule === 'get') return error;
  if (!outcomeUnknown) return error.withOutcome('NOT_APPLIED');
  const { upstream, retryAfterMs }: PublicErrorDetails = error.details;
  return new PublicError({
    code: 'OUTCOME_UNKNOWN',
    message: `It cannot be told whether the ${rule} took place: look before you send it again.`,
    retryable: false,
    outcome: 'UNKNOWN',
    upstream,
    retryAfterMs,
  });
}
