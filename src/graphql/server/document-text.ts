/**
 * Limits on the text of a document that apply before its tokens are counted. Lines are expensive, because graphql-js splits
 * every block string at them. Escapes are decoded one by one.
 */
import type { ApolloServerPlugin } from '@apollo/server';
import { Kind, visit, type Location } from 'graphql';

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

/** Of a document whose errors have locations. */
const locatedText = { characters: 32_768, lines: 2000 } as const;

/**
 * Removes the locations of the nodes of long documents, so that their errors have none. For every location in an error,
 * graphql-js and Apollo Server each search the document for line breaks, from its start.
 */
export const locationsPlugin: ApolloServerPlugin = {
  requestDidStart: () =>
    Promise.resolve({
      parsingDidStart: (context) =>
        Promise.resolve(() => {
          const { source, document } = context;
          if (document && isLong(source))
            visit(document, {
              enter: (node) => {
                if (node.kind !== Kind.DOCUMENT) removeLocation(node);
              },
            });
          return Promise.resolve();
        }),
    }),
};

const isLong = (text: string): boolean =>
  text.length > locatedText.characters ||
  isMoreThan(text, '\n', locatedText.lines) ||
  isMoreThan(text, '\r', locatedText.lines);

function removeLocation(node: { loc?: Location | undefined }): void {
  node.loc = undefined;
}

function isMoreThan(text: string, character: string, limit: number): boolean {
  let count = 0;
  for (let index = text.indexOf(character); index !== -1; index = text.indexOf(character, index + 1))
    if ((count += 1) > limit) return true;
  return false;
}
