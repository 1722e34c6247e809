/**
 * The one cache of operations: documents that Apollo Server found valid, with the plans of their operations, found by the
 * text of the document or by the hash that it is persisted under. It is bounded by what all of that takes in memory, and
 * keeps what callers with a credential have run, nothing else. It does not decide who may run an operation.
 */
import { createHash } from 'node:crypto';
import type { ApolloServerOptionsWithSchema, BaseContext } from '@apollo/server';
import { getOperationAST, type DocumentNode, type ExecutionResult, type OperationTypeNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { toOperationName } from '../../observability/operation-record.ts';
import { countTokens } from './document-limits.ts';
import type { Executor, PreparedOperation } from './executor.ts';

type DocumentStore = NonNullable<ApolloServerOptionsWithSchema<BaseContext>['documentStore']>;

const MAX_BYTES = 32 * 1024 * 1024;
/** Documents that are longer, in characters, are found by a hash of their text. */
const MAX_KEY_LENGTH = 10_000;
/** What a token and the nodes that are made of it were measured to take at most. */
const BYTES_PER_TOKEN = 500;
const BYTES_PER_CHARACTER = 2;
const BYTES_PER_ENTRY = 2000;
const BYTES_PER_OPERATION = 2000;

interface CachedOperation {
  /** Unique among all that were ever cached. */
  readonly id: number;
  readonly name: string | null;
  readonly kind: OperationTypeNode;
  readonly prepared: PreparedOperation;
  /** The variables that it declares; others in a request have no effect. */
  readonly variableNames: readonly string[];
  /** Whether it is not in the manifest of persisted operations, where there is one. */
  readonly isUnlisted: boolean;
}

/** What a POST asks for. */
export interface OperationLookup {
  /** Which operation of which document, as one text. */
  readonly key: string;
  /** The document as one text; null where the request has nothing but a hash. */
  readonly documentKey: string | null;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Null where it is not in the cache. */
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

/** A slot is made anew for each change of its size: the LRU takes a value that it has for unchanged. */
interface Slot {
  readonly entry: Entry;
}

export class OperationCache {
  readonly #executor: Executor;
  readonly #slots: LRUCache<string, Slot>;
  readonly #operations = new Map<string, { readonly entry: Entry; readonly operation: CachedOperation }>();
  /** Of valid documents, whether they are kept or not. */
  readonly #entries = new WeakMap<DocumentNode, Entry>();
  #lastId = 0;

  /** Holds at most `maxBytes`; what was used least recently goes first. */
  constructor(executor: Executor, maxBytes: number = MAX_BYTES) {
    this.#executor = executor;
    this.#slots = new LRUCache<string, Slot>({
      maxSize: maxBytes,
      dispose: ({ entry }, _key, reason) => {
        if (reason !== 'set') this.#drop(entry);
      },
    });
  }

  /** About how much memory it takes, in bytes. */
  get bytes(): number {
    return this.#slots.calculatedSize;
  }

  /** For Apollo Server, so that it parses and validates no document that is in the cache. */
  readonly documentStore: DocumentStore = {
    get: (key) => Promise.resolve(this.#slots.get(key)?.entry.document),
    // Whether it is kept is decided once it is known who sent it.
    set: (storeKey, document) => {
      this.#entries.set(document, { document, storeKey, prepared: new Map(), keys: new Set() });
      return Promise.resolve();
    },
    delete: (key) => Promise.resolve(this.#slots.delete(key)),
  };

  /**
   * What the body of a request asks for; null where Apollo Server has to look at it: it is malformed, or it has a document
   * and its hash, which has to be verified.
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

  /** The operation of a valid document, with the plans that are kept for it; null where the document has none of the name. */
  prepare(document: DocumentNode, operationName: string | undefined): PreparedOperation | null {
    const entry = this.#entries.get(document);
    const known = entry?.prepared.get(operationName);
    if (known) return known;
    const prepared = this.#executor.prepare(document, operationName);
    if (prepared && entry) {
      entry.prepared.set(operationName, prepared);
      prepared.onResize = () => {
        if (this.#slots.peek(entry.storeKey)?.entry === entry) this.#keep(entry);
      };
      prepared.onResize();
    }
    return prepared;
  }

  /** As {@link OperationCache.prepare}, but nothing is kept. */
  prepareOnce(document: DocumentNode, operationName: string | undefined): PreparedOperation | null {
    return this.#executor.prepare(document, operationName);
  }

  /** What graphql-js says of an operation that the document does not have. */
  reject(document: DocumentNode, operationName: string | undefined): Promise<ExecutionResult> {
    return this.#executor.reject(document, operationName);
  }

  /** Keeps what was run. `lookup` is null where it cannot be looked up, and Apollo Server finds the document alone. */
  store(
    lookup: OperationLookup | null,
    document: DocumentNode,
    operationName: string | undefined,
    isUnlisted: boolean,
  ): void {
    const entry = this.#entries.get(document);
    const operation = getOperationAST(document, operationName);
    const prepared = this.prepare(document, operationName);
    if (!entry || !operation || !prepared) return;
    if (lookup) {
      entry.keys.add(lookup.key);
      this.#operations.set(lookup.key, {
        entry,
        operation: {
          id: (this.#lastId += 1),
          name: toOperationName(operation.name?.value),
          kind: operation.operation,
          prepared,
          variableNames: (operation.variableDefinitions ?? []).map(({ variable }) => variable.name.value),
          isUnlisted,
        },
      });
    }
    this.#keep(entry);
  }

  #keep(entry: Entry): void {
    const other = this.#slots.peek(entry.storeKey)?.entry;
    if (other && other !== entry) this.#drop(other);
    this.#slots.set(entry.storeKey, { entry }, { size: sizeOf(entry) });
    // One that is larger than the cache is not kept, and not disposed of either.
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

/** How much memory a document takes at most, in bytes. */
function sizeOfDocument(document: DocumentNode): number {
  const { tokens, comments } = countTokens(document);
  return (tokens + comments) * BYTES_PER_TOKEN + (document.loc?.source.body.length ?? 0) * BYTES_PER_CHARACTER;
}

/** A document, or a hash, and which of the two it is; null where it is neither alone. */
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
