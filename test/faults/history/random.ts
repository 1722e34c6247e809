// Reproducible chance: the same seed and the same words give the same numbers, in whatever order they are asked for.

/** mulberry32: a small generator of numbers in [0, 1) from a seed of 32 bits. */
export function createRandom(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296;
  };
}

/** One number in [0, 1) for a word. */
export function chanceOf(seed: number, word: string): number {
  let hash = seed >>> 0;
  for (const character of word) hash = Math.imul(hash ^ (character.codePointAt(0) ?? 0), 0x01000193) >>> 0;
  return createRandom(hash)();
}
