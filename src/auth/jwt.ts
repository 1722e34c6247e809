/** Verifies access tokens of the identity provider and reads their scopes. */
import { errors, jwtVerify, type JWTPayload, type JWTVerifyOptions } from 'jose';
import type { AuthConfig } from './credential.ts';
import { scopes, type Scope } from './principal.ts';
import { JwksCache, type JwksOptions } from './jwks.ts';

/** Public-key algorithms only, which excludes `none` and the use of a public key as an HMAC secret. */
const ALGORITHMS = ['RS256', 'ES256', 'EdDSA'];
const CLOCK_TOLERANCE_SECONDS = 30;
const MAX_TOKEN_LENGTH = 8192;
const COMPACT_JWS = /^[\w-]+\.[\w-]+\.[\w-]+$/;

export class TokenVerifier {
  readonly #keys: JwksCache;
  readonly #options: JWTVerifyOptions;

  constructor({ issuer, audience, jwksUrl }: Extract<AuthConfig, { mode: 'jwt' }>, jwksOptions: JwksOptions) {
    this.#keys = new JwksCache(jwksUrl, jwksOptions);
    this.#options = {
      algorithms: ALGORITHMS,
      issuer,
      audience,
      requiredClaims: ['exp'],
      clockTolerance: CLOCK_TOLERANCE_SECONDS,
    };
  }

  /**
   * Rejects with `KeysUnavailableError` if the token cannot be checked, with jose's `JWTExpired` if it is valid but
   * expired, and with another error if it is not valid.
   */
  async verify(token: string) {
    if (token.length > MAX_TOKEN_LENGTH || !COMPACT_JWS.test(token)) throw new errors.JWTInvalid();
    const startedAt = performance.now();
    try {
      return toVerifiedToken(await this.#check(token));
    } catch (error) {
      if (!mayBeSignedByNewKey(error) || !(await this.#keys.refresh(startedAt))) throw error;
      return toVerifiedToken(await this.#check(token));
    }
  }

  async #check(token: string): Promise<JWTPayload> {
    try {
      return (await jwtVerify(token, this.#keys.getKey, this.#options)).payload;
    } catch (error) {
      if (error instanceof errors.JWKSMultipleMatchingKeys) return this.#checkWithEach(error, token);
      throw error;
    }
  }

  /** For a token without a key id, when several keys match. */
  async #checkWithEach(keys: errors.JWKSMultipleMatchingKeys, token: string): Promise<JWTPayload> {
    for await (const key of keys) {
      try {
        return (await jwtVerify(token, key, this.#options)).payload;
      } catch (error) {
        if (!(error instanceof errors.JWSSignatureVerificationFailed)) throw error;
      }
    }
    throw new errors.JWSSignatureVerificationFailed();
  }
}

/** Providers rotate under a new key id, under the same one, or without any. */
const mayBeSignedByNewKey = (error: unknown): boolean =>
  error instanceof errors.JWKSNoMatchingKey || error instanceof errors.JWSSignatureVerificationFailed;

/** `subject` is the claim `sub`, otherwise `client_id`; null if the token has neither. */
function toVerifiedToken(payload: JWTPayload) {
  const subject = [payload.sub, payload['client_id']].find((claim) => typeof claim === 'string' && claim !== '');
  return { scopes: toScopes(payload), subject: typeof subject === 'string' ? subject : null };
}

/** Scopes of other services are ignored. */
function toScopes({ scope: scopeClaim, scp }: JWTPayload): ReadonlySet<Scope> {
  const granted = [...words(scopeClaim), ...(Array.isArray(scp) ? (scp as unknown[]) : words(scp))];
  return new Set(scopes.filter((scope) => granted.includes(scope)));
}

const words = (value: unknown): readonly string[] => (typeof value === 'string' ? value.split(' ') : []);

const REJECTION_REASONS: ReadonlyMap<string, string> = new Map([
  ['ERR_JWT_EXPIRED', 'expired'],
  ['ERR_JWS_SIGNATURE_VERIFICATION_FAILED', 'signature'],
  ['ERR_JWKS_NO_MATCHING_KEY', 'unknown key'],
  ['ERR_JOSE_ALG_NOT_ALLOWED', 'algorithm'],
]);
/** By the claims that are checked. */
const REASONS_BY_CLAIM: ReadonlyMap<string, string> = new Map([
  ['iss', 'issuer'],
  ['aud', 'audience'],
  ['exp', 'no expiry'],
  ['nbf', 'not valid yet'],
]);

/** Why a token was rejected, without any text of the token. */
export function toRejectionReason(error: unknown): string {
  if (error instanceof errors.JWTClaimValidationFailed) return REASONS_BY_CLAIM.get(error.claim) ?? 'malformed';
  return (error instanceof errors.JOSEError ? REJECTION_REASONS.get(error.code) : undefined) ?? 'malformed';
}
