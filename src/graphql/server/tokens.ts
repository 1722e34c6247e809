/** The tokens that a document was parsed from, which graphql-js keeps as a chain through `loc`. */
import { TokenKind, type DocumentNode } from 'graphql';

export interface TokenCount {
  readonly tokens: number;
  /** These are part of no node, and the parser's limit leaves them out. */
  readonly comments: number;
  /** Of the longest name, in characters. */
  readonly longestName: number;
}

export function countTokens({ loc }: DocumentNode): TokenCount {
  let tokens = 0;
  let comments = 0;
  let longestName = 0;
  for (let token = loc?.startToken ?? null; token; token = token.next)
    if (token.kind === TokenKind.COMMENT) comments += 1;
    else {
      tokens += 1;
      if (token.kind === TokenKind.NAME) longestName = Math.max(longestName, token.value.length);
    }
  return { tokens, comments, longestName };
}
