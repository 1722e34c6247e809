// An identity provider on loopback: a real HTTP server for its keys, and the tokens it signs with them.
import { createServer, type RequestListener, type Server } from 'node:http';
import { exportJWK, generateKeyPair, SignJWT, type CryptoKey, type JWK, type JWTPayload } from 'jose';
import { createAuthenticator, type Authenticate } from '../../../src/auth/authenticator.ts';
import type { Principal, Identity } from '../../../src/auth/principal.ts';
import { close, listen } from '../../support/listen.ts';
import { takePort } from '../../support/port.ts';

export const ISSUER = 'https://id.example.com/';
export const AUDIENCE = 'assistants';
export const SERVICE_KEY = 'held-key-of-the-service';

export interface SigningKey {
  readonly alg: string;
  readonly privateKey: CryptoKey;
  readonly publicKey: CryptoKey;
  /** The public key in the published set. */
  readonly jwk: JWK;
}

/** `kid` is null if the keys have no ids. */
export async function createKey(kid: string | null, alg = 'ES256'): Promise<SigningKey> {
  const { privateKey, publicKey } = await generateKeyPair(alg, { extractable: true });
  const jwk = { ...(await exportJWK(publicKey)), alg, use: 'sig', ...(kid !== null && { kid }) };
  return { alg, privateKey, publicKey, jwk };
}

export const now = (): number => Math.floor(Date.now() / 1000);

/** Of any type, because tokens may contain anything; undefined omits the claim. */
export type Claims = Readonly<Record<string, unknown>>;

/** Valid claims, changed by `claims`. */
export const goodClaims = (claims: Claims = {}): JWTPayload => ({
  iss: ISSUER,
  aud: AUDIENCE,
  exp: now() + 300,
  scope: 'assistants:read',
  ...claims,
});

/** A valid token, changed by `claims` and `header`. */
export const sign = (
  key: SigningKey,
  claims: Claims = {},
  header: Readonly<Record<string, unknown>> = {},
): Promise<string> =>
  new SignJWT(goodClaims(claims))
    .setProtectedHeader({ alg: key.alg, ...(key.jwk.kid !== undefined && { kid: key.jwk.kid }), ...header })
    .sign(key.privateKey);

/** A token with any header, any payload and any signature. */
export const assemble = (header: unknown, payload: unknown, signature: string): string =>
  `${encode(header)}.${encode(payload)}.${signature}`;

export const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');

export class IdentityProvider {
  /** The published keys. */
  keys: readonly JWK[] = [];
  /** While set, responds instead of the keys. */
  response: RequestListener | null = null;
  /** The number of requests for the keys. */
  requests = 0;
  #server: Server | null = null;
  #port = 0;

  static async start(...keys: readonly SigningKey[]): Promise<IdentityProvider> {
    const provider = new IdentityProvider();
    provider.keys = keys.map(({ jwk }) => jwk);
    await provider.goUp();
    return provider;
  }

  get url(): URL {
    return new URL(`http://127.0.0.1:${this.#port}/keys`);
  }

  /** Listens again on the same port. */
  async goUp(): Promise<void> {
    const server = createServer((request, response) => {
      this.requests += 1;
      const reply: RequestListener = this.response ?? (() => response.end(JSON.stringify({ keys: this.keys })));
      reply(request, response);
    });
    if (this.#port === 0) this.#port = await takePort();
    await listen(server, this.#port);
    this.#server = server;
  }

  async goDown(): Promise<void> {
    const server = this.#server;
    this.#server = null;
    if (!server) return;
    server.closeAllConnections();
    await close(server);
  }

  /** An authenticator under AUTH_MODE=jwt. */
  authenticator(jwksTimeoutMs?: number): Authenticate {
    return createAuthenticator({
      auth: { mode: 'jwt', issuer: ISSUER, audience: AUDIENCE, jwksUrl: this.url },
      serviceKey: SERVICE_KEY,
      ...(jwksTimeoutMs !== undefined && { jwksTimeoutMs }),
    });
  }
}

/** The error code; null if the caller is authenticated. */
export const codeOf = (identity: Identity): string | null => (identity.kind === 'failure' ? identity.error.code : null);

/** Throws if the authentication failed. */
export function principalOf(identity: Identity): Principal {
  if (identity.kind === 'failure') throw new Error(`rejected: ${identity.error.message}`);
  return identity;
}
