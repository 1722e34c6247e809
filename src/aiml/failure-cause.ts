/** Why an attempt of a call to the AIML API failed, in words that operators look for. */
import { errorCode } from '../runtime/error-code.ts';
import type { FailureKind, HttpResult } from './exchange.ts';

/** `status`: upstream responded with an error status. `response`: with a body that cannot be used. */
export type FailureCause =
  | 'dns'
  | 'refused'
  | 'tls'
  | 'unreachable'
  | 'reset'
  | 'timeout'
  | 'truncated'
  | 'not_http'
  | 'response'
  | 'status'
  | 'cancelled';

const CAUSES: Readonly<Record<FailureKind, FailureCause>> = {
  UNREACHABLE: 'unreachable',
  RESET: 'reset',
  TIMEOUT: 'timeout',
  TRUNCATED: 'truncated',
  NOT_HTTP: 'not_http',
  UNREADABLE: 'response',
  TOO_LARGE: 'response',
  TOO_MANY_LARGE_RESPONSES: 'response',
  OVER_BUDGET: 'response',
  ABORTED: 'cancelled',
};

/** The attempt failed; a 2xx failed because its body cannot be used. */
export function toFailureCause(result: HttpResult): FailureCause {
  if (result.status !== null) return result.status >= 200 && result.status < 300 ? 'response' : 'status';
  return result.connectCause ?? CAUSES[result.failure];
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
