/** Lengths of texts in Unicode code points. A lone surrogate is one. */

export function countCodePoints(text: string): number {
  let count = 0;
  for (let index = 0; index < text.length; count += 1) index += (text.codePointAt(index) ?? 0) > 0xffff ? 2 : 1;
  return count;
}

/** Counts only if the number is in doubt: a code point is one or two UTF-16 code units. */
export function isLongerThan(text: string, limit: number): boolean {
  if (text.length <= limit) return false;
  return text.length > 2 * limit || countCodePoints(text) > limit;
}
