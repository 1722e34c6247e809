// When a run is polled: the waits between two reads, without waiting for them.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Call } from '../../../../src/aiml/call.ts';
import type { AimlClient } from '../../../../src/aiml/client.ts';
import { readRun } from '../../../../src/aiml/resources/run.ts';
import { LiveRun } from '../../../../src/aiml/runs/live-run.ts';
import { RunReader } from '../../../../src/aiml/runs/run-reader.ts';
import { PublicError } from '../../../../src/runtime/errors.ts';
import { wireRun } from '../../../support/stream-upstream.ts';
import { createContext } from '../../../support/source.ts';

afterEach(() => {
  jest.useRealTimers();
});

const list = { object: 'list', data: [], has_more: false };

/** Polls a run. `read` gives each read of it, or throws. Resolves to the waits before each read but the first. */
async function waitsOf(read: (index: number) => object, reads: number): Promise<number[]> {
  jest.useFakeTimers();
  const at: number[] = [];
  const call = async <T>({ name, read: readBody }: Pick<Call<T>, 'name' | 'read'>): Promise<T> => {
    await Promise.resolve();
    if (name !== 'runs.get') return readBody(list, RESPONSE);
    at.push(performance.now());
    return readBody(read(at.length - 1), RESPONSE);
  };
  const context = createContext({ deadlineAt: Infinity });
  const client = { call } as Pick<AimlClient, 'call'> as AimlClient;
  const reader = new RunReader(new LiveRun(readRun(wireRun('queued'))), { client, isEmbedded: false, context }, {});
  const polled = reader.poll();
  while (at.length < reads) await jest.advanceTimersToNextTimerAsync();
  reader.stop();
  await polled;
  expect(jest.getTimerCount()).toBe(0);
  return at.slice(1).map((time, index) => Math.round(time - (at[index] ?? 0)));
}
const RESPONSE = { status: 200, headers: {}, body: Buffer.alloc(0), isCloseDelimited: false };

describe('a run that is polled', () => {
  test('is read every half second at first, and up to every five seconds while nothing changes', async () => {
    const waits = await waitsOf(() => wireRun('queued'), 12);
    expect(waits.slice(0, 4)).toEqual([500, 750, 1125, 1687]);
    expect(waits.at(-1)).toBe(5000);
    expect(Math.max(...waits)).toBe(5000);
  });

  test('is read every half second again after a change', async () => {
    const waits = await waitsOf((index) => wireRun(index < 6 ? 'queued' : 'in_progress'), 9);
    expect(waits[5]).toBeGreaterThan(500);
    expect(waits[6]).toBe(500);
  });

  test('is not read before the time that upstream asks for', async () => {
    const waits = await waitsOf((index) => {
      if (index !== 1) return wireRun('queued');
      throw new PublicError({ code: 'RATE_LIMITED', message: 'Slow.', retryable: true, retryAfterMs: 9000 });
    }, 4);
    expect(waits[1]).toBe(9000);
  });
});
