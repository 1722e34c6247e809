/**
 * Automatic persisted queries: where Apollo Server keeps documents under their SHA-256, for callers who send that alone.
 *
 * A document is what its hash says or it is nothing, so a copy in this process is never out of date. Replicas share theirs
 * through Redis; while that is away a caller is asked for the document once more.
 *
 * Apollo Server's own cache would do, but it counts the documents alone: a flood of small ones would fill the memory with
 * what is kept around each.
 */
import { createHash } from 'node:crypto';
import type { ApolloServerOptionsWithSchema, BaseContext } from '@apollo/server';
import { LRUCache } from 'lru-cache';
import type { RedisConnection } from '../../redis/connection.ts';

type PersistedQueryOptions = Exclude<ApolloServerOptionsWithSchema<BaseContext>['persistedQueries'], false | undefined>;
/** Apollo Server's name for it is `KeyValueCache`. What it resolves to where nothing is found is undefined. */
export type DocumentCache = NonNullable<PersistedQueryOptions['cache']>;

const MAX_BYTES = 16 * 1024 * 1024;
/** Longer documents are not kept: their callers go on sending them. Of 5,000 tokens, few are half as long. */
const MAX_DOCUMENT_LENGTH = 64 * 1024;
const BYTES_PER_CHARACTER = 2;
/** What an entry takes beside its document: its key of 64 characters and its place in the cache. */
const BYTES_PER_ENTRY = 400;
/** How long Redis keeps a document after it was sent, in milliseconds. */
const SHARED_FOR_MS = 24 * 60 * 60 * 1000;

/** What Apollo Server puts before a hash. */
const KEY_PREFIX = 'apq:';
const SHA_256 = /^[0-9a-f]{64}$/;

/** The hash, or whatever a caller sent as one, in a key of Apollo Server. */
export const hashOf = (key: string): string => (key.startsWith(KEY_PREFIX) ? key.slice(KEY_PREFIX.length) : key);

/** An empty cache of at most `maxBytes`, used least recently goes first; `redis` is null where nothing is shared. */
export function createApqCache(redis: RedisConnection | null, maxBytes: number = MAX_BYTES): DocumentCache {
  const documents = new LRUCache<string, string>({
    maxSize: maxBytes,
    sizeCalculation: ({ length }) => length * BYTES_PER_CHARACTER + BYTES_PER_ENTRY,
  });
  return {
    get: async (key) => {
      const hash = hashOf(key);
      if (!SHA_256.test(hash)) return undefined;
      const own = documents.get(hash);
      if (own !== undefined || !redis) return own;
      const [shared] = (await redis.pipeline((pipeline) => pipeline.get(redis.key('document', hash)))) ?? [];
      if (typeof shared !== 'string' || sha256(shared) !== hash) return undefined;
      documents.set(hash, shared);
      return shared;
    },
    set: async (key, document) => {
      if (document.length > MAX_DOCUMENT_LENGTH) return;
      const hash = hashOf(key);
      documents.set(hash, document);
      await redis?.pipeline((pipeline) => pipeline.set(redis.key('document', hash), document, 'PX', SHARED_FOR_MS));
    },
    delete: (key) => Promise.resolve(documents.delete(hashOf(key))),
  };
}

const sha256 = (document: string): string => createHash('sha256').update(document).digest('hex');
