/**
 * Authenticates a request by its `Authorization` header, as AUTH_MODE says. Authorization is not decided here: each
 * GraphQL field declares the scope that it needs.
 */
import { errors } from 'jose';
import { isBearerToken, type AuthConfig } from './credential.ts';
import { PublicError } from '../runtime/errors.ts';
import { Principal, type AuthFailure, type Identity } from './principal.ts';
import { KeysUnavailableError, type JwksOptions } from './jwks.ts';
import { TokenVerifier, toRejectionReason } from './jwt.ts';

/** Under `none`. The key of the embedded API is a new one in each process, so that it cannot name the caller in the log. */
const THE_ONLY_CALLER = 'anyone';

/** The keys of the identity provider are needed under `jwt` only. */
interface AuthenticatorOptions extends JwksOptions {
  readonly auth: AuthConfig;
  /** The key with which the service itself calls the AIML API; null only under `passthrough`. */
  readonly serviceKey: string | null;
}

/**
 * Identifies the caller. Never throws or rejects. Synchronous except under `jwt`, which may have to fetch the identity
 * provider's keys.
 */
export type Authenticate = (authorization: string | undefined) => Identity | Promise<Identity>;

export function createAuthenticator({ auth, serviceKey, ...jwksOptions }: AuthenticatorOptions): Authenticate {
  if (auth.mode === 'passthrough') return byKey;
  if (serviceKey === null) throw new TypeError(`AUTH_MODE ${auth.mode} needs a key of the service`);
  if (auth.mode === 'jwt') {
    const verifier = new TokenVerifier(auth, jwksOptions);
    return (authorization) => byToken(authorization, verifier, serviceKey);
  }
  const sharedPrincipal = new Principal(serviceKey, null, THE_ONLY_CALLER);
  return () => sharedPrincipal;
}

function byKey(authorization: string | undefined): Identity {
  const key = bearerTokenOf(authorization);
  return key !== null && isBearerToken(key) ? new Principal(key, null) : authErrors.noKey;
}

async function byToken(
  authorization: string | undefined,
  verifier: TokenVerifier,
  serviceKey: string,
): Promise<Identity> {
  const token = bearerTokenOf(authorization);
  if (token === null) return authErrors.noToken;
  try {
    const { scopes, subject } = await verifier.verify(token);
    return new Principal(serviceKey, scopes, subject);
  } catch (error) {
    if (error instanceof KeysUnavailableError) return authErrors.keysUnavailable;
    const failure = error instanceof errors.JWTExpired ? authErrors.expiredToken : authErrors.badToken;
    return { ...failure, reason: toRejectionReason(error) };
  }
}

/** Each message says what the client can do. */
const authErrors = {
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

const BEARER = /^Bearer +(\S+) *$/i;

/** The token of `Authorization: Bearer …`, which is not validated; null if the header has another form. */
const bearerTokenOf = (authorization: string | undefined): string | null =>
  BEARER.exec(authorization ?? '')?.[1] ?? null;
