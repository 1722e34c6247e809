/** The `Authorization` header, which is read here and nowhere else. */

/** The scheme in any case, spaces, one token. */
const BEARER = /^Bearer +(\S+) *$/i;

/** The one token of `Authorization: Bearer …`, whatever its form; null where the header is anything else. */
export const bearerTokenOf = (authorization: string | undefined): string | null =>
  BEARER.exec(authorization ?? '')?.[1] ?? null;
