/**
 * The result of authentication, as the rest of the service sees it: a principal with a credential for the AIML API, or
 * the error that the client gets.
 */
import { PublicError } from '../runtime/errors.ts';
import { createHmac } from 'node:crypto';

export const scopes = ['assistants:read', 'assistants:write'] as const;

export type Scope = (typeof scopes)[number];

export type Identity = Principal | AuthFailure;

/** A request that could not be authenticated. */
export interface AuthFailure {
  readonly kind: 'failure';
  /** The error for the client; it contains nothing from the request. */
  readonly error: PublicError;
  /** Why the token was rejected, for the log; absent without a token, or if the keys are unavailable. */
  readonly reason?: string;
}

/** An authenticated caller. The credential is a private field, so that it cannot be logged or serialised by accident. */
export class Principal {
  readonly kind = 'principal';
  /** Null if the caller is not restricted by scopes. */
  readonly scopes: ReadonlySet<Scope> | null;
  readonly #credential: string;
  readonly #tokenSubject: string | null;
  #tenant: string | null = null;
  #subject: string | null = null;

  /** `subject` is the subject of an access token; null if the credential alone identifies the caller. */
  constructor(credential: string, scopes: ReadonlySet<Scope> | null, subject: string | null = null) {
    this.scopes = scopes;
    this.#tokenSubject = subject;
    this.#credential = credential;
  }

  /** The key for the caller's calls to the AIML API. */
  get credential(): string {
    return this.#credential;
  }

  /** A one-way digest of the credential, for cache keys. */
  get tenant(): string {
    return (this.#tenant ??= toDigest(this.#credential));
  }

  /**
   * The unit of fair sharing, whose beginning names the caller in the log: a digest of the token's subject if there is one,
   * otherwise the tenant.
   */
  get subject(): string {
    const subject = this.#tokenSubject;
    return (this.#subject ??= subject === null ? this.tenant : toDigest(`subject ${subject}`));
  }
}

/** Throws the {@link PublicError} of a failed authentication. */
export function requirePrincipal(identity: Identity): Principal {
  if (identity.kind === 'failure') throw identity.error;
  return identity;
}

/** Throws the {@link PublicError} of a failed authentication, or `FORBIDDEN` if the caller lacks the scope. */
export function requireScope(identity: Identity, scope: Scope): void {
  const principal = requirePrincipal(identity);
  if (principal.scopes === null || principal.scopes.has(scope)) return;
  throw new PublicError({
    code: 'FORBIDDEN',
    message: `This needs a token with the scope "${scope}".`,
    retryable: false,
  });
}

/** In characters of base64url: 132 bits, so that collisions can be neglected. */
const DIGEST_LENGTH = 22;

/** Separates these digests from all others of the same credentials. */
const LABEL = 'assistants-graphql tenant 1';

/**
 * The same in every process, also after a restart: replicas share a cache by it, and operators follow a caller in the log.
 * A credential that is easy to guess can be confirmed from its digest; keys and tokens are not easy to guess.
 */
const toDigest = (credential: string): string =>
  createHmac('sha256', LABEL).update(credential).digest('base64url').slice(0, DIGEST_LENGTH);
