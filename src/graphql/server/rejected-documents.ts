/**
 * Caches the error responses of invalid documents, so that they are not parsed and validated again. Bounded in bytes.
 */
import { LRUCache } from 'lru-cache';

const MAX_BYTES = 4 * 1024 * 1024;
const BYTES_PER_ENTRY = 2000;
const BYTES_PER_CHARACTER = 2;

/** By document. The least recently used are evicted. */
export class RejectedDocuments<Response extends { readonly body: Buffer }> {
  readonly #responses: LRUCache<string, Response>;

  constructor(maxBytes: number = MAX_BYTES) {
    this.#responses = new LRUCache<string, Response>({
      maxSize: maxBytes,
      sizeCalculation: ({ body }, key) => BYTES_PER_ENTRY + key.length * BYTES_PER_CHARACTER + body.length,
    });
  }

  get(documentKey: string): Response | null {
    return this.#responses.get(documentKey) ?? null;
  }

  set(documentKey: string, response: Response): void {
    this.#responses.set(documentKey, response);
  }
}
