/** The estimated cost of parsing a JSON text, computed from its bytes. */
export interface JsonEstimate {
  /** The nesting depth of arrays and objects. */
  readonly depth: number;
  /** The number of characters `{}[],:` outside strings, which bounds the number of values. */
  readonly structures: number;
  /** The number of members of all objects. */
  readonly members: number;
  /** The length of the names of all members, in bytes, without their quotation marks. */
  readonly nameBytes: number;
  /** The approximate memory, in bytes, of the text, the parsed value and the operation that uses it. */
  readonly heapBytes: number;
}

export type JsonLimits = Pick<JsonEstimate, 'structures' | 'members' | 'nameBytes'>;

/**
 * The limits of a request body. The most expensive bodies have 20,000 distinct names of 13 bytes beside a string of 1.6 MB: a
 * create with them takes 42 to 55 ms of CPU, half of it for JSON.parse and garbage collection. 128 functions with 40 described
 * parameters each have about 16,000 members, whose names have 150 KB.
 */
export const requestLimits: JsonLimits = { structures: 50_000, members: 20_000, nameBytes: 256 * 1024 };

const NO_LIMITS: JsonLimits = { structures: Infinity, members: Infinity, nameBytes: Infinity };

/** Completes a sentence about a JSON text that was scanned within {@link requestLimits}; null if it keeps them. */
export function violatedRequestLimit({ structures, members, nameBytes }: JsonLimits): string | null {
  if (structures > requestLimits.structures)
    return `holds more than ${requestLimits.structures} brackets, braces, commas and colons outside strings`;
  if (members > requestLimits.members) return `holds objects with more than ${requestLimits.members} members in all`;
  return nameBytes > requestLimits.nameBytes
    ? `holds objects whose members have names of more than ${requestLimits.nameBytes / 1024} KiB in all`
    : null;
}

/** Measured with V8: bytes of memory per byte of text, and in addition per character of `{}[],:`. */
const BYTES_PER_BYTE = 4;
const BYTES_PER_STRUCTURE = 20;

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPENS = 1;
const CLOSES = 2;
const NAMES = 3;
const DIVIDES = 4;
const ROLES: readonly number[] = Array.from({ length: 256 }, (_, byte) => {
  const character = String.fromCharCode(byte);
  if ('{['.includes(character)) return OPENS;
  if ('}]'.includes(character)) return CLOSES;
  return character === ':' ? NAMES : character === ',' ? DIVIDES : 0;
});

/**
 * Scans the text once. Stops when a limit is exceeded: the result is then that of the text before. The result has no
 * meaning for text that is not valid JSON.
 */
export function estimateJson(text: Buffer, limits = NO_LIMITS): JsonEstimate {
  let structures = 0;
  let members = 0;
  let nameBytes = 0;
  let stringBytes = 0;
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index += 1) {
    const byte = text[index] ?? 0;
    if (byte === QUOTE) {
      const end = endOfString(text, index);
      stringBytes = end - index - 1;
      index = end;
      continue;
    }
    const role = ROLES[byte] ?? 0;
    if (role === 0) continue;
    structures += 1;
    if (structures > limits.structures) break;
    if (role === OPENS) deepest = Math.max(deepest, (depth += 1));
    else if (role === CLOSES) depth -= 1;
    else if (role === NAMES) {
      members += 1;
      nameBytes += stringBytes;
      if (members > limits.members || nameBytes > limits.nameBytes) break;
    }
  }
  const heapBytes = text.length * BYTES_PER_BYTE + structures * BYTES_PER_STRUCTURE;
  return { depth: deepest, structures, members, nameBytes, heapBytes };
}

/** This much of a string is searched byte by byte, because a call of `indexOf` takes as long. */
const SHORT_STRING_BYTES = 64;

/** The index of the closing quotation mark of the string that begins at `start`, or the end of the text. */
function endOfString(text: Buffer, start: number): number {
  let index = start + 1;
  for (;;) {
    const shortEnd = Math.min(text.length, index + SHORT_STRING_BYTES);
    while (index < shortEnd && text[index] !== QUOTE) index += text[index] === BACKSLASH ? 2 : 1;
    if (index >= text.length) return text.length;
    if (index < shortEnd) return index;
    const quote = text.indexOf(QUOTE, index);
    if (quote === -1) return text.length;
    if (!isEscaped(text, quote, index)) return quote;
    index = quote + 1;
  }
}

/** Whether an odd number of backslashes precedes the index. Those before `from` belong to other characters. */
function isEscaped(text: Buffer, index: number, from: number): boolean {
  let first = index;
  while (first > from && text[first - 1] === BACKSLASH) first -= 1;
  return (index - first) % 2 === 1;
}
