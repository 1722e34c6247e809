/** Owns how the API reads what a request says beside its body: ids of its path, and whether it was sent before. */
import { createHash } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { Idempotency, Owner } from '../store/store.ts';
import { invalid, parameterError, shownId } from './api-error.ts';
import { toPath, type ApiRequest } from './route.ts';

/** The ids of a path, by the names that routes give them, and how each begins; '' if it may begin in any way. */
const PREFIXES = { assistant_id: '', thread_id: 'thread', message_id: 'msg', run_id: 'run', step_id: 'step' } as const;

export type IdName = keyof typeof PREFIXES;
export type OwnerName = 'thread_id' | 'run_id';

/** An id of the path. Throws ApiError of 400 if it is of another kind, in the words that clients match on. */
export function readId({ params }: ApiRequest, name: IdName): string {
  const id = params[name] ?? '';
  const prefix = PREFIXES[name];
  if (prefix === '' || id.startsWith(`${prefix}_`)) return id;
  throw parameterError(name, `Invalid '${name}': '${shownId(id)}'. Expected an ID that begins with '${prefix}'.`);
}

/** The account and the thread, or the account, the thread and the run, that the path names. */
export function readOwner(request: ApiRequest, names: readonly OwnerName[]): Owner {
  return [request.caller.account, ...names.map((name) => readId(request, name))];
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
