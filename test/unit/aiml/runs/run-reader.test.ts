// When a run is polled: the waits between two reads, without waiting for them.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Call, UpstreamContext } from '../../../../src/aiml/call.ts';
import type { AimlClient } from '../../../../src/aiml/client.ts';
import { readRun } from '../../../../src/aiml/resources/run.ts';
import { LiveRun } from '../../../../src/aiml/runs/live-run.ts';
import { MAX_SNAPSHOT_BYTES, RunReader } from '../../../../src/aiml/runs/run-reader.ts';
import { RunStream } from '../../../../src/aiml/runs/run-stream.ts';
import { OPERATION_TOO_LARGE, PublicError } from '../../../../src/runtime/errors.ts';
import { Semaphore } from '../../../../src/runtime/semaphore.ts';
import { createGate } from '../../../support/gate.ts';
import { createContext } from '../../../support/source.ts';
import { frame, wireRun, wireStep } from '../../../support/stream-upstream.ts';
import { until } from '../../../support/until.ts';

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
  const snapshotMemory = new Semaphore(MAX_SNAPSHOT_BYTES);
  const access = { client, isEmbedded: false, context, snapshotMemory };
  const reader = new RunReader(new LiveRun(readRun(wireRun('queued'))), access, {});
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

describe('the snapshots of runs', () => {
  /** Reads a run whose page of steps has so many bytes, for each of `pages`. */
  function createReader(pages: readonly number[], snapshotMemory: Semaphore) {
    const live = new LiveRun(readRun(wireRun('queued')));
    const reads: string[] = [];
    const call = async <T>(
      { name, path, read }: Pick<Call<T>, 'name' | 'path' | 'read'>,
      { responseBytesLeft }: Pick<UpstreamContext, 'responseBytesLeft'>,
    ): Promise<T> => {
      reads.push(name);
      await new Promise((resolve) => setImmediate(resolve));
      if (name === 'runs.get') return read(wireRun('completed'), RESPONSE);
      if (name === 'messages.list') return read(list, RESPONSE);
      const index = Number(/after=step_(\d+)/.exec(path)?.[1] ?? -1) + 1;
      if (responseBytesLeft) responseBytesLeft.bytes -= pages[index] ?? 0;
      if (!responseBytesLeft || responseBytesLeft.bytes < 0) throw new PublicError(OPERATION_TOO_LARGE);
      const step = { ...wireStep('completed'), id: `step_${index}` };
      return read({ object: 'list', data: [step], has_more: index + 1 < pages.length }, RESPONSE);
    };
    const client = { call } as Pick<AimlClient, 'call'> as AimlClient;
    const context = createContext({ deadlineAt: Infinity });
    const reader = new RunReader(live, { client, isEmbedded: false, context, snapshotMemory }, {});
    return { live, reader, reads };
  }

  test('share memory, so that only a few large ones are read at a time', async () => {
    const snapshotMemory = new Semaphore(2 * MAX_SNAPSHOT_BYTES, true);
    const readers = Array.from({ length: 20 }, () => createReader([1000, 1024 * 1024, 1024 * 1024], snapshotMemory));
    let most = 0;
    const reads = readers.map(({ reader, live }) => {
      live.listen(() => (most = Math.max(most, snapshotMemory.acquired)));
      return reader.poll();
    });
    await Promise.all(reads);
    expect(readers.map(({ live }) => live.run.status)).toEqual(readers.map(() => 'completed'));
    expect(most).toBeLessThanOrEqual(2 * MAX_SNAPSHOT_BYTES);
    expect(snapshotMemory.acquired).toBe(0);
  });

  test('have a limit, beyond which the run cannot be followed and is not read again', async () => {
    const snapshotMemory = new Semaphore(2 * MAX_SNAPSHOT_BYTES, true);
    const pages = Array.from({ length: 5 }, () => MAX_SNAPSHOT_BYTES / 4);
    const { live, reader, reads } = createReader(pages, snapshotMemory);
    await reader.poll();
    expect(live.failure).toMatchObject({ code: 'UPSTREAM_BAD_RESPONSE', details: { retryable: false } });
    expect(reads.filter((name) => name === 'runs.get')).toHaveLength(2);
    expect(snapshotMemory.acquired).toBe(0);
  });
});

describe('a read that began before something newer was known', () => {
  const action = (id: string) => ({
    type: 'submit_tool_outputs',
    submit_tool_outputs: {
      tool_calls: [{ id, type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
  });
  const waiting = (id: string) => wireRun('requires_action', { required_action: action(id) });

  /** A run that is polled: each read of its messages waits for a gate of its own. */
  function startPoll() {
    const runs = [wireRun('in_progress'), waiting('call_2'), waiting('call_2')];
    const gates = runs.map(() => createGate());
    let reads = 0;
    const call = async <T>({ name, read }: Pick<Call<T>, 'name' | 'read'>): Promise<T> => {
      if (name === 'runs.get') return read(runs[reads++], RESPONSE);
      if (name === 'messages.list') await gates[reads - 1]?.opened;
      return read(list, RESPONSE);
    };
    const client = { call } as Pick<AimlClient, 'call'> as AimlClient;
    const context = createContext({ deadlineAt: Infinity });
    const live = new LiveRun(readRun(wireRun('queued')));
    const access = { client, isEmbedded: false, context, snapshotMemory: new Semaphore(2 * MAX_SNAPSHOT_BYTES) };
    const reader = new RunReader(live, access, { firstPollMs: 1 });
    const polled = reader.poll();
    return {
      live,
      reader,
      gates,
      reads: () => reads,
      events: () => live.transitions.map(({ event }) => event),
      stop: async () => {
        reader.stop();
        for (const gate of gates) gate.open();
        await polled;
      },
    };
  }

  test('is ignored if a stream has been read meanwhile', async () => {
    const { live, reader, gates, reads, events, stop } = startPoll();
    await until(() => reads() === 1);
    const stream = new RunStream(live, false);
    stream.begin(() => undefined);
    stream.push(Buffer.from(frame('thread.run.requires_action', waiting('call_2'))));
    const streamed = reader.readStream(stream);
    stream.cancel();
    await streamed;
    gates[0]?.open();
    await until(() => reads() === 2);
    gates[1]?.open();
    await until(() => reads() === 3);
    expect(events()).toEqual(['thread.run.requires_action']);
    await stop();
  });

  test('is ignored if a later read was faster', async () => {
    const { reader, gates, reads, events, stop } = startPoll();
    await until(() => reads() === 1);
    gates[1]?.open();
    await expect(reader.readOnce()).resolves.toBe(true);
    gates[0]?.open();
    await until(() => reads() === 3);
    expect(events()).toEqual(['thread.run.requires_action']);
    await stop();
  });
});
