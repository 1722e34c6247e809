import { describe, expect, test } from '@jest/globals';
import { decodeUtf8 } from '../../../src/runtime/utf8.ts';

describe('decoding UTF-8', () => {
  test.each(['', 'plain', 'Zoë', '𝄞 and 你好', 'a\u0000b', '\ufffd', 'a\ufeffb'])('%j is decoded exactly', (text) => {
    for (const longer of [text, text.padStart(20_000, 'a'), text.padEnd(20_000, 'é')])
      expect(decodeUtf8(Buffer.from(longer))).toBe(longer);
  });

  test('a byte order mark at the start is removed', () => {
    for (const text of ['{}', '\ufeff{}', 'é'.repeat(20_000), '\ufeff'.repeat(20_000)])
      expect(decodeUtf8(Buffer.from(`\ufeff${text}`))).toBe(text);
  });

  test.each([
    ['Latin-1', [0x5a, 0x6f, 0xeb]],
    ['a sequence that is cut short', [0x61, 0xe4, 0xbd]],
    ['a continuation byte alone', [0x80]],
    ['an overlong form', [0xc0, 0xaf]],
    ['a surrogate', [0xed, 0xa0, 0x80]],
    ['a pair of surrogates, as Java writes it', [0xed, 0xa0, 0xb4, 0xed, 0xb4, 0x9e]],
    ['a code point beyond Unicode', [0xf4, 0x90, 0x80, 0x80]],
    ['UTF-16 with a byte order mark', [0xff, 0xfe, 0x7b, 0x00]],
    ['GBK', [0xc4, 0xe3, 0xba, 0xc3]],
  ])('%s is not text', (_name, bytes) => {
    for (const text of ['', 'a'.repeat(20_000), 'é'.repeat(20_000)])
      expect(decodeUtf8(Buffer.from([...Buffer.from(text), ...bytes]))).toBeNull();
  });
});
