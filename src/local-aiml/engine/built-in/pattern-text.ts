/**
 * Makes a text that matches a regular expression. The expression comes from a caller and is never run, because one that
 * backtracks would block the process. Syntax that patterns of schemas do not use is skipped.
 */

const MAX_REPEATS = 200;
const MAX_LENGTH = 1_000;

/** The shortest text that matches, as far as the pattern is understood. */
export function matchingText(pattern: string): string {
  return new PatternReader(pattern).alternatives().slice(0, MAX_LENGTH);
}

class PatternReader {
  readonly #pattern: string;
  #at = 0;
  #depth = 0;

  constructor(pattern: string) {
    this.#pattern = pattern.slice(0, 1_000);
  }

  /** The first alternative; the others are read over. */
  alternatives(): string {
    if (this.#depth++ > 50) return '';
    const first = this.#sequence();
    while (this.#take('|')) this.#sequence();
    this.#depth--;
    return first;
  }

  #sequence(): string {
    let text = '';
    while (this.#at < this.#pattern.length && this.#peek() !== '|' && this.#peek() !== ')') {
      const atom = this.#atom();
      text = (text + atom.repeat(this.#repeats())).slice(0, MAX_LENGTH);
    }
    return text;
  }

  #atom(): string {
    const character = this.#next();
    switch (character) {
      case '^':
      case '$':
        return '';
      case '.':
        return 'a';
      case '[':
        return this.#characterClass();
      case '(':
        return this.#group();
      case '\\':
        return escapeText(this.#next());
      default:
        return character;
    }
  }

  #group(): string {
    const isLookaround = /^\?<?[=!]/.test(this.#pattern.slice(this.#at, this.#at + 3));
    if (this.#take('?')) {
      if (this.#take('<')) while (this.#at < this.#pattern.length && this.#next() !== '>');
      else this.#next();
    }
    const text = this.alternatives();
    this.#take(')');
    return isLookaround ? '' : text;
  }

  #characterClass(): string {
    const isNegated = this.#take('^');
    const members: string[] = [];
    while (this.#at < this.#pattern.length && this.#peek() !== ']') {
      const character = this.#next();
      members.push(character === '\\' ? escapeText(this.#next()) : character);
      if (this.#peek() === '-' && this.#pattern[this.#at + 1] !== ']') {
        this.#next();
        this.#next();
      }
    }
    this.#take(']');
    if (!isNegated) return members.at(0) ?? '';
    return ['a', '0', '_', ' '].find((candidate) => !members.includes(candidate)) ?? '';
  }

  #repeats(): number {
    let count = 1;
    if (this.#take('*') || this.#take('?')) count = 0;
    else if (this.#take('+')) count = 1;
    else if (/^\{\d{1,4}(,\d{0,4})?\}/.test(this.#pattern.slice(this.#at, this.#at + 11))) {
      count = Number.parseInt(this.#pattern.slice(this.#at + 1), 10);
      while (this.#next() !== '}');
    } else return 1;
    this.#take('?');
    return Math.min(count, MAX_REPEATS);
  }

  #peek(): string {
    return this.#pattern[this.#at] ?? '';
  }

  #next(): string {
    return this.#pattern[this.#at++] ?? '';
  }

  #take(character: string): boolean {
    if (this.#peek() !== character) return false;
    this.#at++;
    return true;
  }
}

const ESCAPES: ReadonlyMap<string, string> = new Map(
  Object.entries({ d: '0', D: 'a', w: 'a', W: '-', s: ' ', S: 'a', b: '', B: '', n: '\n', t: '\t' }),
);

function escapeText(character: string): string {
  return ESCAPES.get(character) ?? character;
}
