/**
 * The outcome of one attempt, in the classes of the retry table of the public contract, with the error for the client.
 *
 * NOT_SENT: nothing reached upstream. REJECTED: upstream rejected it, nothing was applied. UNKNOWN: it may have been
 * applied.
 */
import { continueInNextTurn } from '../runtime/turn-queue.ts';
import { decodeUtf8 } from '../runtime/utf8.ts';
import { PublicError, OPERATION_TOO_LARGE, type PublicErrorCode, type PublicErrorDetails } from '../runtime/errors.ts';
import type { Call, RetryRule } from './call.ts';
import { createdIsDeleted, keyReused } from './idempotency-keys.ts';
import { parseErrorBody, isQuotaError, type UpstreamErrorBody } from './error-body.ts';
import { isRequestId } from '../runtime/request-id.ts';
import { containsSecret, sanitizeReason, type ReasonContext } from '../runtime/sanitize-reason.ts';
import { headerOf, type HttpResponse, type HttpResult, type NetworkFailure } from './exchange.ts';
import { MalformedResponseError } from './wire.ts';

export type AttemptOutcome<T> =
  | { readonly kind: 'OK'; readonly value: T }
  | {
      readonly kind: 'NOT_SENT' | 'REJECTED' | 'UNKNOWN';
      readonly error: PublicError;
      /** Upstream's status. Null if it did not respond. */
      readonly status: number | null;
    };
export type FailedAttempt = Exclude<AttemptOutcome<never>, { kind: 'OK' }>;

type ResponseParser<T> = Pick<Call<T>, 'noun' | 'notFoundMeansSunset' | 'read' | 'conditional'>;

export const SUNSET_MESSAGE =
  'The AIML API has no assistants endpoint for this account any more: OpenAI switched its Assistants API off on ' +
  '2026-08-26, and what stood behind the endpoint may be gone. Start the service with UPSTREAM=local to continue with ' +
  'the embedded AIML API; the same AIML_API_KEY is then used for the model.';

interface ParsedBody {
  readonly value: unknown;
}

/** Parses a body of JSON before {@link toOutcome}, and resolves in a turn after it. Null if there is none. */
export async function parseInNextTurn(result: HttpResult): Promise<ParsedBody | null> {
  if (result.status === null || !isSuccess(result.status)) return null;
  await continueInNextTurn();
  try {
    const value = parse(result.body);
    await continueInNextTurn();
    return { value };
  } catch (error) {
    if (error instanceof MalformedResponseError) return null;
    throw error;
  }
}

const isSuccess = (status: number): boolean => status >= 200 && status < 300;

/**
 * `sent`: the parts of the request, for removing secrets from upstream's reason. `parsed`: the body, if it was parsed already.
 */
export function toOutcome<T>(
  result: HttpResult,
  parser: ResponseParser<T>,
  sent: ReasonContext,
  parsed: ParsedBody | null = null,
): AttemptOutcome<T> {
  if (result.status === null) return fromNetworkFailure(result);
  if (result.status === 304 && parser.conditional) return { kind: 'OK', value: parser.conditional.onNotModified() };
  if (isSuccess(result.status)) return read(result, parser, sent, parsed);
  return fromErrorStatus(result, parser, sent);
}

function read<T>(
  response: HttpResponse,
  { read: readBody }: ResponseParser<T>,
  sent: ReasonContext,
  parsed: ParsedBody | null,
): AttemptOutcome<T> {
  try {
    const body = response.status === 204 ? undefined : parsed ? parsed.value : parse(response.body);
    return { kind: 'OK', value: readBody(body, response) };
  } catch (error) {
    if (error instanceof PublicError) return failed('REJECTED', response, sent, error.details);
    if (!(error instanceof MalformedResponseError)) throw error;
    const details = errorsByFailure[response.isCloseDelimited ? 'TRUNCATED' : 'UNREADABLE'];
    return failed('UNKNOWN', response, sent, details);
  }
}

function parse(body: Buffer): unknown {
  const text = decodeUtf8(body);
  if (text === null) throw new MalformedResponseError('body', 'UTF-8');
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedResponseError('body', 'JSON');
  }
}

type ErrorDetails = Pick<PublicErrorDetails, 'code' | 'message' | 'retryable'>;

const retryable = (code: PublicErrorCode, message: string): ErrorDetails => ({ code, message, retryable: true });
const permanent = (code: PublicErrorCode, message: string): ErrorDetails => ({ code, message, retryable: false });

const errorsByFailure: Readonly<Record<NetworkFailure['failure'], ErrorDetails>> = {
  UNREACHABLE: retryable('UPSTREAM_UNAVAILABLE', 'The AIML API could not be reached.'),
  RESET: retryable('UPSTREAM_UNAVAILABLE', 'The AIML API closed the connection without a response.'),
  TIMEOUT: retryable('UPSTREAM_TIMEOUT', 'The AIML API did not respond in time.'),
  HELD_BACK: retryable('UPSTREAM_TIMEOUT', 'The response of the AIML API could not be read in time beside others.'),
  TRUNCATED: retryable('UPSTREAM_BAD_RESPONSE', 'The response of the AIML API was cut short.'),
  NOT_HTTP: retryable('UPSTREAM_BAD_RESPONSE', 'The response of the AIML API is not valid HTTP.'),
  UNREADABLE: permanent('UPSTREAM_BAD_RESPONSE', 'The response of the AIML API cannot be read.'),
  TOO_LARGE: permanent('UPSTREAM_BAD_RESPONSE', 'The response of the AIML API is too large.'),
  TOO_MANY_LARGE_RESPONSES: retryable('UPSTREAM_BAD_RESPONSE', 'The AIML API sent too many large responses at a time.'),
  OVER_BUDGET: OPERATION_TOO_LARGE,
  ABORTED: retryable('UPSTREAM_UNAVAILABLE', 'The client disconnected, or the service is stopping.'),
};

export const CANCELLED = new PublicError(errorsByFailure.ABORTED);

function fromNetworkFailure({ failure, sent }: NetworkFailure): FailedAttempt {
  return { kind: sent ? 'UNKNOWN' : 'NOT_SENT', status: null, error: new PublicError(errorsByFailure[failure]) };
}

const INTERNAL_ERROR = retryable('UPSTREAM_UNAVAILABLE', 'The AIML API reports an internal error.');
const UNEXPECTED_STATUS = permanent('UPSTREAM_BAD_RESPONSE', 'The response of the AIML API has an unexpected status.');
const OUT_OF_CREDITS = permanent('QUOTA_EXCEEDED', 'The account at the AIML API is out of credits.');
const SUNSET = permanent('UPSTREAM_UNAVAILABLE', SUNSET_MESSAGE);

/** The API's error statuses below 500: upstream rejected the request and applied nothing. */
const errorsByStatus: Readonly<Record<number, ErrorDetails>> = {
  400: permanent('BAD_USER_INPUT', 'The AIML API rejected the request.'),
  401: permanent('UNAUTHENTICATED', 'The AIML API does not accept the API key.'),
  402: OUT_OF_CREDITS,
  403: permanent('FORBIDDEN', 'The AIML API does not allow this with the API key.'),
  404: permanent('NOT_FOUND', 'The AIML API has nothing with this id.'),
  409: retryable('CONFLICT', 'The AIML API reports a conflict with another request.'),
  410: permanent('NOT_FOUND', 'The AIML API has nothing with this id any more.'),
  422: permanent('BAD_USER_INPUT', 'The AIML API rejected the request.'),
  429: retryable('RATE_LIMITED', 'The AIML API received too many requests.'),
};

/** With these the embedded AIML API rejects an idempotency key. Its other responses of 409 are about its store. */
const keyErrorsByCode: ReadonlyMap<string, () => PublicError> = new Map([
  ['idempotency_key_reused', keyReused],
  ['repeated_object_deleted', createdIsDeleted],
]);

function fromErrorStatus(
  response: HttpResponse,
  { noun, notFoundMeansSunset }: Pick<ResponseParser<unknown>, 'noun' | 'notFoundMeansSunset'>,
  sent: ReasonContext,
): FailedAttempt {
  const { status } = response;
  const body = parseErrorBody(response.body);
  if (status === 408) return failed('UNKNOWN', response, sent, errorsByFailure.TIMEOUT, body);
  if (status >= 500 && status < 600) return failed('UNKNOWN', response, sent, INTERNAL_ERROR, body);
  if (status < 400 || status >= 600) return failed('UNKNOWN', response, sent, UNEXPECTED_STATUS);
  if (notFoundMeansSunset && (status === 404 || status === 410))
    return failed('REJECTED', response, sent, SUNSET, body);
  const keyError = status === 409 && keyErrorsByCode.get(body.code ?? '');
  if (keyError) return { kind: 'REJECTED', status, error: keyError() };
  if ((status === 403 || status === 429) && isQuotaError(body))
    return failed('REJECTED', response, sent, OUT_OF_CREDITS, body);
  const details = errorsByStatus[status] ?? UNEXPECTED_STATUS;
  return failed(
    'REJECTED',
    response,
    sent,
    {
      ...details,
      ...(details.code === 'NOT_FOUND' && { message: details.message.replace('nothing', `no ${noun}`) }),
      ...(details.code === 'BAD_USER_INPUT' && { reason: sanitizeReason(body.message, sent), param: body.param }),
    },
    body,
  );
}

/** `body` is absent if its request id is not used. */
function failed(
  kind: FailedAttempt['kind'],
  response: HttpResponse,
  sent: ReasonContext,
  details: PublicErrorDetails,
  body?: UpstreamErrorBody,
): FailedAttempt {
  const { status } = response;
  const ids = [headerOf(response, 'x-request-id'), body?.requestId];
  const requestId = ids.find((id): id is string => isRequestId(id) && !containsSecret(id, sent)) ?? null;
  const error = new PublicError({
    ...details,
    retryAfterMs: readRetryAfter(headerOf(response, 'retry-after'), Date.now()),
    upstream: { status, requestId },
  });
  return { kind, status, error };
}

/**
 * Parses a Retry-After header (RFC 9110, 10.2.3: seconds or a date) to milliseconds from `now`. Undefined if it is absent
 * or invalid, 0 for a date in the past.
 */
export function readRetryAfter(header: string | undefined, now: number): number | undefined {
  const value = header?.trim() ?? '';
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, Number.MAX_SAFE_INTEGER);
  if (!/^[A-Za-z]{3,9},? /.test(value)) return undefined;
  // The asctime format has no time zone and is GMT as well.
  const date = Date.parse(/ GMT$/i.test(value) ? value : `${value} GMT`);
  return Number.isNaN(date) ? undefined : Math.max(0, date - now);
}

/** Whether the table allows another attempt. Their number is limited elsewhere. */
export function mayRetry(
  { rule, idempotencyKey }: Pick<Call<unknown>, 'rule' | 'idempotencyKey'>,
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
  const { upstream, retryAfterMs } = error.details;
  return new PublicError({
    code: 'OUTCOME_UNKNOWN',
    message: `It is unknown whether the ${rule} was applied: check before you send it again.`,
    retryable: false,
    outcome: 'UNKNOWN',
    upstream,
    retryAfterMs,
  });
}
