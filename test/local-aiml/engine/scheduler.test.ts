import { setImmediate as nextTick } from 'node:timers/promises';
import { expect, jest, test } from '@jest/globals';
import type { WorkerParts } from '../../../src/local-aiml/engine/run-worker.ts';
import { Scheduler } from '../../../src/local-aiml/engine/scheduler.ts';
import { DEFAULT_RUN_SETTINGS } from '../../../src/local-aiml/settings.ts';

/** More than an empty claim takes. */
const MAX_STEPS = 12;

test('A run that is queued while a claim comes to its end is claimed at once, at whatever step of it', async () => {
  for (let steps = 0; steps <= MAX_STEPS; steps++) {
    const claimRun = jest.fn(() => Promise.resolve(undefined));
    const scheduler = new Scheduler({ work: { claimRun } } as object as WorkerParts, DEFAULT_RUN_SETTINGS);
    scheduler.claim();
    for (let step = 0; step < steps; step++) await Promise.resolve();
    const before = claimRun.mock.calls.length;
    scheduler.claim();
    await nextTick();
    expect(claimRun.mock.calls.length).toBeGreaterThan(before);
  }
});
