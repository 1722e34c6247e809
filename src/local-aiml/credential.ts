/** Owns how a request says who calls: the bearer token of RFC 6750. Which account that is, is for the store to say. */
import { ApiError } from './api-error.ts';

const MAX_LENGTH = 512;

/** The token of an Authorization header. Throws {@link ApiError} of 401 where there is no well-formed one. */
export function readBearerToken(header: string | undefined): string {
  const token = /^Bearer +([A-Za-z0-9\-._~+/]+=*) *$/i.exec(header ?? '')?.[1];
  if (token === undefined || token.length > MAX_LENGTH)
    throw new ApiError(401, 'No valid key: send one as "Authorization: Bearer <key>"; any token is an account here.', {
      headers: { 'www-authenticate': 'Bearer' },
    });
  return token;
}
