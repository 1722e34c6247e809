import { expect, test } from '@jest/globals';
import { closeAll, type Close } from '../../../src/runtime/closers.ts';

test('parts are closed once, in the reverse order of their creation, with their time-out', async () => {
  const closed: string[] = [];
  const closers: Close[] = [];
  closers.push(() => closed.push('first'));
  closers.push(async (timeoutMs) => {
    await Promise.resolve();
    closed.push(`second within ${timeoutMs} ms`);
  });
  closers.push(() => closed.push('third'));

  await closeAll(closers, 7);
  await closeAll(closers, 7);

  expect(closed).toEqual(['third', 'second within 7 ms', 'first']);
});

test('a part that fails to close does not prevent the others from closing, and the first error is reported', async () => {
  const closed: string[] = [];
  const closers: Close[] = [];
  closers.push(() => closed.push('first'));
  closers.push(() => Promise.reject(new Error('second')));
  closers.push(() => {
    throw new Error('third');
  });

  await expect(closeAll(closers, 0)).rejects.toThrow('third');

  expect(closed).toEqual(['first']);
});
