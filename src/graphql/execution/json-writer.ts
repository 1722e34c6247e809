/**
 * Writes a large response as JSON in parts. It yields to the event loop after each part, and fails if the response exceeds
 * its limit.
 */
import { Buffer } from 'node:buffer';
import { nextTurn } from '../../runtime/turn-queue.ts';

/** The maximum size of the data of a response, in bytes of JSON. */
export const MAX_RESPONSE_BYTES = 32 * 1024 * 1024;

export class ResponseTooLargeError extends Error {
  override readonly name = 'ResponseTooLargeError';
  /** The key in the response of the root field with which it became too large, where that is known. */
  readonly rootKey: string | undefined;

  constructor(rootKey?: string) {
    super('the response is too large');
    this.rootKey = rootKey;
  }
}

/** The bytes that a response may still have. */
export interface ResponseBudget {
  bytes: number;
}

/** JSON that has been written. `JSON.stringify` parses it again, for callers that do not handle it. */
export class WrittenJson {
  readonly chunks: readonly Buffer[];

  constructor(chunks: readonly Buffer[]) {
    this.chunks = chunks;
  }

  toJSON(): unknown {
    return JSON.parse(Buffer.concat(this.chunks).toString());
  }
}

/** How much is written between two turns of the event loop, in characters and values: a few milliseconds of work. */
const TURN = 128 * 1024;
const WORK_PER_VALUE = 16;
/** In characters. */
const CHUNK_LENGTH = 32 * 1024;
/** Lists and objects up to this length, in characters, are written at once. */
const SHORT_LENGTH = 4096;

export class JsonWriter {
  /** How much of a list should be written at once, in about characters of JSON. */
  readonly batchLength: number;
  readonly #budget: ResponseBudget;
  readonly #chunks: Buffer[] = [];
  #text = '';
  #work = 0;

  constructor(budget: ResponseBudget, batchLength = SHORT_LENGTH) {
    this.batchLength = batchLength;
    this.#budget = budget;
  }

  /** Whether it is time for {@link JsonWriter.yield}. */
  get isDue(): boolean {
    return this.#work >= TURN;
  }

  async yield(): Promise<void> {
    this.#work = 0;
    await nextTurn();
  }

  /** Appends JSON as it is. Throws a ResponseTooLargeError. */
  append(json: string): void {
    this.#work += json.length + WORK_PER_VALUE;
    this.#text += json;
    if (this.#text.length >= CHUNK_LENGTH) this.#flush();
  }

  /** Appends a value of JSON. Throws or rejects with a ResponseTooLargeError. */
  value(value: unknown): Promise<void> | void {
    if (typeof value === 'string' && value.length > CHUNK_LENGTH) return this.#longString(value);
    if (typeof value !== 'object' || value === null) {
      this.append(value === undefined ? 'null' : JSON.stringify(value));
      return;
    }
    if (value instanceof WrittenJson) {
      for (const chunk of value.chunks) this.#push(chunk);
      return;
    }
    // One call for all of a small value takes a fraction of the time of one for each key and item.
    if (jsonLength(value, SHORT_LENGTH) <= SHORT_LENGTH) {
      this.append(JSON.stringify(value));
      return;
    }
    if (Array.isArray(value)) return this.#array(value);
    return this.#object(value as Readonly<Record<string, unknown>>);
  }

  /** Everything that was appended. The writer is of no use afterwards. */
  end(): WrittenJson {
    this.#flush();
    return new WrittenJson(this.#chunks);
  }

  async #array(items: readonly unknown[]): Promise<void> {
    for (let start = 0; start < items.length;) {
      let end = start;
      for (let length = 0; end < items.length; end += 1) {
        length += SHORT_VALUE_LENGTH + lengthBeyondShort(items[end], SHORT_LENGTH);
        if (length > SHORT_LENGTH) break;
      }
      this.append(start === 0 ? '[' : ',');
      if (end > start) this.append(JSON.stringify(items.slice(start, end)).slice(1, -1));
      else {
        end += 1;
        const written = this.value(items[start]);
        if (written) await written;
      }
      start = end;
      if (this.isDue) await this.yield();
    }
    this.append(']');
  }

  async #object(value: Readonly<Record<string, unknown>>): Promise<void> {
    let separator = '{';
    for (const key in value) {
      const item = value[key];
      if (item === undefined) continue;
      this.append(`${separator}${JSON.stringify(key)}:`);
      separator = ',';
      const written = this.value(item);
      if (written) await written;
      if (this.isDue) await this.yield();
    }
    this.append(separator === '{' ? '{}' : '}');
  }

  /** A part at a time, none of which ends between the two halves of a surrogate pair. */
  async #longString(text: string): Promise<void> {
    if (text.length > this.#budget.bytes) throw new ResponseTooLargeError();
    this.append('"');
    for (let start = 0; start < text.length;) {
      let end = start + CHUNK_LENGTH;
      if (isHighSurrogate(text.charCodeAt(end - 1))) end += 1;
      // Not appended to the text before, which would copy it once more.
      this.#push(Buffer.from(JSON.stringify(text.slice(start, end))).subarray(1, -1));
      this.#work += end - start;
      start = end;
      if (this.isDue) await this.yield();
    }
    this.append('"');
  }

  #flush(): void {
    if (this.#text === '') return;
    const chunk = Buffer.from(this.#text);
    this.#text = '';
    this.#push(chunk);
  }

  #push(chunk: Buffer): void {
    if (this.#text !== '') this.#flush();
    this.#budget.bytes -= chunk.length;
    if (this.#budget.bytes < 0) throw new ResponseTooLargeError();
    this.#chunks.push(chunk);
  }
}

const isHighSurrogate = (unit: number): boolean => unit >= 0xd800 && unit <= 0xdbff;

/** Writes a value of JSON. Rejects with a ResponseTooLargeError. */
export async function writeJson(value: unknown, budget: ResponseBudget): Promise<WrittenJson> {
  const writer = new JsonWriter(budget);
  await writer.value(value);
  return writer.end();
}

/** The approximate length of a number, a boolean or null as JSON. */
export const SHORT_VALUE_LENGTH = 8;

/** The approximate length of a list or an object as JSON, in characters. Stops counting above `limit`. */
export function jsonLength(value: object, limit = Infinity): number {
  let length = SHORT_VALUE_LENGTH;
  if (Array.isArray(value)) {
    for (const item of value as unknown[]) {
      if (length > limit) return length;
      length += SHORT_VALUE_LENGTH + lengthBeyondShort(item, limit - length);
    }
    return length;
  }
  for (const key in value) {
    if (length > limit) return length;
    const item = (value as Readonly<Record<string, unknown>>)[key];
    length += key.length + SHORT_VALUE_LENGTH + lengthBeyondShort(item, limit - length);
  }
  return length;
}

function lengthBeyondShort(value: unknown, limit: number): number {
  if (typeof value === 'string') return value.length;
  return typeof value === 'object' && value !== null ? jsonLength(value, limit) : 0;
}
