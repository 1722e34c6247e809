// Counts the requests of a client.
import { jest } from '@jest/globals';

/** Counts requests from now to the end of the test. */
export function countRequests(): () => number {
  const fetching = jest.spyOn(globalThis, 'fetch');
  return () => fetching.mock.calls.length;
}

/**
 * Waits before the assertion that a list has not changed: a client notifies the watchers of its cache within a few
 * milliseconds after a response.
 */
export const settle = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));
