import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { readRun } from '../../../../src/aiml/resources/run.ts';
import { LiveRun } from '../../../../src/aiml/runs/live-run.ts';
import type { RunEvent } from '../../../../src/aiml/runs/run-event.ts';
import { RunFollower } from '../../../../src/aiml/runs/run-follower.ts';
import { wireMessage, wireRun, wireStep } from '../../../support/stream-upstream.ts';

afterEach(() => {
  jest.useRealTimers();
});

const append = (live: LiveRun, value: string, id = 'msg_1') =>
  live.applyEvent('thread.message.delta', { id, delta: { content: [{ index: 0, type: 'text', text: { value } }] } });

/** A run whose message has begun, and a follower that has seen it. */
async function begin() {
  const live = new LiveRun(readRun(wireRun('queued')));
  live.applyEvent('thread.run.in_progress', wireRun('in_progress'));
  live.applyEvent('thread.run.step.created', wireStep('in_progress'));
  live.applyEvent('thread.message.created', wireMessage('in_progress', ''));
  const follower = new RunFollower(live, null, { onEvent: () => undefined, onEnd: () => undefined });
  for (let count = 0; count < 3; count += 1) await follower.next();
  return { live, follower };
}

const textOf = ({ value }: IteratorResult<RunEvent, unknown>): string => {
  const event = value as RunEvent | undefined;
  return event?.kind === 'text' ? `${event.offset}:${event.text}` : (event?.kind ?? 'end');
};

describe('text of a message', () => {
  test('is one event at most each 50 ms, however many pieces it came in', async () => {
    jest.useFakeTimers();
    const { live, follower } = await begin();
    append(live, 'a');
    expect(textOf(await follower.next())).toBe('0:a');
    let received: string | null = null;
    const next = follower.next().then((result) => (received = textOf(result)));
    for (const piece of 'bcdefghij') append(live, piece);
    await jest.advanceTimersByTimeAsync(49);
    expect(received).toBeNull();
    await jest.advanceTimersByTimeAsync(1);
    await next;
    expect(received).toBe('1:bcdefghij');
  });

  test('accumulates in the run while a client reads nothing, and is one event then', async () => {
    const { live, follower } = await begin();
    for (let count = 0; count < 1000; count += 1) append(live, 'x');
    expect(textOf(await follower.next())).toBe(`0:${'x'.repeat(1000)}`);
  });

  test('that remains is sent at once when the message ends', async () => {
    jest.useFakeTimers();
    const { live, follower } = await begin();
    append(live, 'a');
    await follower.next();
    append(live, 'b');
    live.applyEvent('thread.message.completed', wireMessage('completed', 'ab'));
    live.applyEvent('thread.run.completed', wireRun('completed'));
    const rest = [];
    for await (const event of follower) rest.push(event.kind === 'text' ? event.text : event.event);
    expect(rest).toEqual(['b', 'thread.message.completed', 'thread.run.completed']);
    expect(jest.getTimerCount()).toBe(0);
    expect(live.listenerCount).toBe(0);
  });

  test('of a second attempt is a message of its own, and the first one is incomplete', async () => {
    const { live, follower } = await begin();
    append(live, 'The first');
    live.applyEvent('thread.message.incomplete', wireMessage('incomplete', 'The first'));
    live.applyEvent('thread.message.created', wireMessage('in_progress', '', { id: 'msg_2' }));
    append(live, 'Another', 'msg_2');
    live.applyEvent('thread.message.completed', wireMessage('completed', 'Another', { id: 'msg_2' }));
    live.applyEvent('thread.run.completed', wireRun('completed'));
    const texts: string[] = [];
    for await (const event of follower)
      if (event.kind === 'text') texts.push(`${event.messageId} ${event.offset} ${event.text}`);
    expect(texts).toEqual(['msg_1 0 The first', 'msg_2 0 Another']);
  });
});

test('a follower that returns while it waits, or while text is held back, leaves no timer and no listener', async () => {
  jest.useFakeTimers();
  const { live, follower } = await begin();
  append(live, 'a');
  await follower.next();
  append(live, 'b');
  const waiting = follower.next();
  expect(jest.getTimerCount()).toBe(1);
  expect(live.listenerCount).toBe(1);
  await follower.return();
  expect(await waiting).toEqual({ done: true, value: undefined });
  expect(jest.getTimerCount()).toBe(0);
  expect(live.listenerCount).toBe(0);
  expect(await follower.next()).toEqual({ done: true, value: undefined });
});
