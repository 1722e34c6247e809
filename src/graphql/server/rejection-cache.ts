/** The cache of error responses to invalid documents, so that these are not parsed and validated again. */
import { LRUCache } from 'lru-cache';

const MAX_BYTES = 4 * 1024 * 1024;
const BYTES_PER_ENTRY = 2000;
const BYTES_PER_CHARACTER = 2;

/** The responses by document. The least recently used are evicted above `maxBytes`. */
export const createRejectionCache = <Response extends { readonly body: Buffer }>(
  maxBytes: number = MAX_BYTES,
): LRUCache<string, Response> =>
  new LRUCache({
    maxSize: maxBytes,
    sizeCalculation: ({ body }, key) => BYTES_PER_ENTRY + key.length * BYTES_PER_CHARACTER + body.length,
  });
