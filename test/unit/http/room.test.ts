import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { Room } from '../../../src/http/room.ts';

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Asks for room for each size in turn, and keeps who came in and who did not. */
function crowd(room: Room, ...sizes: readonly number[]) {
  const guests = sizes.map(() => ({}));
  const inside: number[] = [];
  const turnedAway: number[] = [];
  for (const [index, size] of sizes.entries())
    room.enter(guests[index] ?? {}, size).then(
      () => inside.push(index),
      () => turnedAway.push(index),
    );
  const settle = () => jest.advanceTimersByTimeAsync(0);
  return {
    inside,
    turnedAway,
    settle,
    leave: async (index: number) => {
      room.leave(guests[index] ?? {});
      await settle();
    },
  };
}

describe('a room', () => {
  test('lets in as many as fit, and the others in the order in which they came', async () => {
    const { inside, settle, leave } = crowd(new Room(10), 6, 4, 5, 1);
    await settle();
    expect(inside).toEqual([0, 1]);
    await leave(1);
    expect(inside).toEqual([0, 1]);
    await leave(0);
    expect(inside).toEqual([0, 1, 2, 3]);
  });

  test('is had alone by a guest that is larger than the room', async () => {
    const { inside, settle, leave } = crowd(new Room(10), 100, 1);
    await settle();
    expect(inside).toEqual([0]);
    await leave(0);
    expect(inside).toEqual([0, 1]);
  });

  test('turns away who waited too long, with an error that says to come back, and lets in those behind', async () => {
    const room = new Room(10, 1000);
    const { inside, turnedAway } = crowd(room, 5, 10, 5);
    await jest.advanceTimersByTimeAsync(999);
    expect([inside, turnedAway]).toEqual([[0], []]);
    await jest.advanceTimersByTimeAsync(1);
    expect([inside, turnedAway]).toEqual([[0, 2], [1]]);
    const late = room.enter({}, 10);
    const refused = expect(late).rejects.toMatchObject({ refusal: { status: 503, code: 'OVERLOADED' } });
    await jest.advanceTimersByTimeAsync(1000);
    await refused;
  });

  test('takes no notice of guests who leave twice or never came in', async () => {
    const { inside, settle, leave } = crowd(new Room(10), 10, 10, 10);
    await settle();
    await leave(2);
    await leave(0);
    await leave(0);
    expect(inside).toEqual([0, 1]);
  });
});
