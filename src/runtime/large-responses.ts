/**
 * Large responses are written two at a time, because each writer holds its output. Those that wait hold what they are made
 * of. Reading is faster than writing, so further large bodies of upstream are read only when all that waited has begun.
 */
import { Semaphore, type AcquireOptions, type Release } from './semaphore.ts';

const writers = new Semaphore(2);

/** Await it before writing a part of a large response. */
export const acquireLargeResponse = (): Promise<Release> => writers.acquire();

/** Resolves when every large response that waits now has begun to be written, or the wait ends. */
export async function afterWaitingResponses(options: AcquireOptions): Promise<void> {
  const release = await writers.acquire(1, options);
  release?.();
}
