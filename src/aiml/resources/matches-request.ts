/** Decides whether a modify of unknown outcome was applied, by comparing the object with the request. */
import { isDeepStrictEqual } from 'node:util';
import { readMetadata, requireObject, type WireMetadata } from '../wire.ts';

/** The body of a modify of a message or a run: only metadata can be changed. */
export interface WireMetadataBody {
  readonly metadata?: WireMetadata | null;
}

/**
 * Whether `object` has the values of `body`. Fields that the body omits may have any value. `read` converts the body like
 * the reader of the resource, so that both sides have the same form.
 */
export function matchesRequest<T extends object>(body: object, object: T, read: (sent: object) => T): boolean {
  const sent = JSON.parse(JSON.stringify(body)) as object;
  const expected = read(sent) as Readonly<Record<string, unknown>>;
  const actual = object as Readonly<Record<string, unknown>>;
  return Object.keys(sent).every((name) =>
    expected[name] === null || name === 'metadata'
      ? isDeepStrictEqual(expected[name], actual[name])
      : includes(expected[name], actual[name]),
  );
}

/** Whether an object has the metadata of the body of a modify that can change nothing else. */
export const hasMetadata = (body: WireMetadataBody, { metadata }: { readonly metadata: WireMetadata }): boolean =>
  matchesRequest(body, { metadata }, (sent) => ({ metadata: readMetadata(requireObject(sent, 'body')) }));

/** Whether `actual` has everything that `expected` has. A null inside `expected` was not sent. */
function includes(expected: unknown, actual: unknown): boolean {
  if (expected === null) return true;
  if (Array.isArray(expected))
    return (
      Array.isArray(actual) &&
      actual.length === expected.length &&
      expected.every((item, index) => includes(item, actual[index]))
    );
  if (typeof expected !== 'object') return expected === actual;
  const fields = (actual ?? {}) as Readonly<Record<string, unknown>>;
  return Object.entries(expected).every(([name, value]) =>
    // JSON Schemas were sent completely, including nulls.
    value !== null && (name === 'parameters' || name === 'schema')
      ? isDeepStrictEqual(value, fields[name])
      : includes(value, fields[name]),
  );
}
