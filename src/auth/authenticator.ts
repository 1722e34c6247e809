/**
 * From the `Authorization` header to who is calling, in the one way that AUTH_MODE says. It decides who the caller is
 * and holds no opinion on what a GraphQL field needs.
 */
import { errors } from 'jose';
import { isBearerToken, type AuthConfig } from '../config.ts';
import type { ProxySettings } from '../runtime/proxy.ts';
import { Principal, createTenantId, type Identity } from './principal.ts';
import { KeysUnavailableError } from './jwks.ts';
import { authErrors } from './auth-errors.ts';
import { TokenVerifier, toRejectionReason } from './jwt.ts';

const JWKS_TIMEOUT_MS = 5000;

export interface AuthenticatorOptions {
  readonly auth: AuthConfig;
  /** The key that the AIML API is called with for callers who bring none; null under `passthrough` only. */
  readonly serviceKey: string | null;
  /** Whether other processes have to know a caller by the same tenant; false where it is left out. */
  readonly sharedTenants?: boolean;
  /** Under `jwt`: the longest that one request for the identity provider's keys may take; 5 s where it is left out. */
  readonly jwksTimeoutMs?: number;
  /** Under `jwt`: the way to the identity provider; null or absent where it is called directly. */
  readonly proxies?: ProxySettings | null;
  /** Under `jwt`: called when the identity provider's keys cannot be fetched, with a reason in a few words. */
  readonly onKeysUnavailable?: ((reason: string) => void) | undefined;
}

export interface Authenticator {
  /**
   * Tells the caller by the `Authorization` header. Never throws or rejects. It answers at once but under `jwt`, where it
   * may wait for the identity provider.
   */
  authenticate(authorization: string | undefined): Identity | Promise<Identity>;
}

type Digest = (credential: string) => string;

export function createAuthenticator({
  auth,
  serviceKey,
  sharedTenants = false,
  jwksTimeoutMs = JWKS_TIMEOUT_MS,
  proxies = null,
  onKeysUnavailable,
}: AuthenticatorOptions): Authenticator {
  const digest = createTenantId(sharedTenants);
  if (auth.mode === 'passthrough') return { authenticate: (authorization) => byKey(authorization, digest) };
  if (serviceKey === null) throw new TypeError('where callers bring no key, the service must hold one');
  if (auth.mode === 'jwt') {
    const verifier = new TokenVerifier(auth, { timeoutMs: jwksTimeoutMs, proxies, onKeysUnavailable });
    return { authenticate: (authorization) => byToken(authorization, verifier, serviceKey, digest) };
  }
  const sharedPrincipal = new Principal(serviceKey, null, digest);
  return { authenticate: () => sharedPrincipal };
}

function byKey(authorization: string | undefined, digest: Digest): Identity {
  const key = bearerTokenOf(authorization);
  return key !== null && isBearerToken(key) ? new Principal(key, null, digest) : authErrors.noKey;
}

async function byToken(
  authorization: string | undefined,
  verifier: TokenVerifier,
  serviceKey: string,
  digest: Digest,
): Promise<Identity> {
  const token = bearerTokenOf(authorization);
  if (token === null) return authErrors.noToken;
  try {
    const { scopes, subject } = await verifier.verify(token);
    return new Principal(serviceKey, scopes, digest, subject);
  } catch (error) {
    if (error instanceof KeysUnavailableError) return authErrors.keysUnavailable;
    const failure = error instanceof errors.JWTExpired ? authErrors.expiredToken : authErrors.badToken;
    return { ...failure, reason: toRejectionReason(error) };
  }
}

/** The scheme in any case, spaces, one token. */
const BEARER = /^Bearer +(\S+) *$/i;

/** The one token of `Authorization: Bearer …`, whatever its form; null where the header is anything else. */
export const bearerTokenOf = (authorization: string | undefined): string | null =>
  BEARER.exec(authorization ?? '')?.[1] ?? null;
