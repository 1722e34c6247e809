/**
 * Where Apollo Server keeps the documents that it has parsed and validated, so that it does neither twice.
 *
 * Its own store takes a document for as large as its JSON, which leaves out the text that it was parsed from, its comments
 * and its tokens: documents that are comments for the most part would fill the memory.
 */
import type { ApolloServerOptionsWithSchema, BaseContext } from '@apollo/server';
import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { countTokens } from './tokens.ts';

type DocumentStore = NonNullable<ApolloServerOptionsWithSchema<BaseContext>['documentStore']>;

const MAX_DOCUMENTS = 5000;
const MAX_BYTES = 32 * 1024 * 1024;
/** What a token and the nodes that are made of it were measured to take at most. */
const BYTES_PER_TOKEN = 500;
const BYTES_PER_CHARACTER = 2;

/** An empty store that holds at most `maxBytes`; those used least recently go first. */
export function createDocumentStore(maxBytes: number = MAX_BYTES): DocumentStore {
  const documents = new LRUCache<string, DocumentNode>({
    max: MAX_DOCUMENTS,
    maxSize: maxBytes,
    sizeCalculation: sizeOfDocument,
  });
  return {
    get: (key) => Promise.resolve(documents.get(key)),
    set: (key, document) => {
      documents.set(key, document);
      return Promise.resolve();
    },
    delete: (key) => Promise.resolve(documents.delete(key)),
  };
}

/** How much memory a document takes at most, in bytes. */
export function sizeOfDocument(document: DocumentNode): number {
  const { tokens, comments } = countTokens(document);
  return (tokens + comments) * BYTES_PER_TOKEN + (document.loc?.source.body.length ?? 0) * BYTES_PER_CHARACTER;
}
