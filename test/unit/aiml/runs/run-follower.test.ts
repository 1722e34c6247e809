import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { readRunStep } from '../../../../src/aiml/resources/run-step.ts';
import { readRun } from '../../../../src/aiml/resources/run.ts';
import { parseCursor } from '../../../../src/aiml/runs/cursor.ts';
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

  test('that remains is sent before the run ends, also if upstream does not end the message', async () => {
    jest.useFakeTimers();
    const { live, follower } = await begin();
    append(live, 'a');
    await follower.next();
    append(live, 'b');
    live.applyEvent('thread.run.failed', wireRun('failed'));
    const rest = [];
    for await (const event of follower) rest.push(event.kind === 'text' ? event.text : event.event);
    expect(rest).toEqual(['b', 'thread.run.failed']);
  });

  test('that was sent and never stored, because its process died, is cut where the message ends', async () => {
    const sent = await begin();
    append(sent.live, 'one two three');
    const { value } = (await sent.follower.next()) as { value: RunEvent };
    const live = new LiveRun(readRun(wireRun('queued')));
    const messages = [wireMessage('incomplete', 'one ')];
    const step = wireStep('failed');
    live.applySnapshot({ run: wireRun('failed'), steps: [{ raw: step, item: readRunStep(step) }], messages });
    const after = parseCursor(value.cursor);
    const rest = [];
    for await (const event of new RunFollower(live, after, { onEvent: () => undefined, onEnd: () => undefined }))
      rest.push(event.kind === 'text' ? `${event.offset}:${event.text}` : event.event);
    expect(rest).toEqual(['4:', 'thread.message.incomplete', 'thread.run.step.failed', 'thread.run.failed']);
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

  test.each([
    ['another text', 'Hello you', 'Hi you', ['1:i you']],
    ['a shorter text', 'Hello you', 'Hello', ['5:']],
    ['a text whose first emoji has the same first half', '\u{1f388}!', '\u{1f389}!', ['0:\u{1f389}!']],
    ['the same text', 'Hello', 'Hello', []],
  ])('that was sent is replaced where upstream ends the message with %s', async (_name, sent, final, expected) => {
    const { live, follower } = await begin();
    append(live, sent);
    expect(textOf(await follower.next())).toBe(`0:${sent}`);
    live.applyEvent('thread.message.completed', wireMessage('completed', final));
    live.applyEvent('thread.run.completed', wireRun('completed'));
    const rest = [];
    let have = sent;
    for await (const event of follower)
      if (event.kind === 'text') {
        rest.push(`${event.offset}:${event.text}`);
        have = have.slice(0, event.offset) + event.text;
      }
    expect(rest).toEqual(expected);
    expect(have).toBe(final);
  });

  test('in an earlier part is replaced, and later parts are sent again', async () => {
    const { live, follower } = await begin();
    append(live, 'one');
    live.applyEvent('thread.message.delta', {
      id: 'msg_1',
      delta: { content: [{ index: 1, type: 'text', text: { value: 'two' } }] },
    });
    await follower.next();
    await follower.next();
    const content = ['One', 'two'].map((value) => ({ type: 'text', text: { value, annotations: [] } }));
    live.applyEvent('thread.message.completed', wireMessage('completed', '', { content }));
    live.applyEvent('thread.run.completed', wireRun('completed'));
    const rest = [];
    for await (const event of follower)
      if (event.kind === 'text') rest.push(`${event.contentIndex} ${event.offset} ${event.text}`);
    expect(rest).toEqual(['0 0 One', '1 0 two']);
  });

  test('is not taken away by a state that comes late, or by a list that lags behind', async () => {
    jest.useFakeTimers();
    const { live, follower } = await begin();
    append(live, 'Hello ');
    expect(textOf(await follower.next())).toBe('0:Hello ');
    live.applyEvent('thread.message.in_progress', wireMessage('in_progress', ''));
    expect(textOf(await follower.next())).toBe('message');
    live.applySnapshot({ run: wireRun('in_progress'), steps: [], messages: [wireMessage('in_progress', 'Hel')] });
    append(live, 'you');
    await jest.advanceTimersByTimeAsync(50);
    expect(textOf(await follower.next())).toBe('6:you');
  });

  test('outlives a state of the message that cannot be read, and an unreadable message is a response that cannot be read', async () => {
    const { live, follower } = await begin();
    append(live, 'a');
    expect(() =>
      live.applyEvent('thread.message.completed', { ...wireMessage('completed', 'b'), thread_id: 5 }),
    ).toThrow();
    const readMessageOf = async () => {
      const { value } = (await follower.next()) as { value: RunEvent };
      if (value.kind !== 'text') throw new Error(`no text but ${value.kind}`);
      return value.message;
    };
    expect((await readMessageOf())().content).toMatchObject([{ text: 'a' }]);
    live.applyEvent('thread.message.delta', { id: 'msg_1', delta: { metadata: { n: 1 } } });
    append(live, 'b');
    expect(await readMessageOf()).toThrow(expect.objectContaining({ code: 'UPSTREAM_BAD_RESPONSE' }));
  });

  test('of messages that overlap is complete before the state with which each ends, and nothing follows the end of the run', async () => {
    const { live, follower } = await begin();
    append(live, 'A');
    live.applyEvent('thread.message.created', wireMessage('in_progress', '', { id: 'msg_2' }));
    append(live, 'B', 'msg_2');
    append(live, 'a');
    live.applyEvent('thread.message.completed', wireMessage('completed', 'Aa'));
    live.applyEvent('thread.message.completed', wireMessage('completed', 'B', { id: 'msg_2' }));
    live.applyEvent('thread.run.completed', wireRun('completed'));
    const events = [];
    for await (const event of follower) {
      if (event.kind === 'text') events.push(`${event.messageId} ${event.offset} ${event.text}`);
      else events.push(event.kind === 'message' ? `${event.message.id} ${event.message.status}` : event.event);
    }
    expect(events.slice(-5)).toEqual([
      'msg_1 0 Aa',
      'msg_1 completed',
      'msg_2 0 B',
      'msg_2 completed',
      'thread.run.completed',
    ]);
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

test('a state of the run that upstream repeats is one event', async () => {
  const { live, follower } = await begin();
  live.applyEvent('thread.run.in_progress', wireRun('in_progress'));
  live.applyEvent('thread.run.in_progress', wireRun('in_progress', { metadata: { a: 'b' } }));
  live.applyEvent('thread.run.completed', wireRun('completed'));
  const events = [];
  for await (const { event } of follower) events.push(event);
  expect(events).toEqual(['thread.run.in_progress', 'thread.run.completed']);
});
