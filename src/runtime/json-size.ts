/** The estimated cost of parsing a JSON text, computed from its bytes. */
export interface JsonEstimate {
  /** The nesting depth of arrays and objects. */
  readonly depth: number;
  /** The number of characters `{}[],:` outside strings, which bounds the number of values. */
  readonly structures: number;
  /** The approximate memory, in bytes, of the text, the parsed value and the operation that uses it. */
  readonly heapBytes: number;
}

/**
 * The characters `{}[],:` outside strings that a request body may have. Parsing and copying costs up to a microsecond for
 * each, so small values take at most about 50 ms; long distinct keys take up to twice that. 128 functions with 40 described
 * parameters each have fewer.
 */
export const MAX_STRUCTURES = 50_000;

/** Measured with V8: bytes of memory per byte of text, and in addition per character of `{}[],:`. */
const BYTES_PER_BYTE = 4;
const BYTES_PER_STRUCTURE = 20;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENS = 1;
const CLOSES = 2;
const DIVIDES = 3;
const ROLES: readonly number[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  return '{['.includes(character) ? OPENS : '}]'.includes(character) ? CLOSES : ',:'.includes(character) ? DIVIDES : 0;
});

/**
 * Scans the text once. Stops when there are more than `maxStructures` structures: the result is then that of the text
 * before. The result has no meaning for text that is not valid JSON.
 */
export function estimateJson(text: Buffer, maxStructures = Infinity): JsonEstimate {
  let structures = 0;
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index += 1) {
    const byte = text[index] ?? 0;
    if (byte === QUOTE) {
      index = endOfString(text, index);
      continue;
    }
    const role = ROLES[byte] ?? 0;
    if (role === 0) continue;
    structures += 1;
    if (structures > maxStructures) break;
    if (role === OPENS) deepest = Math.max(deepest, (depth += 1));
    else if (role === CLOSES) depth -= 1;
  }
  return { depth: deepest, structures, heapBytes: text.length * BYTES_PER_BYTE + structures * BYTES_PER_STRUCTURE };
}

/** The index of the closing quotation mark of the string that begins at `start`. */
function endOfString(text: Buffer, start: number): number {
  let index = start + 1;
  while (index < text.length && text[index] !== QUOTE) index += text[index] === BACKSLASH ? 2 : 1;
  return index;
}
