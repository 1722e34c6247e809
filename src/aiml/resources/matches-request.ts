/** Decides after a modify of unknown outcome, from the object as it is now, whether the modify was applied. */
import { isDeepStrictEqual } from 'node:util';

/**
 * Whether `object` is as `body` asked for it. What the body left out may have any value. `read` makes an object of what
 * was sent, as the reader of the resource does, so that both sides have one form.
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

/** Whether `actual` has everything that `expected` has. Inside of `expected`, null stands for what was not sent. */
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
    // JSON Schemas belong to the caller: every part of them was sent, nulls included.
    value !== null && (name === 'parameters' || name === 'schema')
      ? isDeepStrictEqual(value, fields[name])
      : includes(value, fields[name]),
  );
}
