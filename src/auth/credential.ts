/** How callers authenticate, and the form of a bearer token. */

export type AuthConfig =
  | { readonly mode: 'none' | 'passthrough' }
  | { readonly mode: 'jwt'; readonly issuer: string; readonly audience: string; readonly jwksUrl: URL };

/** RFC 6750, 2.1: the b64token that may follow `Bearer `. */
const BEARER_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
const MAX_TOKEN_LENGTH = 512;

/** Whether a text can be sent as a bearer token (RFC 6750, at most 512 characters). */
export const isBearerToken = (token: string): boolean => token.length <= MAX_TOKEN_LENGTH && BEARER_TOKEN.test(token);
