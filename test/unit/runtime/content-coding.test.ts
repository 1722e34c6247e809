import { expect, test } from '@jest/globals';
import { toContentCoding } from '../../../src/runtime/content-coding.ts';

test.each([
  [undefined, 'identity'],
  ['', 'identity'],
  [' ', 'identity'],
  [',', 'identity'],
  ['identity', 'identity'],
  ['Identity', 'identity'],
  ['identity, identity', 'identity'],
  ['gzip', 'gzip'],
  ['GZip', 'gzip'],
  ['x-gzip', 'gzip'],
  ['X-GZIP', 'gzip'],
  [' gzip ', 'gzip'],
  ['gzip, identity', 'gzip'],
  ['identity ,, br', 'br'],
  ['deflate', 'deflate'],
  ['zstd', null],
  ['gzip, br', null],
  ['gzip, gzip', null],
  ['gzip;q=1', null],
  ['constructor', null],
  ['__proto__', null],
  ['toString', null],
  ['hasownproperty', null],
])('Content-Encoding %j is the coding %j', (header, coding) => {
  expect(toContentCoding(header)).toBe(coding);
});
