/**
 * Makes a text that matches a regular expression. The expression comes from a caller and is never run, because one that
 * backtracks would block the process. Syntax that patterns of schemas do not use is skipped.
 */

const MAX_PATTERN_LENGTH = 1_000;
const MAX_REPEATS = 200;
const MAX_LENGTH = 1_000;
const MAX_DEPTH = 50;

/** An escape, a class of characters, the beginning of a group, or any other character. */
const PIECE = /\\[^]|\[(?<negation>\^?)(?<members>(?:\\[^]|[^\]\\])*)\]?|\((?<kind>\?(?:<?[=!]|<[^>]*>|:))?|[^]/y;
const QUANTIFIER = /(?:(?<none>[*?])|\+|\{(?<count>\d{1,4})(?:,\d{0,4})?\})\??/y;
/** A member of a class: one character, or a range. */
const MEMBER = /(\\[^]|[^])(?:-(?:\\[^]|[^]))?/g;

/** The shortest text that matches, as far as the pattern is understood. */
export function matchingText(pattern: string): string {
  const source = pattern.slice(0, MAX_PATTERN_LENGTH);
  let at = 0;
  const take = (expression: RegExp): RegExpExecArray | null => {
    expression.lastIndex = at;
    const match = expression.exec(source);
    at += match?.[0].length ?? 0;
    return match;
  };

  /** The first alternative up to the end of the group; the others are read over. */
  const readGroup = (depth: number): string => {
    let text = '';
    let isFirst = true;
    for (let piece = take(PIECE); piece && piece[0] !== ')'; piece = take(PIECE)) {
      if (piece[0] === '|') {
        isFirst = false;
        continue;
      }
      const atom = toText(piece, depth);
      const { none, count = '1' } = take(QUANTIFIER)?.groups ?? {};
      const repeats = none === undefined ? Math.min(Number(count), MAX_REPEATS) : 0;
      if (isFirst) text = (text + atom.repeat(repeats)).slice(0, MAX_LENGTH);
    }
    return text;
  };

  const toText = ([text, , members, kind]: RegExpExecArray, depth: number): string => {
    switch (text.charAt(0)) {
      case '^':
      case '$':
        return '';
      case '.':
        return 'a';
      case '[':
        return toMember(members ?? '', text.startsWith('[^'));
      case '(': {
        const inner = depth < MAX_DEPTH ? readGroup(depth + 1) : '';
        return /[=!]$/.test(kind ?? '') ? '' : inner;
      }
      default:
        return toCharacter(text);
    }
  };
  return readGroup(0);
}

function toMember(text: string, isNegated: boolean): string {
  const members = Array.from(text.matchAll(MEMBER), ([, first = '']) => toCharacter(first));
  if (!isNegated) return members.at(0) ?? '';
  return ['a', '0', '_', ' '].find((candidate) => !members.includes(candidate)) ?? '';
}

const ESCAPES: ReadonlyMap<string, string> = new Map(
  Object.entries({ d: '0', D: 'a', w: 'a', W: '-', s: ' ', S: 'a', b: '', B: '', n: '\n', t: '\t' }),
);

/** The character itself, or one that an escape stands for. */
function toCharacter(text: string): string {
  return text.startsWith('\\') ? (ESCAPES.get(text.slice(1)) ?? text.slice(1)) : text;
}
