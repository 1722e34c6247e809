/**
 * Limits on the text of a document that apply before its tokens are counted. Lines are expensive, because graphql-js splits
 * every block string at them. Escapes are decoded one by one.
 */

const textLimits = {
  lines: 5000,
  /** Backslashes; the longest instructions that the API takes may be made of nothing else. */
  escapes: 300_000,
} as const;

/** A sentence for the first exceeded limit. Null if there is none. */
export function violatedTextLimit(text: string): string | null {
  if (text.length <= textLimits.lines) return null;
  if (isMoreThan(text, '\n', textLimits.lines) || isMoreThan(text, '\r', textLimits.lines))
    return `The document has more than ${textLimits.lines} lines.`;
  if (isMoreThan(text, '\\', textLimits.escapes)) return `The document has more than ${textLimits.escapes} escapes.`;
  return null;
}

/** Whether a character occurs more often than `limit`. */
export function isMoreThan(text: string, character: string, limit: number): boolean {
  let count = 0;
  for (let index = text.indexOf(character); index !== -1; index = text.indexOf(character, index + 1))
    if ((count += 1) > limit) return true;
  return false;
}
