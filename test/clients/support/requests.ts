// Counts the requests of a client.
import { jest } from '@jest/globals';

/** Counts requests from now to the end of the test. */
export function countRequests(): () => number {
  const fetching = jest.spyOn(globalThis, 'fetch');
  return () => fetching.mock.calls.length;
}

/** Lets a client tell everyone who watches its cache; they hear of a change a moment after the answer. */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
