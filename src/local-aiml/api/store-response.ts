/** Owns the words in which errors of the store are reported. Client programs match on some of them: see each. */
import {
  IdempotencyKeyReusedError,
  NotFoundError,
  ObjectTooLargeError,
  RepeatedObjectDeletedError,
  StoreBusyError,
  StoreClosedError,
  StoreFailedError,
  StoreFullError,
  ThreadBusyError,
  ToolOutputsMismatchError,
  TooManyRunsError,
  UnknownCursorError,
  WrongStateError,
} from '../store/errors.ts';
import { ApiError, invalid, shownId } from './api-error.ts';

/** What the request was about to do, as far as the words depend on it. */
export type Action = 'create run' | 'cancel run' | 'delete message' | 'other';

/** The error response for an error of the store; undefined for any other error. */
export function toStoreResponse(error: unknown, action: Action): ApiError | undefined {
  if (error instanceof NotFoundError) {
    const id = shownId(error.id);
    const what = id === '' ? 'this id' : `id '${id}'`;
    return new ApiError(404, `No ${error.kind.replace('_', ' ')} found with ${what}.`);
  }
  if (error instanceof UnknownCursorError) return invalid(error.cursor, 'the id of an object of this list');
  if (error instanceof ThreadBusyError) return busyThread(error, action);
  if (error instanceof WrongStateError)
    return new ApiError(
      400,
      action === 'cancel run'
        ? `Cannot cancel run with status '${error.status}'.`
        : `Runs in status "${error.status}" do not accept tool outputs.`,
    );
  if (error instanceof ToolOutputsMismatchError)
    return new ApiError(
      400,
      `Expected tool outputs for call_ids ${toPythonList(error.expected)}, got ${toPythonList(error.received)}`,
    );
  if (error instanceof ObjectTooLargeError) return new ApiError(413, 'The object would be larger than 8 MiB.');
  return toLimitResponse(error) ?? toConditionResponse(error);
}

function busyThread({ threadId, runId }: ThreadBusyError, action: Action): ApiError {
  switch (action) {
    case 'create run':
      return new ApiError(400, `Thread ${threadId} already has an active run ${runId}.`);
    case 'delete message':
      return new ApiError(400, `Can't delete a message of ${threadId} that an active run ${runId} is writing.`);
    default:
      return new ApiError(400, `Can't add messages to ${threadId} while a run ${runId} is active.`);
  }
}

const NO_RETRY = { 'x-should-retry': 'false' };

function toLimitResponse(error: unknown): ApiError | undefined {
  if (error instanceof TooManyRunsError)
    return new ApiError(
      429,
      `Too many runs ${error.ofAccount ? 'of this account ' : ''}wait. Try again when some of them have ended.`,
      {
        type: 'rate_limit_error',
        code: 'rate_limit_exceeded',
        headers: { 'retry-after': '5' },
      },
    );
  if (error instanceof IdempotencyKeyReusedError)
    return new ApiError(409, 'This Idempotency-Key was used for another request.', {
      param: 'Idempotency-Key',
      code: 'idempotency_key_reused',
      headers: NO_RETRY,
    });
  if (error instanceof RepeatedObjectDeletedError)
    return new ApiError(409, 'What the first request of this kind made has been deleted.', { headers: NO_RETRY });
  return undefined;
}

/** A write that was certainly not made is a 409: clients take a 5xx as one that may have been. */
function toConditionResponse(error: unknown): ApiError | undefined {
  if (error instanceof StoreBusyError)
    return new ApiError(409, 'The store is locked by another process; nothing was changed. Try again.', {
      headers: { 'retry-after': '1' },
    });
  if (error instanceof StoreFullError)
    return new ApiError(409, 'The store is full; nothing was changed.', { headers: NO_RETRY });
  if (error instanceof StoreClosedError) return new ApiError(409, 'The API is stopping; nothing was changed.');
  if (!(error instanceof StoreFailedError)) return undefined;
  return error.transaction === 'nothing written'
    ? new ApiError(409, 'The store failed; nothing was changed.', { headers: NO_RETRY })
    : new ApiError(500, 'The store cannot be read or written.');
}

/** As Python writes a list of strings. */
function toPythonList(ids: readonly string[]): string {
  return `[${ids.map((id) => `'${shownId(id)}'`).join(', ')}]`;
}
