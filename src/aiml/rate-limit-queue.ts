/** Lets attempts wait for the rate limit, with a maximum of waiting attempts for each caller. */
import { PublicError, type PublicErrorDetails } from '../runtime/errors.ts';
import { sleepUnlessCancelled } from '../runtime/cancellation.ts';
import type { UpstreamContext } from './call.ts';
import type { FailedAttempt } from './outcome.ts';
import type { RateLimit } from './rate-limit.ts';
import { CIRCUIT_OPEN, type UpstreamHealth } from './upstream-health.ts';

const RATE_LIMITED: PublicErrorDetails = {
  code: 'RATE_LIMITED',
  message: 'The service allows no more requests to the AIML API with this credential for now.',
  retryable: true,
};

interface RateLimitQueueOptions {
  readonly rateLimit: RateLimit;
  readonly health: UpstreamHealth;
  /** The maximum of attempts of one subject that wait. */
  readonly maxWaiters: number;
  /** Called when an attempt is rejected. */
  readonly onRateLimited: (() => void) | undefined;
}

export class RateLimitQueue {
  readonly #options: RateLimitQueueOptions;
  /** The number of attempts that wait, of each subject that has any. */
  readonly #waiters = new Map<string, number>();

  constructor(options: RateLimitQueueOptions) {
    this.#options = options;
  }

  /**
   * Waits for the rate limit if that fits the deadline and the queue is not full, else fails. Consumes nothing if the
   * circuit breaker would reject the attempt. Resolves to null once the attempt is admitted, or must not begin because the
   * request is cancelled or its deadline has passed.
   */
  async wait(
    requestKey: string,
    { subject, tenant, cancel, deadlineAt }: UpstreamContext,
  ): Promise<FailedAttempt | null> {
    const { rateLimit, health, maxWaiters, onRateLimited } = this.#options;
    while (!cancel.isCancelled && performance.now() < deadlineAt) {
      if (health.isBlocked(subject, requestKey)) return { kind: 'NOT_SENT', status: null, error: CIRCUIT_OPEN };
      const retryAfterMs = await rateLimit.take(tenant);
      if (retryAfterMs === 0) return null;
      const waiters = this.#waiters.get(subject) ?? 0;
      if (performance.now() + retryAfterMs >= deadlineAt || waiters >= maxWaiters) {
        onRateLimited?.();
        // REJECTED, because a retry would not be admitted earlier.
        return { kind: 'REJECTED', status: null, error: new PublicError({ ...RATE_LIMITED, retryAfterMs }) };
      }
      this.#waiters.set(subject, waiters + 1);
      await sleepUnlessCancelled(retryAfterMs, cancel);
      this.#stopWaiting(subject);
    }
    return null;
  }

  /** Call it when upstream has accepted the tenant's credential. */
  accept(tenant: string): void {
    this.#options.rateLimit.accept(tenant);
  }

  #stopWaiting(subject: string): void {
    const left = (this.#waiters.get(subject) ?? 0) - 1;
    if (left > 0) this.#waiters.set(subject, left);
    else this.#waiters.delete(subject);
  }
}
