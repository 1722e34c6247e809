import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ConfigError, readDotEnv } from '../../../src/runtime/environment.ts';

const TEXT = 'FIRST=ë one\r\n# comment\nSECOND="two"\n';
const SETTINGS = { FIRST: 'ë one', SECOND: 'two' };
const toUtf16BigEndian = (text: string): Buffer => Buffer.from(text, 'utf16le').swap16();

describe('the file .env', () => {
  let path: string;
  beforeAll(async () => {
    path = join(await mkdtemp(join(tmpdir(), 'assistants-')), '.env');
  });
  afterAll(() => rm(join(path, '..'), { recursive: true }));

  test('is optional', () => {
    expect(readDotEnv(`${path}.none`)).toEqual({});
  });

  test.each([
    ['UTF-8', Buffer.from(TEXT)],
    ['UTF-8 with a byte order mark', Buffer.from(`\ufeff${TEXT}`)],
    ['UTF-16 of Windows', Buffer.from(`\ufeff${TEXT}`, 'utf16le')],
    ['UTF-16, big-endian', toUtf16BigEndian(`\ufeff${TEXT}`)],
  ])('may be %s', async (_name, bytes) => {
    await writeFile(path, bytes);
    expect({ ...readDotEnv(path) }).toEqual(SETTINGS);
  });

  test.each([
    ['Latin-1', Buffer.from(TEXT, 'latin1')],
    ['UTF-16 without a byte order mark', Buffer.from(TEXT, 'utf16le')],
    ['UTF-16, big-endian, without a byte order mark', toUtf16BigEndian(TEXT)],
    ['UTF-16 of an odd length', Buffer.from(`\ufeff${TEXT}`, 'utf16le').subarray(0, -1)],
    ['UTF-32', Buffer.from([0xff, 0xfe, 0, 0, 0x41, 0, 0, 0, 0x3d, 0, 0, 0])],
    ['bytes that are not text', Buffer.from([0x41, 0x3d, 0x00, 0x0a])],
  ])('is rejected in one line as %s', async (_name, bytes) => {
    await writeFile(path, bytes);
    const read = () => readDotEnv(path);
    expect(read).toThrow(ConfigError);
    expect(read).toThrow(/^the file \.env is not UTF-8 text: save it as UTF-8$/);
  });

  test.each([
    [
      'comments, spaces, tabs and quotation marks',
      ' # A=b\n\n\tA\t=\tx # y\r\n  B = "y" z\nexport C=\'z\'',
      'x',
      'y',
      'z',
    ],
    ['values of several lines', 'A="x\nB=0\n"\nB=`y\n\ny`\nC=\'z', 'x\nB=0\n', 'y\n\ny', "'z"],
    ['empty values and lines', '\n\nA=\nB=""\n\nC= # z\n\n', '', '', ''],
    ['equals signs and quotation marks in values', 'A=x=y\nB=y"\nC="z\n', 'x=y', 'y"', '"z'],
  ])('may have %s', async (_name, text, A, B, C) => {
    await writeFile(path, text);
    const settings = readDotEnv(path);
    expect([settings['A']?.trim(), settings['B'], settings['C']]).toEqual([A.trim(), B, C]);
  });

  test.each([
    ['a word in its second line', '\nhello\nAUTH_MODE=jwt\n', 2],
    ['a word', 'A=1\nhello\nAUTH_MODE=jwt\n', 2],
    ['a name alone at the end', 'A=1\n\nAUTH_MODE', 3],
    ['a colon instead of the equals sign', 'AUTH_MODE: jwt\nA=1', 1],
    ['a space instead of the equals sign', 'A=1\r\nAUTH_MODE jwt\r\n', 2],
    ['no name', '=x\nAUTH_MODE=jwt', 1],
    ['white space in the name', 'A="1\n2"\nAUTH MODE=jwt', 3],
    ['another sign of comments', '; A=1\nAUTH_MODE=jwt', 1],
  ])('is rejected in one line if a line has %s, because settings would be lost', async (_name, text, line) => {
    await writeFile(path, text);
    expect(() => readDotEnv(path)).toThrow(
      new ConfigError(`the file .env has a line that is not NAME=value: line ${line}`),
    );
  });

  test('is rejected if it is not a file', () => {
    expect(() => readDotEnv(join(path, '..'))).toThrow(/^the file \.env cannot be read$/);
  });
});
