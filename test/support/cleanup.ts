// Ends what the tests start, whether they pass, fail or run out of time. Jest runs this file before each test file.
import { afterAll, afterEach, beforeEach } from '@jest/globals';

type CleanUp = () => unknown;

const ofTheFile: CleanUp[] = [];
let ofTheTest: CleanUp[] | null = null;

/**
 * Runs `cleanUp` after the test that is running, or after the last test of the file where it is called in a `beforeAll`.
 * What was registered last runs first. It may be something that the test has done itself by then.
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

/** Runs every one of them, and then fails where one failed. */
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
