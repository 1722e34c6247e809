/** Every way in which a caller is refused, with the text that says what to do about it. None holds a value of anybody. */
import { PublicError } from '../runtime/errors.ts';
import type { AuthFailure } from './principal.ts';

export const authErrors = {
  noKey: unauthenticated('Send your AIML API key in the header "Authorization: Bearer …".'),
  noToken: unauthenticated('Send an access token in the header "Authorization: Bearer …".'),
  /** Not told more closely: whoever made the token up learns nothing from it. */
  badToken: unauthenticated('The access token is not valid here.'),
  /** Told only of a token that is valid otherwise. */
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
