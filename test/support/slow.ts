// What takes long: it runs where SLOW_TESTS=1, as in `npm run test:slow` and in CI.
import { test } from '@jest/globals';

export const runsSlowTests = process.env['SLOW_TESTS'] === '1';

/** For a test that takes many seconds, and whose claim a smaller test holds as well. */
export const slowTest: typeof test = runsSlowTests ? test : (test.skip as typeof test);

/** The cases of a table: those after the first `fast` are slow. */
export const casesOf = <T>(fast: number, cases: readonly T[]): readonly T[] =>
  runsSlowTests ? cases : cases.slice(0, fast);

/** How much of something a test does; the environment variable `name` overrides it. */
export function amountOf(name: string, { fast, slow }: { readonly fast: number; readonly slow: number }): number {
  return Number(process.env[name] ?? (runsSlowTests ? slow : fast));
}
