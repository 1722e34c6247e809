/**
 * The safelist: the operations of a manifest, by id or exact document. The format is Apollo's
 * (https://www.apollographql.com/docs/graphos/platform/security/persisted-queries).
 *
 * If it is enforced, other operations are rejected before parsing. In log mode all operations run, and those that are not
 * listed are reported.
 */
import type { HTTPGraphQLRequest } from '@apollo/server';
import { hashOf, type DocumentCache } from './apq-cache.ts';
import { readFile } from 'node:fs/promises';
import type { GraphQLSchema } from 'graphql';
import { ConfigError } from '../../runtime/environment.ts';
import { decodeUtf8 } from '../../runtime/utf8.ts';
import { findUnusable, ManifestError, parseManifest, type ManifestOperation } from './manifest.ts';

export class Safelist {
  readonly #bodiesById: ReadonlyMap<string, string>;
  readonly #bodies: ReadonlySet<string>;

  constructor(operations: readonly ManifestOperation[]) {
    this.#bodiesById = new Map(operations.map(({ id, body }) => [id, body]));
    this.#bodies = new Set(this.#bodiesById.values());
  }

  has(document: string): boolean {
    return this.#bodies.has(document);
  }

  /** Whether a request has a document that is not listed. False without a document. */
  rejects(request: HTTPGraphQLRequest): boolean {
    const document = requestParam(request, 'query');
    return typeof document === 'string' && !this.has(document);
  }

  /** For Apollo Server: looks ids up here and then in `others`. Without others, no document is registered. */
  asPersistedQueryCache(others: DocumentCache | null): DocumentCache {
    return {
      get: (key) => {
        const body = this.#bodiesById.get(hashOf(key));
        return body === undefined && others ? others.get(key) : Promise.resolve(body);
      },
      set: (key, document, options) => others?.set(key, document, options) ?? Promise.resolve(),
      delete: (key) => others?.delete(key) ?? Promise.resolve(false),
    };
  }
}

/** A parameter of a request, from where Apollo Server reads it, unvalidated. */
export function requestParam(
  { method, search, body }: HTTPGraphQLRequest,
  name: 'query' | 'operationName' | 'extensions',
): unknown {
  if (method === 'GET') return new URLSearchParams(search).get(name);
  return typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>)[name] : null;
}

/**
 * Reads the manifest in the file. `onUnusable` is called with the names of the operations that are not valid in the schema,
 * if there are any. Rejects with a {@link ConfigError} if the file is not a manifest.
 */
export async function readSafelist(
  path: string,
  schema: GraphQLSchema,
  onUnusable: (operationNames: readonly string[]) => void,
): Promise<Safelist> {
  const bytes = await readFile(path).catch(() => {
    throw new ConfigError('PERSISTED_OPERATIONS names a file that cannot be read');
  });
  const json = decodeUtf8(bytes);
  if (json === null) throw new ConfigError('PERSISTED_OPERATIONS names a file that is not UTF-8 text');
  try {
    const operations = parseManifest(json);
    const unusable = findUnusable(operations, schema).map(({ name }) => name);
    if (unusable.length > 0) onUnusable(unusable);
    return new Safelist(operations);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new ConfigError(`PERSISTED_OPERATIONS names a file that ${error.message}`);
  }
}
