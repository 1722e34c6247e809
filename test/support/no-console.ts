// A test that writes to the console fails: what the service has to say goes through its logger.
import { afterEach, beforeEach, expect, jest } from '@jest/globals';

const methods = ['log', 'info', 'warn', 'error', 'debug'] as const;
let written: unknown[][] = [];

beforeEach(() => {
  written = [];
  for (const method of methods) jest.spyOn(console, method).mockImplementation((...args) => void written.push(args));
});

afterEach(() => {
  jest.restoreAllMocks();
  expect(written).toEqual([]);
});
