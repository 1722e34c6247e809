/** Bytes with places for numbers: what is sent a hundred thousand times is serialised once. */
import { digitsOf, ID_DIGITS } from './upstream/assistants.ts';

/** A number that stands for the first place while a template is written; the next one stands for the second. */
export const PLACEHOLDER = 900_000_000_000;

const ZERO = 48;

export class Template {
  readonly #bytes: Buffer;
  /** For each occurrence of a place: where its digits end, and which place it is. */
  readonly #occurrences: readonly (readonly [end: number, place: number])[];

  /** `text` holds the digits of PLACEHOLDER + 0 … `places` - 1, each any number of times. */
  constructor(text: string, places: number) {
    this.#bytes = Buffer.from(text);
    const occurrences: [number, number][] = [];
    for (let place = 0; place < places; place += 1) {
      const digits = digitsOf(PLACEHOLDER + place);
      for (let at = this.#bytes.indexOf(digits); at !== -1; at = this.#bytes.indexOf(digits, at)) {
        this.#bytes.fill(ZERO, at, at + ID_DIGITS);
        occurrences.push([at + ID_DIGITS, place]);
      }
    }
    this.#occurrences = occurrences;
  }

  /** A copy in which place k holds the number `first` + k. */
  fill(first: number): Buffer {
    const copy = Buffer.from(this.#bytes);
    for (const [end, place] of this.#occurrences)
      for (let rest = first + place, at = end - 1; rest > 0; rest = Math.floor(rest / 10), at -= 1)
        copy[at] = ZERO + (rest % 10);
    return copy;
  }
}
