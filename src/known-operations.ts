/**
 * The operations that Apollo Server has found valid and executed, by what requests say of them: its document, or the hash
 * under which the document is persisted. It decides nothing about who may run one.
 */
import { getOperationAST, type OperationTypeNode } from 'graphql';
import { LRUCache } from 'lru-cache';
import { sizeOfDocument } from './graphql/document-store.ts';
import type { Executor, PreparedOperation } from './graphql/execution/executor.ts';
import { toOperationName } from './observability/operation-record.ts';
import type { ValidOperation } from './observability/operation.plugin.ts';

/** How many there may be, and how much memory they may take, in bytes; those used least recently go first. */
const MAX_OPERATIONS = 2000;
const MAX_BYTES = 16 * 1024 * 1024;
/** Longer documents and hashes are not known, in characters. */
const MAX_LENGTH = 10_000;

export interface KnownOperation {
  /** Its own among all that were ever known. */
  readonly id: number;
  readonly name: string | null;
  readonly kind: OperationTypeNode;
  /** Null where graphql-js executes it each time. */
  readonly prepared: PreparedOperation | null;
  /** As {@link Learned}. */
  readonly isUnlisted: boolean;
}

/** What Apollo Server found out about an operation. */
export interface Learned {
  readonly valid: ValidOperation;
  /** Whether it is not in the manifest of persisted operations, where there is one. */
  readonly isUnlisted: boolean;
}

/** What a POST asks. */
export interface Question {
  /** Which operation of which document, as one text. */
  readonly key: string;
  readonly variables: Readonly<Record<string, unknown>>;
  /** Null where it is not known. */
  readonly known: KnownOperation | null;
}

type Fields = Readonly<Record<string, unknown>>;

export class KnownOperations {
  readonly #executor: Executor;
  readonly #operations = new LRUCache<string, KnownOperation>({ max: MAX_OPERATIONS, maxSize: MAX_BYTES });
  #lastId = 0;

  constructor(executor: Executor) {
    this.#executor = executor;
  }

  /**
   * What the body of a request asks; null where it is nothing that could be known, so that Apollo Server has to look at it:
   * it is malformed, or it brings a document and its hash, which is for Apollo Server to check.
   */
  questionOf(body: unknown): Question | null {
    if (!isRecord(body)) return null;
    const { query, operationName, variables, extensions } = body;
    if (!isAbsent(operationName) && !isName(operationName)) return null;
    if (!isAbsent(variables) && !isRecord(variables)) return null;
    if (!isAbsent(extensions) && !isRecord(extensions)) return null;
    const document = documentOf(query, extensions?.['persistedQuery']);
    if (document === null) return null;
    const key = `${operationName ?? ''} ${document}`;
    return { key, variables: variables ?? {}, known: this.#operations.get(key) ?? null };
  }

  remember({ key }: Question, { valid: { document, operationName }, isUnlisted }: Learned): void {
    const operation = getOperationAST(document, operationName);
    if (!operation) return;
    this.#operations.set(
      key,
      {
        id: (this.#lastId += 1),
        name: toOperationName(operation.name?.value),
        kind: operation.operation,
        prepared: this.#executor.prepare(document, operationName),
        isUnlisted,
      },
      { size: sizeOfDocument(document) + 2 * key.length },
    );
  }
}

/** A document, or a hash, and which of the two it is; null where it is neither alone. */
function documentOf(query: unknown, persistedQuery: unknown): string | null {
  if (persistedQuery === undefined) return isText(query) ? `document ${query}` : null;
  if (!isRecord(persistedQuery) || query !== undefined) return null;
  const { version, sha256Hash } = persistedQuery;
  return version === 1 && isText(sha256Hash) ? `hash ${sha256Hash}` : null;
}

const isAbsent = (value: unknown): value is null | undefined => value === undefined || value === null;

const isRecord = (value: unknown): value is Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

const isText = (value: unknown): value is string => typeof value === 'string' && value.length <= MAX_LENGTH;

const isName = (value: unknown): value is string => typeof value === 'string' && toOperationName(value) !== null;
