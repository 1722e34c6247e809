/** The result of one HTTP exchange with the AIML API, and what a failure means. */
import type { IncomingHttpHeaders } from 'node:http';
import { errorCode } from '../runtime/error-code.ts';

/**
 * The state of upstream that an attempt shows. `alive`: it sent a complete response, usable or not. `failing`: 5xx, a
 * time-out or a lost connection, which the request may have caused. `unreachable`: no connection could be opened. Null if
 * the attempt was cancelled, which shows nothing.
 */
export type Evidence = 'alive' | 'failing' | 'unreachable';

/**
 * HELD_BACK: the time-out ended while this service had no memory for the body. UNREADABLE: the body is complete but cannot
 * be decoded. NOT_HTTP: the response is not valid HTTP.
 */
const FAILURES = {
  UNREACHABLE: { cause: 'unreachable', evidence: 'unreachable' },
  RESET: { cause: 'reset', evidence: 'failing' },
  TIMEOUT: { cause: 'timeout', evidence: 'failing' },
  HELD_BACK: { cause: 'timeout', evidence: 'alive' },
  TRUNCATED: { cause: 'truncated', evidence: 'failing' },
  NOT_HTTP: { cause: 'not_http', evidence: 'failing' },
  UNREADABLE: { cause: 'response', evidence: 'alive' },
  TOO_LARGE: { cause: 'response', evidence: 'alive' },
  TOO_MANY_LARGE_RESPONSES: { cause: 'response', evidence: 'alive' },
  OVER_BUDGET: { cause: 'response', evidence: 'alive' },
  ABORTED: { cause: 'cancelled', evidence: null },
} as const satisfies Record<string, { readonly cause: string; readonly evidence: Evidence | null }>;

export type FailureKind = keyof typeof FAILURES;

/**
 * Why an attempt failed, in words that operators look for. `status`: upstream responded with an error status. `response`:
 * with a body that cannot be used.
 */
export type FailureCause = (typeof FAILURES)[FailureKind]['cause'] | 'dns' | 'refused' | 'tls' | 'status';

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

export function toEvidence(result: HttpResult): Evidence | null {
  if (result.status === null)
    return result.failure === 'TIMEOUT' && !result.sent ? 'unreachable' : FAILURES[result.failure].evidence;
  const isServerError = result.status >= 500 && result.status < 600;
  return isServerError || result.status === 408 ? 'failing' : 'alive';
}

/** The attempt failed; a 2xx failed because its body cannot be used. */
export function toFailureCause(result: HttpResult): FailureCause {
  if (result.status !== null) return result.status >= 200 && result.status < 300 ? 'response' : 'status';
  return result.connectCause ?? FAILURES[result.failure].cause;
}

/** Why no connection could be opened; undefined if the error does not say. */
export function toConnectCause(error: Error): FailureCause | undefined {
  const code = errorCode(error) ?? errorCode(error.cause) ?? '';
  if (/^(?:ENOTFOUND|EAI_)/.test(code)) return 'dns';
  if (code === 'ECONNREFUSED') return 'refused';
  if (code === 'ECONNRESET') return 'reset';
  if (code === 'ETIMEDOUT' || code === 'UND_ERR_CONNECT_TIMEOUT') return 'timeout';
  // Codes of OpenSSL's verification (https://nodejs.org/api/tls.html#x509-certificate-error-codes) and of Node's TLS.
  return /CERT|TLS|SSL|SIGNATURE|UNABLE_TO_|CRL/.test(code) ? 'tls' : undefined;
}
