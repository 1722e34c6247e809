/** The form of a persisted query's hash. */
import type { HTTPGraphQLRequest } from '@apollo/server';
import { requestParam } from './safelist.ts';

export const MALFORMED_HASH = '`extensions.persistedQuery.sha256Hash` must be a string.';

/** Apollo Server would look up the text of any value, which is a known hash for a list of one. */
export function hasMalformedHash(request: HTTPGraphQLRequest): boolean {
  const { persistedQuery } = toFields(parse(requestParam(request, 'extensions')));
  const { version, sha256Hash } = toFields(persistedQuery);
  return version === 1 && typeof sha256Hash !== 'string';
}

/** The parameter of a GET is JSON. Apollo Server rejects it if it is not valid. */
function parse(extensions: unknown): unknown {
  if (typeof extensions !== 'string') return extensions;
  try {
    return JSON.parse(extensions);
  } catch {
    return null;
  }
}

const toFields = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null ? (value as Readonly<Record<string, unknown>>) : {};
