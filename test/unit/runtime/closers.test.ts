import { expect, test } from '@jest/globals';
import { Closers } from '../../../src/runtime/closers.ts';

test('parts are closed once, in the reverse order of their creation, with their time-out', async () => {
  const closed: string[] = [];
  const closers = new Closers();
  closers.add(() => closed.push('first'));
  closers.add(async (timeoutMs) => {
    await Promise.resolve();
    closed.push(`second within ${timeoutMs} ms`);
  });
  closers.add(() => closed.push('third'));

  await closers.close(7);
  await closers.close(7);

  expect(closed).toEqual(['third', 'second within 7 ms', 'first']);
});

test('a part that fails to close does not prevent the others from closing, and the first error is reported', async () => {
  const closed: string[] = [];
  const closers = new Closers();
  closers.add(() => closed.push('first'));
  closers.add(() => Promise.reject(new Error('second')));
  closers.add(() => {
    throw new Error('third');
  });

  await expect(closers.close(0)).rejects.toThrow('third');

  expect(closed).toEqual(['first']);
});
