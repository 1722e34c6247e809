// A test that writes to the console fails: the service logs through its logger only.
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
