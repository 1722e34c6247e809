// Reproducible random numbers from a seed.

export interface Random {
  /** At least 0 and below 1. */
  next(): number;
  /** An integer of at least 0 and below `end`. */
  below(end: number): number;
  /** True with this probability. */
  chance(probability: number): boolean;
  /** Throws if there are no values. */
  pick<T>(values: readonly T[]): T;
}

/** Mulberry32. */
export function createRandom(seed: number): Random {
  let state = seed >>> 0;
  const next = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (end: number): number => Math.floor(next() * end);
  return {
    next,
    below,
    chance: (probability) => next() < probability,
    pick: <T>(values: readonly T[]): T => {
      if (values.length === 0) throw new RangeError('there is nothing to pick from');
      return values[below(values.length)] as T;
    },
  };
}

/** A number of at least 0 and below 1 that depends only on the seed and the word. */
export function numberOf(seed: number, word: string): number {
  let hash = seed >>> 0;
  for (const character of word) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return createRandom(hash).next();
}
