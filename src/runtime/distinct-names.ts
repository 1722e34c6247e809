/** Counts different names in the bytes of a text, in a fixed amount of memory. */
import { randomInt } from 'node:crypto';

/** A power of two. Two names of one slot count as one: of 12,000 names that is 9 %. */
const SLOTS = 2 ** 16;

/** For each slot the number of the count that used it last. One array for all counts, as each ends before the next begins. */
const usedBy = new Uint32Array(SLOTS);
let counts = 0;

/** Random, so that a client cannot choose names of one slot. */
const SEED = randomInt(2 ** 32);

const FNV_PRIME = 0x01000193;

/** One count. Only the newest one may be used. */
export class DistinctNames {
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
