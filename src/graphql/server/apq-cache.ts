/**
 * Stores the documents of automatic persisted queries by their SHA-256.
 *
 * A document never changes under its hash, so a copy in this process is never stale. Replicas share documents through Redis.
 * While Redis is unavailable, clients send a document once more.
 *
 * Apollo Server's own cache counts the documents only: many small ones would fill the memory with the overhead of their
 * entries.
 */
import { createHash } from 'node:crypto';
import type { ApolloServerOptionsWithSchema, BaseContext } from '@apollo/server';
import { LRUCache } from 'lru-cache';
import type { RedisConnection } from '../../redis/connection.ts';

type PersistedQueryOptions = Exclude<ApolloServerOptionsWithSchema<BaseContext>['persistedQueries'], false | undefined>;
/** Apollo Server's name for it is `KeyValueCache`. What it resolves to where nothing is found is undefined. */
export type DocumentCache = NonNullable<PersistedQueryOptions['cache']>;

const MAX_BYTES = 16 * 1024 * 1024;
/** Longer documents are not stored, so their clients continue to send them. Few documents of 5,000 tokens are half as long. */
const MAX_DOCUMENT_LENGTH = 64 * 1024;
const BYTES_PER_CHARACTER = 2;
/** The overhead of an entry, with its key of 64 characters, in bytes. */
const BYTES_PER_ENTRY = 400;
/** The lifetime of a document in Redis, in milliseconds. */
const SHARED_FOR_MS = 24 * 60 * 60 * 1000;

/** Apollo Server's prefix of a hash. */
const KEY_PREFIX = 'apq:';
const SHA_256 = /^[0-9a-f]{64}$/;

/** The hash in a key of Apollo Server, as the client sent it. */
export const hashOf = (key: string): string => (key.startsWith(KEY_PREFIX) ? key.slice(KEY_PREFIX.length) : key);

/** Creates an LRU cache of at most `maxBytes`. `redis` is null without replicas. */
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
