/** Owns the errors with which the store rejects. They say what happened; the words for clients are the API's. */
import type { RunStatus } from '../runs/model.ts';

/** The kinds of objects that a path can name. */
export type ObjectKind = 'assistant' | 'thread' | 'message' | 'run' | 'step' | 'vector_store';

/** Any error with which the store rejects. */
abstract class StoreError extends Error {
  override readonly name = this.constructor.name;
}

/** Something else holds the store and did not let go in time. Nothing was written. */
export class StoreBusyError extends StoreError {}

/** The store was closed by this process. Nothing was written. */
export class StoreClosedError extends StoreError {}

/** The disk or a quota is full, or a file may not grow. Nothing was written. */
export class StoreFullError extends StoreError {}

/** What the transaction that failed was, and what became of it. */
type FailedTransaction = 'read' | 'nothing written' | 'unknown';

/** The store is damaged, or its disk fails. */
export class StoreFailedError extends StoreError {
  readonly isDamaged: boolean;
  readonly transaction: FailedTransaction;

  constructor(options: {
    readonly cause: unknown;
    readonly isDamaged: boolean;
    readonly transaction: FailedTransaction;
  }) {
    super('The store failed', { cause: options.cause });
    this.isDamaged = options.isDamaged;
    this.transaction = options.transaction;
  }
}

/** The account has no such object, or has it elsewhere than the path says. */
export class NotFoundError extends StoreError {
  constructor(
    readonly kind: ObjectKind,
    readonly id: string,
  ) {
    super(`No ${kind} found`);
  }
}

/** The list has no object at this cursor (any more). */
export class UnknownCursorError extends StoreError {
  constructor(readonly cursor: 'after' | 'before') {
    super(`Unknown cursor '${cursor}'`);
  }
}

/** The thread has a live run. */
export class ThreadBusyError extends StoreError {
  constructor(
    readonly threadId: string,
    readonly runId: string,
  ) {
    super('The thread has a live run');
  }
}

/** The run is in a state that does not allow the operation. */
export class WrongStateError extends StoreError {
  constructor(readonly status: RunStatus) {
    super('The run is in another state');
  }
}

export class ToolOutputsMismatchError extends StoreError {
  constructor(
    readonly expected: readonly string[],
    readonly received: readonly string[],
  ) {
    super('The tool outputs are not those of the pending calls');
  }
}

/** Too many runs wait for a worker: those of the account, or those of all accounts. */
export class TooManyRunsError extends StoreError {
  constructor(readonly ofAccount: boolean) {
    super('Too many runs wait');
  }
}

/** The `Idempotency-Key` was used for another request. */
export class IdempotencyKeyReusedError extends StoreError {}

/** What the first request with this `Idempotency-Key` made was deleted. */
export class RepeatedObjectDeletedError extends StoreError {}

/** Another attempt holds the run, or it has ended: the worker has to stop. */
export class ClaimLostError extends StoreError {}

/** The object would be larger than 8 MiB. */
export class ObjectTooLargeError extends StoreError {}
