/** The errors of authentication. Each message says what the client can do; none contains a value from the request. */
import { PublicError } from '../runtime/errors.ts';
import type { AuthFailure } from './principal.ts';

export const authErrors = {
  noKey: unauthenticated('Send your AIML API key in the header "Authorization: Bearer …".'),
  noToken: unauthenticated('Send an access token in the header "Authorization: Bearer …".'),
  /** Deliberately without a reason, which would help to forge a token. */
  badToken: unauthenticated('The access token is not valid here.'),
  /** Only for a token that is otherwise valid. */
  expiredToken: unauthenticated('The access token has expired.'),
  keysUnavailable: {
    kind: 'failure',
    error: new PublicError({
      code: 'UPSTREAM_UNAVAILABLE',
      message: 'Access tokens cannot be checked: the keys of the identity provider are not available.',
      retryable: true,
    }),
  },
} as const satisfies Record<string, AuthFailure>;

function unauthenticated(message: string): AuthFailure {
  return { kind: 'failure', error: new PublicError({ code: 'UNAUTHENTICATED', message, retryable: false }) };
}
