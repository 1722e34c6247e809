/** Objects of the response together with what the resolvers of their fields returned or threw. */

export type ResolverResult = PromiseSettledResult<unknown>;

const RESULTS = Symbol('results');

type WithResults = Readonly<Record<typeof RESULTS, ReadonlyMap<string, ResolverResult> | undefined>>;

/**
 * `source` with results by key in the response. It inherits from `source`, so that graphql-js finds its type and properties.
 * One object may occur in several places of a response with other results, so these are not added to the object itself.
 */
export const withResults = (source: object | null, results: ReadonlyMap<string, ResolverResult>): object =>
  Object.create(source, { [RESULTS]: { value: results } }) as object;

/** Undefined if the field of the key has no result. */
export const resultOf = (source: object, key: string): ResolverResult | undefined =>
  (source as WithResults)[RESULTS]?.get(key);
