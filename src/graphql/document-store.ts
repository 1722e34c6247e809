/**
 * Where Apollo Server keeps the documents that it has parsed and validated, so that it does neither twice.
 *
 * Its own store takes a document for as large as its JSON, which leaves out the text that it was parsed from, its comments
 * and its tokens: documents that are comments for the most part would fill the memory.
 */
import type { ApolloServerOptionsWithSchema, BaseContext } from '@apollo/server';
import type { DocumentNode } from 'graphql';
import { countTokens } from './tokens.ts';

type DocumentStore = NonNullable<ApolloServerOptionsWithSchema<BaseContext>['documentStore']>;

const MAX_BYTES = 32 * 1024 * 1024;
/** What a token and the nodes that are made of it were measured to take at most. */
const BYTES_PER_TOKEN = 500;
const BYTES_PER_CHARACTER = 2;

/** An empty store that holds at most `maxBytes`; those used least recently go first. */
export function createDocumentStore(maxBytes: number = MAX_BYTES): DocumentStore {
  /** In the order of their last use. */
  const documents = new Map<string, { readonly document: DocumentNode; readonly bytes: number }>();
  let bytesHeld = 0;
  const remove = (key: string): boolean => {
    bytesHeld -= documents.get(key)?.bytes ?? 0;
    return documents.delete(key);
  };
  return {
    get: (key) => {
      const found = documents.get(key);
      if (found) {
        documents.delete(key);
        documents.set(key, found);
      }
      return Promise.resolve(found?.document);
    },
    set: (key, document) => {
      remove(key);
      const bytes = bytesOf(document);
      if (bytes <= maxBytes) {
        documents.set(key, { document, bytes });
        bytesHeld += bytes;
      }
      for (const oldest of documents.keys()) {
        if (bytesHeld <= maxBytes) break;
        remove(oldest);
      }
      return Promise.resolve();
    },
    delete: (key) => Promise.resolve(remove(key)),
  };
}

function bytesOf(document: DocumentNode): number {
  const { tokens, comments } = countTokens(document);
  return (tokens + comments) * BYTES_PER_TOKEN + (document.loc?.source.body.length ?? 0) * BYTES_PER_CHARACTER;
}
