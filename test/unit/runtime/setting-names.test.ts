import { readFileSync } from 'node:fs';
import { expect, test } from '@jest/globals';
import { findMisspeltSettings } from '../../../src/runtime/setting-names.ts';

const documented = Array.from(readFileSync('.env.example', 'utf8').matchAll(/^([A-Z_]+)=/gm), ([, name = '']) => name);

/** The name without its second to last letter, like a typing error. */
const misspell = (name: string): string => name.slice(0, -2) + name.slice(-1);

test('Every setting of .env.example is suggested for its misspelt name', () => {
  // "HOT" is a word, and three letters may have any meaning.
  for (const name of documented.filter(({ length }) => length > 4))
    expect(findMisspeltSettings([misspell(name)])).toEqual([{ name: misspell(name), suggestion: name }]);
});

test('Swapped letters are found in short names, too', () => {
  expect(findMisspeltSettings(['PROT', 'HSOT'])).toEqual([
    { name: 'PROT', suggestion: 'PORT' },
    { name: 'HSOT', suggestion: 'HOST' },
  ]);
});

test('A misspelt name is found although the right one is set as well', () => {
  expect(findMisspeltSettings(['PORT', 'PROT'])).toEqual([{ name: 'PROT', suggestion: 'PORT' }]);
});

test('Settings, and variables of other programs, are not reported', () => {
  expect(findMisspeltSettings(documented)).toEqual([]);
  expect(
    findMisspeltSettings([
      'PATH',
      'HOME',
      'HOSTNAME',
      'NODE_ENV',
      'NODE_OPTIONS',
      'LANG',
      'TERM',
      'http_proxy',
      'npm_config_x',
    ]),
  ).toEqual([]);
});
