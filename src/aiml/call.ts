/** One call to the AIML API: what it sends and reads, on whose behalf, and what identifies it. */
import type { RequestTrace } from '../observability/tracing.ts';
import type { CancellationToken } from '../runtime/cancellation.ts';
import type { HttpResponse } from './exchange.ts';
import type { StreamReceiver } from './stream-body.ts';

/** The caller, deadline and limits of the calls of one GraphQL request. */
export interface UpstreamContext {
  /** The bearer token, which is sent to upstream and nowhere else. */
  readonly credential: string;
  /** Identifies the credential in cache keys. */
  readonly tenant: string;
  /** Identifies the caller where callers share a limit: the tenant, or one of several users of the same credential. */
  readonly subject: string;
  /** Sent to upstream as X-Client-Request-Id. */
  readonly requestId: string;
  readonly cancel: CancellationToken;
  /** The deadline of the request, on `performance.now()`. */
  readonly deadlineAt: number;
  /** The bytes of responses that the operation may still hold, shared by all of its reads. Absent for no limit. */
  readonly responseBytesLeft?: { bytes: number } | undefined;
  /** Null or absent if attempts are not traced. */
  readonly trace?: Pick<RequestTrace, 'startCall'> | null | undefined;
  /** Called when an attempt begins. */
  readonly onAttempt?: (() => void) | undefined;
}

export interface Call<T> {
  /** The endpoint, for logs and metrics: `assistants.get`. */
  readonly name: string;
  /** The kind of object, in messages to clients: `assistant`. */
  readonly noun: string;
  readonly rule: RetryRule;
  readonly path: string;
  readonly body?: string | undefined;
  /** Whether a 404 or 410 means that the account no longer has the endpoint: on a collection without a parent. */
  readonly notFoundMeansSunset?: boolean | undefined;
  /**
   * Reads the body of a 2xx, which is undefined for a 204. Throws MalformedResponseError if it cannot be read, and a
   * PublicError if it says that nothing was done.
   */
  readonly read: (body: unknown, response: HttpResponse) => T;
  /** Sent as a header. Only the embedded AIML API supports it. */
  readonly idempotencyKey?: string | undefined;
  /** Receives the response if it is an event stream. `read` then gets its `body`. */
  readonly receiver?: StreamReceiver | undefined;
  /** The last event that was read of the stream. Null or absent if it is read from the beginning. */
  readonly lastEventId?: string | null;
  /** For a conditional read: `onNotModified` is the result of a 304, which is otherwise an error. */
  readonly conditional?: { readonly etag: string; readonly onNotModified: () => T } | undefined;
  /** For a modify of unknown outcome: reads the object to decide whether the modify was applied. */
  readonly readBack?: ReadBack<T>;
  /** For a delete: the result if NOT_FOUND follows an attempt of unknown outcome, which was therefore applied. */
  readonly onAlreadyDeleted?: () => T;
}

export interface ReadBack<T> {
  readonly name: string;
  readonly path: string;
  readonly read: (body: unknown) => T;
  /** Whether the object has the requested values. */
  readonly isApplied: (value: T) => boolean;
}

/** By the rows of the retry table. */
export const METHODS = { get: 'GET', create: 'POST', modify: 'POST', delete: 'DELETE' } as const;
export type RetryRule = keyof typeof METHODS;

export type RequestParts = Pick<Call<unknown>, 'rule' | 'path' | 'body' | 'receiver'>;

/** Only the beginning and the length of longer bodies are hashed, in UTF-16 code units. */
const MAX_HASHED_LENGTH = 16_384;

/** Identifies equal calls of one caller. Its length is bounded. */
export function toRequestKey({ rule, path, body }: RequestParts): string {
  return body === undefined ? `${rule} ${path}` : `${rule} ${path} ${body.length} ${checksumOf(body)}`;
}

/** FNV-1a. Bodies with the same checksum share a circuit breaker. */
function checksumOf(text: string): number {
  const length = Math.min(text.length, MAX_HASHED_LENGTH);
  let checksum = 0x811c9dc5;
  for (let index = 0; index < length; index += 1) checksum = Math.imul(checksum ^ text.charCodeAt(index), 0x01000193);
  return checksum;
}

/** Alternating names and values. */
export function toHeaders(
  {
    body,
    conditional,
    idempotencyKey,
    receiver,
    lastEventId,
  }: Pick<Call<unknown>, 'body' | 'conditional' | 'idempotencyKey' | 'receiver' | 'lastEventId'>,
  { credential, requestId }: UpstreamContext,
): string[] {
  const headers = [
    'authorization',
    `Bearer ${credential}`,
    'openai-beta',
    'assistants=v2',
    'accept',
    receiver ? 'text/event-stream, application/json' : 'application/json',
    'accept-encoding',
    // What compresses a stream may hold it back.
    receiver ? 'identity' : 'gzip',
    'x-client-request-id',
    requestId,
  ];
  if (body !== undefined) headers.push('content-type', 'application/json');
  if (idempotencyKey !== undefined) headers.push('idempotency-key', idempotencyKey);
  if (typeof lastEventId === 'string') headers.push('last-event-id', lastEventId);
  if (conditional) headers.push('if-none-match', conditional.etag);
  return headers;
}
