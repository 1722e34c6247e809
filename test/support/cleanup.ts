// Cleans up after tests that pass, fail or time out. Jest runs this file before each test file.
import { afterAll, afterEach, beforeEach } from '@jest/globals';

type CleanUp = () => unknown;

const ofTheFile: CleanUp[] = [];
let ofTheTest: CleanUp[] | null = null;

/**
 * Runs `cleanUp` after the current test, or after the last test of the file if it is called in a `beforeAll`.
 * The last registered function runs first. The test may have done the work itself already.
 */
export function cleanUpLater(cleanUp: CleanUp): void {
  (ofTheTest ?? ofTheFile).push(cleanUp);
}

beforeEach(() => {
  ofTheTest = [];
});
afterEach(async () => {
  const cleanUps = ofTheTest ?? [];
  ofTheTest = null;
  await runAll(cleanUps);
});
afterAll(() => runAll(ofTheFile));

/** Runs all functions, then throws if one failed. */
async function runAll(cleanUps: CleanUp[]): Promise<void> {
  const failures: unknown[] = [];
  for (let next = cleanUps.pop(); next; next = cleanUps.pop()) {
    try {
      await next();
    } catch (error) {
      failures.push(error);
    }
  }
  if (failures.length > 0) throw new AggregateError(failures, 'clean-up failed');
}
