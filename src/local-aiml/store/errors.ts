/** Owns the errors with which the store rejects. They say what happened; the words for clients are the API's. */
import type { RunStatus } from '../runs/model.ts';

/** The kinds of objects that a path can name. */
export type ObjectKind = 'assistant' | 'thread' | 'message' | 'run' | 'step' | 'vector_store';

/** Something else holds the store and did not let go in time. Nothing was written. */
export class StoreBusyError extends Error {
  override readonly name = 'StoreBusyError';
}

/** The store was closed by this process. Nothing was written. */
export class StoreClosedError extends Error {
  override readonly name = 'StoreClosedError';
}

/** The disk or a quota is full, or a file may not grow. Nothing was written. */
export class StoreFullError extends Error {
  override readonly name = 'StoreFullError';
}

/** What the transaction that failed was, and what became of it. */
type FailedTransaction = 'read' | 'nothing written' | 'unknown';

/** The store is damaged, or its disk fails. */
export class StoreFailedError extends Error {
  override readonly name = 'StoreFailedError';
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
export class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
  readonly kind: ObjectKind;
  readonly id: string;

  constructor(kind: ObjectKind, id: string) {
    super(`No ${kind} found`);
    this.kind = kind;
    this.id = id;
  }
}

/** The list has no object at this cursor (any more). */
export class UnknownCursorError extends Error {
  override readonly name = 'UnknownCursorError';
  readonly cursor: 'after' | 'before';

  constructor(cursor: 'after' | 'before') {
    super(`Unknown cursor '${cursor}'`);
    this.cursor = cursor;
  }
}

/** The thread has a live run. */
export class ThreadBusyError extends Error {
  override readonly name = 'ThreadBusyError';
  readonly threadId: string;
  readonly runId: string;

  constructor(threadId: string, runId: string) {
    super('The thread has a live run');
    this.threadId = threadId;
    this.runId = runId;
  }
}

/** The run is in a state that does not allow the operation. */
export class WrongStateError extends Error {
  override readonly name = 'WrongStateError';
  readonly status: RunStatus;

  constructor(status: RunStatus) {
    super('The run is in another state');
    this.status = status;
  }
}

export class ToolOutputsMismatchError extends Error {
  override readonly name = 'ToolOutputsMismatchError';
  readonly expected: readonly string[];
  readonly received: readonly string[];

  constructor(expected: readonly string[], received: readonly string[]) {
    super('The tool outputs are not those of the pending calls');
    this.expected = expected;
    this.received = received;
  }
}

/** Too many runs wait for a worker: those of the account, or those of all accounts. */
export class TooManyRunsError extends Error {
  override readonly name = 'TooManyRunsError';
  /** False if it is the runs of all accounts. */
  readonly ofAccount: boolean;

  constructor(ofAccount: boolean) {
    super('Too many runs wait');
    this.ofAccount = ofAccount;
  }
}

/** The `Idempotency-Key` was used for another request. */
export class IdempotencyKeyReusedError extends Error {
  override readonly name = 'IdempotencyKeyReusedError';
}

/** What the first request with this `Idempotency-Key` made was deleted. */
export class RepeatedObjectDeletedError extends Error {
  override readonly name = 'RepeatedObjectDeletedError';
}

/** Another attempt holds the run, or it has ended: the worker has to stop. */
export class ClaimLostError extends Error {
  override readonly name = 'ClaimLostError';
}

/** The object would be larger than 8 MiB. */
export class ObjectTooLargeError extends Error {
  override readonly name = 'ObjectTooLargeError';
}
