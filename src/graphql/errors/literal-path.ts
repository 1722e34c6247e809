/**
 * The path of a literal in a document. graphql-js says what is wrong with a value but not which value it is. The path is
 * derived from the tokens before the value, so neither the document nor the schema is needed.
 */
import { TokenKind, type ASTNode, type Token } from 'graphql';

const OPENING: ReadonlySet<TokenKind> = new Set([TokenKind.PAREN_L, TokenKind.BRACKET_L, TokenKind.BRACE_L]);
const CLOSING: ReadonlySet<TokenKind> = new Set([TokenKind.PAREN_R, TokenKind.BRACKET_R, TokenKind.BRACE_R]);

/** Contains names of the document and list indexes, nothing else. */
export interface LiteralPath {
  /** `Argument "input"`, or `The default of variable "$first"`. */
  readonly owner: string;
  /** `input.tools[1].function.name`; null if the literal is the whole value. */
  readonly path: string | null;
}

/** Null if the node is not a value of an argument or a default. */
export function pathOfLiteral({ loc }: ASTNode): LiteralPath | null {
  /** From the value outwards: field names with a leading dot, indexes in brackets. */
  const steps: string[] = [];
  let group = { siblings: 0, isNamed: false };
  let depth = 0;
  for (let token = before(loc?.startToken); token; token = before(token)) {
    if (CLOSING.has(token.kind)) {
      depth += 1;
    } else if (depth > 0) {
      if (OPENING.has(token.kind)) depth -= 1;
      if (depth === 0) group.siblings += 1;
    } else if (OPENING.has(token.kind)) {
      if (token.kind === TokenKind.PAREN_L) return describe('Argument', '', steps);
      if (token.kind === TokenKind.BRACKET_L) steps.push(`[${group.siblings}]`);
      else if (!group.isNamed) return null;
      group = { siblings: 0, isNamed: false };
    } else if (group.isNamed) {
      continue;
    } else if (token.kind === TokenKind.COLON) {
      steps.push(`.${before(token)?.value ?? ''}`);
      group.isNamed = true;
    } else if (token.kind === TokenKind.EQUALS) {
      return describe('The default of variable', '$', [...steps, `.${variableBefore(token)}`]);
    } else if (token.kind !== TokenKind.DOLLAR) {
      group.siblings += 1;
    }
  }
  return null;
}

function describe(kind: string, sigil: string, steps: readonly string[]): LiteralPath | null {
  const [outermost, ...inner] = steps.toReversed();
  if (!outermost?.startsWith('.')) return null;
  const name = outermost.slice(1);
  return { owner: `${kind} "${sigil}${name}"`, path: inner.length > 0 ? [name, ...inner].join('') : null };
}

/** The name of the variable whose default follows this `=`. Only its type is in between. */
function variableBefore(equals: Token): string {
  let token: Token | null = equals;
  while (token && token.kind !== TokenKind.DOLLAR) token = token.prev;
  return token?.next?.value ?? '';
}

/** The previous token that is not a comment. */
function before(token: Token | undefined): Token | null {
  let previous = token?.prev ?? null;
  while (previous?.kind === TokenKind.COMMENT) previous = previous.prev;
  return previous;
}
