/** What a JSON text costs, estimated before it is parsed. */
import { randomInt } from 'node:crypto';

/** The estimated cost of parsing a JSON text, computed from its bytes. */
export interface JsonEstimate {
  /** The length of the text. */
  readonly bytes: number;
  /** The nesting depth of arrays and objects. */
  readonly depth: number;
  /** The number of characters `{}[],:` outside strings, which bounds the number of values. */
  readonly structures: number;
  /** The number of members of all objects. */
  readonly members: number;
  /** The length of the names of all members, in bytes, without their quotation marks. */
  readonly nameBytes: number;
  /** About how many different names the members have, and never more than they have. 0 if there is no limit for it. */
  readonly distinctNames: number;
  /** The number of escaped surrogates without their other half, such as `\ud800`. 0 if there is no limit for it. */
  readonly loneSurrogates: number;
  /** The approximate memory, in bytes, of the text, the parsed value and the operation that uses it. */
  readonly heapBytes: number;
}

export type JsonLimits = Omit<JsonEstimate, 'bytes' | 'depth' | 'heapBytes'>;

/**
 * The limits of a request body. 128 functions with 40 described parameters each have about 16,000 members, whose names have
 * 150 KB, and 5,000 different names. V8 needs a microsecond for each different name when it parses, and a multiple of that
 * where objects have few of them; and 60 ns for each lone surrogate when it writes JSON, fifty times as long as for a letter.
 */
export const requestLimits: JsonLimits = {
  structures: 50_000,
  members: 20_000,
  nameBytes: 256 * 1024,
  distinctNames: 12_000,
  loneSurrogates: 10_000,
};

/** A longer text may have half as many different names, because long strings and many names together take too much time. */
const MANY_NAMES_BYTES = 512 * 1024;

const maxDistinctNames = (bytes: number, limits: JsonLimits): number =>
  bytes > MANY_NAMES_BYTES ? limits.distinctNames / 2 : limits.distinctNames;

const NO_LIMITS: JsonLimits = {
  structures: Infinity,
  members: Infinity,
  nameBytes: Infinity,
  distinctNames: Infinity,
  loneSurrogates: Infinity,
};

/** Completes a sentence about a JSON text that was scanned within {@link requestLimits}; null if it keeps them. */
export function violatedRequestLimit(estimate: JsonEstimate): string | null {
  const { structures, members, nameBytes, loneSurrogates } = requestLimits;
  const distinctNames = maxDistinctNames(estimate.bytes, requestLimits);
  if (estimate.structures > structures)
    return `holds more than ${structures} brackets, braces, commas and colons outside strings`;
  if (estimate.members > members) return `holds objects with more than ${members} members in all`;
  if (estimate.nameBytes > nameBytes)
    return `holds objects whose members have names of more than ${nameBytes / 1024} KiB in all`;
  if (estimate.distinctNames > distinctNames) {
    const size = estimate.bytes > MANY_NAMES_BYTES ? `is larger than ${MANY_NAMES_BYTES / 1024} KiB and ` : '';
    return `${size}holds objects whose members have more than ${distinctNames} different names in all`;
  }
  return estimate.loneSurrogates > loneSurrogates
    ? `holds more than ${loneSurrogates} surrogates without their other half`
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

/** A power of two. Two names of one slot count as one: of 12,000 names that is 9 %. */
const SLOTS = 2 ** 16;

/** For each slot the number of the count that used it last. One array for all counts, as each ends before the next begins. */
const usedBy = new Uint32Array(SLOTS);
let counts = 0;

/** Random, so that a client cannot choose names of one slot. */
const SEED = randomInt(2 ** 32);

const FNV_PRIME = 0x01000193;

/** Counts different names in a fixed amount of memory. Only the newest count may be used. */
class DistinctNames {
  readonly #number = (counts = (counts + 1) >>> 0);
  /** At most the number of different names. */
  count = 0;

  add(text: Uint8Array, start: number, end: number): void {
    let hash = SEED;
    for (let index = start; index < end; index += 1) hash = Math.imul(hash ^ (text[index] ?? 0), FNV_PRIME);
    const slot = (hash ^ (hash >>> 16)) & (SLOTS - 1);
    if (usedBy[slot] === this.#number) return;
    usedBy[slot] = this.#number;
    this.count += 1;
  }
}

/** Whether the parsed text may take more than `heapBytes`. Scans no more of the text than it takes to know. */
export const isLargerThan = (text: Buffer, heapBytes: number): boolean =>
  estimateJson(text, NO_LIMITS, heapBytes).heapBytes > heapBytes;

/**
 * Scans the text once. Stops when a limit is exceeded, and when all of it cannot take more than `sufficientBytes` of heap: the
 * result is then that of the text before. The result has no meaning for text that is not valid JSON.
 */
export function estimateJson(text: Buffer, limits = NO_LIMITS, sufficientBytes = 0): JsonEstimate {
  const sufficientStructures = (sufficientBytes - text.length * BYTES_PER_BYTE) / BYTES_PER_STRUCTURE;
  const distinctNames = maxDistinctNames(text.length, limits);
  const names = distinctNames < Infinity ? new DistinctNames() : null;
  let structures = 0;
  let members = 0;
  let nameBytes = 0;
  let stringStart = 0;
  let stringBytes = 0;
  let depth = 0;
  let deepest = 0;
  for (let index = 0; index < text.length; index += 1) {
    const byte = text[index] ?? 0;
    if (byte === QUOTE) {
      const end = endOfString(text, index);
      stringStart = index + 1;
      stringBytes = end - stringStart;
      index = end;
      continue;
    }
    const role = ROLES[byte] ?? 0;
    if (role === 0) continue;
    structures += 1;
    if (structures > limits.structures || structures + text.length - index <= sufficientStructures) break;
    if (role === OPENS) deepest = Math.max(deepest, (depth += 1));
    else if (role === CLOSES) depth -= 1;
    else if (role === NAMES) {
      members += 1;
      nameBytes += stringBytes;
      if (members > limits.members || nameBytes > limits.nameBytes) break;
      names?.add(text, stringStart, stringStart + stringBytes);
      if (names && names.count > distinctNames) break;
    }
  }
  return {
    bytes: text.length,
    depth: deepest,
    structures,
    members,
    nameBytes,
    distinctNames: names?.count ?? 0,
    loneSurrogates: countLoneSurrogates(text, limits.loneSurrogates),
    heapBytes: text.length * BYTES_PER_BYTE + structures * BYTES_PER_STRUCTURE,
  };
}

/** This much of a text is searched byte by byte, because a call of `indexOf` takes as long. */
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

/** Fewer lone surrogates than a text of this size can have are never counted. */
const MIN_COUNTED_BYTES = 256 * 1024;

const LETTER_D = 0x64;
const LETTER_U = 0x75;
/** Makes a letter lower-case, and leaves a digit as it is. */
const LOWER_CASE = 0x20;

/** Counts at most one more than `limit`. */
function countLoneSurrogates(text: Buffer, limit: number): number {
  if (limit === Infinity || text.length < MIN_COUNTED_BYTES) return 0;
  let count = 0;
  let index = nextBackslash(text, 0);
  while (index < text.length && count <= limit) {
    const kind = surrogateAt(text, index);
    if (kind === 'high' && surrogateAt(text, index + 6) === 'low') index += 12;
    else {
      if (kind !== null) count += 1;
      index += kind === null ? 2 : 6;
    }
    index = nextBackslash(text, index);
  }
  return count;
}

/** The index of the first backslash from `start` on, or the end of the text. */
function nextBackslash(text: Buffer, start: number): number {
  const shortEnd = Math.min(text.length, start + SHORT_STRING_BYTES);
  for (let index = start; index < shortEnd; index += 1) if (text[index] === BACKSLASH) return index;
  const found = text.indexOf(BACKSLASH, shortEnd);
  return found === -1 ? text.length : found;
}

/** The kind of an escaped surrogate: `\ud8` to `\udb`, or `\udc` to `\udf`, in either case. Null if none is there. */
function surrogateAt(text: Buffer, index: number): 'high' | 'low' | null {
  if (text[index] !== BACKSLASH || text[index + 1] !== LETTER_U) return null;
  if (((text[index + 2] ?? 0) | LOWER_CASE) !== LETTER_D) return null;
  const digit = (text[index + 3] ?? 0) | LOWER_CASE;
  if (digit === 0x38 || digit === 0x39 || digit === 0x61 || digit === 0x62) return 'high';
  return digit >= 0x63 && digit <= 0x66 ? 'low' : null;
}
