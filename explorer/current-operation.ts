/**
 * GraphiQL reads a document some time after it shows it. A request that is sent before that has the name of an operation of the
 * document that was shown before, and is not known to be a subscription. Here the document that is sent decides.
 */
import type { Fetcher } from '@graphiql/toolkit';
import { Kind, parse, type DocumentNode } from 'graphql';

export const withCurrentOperation =
  (fetcher: Fetcher): Fetcher =>
  (parameters, options) => {
    const document = parseDocument(parameters.query);
    if (!document) return fetcher(parameters, options);
    const names = document.definitions.flatMap((definition) =>
      definition.kind === Kind.OPERATION_DEFINITION ? [definition.name?.value ?? null] : [],
    );
    const current = parameters.operationName ?? null;
    const name = names.includes(current) ? current : (names[0] ?? null);
    return fetcher({ ...parameters, operationName: name }, { ...options, documentAST: document });
  };

/** Null if it is not valid: the service reports why. */
function parseDocument(text: string): DocumentNode | null {
  try {
    return parse(text);
  } catch {
    return null;
  }
}
