// Which runs a process holds in memory, and for which tenants.
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import type { Call } from '../../../../src/aiml/call.ts';
import type { AimlClient } from '../../../../src/aiml/client.ts';
import { readRun } from '../../../../src/aiml/resources/run.ts';
import { LiveRun } from '../../../../src/aiml/runs/live-run.ts';
import { RunHub } from '../../../../src/aiml/runs/run-hub.ts';
import { RunStream } from '../../../../src/aiml/runs/run-stream.ts';
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

describe('a run that this process started', () => {
  const run = (status: string) => readRun(wireRun(status));
  const waiting = frame('thread.run.requires_action', wireRun('requires_action'));
  const settle = () => jest.advanceTimersByTimeAsync(0);

  afterEach(() => {
    jest.useRealTimers();
  });

  /** A hub of the embedded AIML API, whose streams of events the test writes and ends. */
  function createEmbeddedHub() {
    jest.useFakeTimers();
    const joined: RunStream[] = [];
    const call = async <T>({ receiver, read }: Pick<Call<T>, 'receiver' | 'read'>): Promise<T> => {
      await Promise.resolve();
      if (receiver instanceof RunStream) joined.push(receiver);
      receiver?.begin(() => undefined);
      return read(undefined, { status: 200, headers: {}, body: Buffer.alloc(0), isCloseDelimited: false });
    };
    const hub = new RunHub({
      upstream: { client: { call } as Pick<AimlClient, 'call'> as AimlClient, isEmbedded: true },
    });
    hubs.push(hub);
    const start = () => {
      const stream = hub.createStream(contextOf('a'));
      stream?.begin(() => undefined);
      stream?.push(Buffer.from(`id: 1\n${waiting}`));
      hub.adopt(contextOf('a'), run('requires_action'), stream);
      return stream;
    };
    const follow = () => hub.follow(contextOf('a'), run('requires_action'), null, () => undefined);
    return { hub, joined, start, follow };
  }

  test('is forgotten, and its events are not read any more, after its last follower has left', async () => {
    const { hub, joined, start, follow } = createEmbeddedHub();
    const stream = start();
    const follower = await follow();
    stream?.cancel();
    await settle();
    expect(joined).toHaveLength(1);
    const ended = jest.fn();
    void joined[0]?.ended.then(ended);
    await follower.return();
    expect(hub.size).toBe(1);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(hub.size).toBe(0);
    expect(ended).toHaveBeenCalled();
    expect(jest.getTimerCount()).toBe(0);
  });

  test('stays while it is streamed, though nobody followed it for long before that', async () => {
    const { hub, start } = createEmbeddedHub();
    start()?.cancel();
    await settle();
    const continued = await hub.continueStream(contextOf('a'), run('requires_action'));
    continued?.begin(() => undefined);
    hub.adopt(contextOf('a'), run('queued'), continued);
    await jest.advanceTimersByTimeAsync(60_000);
    expect(hub.findStreamed(contextOf('a'), 'thread_1', 'run_1')).not.toBeNull();
    continued?.cancel();
    await jest.advanceTimersByTimeAsync(60_000);
    expect(hub.size).toBe(0);
  });
});
