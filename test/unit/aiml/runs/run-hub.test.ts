// Which runs a process holds in memory, and for which tenants.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { AimlClient } from '../../../../src/aiml/client.ts';
import { readRun } from '../../../../src/aiml/resources/run.ts';
import { LiveRun } from '../../../../src/aiml/runs/live-run.ts';
import { RunHub } from '../../../../src/aiml/runs/run-hub.ts';
import { createContext } from '../../../support/source.ts';
import { frame, wireRun } from '../../../support/stream-upstream.ts';

const MiB = 1024 * 1024;
/** As many runs as exceed the share of one tenant. */
const RUNS = 64;

const hubs: RunHub[] = [];
afterEach(() => {
  for (const hub of hubs.splice(0)) hub.close();
});

const contextOf = (tenant: string) => createContext({ tenant, deadlineAt: Infinity });
const runOf = (index: number) => wireRun('in_progress', { id: `run_${index}`, instructions: 'x'.repeat(MiB) });

function createHub(): RunHub {
  const call = () => new Promise<never>(() => undefined);
  const hub = new RunHub({
    upstream: { client: { call } as Pick<AimlClient, 'call'> as AimlClient, isEmbedded: false },
  });
  hubs.push(hub);
  return hub;
}

/** Starts runs of a tenant, as creates do. Returns how many of them are read from upstream to their end. */
function startRuns(hub: RunHub, tenant: string, count: number): number {
  let streaming = 0;
  for (let index = 0; index < count; index += 1) {
    const stream = hub.createStream(contextOf(tenant));
    if (!stream) continue;
    const cancel = jest.fn();
    stream.begin(cancel);
    stream.push(Buffer.from(frame('thread.run.in_progress', runOf(index))));
    hub.adopt(contextOf(tenant), readRun(runOf(index)), stream);
    if (cancel.mock.calls.length === 0) streaming += 1;
  }
  return streaming;
}

describe('runs with a megabyte of instructions', () => {
  test('are streamed until a tenant has its share of memory; the others are not read', () => {
    const hub = createHub();
    const streaming = startRuns(hub, 'a', RUNS);
    expect(streaming).toBeGreaterThan(10);
    expect(streaming).toBeLessThan(RUNS);
    expect(hub.size).toBe(streaming);
    expect(hub.bytes).toBeGreaterThan(32 * MiB);
    expect(hub.bytes).toBeLessThan(48 * MiB);
    // Another tenant has a share of its own.
    expect(startRuns(hub, 'b', 10)).toBe(10);
  });

  test('of other tenants never keep a tenant from one run', () => {
    const hub = createHub();
    for (const tenant of ['a', 'b', 'c']) startRuns(hub, tenant, RUNS);
    expect(startRuns(hub, 'd', RUNS)).toBe(1);
  });

  test('cannot be followed beyond the share of a tenant, except those that are followed already', async () => {
    const hub = createHub();
    startRuns(hub, 'a', RUNS);
    const follow = (tenant: string, index: number) =>
      hub.follow(contextOf(tenant), readRun(runOf(index)), null, () => undefined);
    await expect(follow('a', RUNS + 1)).rejects.toMatchObject({ code: 'OVERLOADED', details: { retryable: true } });
    await (await follow('a', 0)).return();
    await (await follow('b', RUNS + 1)).return();
  });

  test('whose streams have ended and that have no followers make way for a new run', async () => {
    const hub = createHub();
    const streams = Array.from({ length: 16 }, (_, index) => {
      const stream = hub.createStream(contextOf('a'));
      stream?.begin(() => undefined);
      stream?.push(Buffer.from(frame('thread.run.in_progress', runOf(index))));
      hub.adopt(contextOf('a'), readRun(runOf(index)), stream);
      return stream;
    });
    expect(hub.createStream(contextOf('a'))).toBeNull();
    for (const stream of streams) stream?.cancel();
    await new Promise((resolve) => setImmediate(resolve));
    expect(hub.createStream(contextOf('a'))).not.toBeNull();
  });
});

test('the states of a run share the values that upstream repeats', () => {
  const tools = [{ type: 'function', function: { name: 'f', parameters: { description: 'y'.repeat(MiB) } } }];
  const state = (status: string) => ({ ...runOf(1), status, tools });
  const live = new LiveRun(readRun(state('queued')));
  const { bytes } = live;
  expect(bytes).toBeGreaterThan(4 * MiB);
  for (const status of ['queued', 'in_progress', 'completed'])
    live.applyEvent(`thread.run.${status}`, JSON.parse(JSON.stringify(state(status))));
  expect(live.bytes - bytes).toBeLessThan(10_000);
});

test('a state of another run in the stream is unreadable', () => {
  const live = new LiveRun(readRun(runOf(1)));
  expect(() => live.applyEvent('thread.run.completed', { ...runOf(2), status: 'completed' })).toThrow('id');
  expect(live.hasEnded).toBe(false);
});
