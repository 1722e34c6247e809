/**
 * The LRU cache of validated documents and the plans of their operations, by the document or its persisted hash. Its size
 * is bounded in bytes. It stores only operations that a request with a credential has run. It does not authorize.
 */
import { createHash } from 'node:crypto';
import type { ApolloServerOptionsWithSchema, BaseContext } from '@apollo/server';
import type { DocumentNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { toOperationName } from '../../observability/operation-record.ts';
import { countTokens } from './document-limits.ts';
import type { Executor, PreparedOperation } from '../execution/executor.ts';

type DocumentStore = NonNullable<ApolloServerOptionsWithSchema<BaseContext>['documentStore']>;

const MAX_BYTES = 32 * 1024 * 1024;
/** Documents that are longer, in characters, are found by a hash of their text. */
const MAX_KEY_LENGTH = 10_000;
/** The measured maximum of a token with its nodes, in bytes. */
const BYTES_PER_TOKEN = 500;
const BYTES_PER_CHARACTER = 2;
const BYTES_PER_ENTRY = 2000;
const BYTES_PER_OPERATION = 2000;

interface CachedOperation {
  /** Unique among all that were ever cached. */
  readonly id: number;
  readonly prepared: PreparedOperation;
  /** Whether it is not in the manifest of persisted operations, where there is one. */
  readonly isUnlisted: boolean;
}

/** The lookup of a POST. */
export interface OperationLookup {
  /** The operation name and the document, as one string. */
  readonly key: string;
  /** The document. Null if the request has only a hash. */
  readonly documentKey: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Null if it is not in the cache. */
  readonly cached: CachedOperation | null;
}

type Fields = Readonly<Record<string, unknown>>;

/** A document, in the cache or about to be. */
interface Entry {
  readonly document: DocumentNode;
  /** Apollo Server's key for it. */
  readonly storeKey: string;
  /** By the name that requests give, undefined for none; all of them are operations of the document. */
  readonly prepared: Map<string | undefined, PreparedOperation>;
  readonly keys: Set<string>;
}

/** A new slot for each change of size: the LRU cache does not measure the same value again. */
interface Slot {
  readonly entry: Entry;
}

export class OperationCache {
  /** Prepares operations without caching them. */
  readonly executor: Executor;
  readonly #slots: LRUCache<string, Slot>;
  readonly #operations = new Map<string, { readonly entry: Entry; readonly operation: CachedOperation }>();
  /** Of valid documents, whether they are kept or not. */
  readonly #entries = new WeakMap<DocumentNode, Entry>();
  #lastId = 0;

  /** Holds at most `maxBytes`. The least recently used documents are evicted. */
  constructor(executor: Executor, maxBytes: number = MAX_BYTES) {
    this.executor = executor;
    this.#slots = new LRUCache<string, Slot>({
      maxSize: maxBytes,
      dispose: ({ entry }, _key, reason) => {
        if (reason !== 'set') this.#drop(entry);
      },
    });
  }

  /** Its approximate size, in bytes. */
  get bytes(): number {
    return this.#slots.calculatedSize;
  }

  /** For Apollo Server, which then does not parse and validate cached documents again. */
  readonly documentStore: DocumentStore = {
    get: (key) => Promise.resolve(this.#slots.get(key)?.entry.document),
    // It is cached only after the request has been authenticated.
    set: (storeKey, document) => {
      this.#entries.set(document, { document, storeKey, prepared: new Map(), keys: new Set() });
      return Promise.resolve();
    },
    delete: (key) => Promise.resolve(this.#slots.delete(key)),
  };

  /**
   * Parses the body of a POST to a lookup. Null if Apollo Server has to handle it: it is malformed, or it has both a document
   * and its hash, which must be verified.
   */
  lookup(body: unknown): OperationLookup | null {
    if (!isRecord(body)) return null;
    const { query, operationName, variables, extensions } = body;
    if (!isAbsent(operationName) && !isName(operationName)) return null;
    if (!isAbsent(variables) && !isRecord(variables)) return null;
    if (!isAbsent(extensions) && !isRecord(extensions)) return null;
    const document = toDocumentKey(query, extensions?.['persistedQuery']);
    if (document === null) return null;
    const key = `${operationName ?? ''} ${document}`;
    const found = this.#operations.get(key);
    if (found) this.#slots.get(found.entry.storeKey);
    const documentKey = query === undefined ? null : document;
    return { key, documentKey, variables: variables ?? {}, cached: found?.operation ?? null };
  }

  /** The operation of a valid document with its cached plans. Null if the document has no operation of the name. */
  prepare(document: DocumentNode, operationName: string | undefined): PreparedOperation | null {
    const entry = this.#entries.get(document);
    const known = entry?.prepared.get(operationName);
    if (known) return known;
    const prepared = this.executor.prepare(document, operationName);
    if (prepared && entry) {
      entry.prepared.set(operationName, prepared);
      prepared.onResize = () => {
        if (this.#slots.peek(entry.storeKey)?.entry === entry) this.#keep(entry);
      };
      prepared.onResize();
    }
    return prepared;
  }

  /** Stores an operation that was run. `lookup` is null if only Apollo Server can find the document. */
  store(
    lookup: OperationLookup | null,
    document: DocumentNode,
    operationName: string | undefined,
    isUnlisted: boolean,
  ): void {
    const entry = this.#entries.get(document);
    const prepared = this.prepare(document, operationName);
    if (!entry || !prepared) return;
    if (lookup) {
      entry.keys.add(lookup.key);
      this.#operations.set(lookup.key, { entry, operation: { id: (this.#lastId += 1), prepared, isUnlisted } });
    }
    this.#keep(entry);
  }

  #keep(entry: Entry): void {
    const other = this.#slots.peek(entry.storeKey)?.entry;
    if (other && other !== entry) this.#drop(other);
    this.#slots.set(entry.storeKey, { entry }, { size: sizeOf(entry) });
    // A document that is larger than the cache is neither stored nor disposed.
    if (this.#slots.peek(entry.storeKey)?.entry !== entry) this.#drop(entry);
  }

  #drop({ keys }: Entry): void {
    for (const key of keys) this.#operations.delete(key);
    keys.clear();
  }
}

function sizeOf({ document, prepared, keys }: Entry): number {
  let bytes = BYTES_PER_ENTRY + sizeOfDocument(document);
  for (const operation of prepared.values()) bytes += BYTES_PER_OPERATION + operation.bytes;
  for (const key of keys) bytes += BYTES_PER_OPERATION + key.length * BYTES_PER_CHARACTER;
  return bytes;
}

/** An upper bound of the size of a document, in bytes. */
function sizeOfDocument(document: DocumentNode): number {
  const { tokens, comments } = countTokens(document);
  return (tokens + comments) * BYTES_PER_TOKEN + (document.loc?.source.body.length ?? 0) * BYTES_PER_CHARACTER;
}

/** Either a document or a hash. Null if the body has neither, or both. */
function toDocumentKey(query: unknown, persistedQuery: unknown): string | null {
  if (persistedQuery === undefined) {
    if (typeof query !== 'string') return null;
    return query.length <= MAX_KEY_LENGTH
      ? `document ${query}`
      : `long ${createHash('sha256').update(query).digest('base64')}`;
  }
  if (!isRecord(persistedQuery) || query !== undefined) return null;
  const { version, sha256Hash } = persistedQuery;
  return version === 1 && typeof sha256Hash === 'string' && sha256Hash.length <= MAX_KEY_LENGTH
    ? `hash ${sha256Hash}`
    : null;
}

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isName = (value: unknown): value is string => typeof value === 'string' && toOperationName(value) !== null;

const MAX_REJECTED_BYTES = 4 * 1024 * 1024;

/**
 * The error responses to invalid documents, which are then not parsed and validated again. The least recently used are
 * evicted above `maxBytes`.
 */
export const createRejectionCache = <Response extends { readonly body: Buffer }>(
  maxBytes: number = MAX_REJECTED_BYTES,
): LRUCache<string, Response> =>
  new LRUCache({
    maxSize: maxBytes,
    sizeCalculation: ({ body }, key) => BYTES_PER_ENTRY + key.length * BYTES_PER_CHARACTER + body.length,
  });
