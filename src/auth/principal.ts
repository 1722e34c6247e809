/**
 * Who is calling, as the rest of the service sees it: a caller with a credential for the AIML API, or a refusal. What a
 * caller proves this with, and how it is checked, stays in the other files of this folder.
 */
import { PublicError } from '../runtime/errors.ts';
import { createHmac, randomBytes } from 'node:crypto';

export const scopes = ['assistants:read', 'assistants:write'] as const;

/** What a caller may be allowed to do. */
export type Scope = (typeof scopes)[number];

export type Identity = Principal | AuthFailure;

/** A request whose caller is not known. */
export interface AuthFailure {
  readonly kind: 'failure';
  /** What the caller is told; it holds nothing of what the caller sent. */
  readonly error: PublicError;
  /** What is wrong with the token, for the log; absent if there was no token, or if its keys could not be had. */
  readonly reason?: string;
}

/** A caller that may be served. However it is logged or serialised, the credential does not show. */
export class Principal {
  readonly kind = 'principal';
  /** Null where the caller may do everything that the credential allows. */
  readonly scopes: ReadonlySet<Scope> | null;
  readonly #credential: string;
  readonly #digest: (credential: string) => string;
  readonly #tokenSubject: string | null;
  #tenant: string | null = null;
  #subject: string | null = null;

  /** `subject` is what a token says of who it is for; null where callers are told apart by their credentials alone. */
  constructor(
    credential: string,
    scopes: ReadonlySet<Scope> | null,
    digest: (credential: string) => string,
    subject: string | null = null,
  ) {
    this.scopes = scopes;
    this.#tokenSubject = subject;
    this.#credential = credential;
    this.#digest = digest;
  }

  /** The key that the AIML API is called with for this caller. */
  get credential(): string {
    return this.#credential;
  }

  /**
   * Stands for the credential in log lines and in keys of caches: equal for equal credentials, different for different
   * ones, and not to be turned back. Another process has another one for the same credential, unless they share Redis.
   */
  get tenant(): string {
    return (this.#tenant ??= this.#digest(this.#credential));
  }

  /** Who gets a share of what all callers have in common: the tenant, or one of several with the same credential. */
  get subject(): string {
    const subject = this.#tokenSubject;
    return (this.#subject ??= subject === null ? this.tenant : this.#digest(`subject ${subject}`));
  }
}

/** Throws the refusal's {@link PublicError} where there is no caller. */
export function requirePrincipal(identity: Identity): Principal {
  if (identity.kind === 'failure') throw identity.error;
  return identity;
}

/** Throws a {@link PublicError}: the refusal where there is no caller, `FORBIDDEN` where the caller lacks the scope. */
export function requireScope(identity: Identity, scope: Scope): void {
  const principal = requirePrincipal(identity);
  if (principal.scopes === null || principal.scopes.has(scope)) return;
  throw new PublicError({
    code: 'FORBIDDEN',
    message: `This needs a token with the scope "${scope}".`,
    retryable: false,
  });
}

/** Characters of base64url: 132 bits, too many for two credentials to meet by chance. */
const DIGEST_LENGTH = 22;

/** Stands in for the secret where replicas have to come to the same digest. Another label would be another purpose. */
const SHARED_LABEL = 'assistants-graphql tenant 1';

/**
 * Makes a function that turns credentials into digests. Where it is not shared, the secret that it does so with is its
 * own and never leaves it, so that nobody who reads a digest can tell whether a credential belongs to it. Where it is,
 * every process comes to the same digest, and whoever reads one can try credentials on it: only a credential that could
 * be guessed as well is found that way.
 */
export function createTenantId(isShared: boolean): (credential: string) => string {
  const secret = isShared ? SHARED_LABEL : randomBytes(32);
  return (credential) => createHmac('sha256', secret).update(credential).digest('base64url').slice(0, DIGEST_LENGTH);
}
