import { afterEach, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { BodyMemory, BodyReservation } from '../../../src/http/body-memory.ts';

const MiB = 1024 * 1024;

beforeEach(() => {
  jest.useFakeTimers();
});
afterEach(() => {
  jest.useRealTimers();
});

/** Grows a reservation like a body of 2 MiB that arrives in parts; resolves to the result. */
async function readWhole(reservation: BodyReservation): Promise<'read' | number> {
  try {
    for (let bytes = 64 * 1024; bytes <= 2 * MiB; bytes += 64 * 1024) await reservation.reserve(bytes, 2 * MiB);
    return 'read';
  } catch (error) {
    return (error as { errorResponse: { status: number } }).errorResponse.status;
  }
}

describe('the memory of bodies', () => {
  test('is not reserved for the first 4 KiB of a body', () => {
    const memory = new BodyMemory();
    expect(new BodyReservation(memory).reserve(4096, 2 * MiB)).toBeNull();
    expect(memory.reservedBytes).toBe(0);
  });

  test('lets any number of concurrent bodies complete, one after another', async () => {
    const memory = new BodyMemory();
    const bodies = Array.from({ length: 100 }, () => new BodyReservation(memory));
    const results = bodies.map(async (body) => {
      const result = await readWhole(body);
      expect(memory.reservedBytes).toBeLessThanOrEqual(32 * MiB);
      body.release();
      return result;
    });
    await jest.advanceTimersByTimeAsync(0);
    expect(new Set(await Promise.all(results))).toEqual(new Set(['read']));
    expect(memory.reservedBytes).toBe(0);
  });

  test('rejects a body that waits too long with OVERLOADED, and releases its memory', async () => {
    const memory = new BodyMemory();
    const stuck = Array.from({ length: 16 }, () => new BodyReservation(memory));
    const held = stuck.map(readWhole);
    await jest.advanceTimersByTimeAsync(0);
    const late = new BodyReservation(memory);
    const rejected = readWhole(late);
    await jest.advanceTimersByTimeAsync(10_000);
    expect(await rejected).toBe(503);
    expect(await Promise.all(held)).toEqual(Array(16).fill('read'));
    for (const body of [...stuck, late]) body.release();
    expect(memory.reservedBytes).toBe(0);
  });

  test('is released when the request ends before, during or after the wait', async () => {
    const memory = new BodyMemory();
    const hog = new BodyReservation(memory);
    const hogged = hog.reserveParsed(64 * MiB);
    const waiting = new BodyReservation(memory);
    const parsed = waiting.reserveParsed(MiB);
    const early = new BodyReservation(memory);
    early.release();
    await hogged;
    waiting.release();
    hog.release();
    await expect(parsed).rejects.toMatchObject({ errorResponse: { status: 400 } });
    await expect(early.reserve(MiB, MiB)).rejects.toMatchObject({ errorResponse: { status: 400 } });
    const soon = new BodyReservation(memory);
    const granted = soon.reserveParsed(MiB);
    soon.release();
    await expect(granted).rejects.toMatchObject({ errorResponse: { status: 400 } });
    expect(memory.reservedBytes).toBe(0);
  });

  test('goes to the next body at once when one that waits for more is released', async () => {
    const memory = new BodyMemory();
    const hog = new BodyReservation(memory);
    await hog.reserveParsed(60 * MiB);
    const left = new BodyReservation(memory);
    const rejected = expect(left.reserveParsed(10 * MiB)).rejects.toMatchObject({ errorResponse: { status: 400 } });
    const next = new BodyReservation(memory);
    const granted = jest.fn();
    const parsed = next.reserveParsed(MiB)?.then(granted);
    left.release();
    await jest.advanceTimersByTimeAsync(0);
    expect(granted).toHaveBeenCalled();
    await Promise.all([rejected, parsed]);
    for (const body of [hog, next]) body.release();
    expect(memory.reservedBytes).toBe(0);
  });

  test('of the bytes is released when the memory of the parsed body is reserved', async () => {
    const memory = new BodyMemory();
    const body = new BodyReservation(memory);
    await body.reserve(MiB, MiB);
    await body.reserveParsed(5 * MiB);
    expect(memory.reservedBytes).toBe(5 * MiB);
    body.release();
    body.release();
    expect(memory.reservedBytes).toBe(0);
  });
});
