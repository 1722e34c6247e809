/** Owns how the API reads what a request says beside its body: its key, the ids of its path, and whether it was sent before. */
import { createHash } from 'node:crypto';
import type { IncomingHttpHeaders } from 'node:http';
import type { FastifyRequest } from 'fastify';
import type { Idempotency, Owner } from '../store/store.ts';
import { ApiError, invalid, parameterError, shownId } from './api-error.ts';
import { toPath, type ApiRequest } from './route.ts';

const MAX_KEY_LENGTH = 512;

/** The bearer token (RFC 6750), or the key in Azure's `api-key` header. Throws {@link ApiError} of 401 unless it is well-formed. */
export function readKey({ authorization, 'api-key': apiKey }: IncomingHttpHeaders): string {
  const bearer = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  const key = bearer ?? (authorization === undefined ? apiKey : undefined);
  if (typeof key !== 'string' || key.length > MAX_KEY_LENGTH || !/^[A-Za-z0-9\-._~+/]+=*$/.test(key))
    throw unauthenticated('No valid key: send one as "Authorization: Bearer <key>"; any token is an account here.');
  return key;
}

export function unauthenticated(message: string): ApiError {
  return new ApiError(401, message, { code: 'invalid_api_key', headers: { 'www-authenticate': 'Bearer' } });
}

/** How ids of a path begin, by the names that routes give them; others may begin in any way. */
const PREFIXES: ReadonlyMap<string, string> = new Map([
  ['thread_id', 'thread'],
  ['message_id', 'msg'],
  ['run_id', 'run'],
  ['step_id', 'step'],
]);

/** The account, and the objects that the path of a list names. Throws ApiError of 400 for an id of another kind. */
export function readOwner({ caller, params }: ApiRequest): Owner {
  return [caller.account, ...Object.entries(params).map(([name, id]) => checkId(name, id))];
}

/** The object that a path names last, and what it is below. Throws ApiError of 400 for an id of another kind. */
export function readObject(request: ApiRequest): { readonly owner: Owner; readonly id: string } {
  const [account, ...ids] = readOwner(request);
  return { owner: [account, ...ids.slice(0, -1)], id: ids.at(-1) ?? '' };
}

/** In the words that clients match on. */
function checkId(name: string, id: string): string {
  const prefix = PREFIXES.get(name);
  if (prefix === undefined || id.startsWith(`${prefix}_`)) return id;
  throw parameterError(name, `Invalid '${name}': '${shownId(id)}'. Expected an ID that begins with '${prefix}'.`);
}

/** `bodyDigest` is '' if there is no body. Throws ApiError of 400. */
export function readIdempotency({ method, url, headers }: FastifyRequest, bodyDigest: string): Idempotency {
  const fingerprint = createHash('sha256')
    .update(`${method} ${toPath(url)}\n${bodyDigest}`)
    .digest('base64');
  return {
    idempotencyKey: readIdempotencyKey(headers['idempotency-key']),
    fingerprint,
    isRetry: /^[1-9]\d{0,3}$/.test(String(headers['x-stainless-retry-count'] ?? '')),
  };
}

function readIdempotencyKey(header: string | string[] | undefined): string | undefined {
  if (header === undefined) return undefined;
  if (typeof header !== 'string' || !/^[\x21-\x7e]{1,255}$/.test(header))
    throw invalid('Idempotency-Key', 'a header of 1 to 255 visible ASCII characters');
  return header;
}
