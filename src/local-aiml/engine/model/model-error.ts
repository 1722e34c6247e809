/** Owns how a failure of the model API is classified and worded. Messages reach callers: no key, URL or host is in them. */
import { APIConnectionError, APIError } from 'openai/core/error';
import { errorCode } from '../../../runtime/error-code.ts';
import { EventStreamError } from '../../../runtime/event-stream-reader.ts';
import { sanitizeReason, type ReasonContext } from '../../../runtime/sanitize-reason.ts';
import type { RunError, Usage } from '../../runs/model.ts';

interface ModelErrorOptions extends ErrorOptions {
  readonly isRetryable?: boolean;
  readonly retryAfterMs?: number | null;
  readonly isContextTooLong?: boolean;
  readonly requestId?: string | null;
}

export class ModelError extends Error {
  override readonly name = 'ModelError';
  readonly code: RunError['code'];
  /** Whether the same call may succeed if it is made again. */
  readonly isRetryable: boolean;
  /** Of the Retry-After header; null if there is none. */
  readonly retryAfterMs: number | null;
  /** Whether fewer messages may help. */
  readonly isContextTooLong: boolean;
  /** What was reported before the failure. */
  usage: Usage | null = null;
  costUsd: number | null = null;

  constructor(code: RunError['code'], message: string, options: ModelErrorOptions = {}) {
    super(options.requestId ? `${message} (request id of the model API: ${options.requestId})` : message, options);
    this.code = code;
    this.isRetryable = options.isRetryable ?? false;
    this.retryAfterMs = options.retryAfterMs ?? null;
    this.isContextTooLong = options.isContextTooLong ?? false;
  }
}

/** Thrown by the fetch for a response that cannot be a completion. */
export class UnreadableResponseError extends Error {
  override readonly name = 'UnreadableResponseError';
}

/** `context` says what is removed from the words of the model API. */
export function toModelError(error: unknown, requestId: string | null, context: ReasonContext): ModelError {
  if (error instanceof ModelError) return error;
  const unreadable = findCause(error, (cause) => cause instanceof UnreadableResponseError);
  if (unreadable) return new ModelError('server_error', unreadable.message, { requestId, cause: error });
  if (error instanceof APIConnectionError) return toConnectionError(error, requestId);
  if (isApiFailure(error)) return toStatusError(error, requestId, context);
  if (error instanceof EventStreamError)
    return new ModelError('server_error', 'A piece of the model API is too large.', { requestId, cause: error });
  if (error instanceof SyntaxError)
    return new ModelError('server_error', 'The model API sent a piece that is not JSON.', {
      requestId,
      isRetryable: true,
      cause: error,
    });
  return toConnectionError(error, requestId);
}

export type ApiFailure = APIError;

/** Narrows without the `any`s of the package's own type. */
export function isApiFailure(error: unknown): error is ApiFailure {
  return error instanceof APIError;
}

const INVALID_STATUSES = [400, 413, 422];

function toStatusError(error: ApiFailure, requestId: string | null, context: ReasonContext): ModelError {
  const status = error.status ?? statusOfChunk(error);
  const reason = sanitizeReason(reasonOf(error), context) ?? '';
  const said = reason === '' ? '.' : `: ${reason}`;
  const http = status === undefined ? '' : ` (HTTP ${status})`;
  const toError = (message: string, options: ModelErrorOptions = {}, code: RunError['code'] = 'server_error') =>
    new ModelError(code, `The model API${message}`, { requestId, cause: error, ...options });
  if (status === 401 || status === 403) return toError(` rejected the key of the model${http}${said}`);
  if (status === 404) return toError(` does not have this model or path${http}${said}`);
  if (status === 429) {
    const isQuota = error.code === 'insufficient_quota' || /\bquota\b|\bcredits?\b/i.test(reason);
    const isRetryable = !isQuota && error.headers?.get('x-should-retry') !== 'false';
    const options = { isRetryable, retryAfterMs: readRetryAfter(error.headers) };
    return toError(`'s rate limit or quota is used up${http}${said}`, options, 'rate_limit_exceeded');
  }
  if (status !== undefined && INVALID_STATUSES.includes(status)) {
    const options = { isContextTooLong: isContextTooLong(error.code, reason) };
    return toError(` rejected the request${http}${said}`, options, 'invalid_prompt');
  }
  if (status !== undefined && status >= 300 && status < 400)
    return toError(` redirected the request${http}: MODEL_API_BASE_URL has to name its final address.`);
  const isRetryable = status === undefined || status >= 500 || status === 408 || status === 425;
  return toError(` failed${http}${said}`, { isRetryable, retryAfterMs: readRetryAfter(error.headers) });
}

/** An error inside a stream has no HTTP status; some servers put one into `code`. */
function statusOfChunk(error: ApiFailure): number | undefined {
  const code: unknown = error.code;
  if (typeof code === 'number' || (typeof code === 'string' && /^\d{3}$/.test(code))) return Number(code);
  if (code === 'rate_limit_exceeded' || code === 'insufficient_quota' || error.type === 'rate_limit_error') return 429;
  if (code === 'context_length_exceeded' || error.type === 'invalid_request_error') return 400;
  return undefined;
}

function reasonOf(error: ApiFailure): string {
  const body = error.error as { readonly message?: unknown } | string | undefined;
  if (typeof body === 'string') return body;
  return typeof body?.message === 'string' ? body.message : '';
}

function isContextTooLong(code: unknown, reason: string): boolean {
  return (
    code === 'context_length_exceeded' ||
    /context (length|window|size)|maximum context|too many (input )?tokens|prompt is too long|input is too long/i.test(
      reason,
    )
  );
}

function readRetryAfter(headers: Headers | undefined): number | null {
  const inMs = Number(headers?.get('retry-after-ms') ?? NaN);
  if (Number.isFinite(inMs)) return Math.max(0, inMs);
  const value = headers?.get('retry-after');
  if (!value) return null;
  const waitMs = /^\d+(\.\d+)?$/.test(value.trim()) ? Number(value) * 1000 : Date.parse(value) - Date.now();
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : null;
}

const CONNECTION_REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'its connection was refused'],
  ['ENOTFOUND', 'its host name is unknown'],
  ['EAI_AGAIN', 'its host name cannot be looked up'],
  ['ETIMEDOUT', 'the connection timed out'],
  ['UND_ERR_CONNECT_TIMEOUT', 'the connection timed out'],
  ['EHOSTUNREACH', 'its host cannot be reached'],
  ['ENETUNREACH', 'its network cannot be reached'],
  ['CERT_HAS_EXPIRED', 'its certificate has expired'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'its certificate is not trusted'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its certificate is not trusted'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'its certificate is not trusted'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'its certificate is for another host'],
]);

/** The texts of network errors name hosts and ports, so only their codes are read. */
function toConnectionError(error: unknown, requestId: string | null): ModelError {
  const reasonOfCause = (cause: unknown) => CONNECTION_REASONS.get(errorCode(cause) ?? '');
  const reason = reasonOfCause(findCause(error, (cause) => reasonOfCause(cause) !== undefined));
  const message =
    reason === undefined
      ? 'The connection to the model API was lost before its response ended.'
      : `The model API cannot be reached: ${reason}.`;
  return new ModelError('server_error', message, { requestId, isRetryable: true, cause: error });
}

/** The first of an error, its causes and the errors of an AggregateError for which `matches` holds. */
function findCause(error: unknown, matches: (cause: unknown) => boolean, depth = 0): Error | undefined {
  // Not by instanceof: errors of Node's core may be of another realm.
  if (typeof error !== 'object' || error === null || depth > 8) return undefined;
  if (matches(error)) return error as Error;
  const { cause: ownCause, errors } = error as { readonly cause?: unknown; readonly errors?: unknown };
  const inner: readonly unknown[] = [...(Array.isArray(errors) ? (errors as unknown[]) : []), ownCause];
  for (const cause of inner) {
    const found = findCause(cause, matches, depth + 1);
    if (found) return found;
  }
  return undefined;
}
