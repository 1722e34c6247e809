/** Owns how the key of a caller is read from a request. The store maps it to an account. */
import type { IncomingHttpHeaders } from 'node:http';
import { ApiError } from './api-error.ts';

const MAX_LENGTH = 512;

/** The bearer token (RFC 6750), or the key in Azure's `api-key` header. Throws {@link ApiError} of 401 unless it is well-formed. */
export function readKey({ authorization, 'api-key': apiKey }: IncomingHttpHeaders): string {
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  const key = bearer ?? (authorization === undefined ? apiKey : undefined);
  if (typeof key !== 'string' || key.length > MAX_LENGTH || !/^[A-Za-z0-9\-._~+/]+=*$/.test(key))
    throw unauthenticated('No valid key: send one as "Authorization: Bearer <key>"; any token is an account here.');
  return key;
}

export function unauthenticated(message: string): ApiError {
  return new ApiError(401, message, { code: 'invalid_api_key', headers: { 'www-authenticate': 'Bearer' } });
}
