// Slow tests run only with SLOW_TESTS=1, as in `npm run test:slow` and in CI.
import { test } from '@jest/globals';

export const runsSlowTests = process.env['SLOW_TESTS'] === '1';

/** For a test that takes many seconds and has a faster test of the same behaviour on a smaller scale. */
export const slowTest: typeof test = runsSlowTests ? test : (test.skip as typeof test);

/** The cases of a table. Those after the first `fast` run as slow tests only. */
export const casesOf = <T>(fast: number, cases: readonly T[]): readonly T[] =>
  runsSlowTests ? cases : cases.slice(0, fast);

/** The amount of work in a test. The environment variable `name` overrides it. */
export function amountOf(name: string, { fast, slow }: { readonly fast: number; readonly slow: number }): number {
  return Number(process.env[name] ?? (runsSlowTests ? slow : fast));
}
