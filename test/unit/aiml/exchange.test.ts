import { expect, test } from '@jest/globals';
import { toConnectCause } from '../../../src/aiml/exchange.ts';

const withCode = (code: string) => Object.assign(new Error(), { code });

test.each([
  ['ENOTFOUND', 'dns'],
  ['EAI_AGAIN', 'dns'],
  ['ECONNREFUSED', 'refused'],
  ['ECONNRESET', 'reset'],
  ['ETIMEDOUT', 'timeout'],
  ['CERT_HAS_EXPIRED', 'tls'],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', 'tls'],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'tls'],
  ['ERR_TLS_CERT_ALTNAME_INVALID', 'tls'],
  ['ERR_SSL_WRONG_VERSION_NUMBER', 'tls'],
  ['EHOSTUNREACH', undefined],
])('%s is %s', (code, cause) => {
  expect(toConnectCause(withCode(code))).toBe(cause);
  // The form in which undici wraps the errors of a proxy agent.
  expect(toConnectCause(new Error('failed', { cause: withCode(code) }))).toBe(cause);
});
