/** The result of one HTTP exchange with the AIML API. */
import type { IncomingHttpHeaders } from 'node:http';
import type { FailureCause } from './failure-cause.ts';

/** UNREADABLE: the body is complete but cannot be decoded. NOT_HTTP: the response is not valid HTTP. */
export type FailureKind =
  | 'UNREACHABLE'
  | 'RESET'
  | 'TIMEOUT'
  | 'TRUNCATED'
  | 'NOT_HTTP'
  | 'UNREADABLE'
  | 'TOO_LARGE'
  | 'TOO_MANY_LARGE_RESPONSES'
  | 'OVER_BUDGET'
  | 'ABORTED';

/** A complete response. `body` is decompressed. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether the body ended with the connection, so that it may be truncated. */
  readonly isCloseDelimited: boolean;
}
/** No complete response. `sent`: whether any part of the request may have left the process. */
export interface NetworkFailure {
  readonly status: null;
  readonly failure: FailureKind;
  readonly sent: boolean;
  /** Why no connection could be opened; absent if that is not known or one was. */
  readonly connectCause?: FailureCause | undefined;
}
export type HttpResult = HttpResponse | NetworkFailure;

/** The value of a header; several values are joined by commas. Undefined if it is absent. */
export function headerOf({ headers }: HttpResponse, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
