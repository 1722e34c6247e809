/**
 * The errors with which the store rejects. Each is also the response to the request that it fails. Client programs match on
 * some of the texts. A write that was certainly not made is a 409: clients take a 5xx as one that may have been.
 */
import { ApiError, rateLimited, shownId } from '../api/api-error.ts';

/** The kinds of objects that a path can name. */
export type ObjectKind = 'assistant' | 'thread' | 'message' | 'run' | 'step' | 'vector_store';

/** Clients do not send the request again. */
const NO_RETRY = { 'x-should-retry': 'false' };

/** Another connection has the lock and did not release it in time. Nothing was written. */
export class StoreBusyError extends ApiError {
  constructor(cause?: unknown) {
    super(409, 'The store is locked by another process; nothing was changed. Try again.', {
      headers: { 'retry-after': '1' },
      cause,
    });
  }
}

/** The disk or a quota is full, or a file may not grow. Nothing was written. */
export class StoreFullError extends ApiError {
  constructor(cause: unknown) {
    super(409, 'The store is full; nothing was changed.', { headers: NO_RETRY, cause });
  }
}

interface StoreFailure {
  readonly cause: unknown;
  readonly isDamaged: boolean;
  /** Whether it is certain that nothing was written. False for a read. */
  readonly isUnchanged: boolean;
}

/** The store is damaged, or its disk fails. */
export class StoreFailedError extends ApiError {
  readonly isDamaged: boolean;

  constructor({ cause, isDamaged, isUnchanged }: StoreFailure) {
    if (isUnchanged) super(409, 'The store failed; nothing was changed.', { headers: NO_RETRY, cause });
    else super(500, 'The store cannot be read or written.', { cause });
    this.isDamaged = isDamaged;
  }
}

/** The account has no such object, or has it elsewhere than the path says. */
export class NotFoundError extends ApiError {
  constructor(kind: ObjectKind, id: string) {
    const shown = shownId(id);
    super(404, `No ${kind.replace('_', ' ')} found with ${shown === '' ? 'this id' : `id '${shown}'`}.`);
  }
}

/** The thread has a live run, which the message names. */
export class ThreadBusyError extends ApiError {
  constructor(message: string) {
    super(400, message);
  }
}

/** Another attempt holds the run, or it has ended: the worker has to stop. No request gets it. */
export class ClaimLostError extends Error {
  override readonly name = 'ClaimLostError';
}

/** The store was closed by this process. Nothing was written. */
export const storeClosed = () => new ApiError(409, 'The API is stopping; nothing was changed.');

/** The object would be larger than 8 MiB. */
export const objectTooLarge = () => new ApiError(413, 'The object would be larger than 8 MiB.');

/** The `Idempotency-Key` was used for another request. */
export const idempotencyKeyReused = () =>
  new ApiError(409, 'This Idempotency-Key was used for another request.', {
    param: 'Idempotency-Key',
    code: 'idempotency_key_reused',
    headers: NO_RETRY,
  });

/** What the first request with this `Idempotency-Key`, or of this kind, made was deleted. */
export const repeatedObjectDeleted = () =>
  new ApiError(409, 'What the first request of this kind made has been deleted.', {
    code: 'repeated_object_deleted',
    headers: NO_RETRY,
  });

/** Too many runs wait for a worker: those of the account, or those of all accounts. */
export const tooManyRuns = (ofAccount: boolean) =>
  rateLimited(`Too many runs ${ofAccount ? 'of this account ' : ''}wait. Try again when some of them have ended.`, 5);
