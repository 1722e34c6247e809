/** Bytes with placeholders for numbers. A message that is sent a hundred thousand times is serialised once. */
import { digitsOf, ID_DIGITS } from './upstream/assistants.ts';

/** The number that marks the first placeholder when a template is written; the following numbers mark the others. */
export const PLACEHOLDER = 900_000_000_000;

const ZERO = 48;

export class Template {
  readonly #bytes: Buffer;
  /** For each occurrence of a placeholder: the end of its digits, and the index of the placeholder. */
  readonly #occurrences: readonly (readonly [end: number, placeholder: number])[];

  /** `text` contains the digits of PLACEHOLDER + 0 … `placeholders` - 1, each any number of times. */
  constructor(text: string, placeholders: number) {
    this.#bytes = Buffer.from(text);
    const occurrences: [number, number][] = [];
    for (let placeholder = 0; placeholder < placeholders; placeholder += 1) {
      const digits = digitsOf(PLACEHOLDER + placeholder);
      for (let at = this.#bytes.indexOf(digits); at !== -1; at = this.#bytes.indexOf(digits, at)) {
        this.#bytes.fill(ZERO, at, at + ID_DIGITS);
        occurrences.push([at + ID_DIGITS, placeholder]);
      }
    }
    this.#occurrences = occurrences;
  }

  /** A copy in which placeholder k is replaced by the number `first` + k. */
  fill(first: number): Buffer {
    const copy = Buffer.from(this.#bytes);
    for (const [end, placeholder] of this.#occurrences)
      for (let rest = first + placeholder, at = end - 1; rest > 0; rest = Math.floor(rest / 10), at -= 1)
        copy[at] = ZERO + (rest % 10);
    return copy;
  }
}
