/** What comes of one HTTP exchange with the AIML API. */
import type { IncomingHttpHeaders } from 'node:http';
import type { FailureCause } from './failure-cause.ts';

/** UNREADABLE: a whole body that cannot be decoded. NOT_HTTP: what came is no HTTP that can be parsed. */
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

/** A whole answer; `body` is decompressed. */
export interface HttpResponse {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: Buffer;
  /** Whether the end of the connection alone marked the end of the body, so that it may be cut short. */
  readonly isCloseDelimited: boolean;
}
/** No whole answer came. `sent` tells whether any of the request can have left the process. */
export interface NetworkFailure {
  readonly status: null;
  readonly failure: FailureKind;
  readonly sent: boolean;
  /** Why no connection could be opened; absent if that is not known or one was. */
  readonly connectCause?: FailureCause | undefined;
}
export type HttpResult = HttpResponse | NetworkFailure;

/** A header's value, several joined by a comma; undefined where it is absent. */
export function headerOf({ headers }: HttpResponse, name: string): string | undefined {
  const value = headers[name];
  return Array.isArray(value) ? value.join(', ') : value;
}
