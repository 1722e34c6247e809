/**
 * What makes the text of a document expensive before its tokens are counted: lines, which graphql-js counts anew for the
 * location of every error and takes apart in every block string, and escapes, each of which is decoded by itself.
 */
const textLimits = {
  lines: 5000,
  /** Backslashes; the longest instructions that the API takes may be made of nothing else. */
  escapes: 300_000,
} as const;

/** A sentence for the first limit that the text of a document breaks; null where it breaks none. */
export function violatedTextLimit(text: string): string | null {
  if (text.length <= textLimits.lines) return null;
  if (isMoreThan(text, '\n', textLimits.lines) || isMoreThan(text, '\r', textLimits.lines))
    return `The document has more than ${textLimits.lines} lines.`;
  if (isMoreThan(text, '\\', textLimits.escapes)) return `The document has more than ${textLimits.escapes} escapes.`;
  return null;
}

function isMoreThan(text: string, character: string, limit: number): boolean {
  let count = 0;
  for (let index = text.indexOf(character); index !== -1; index = text.indexOf(character, index + 1))
    if ((count += 1) > limit) return true;
  return false;
}
