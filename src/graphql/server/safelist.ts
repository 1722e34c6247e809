/**
 * The operations that a manifest lists: which may be run, by their ids or word for word. The format is Apollo's
 * (https://www.apollographql.com/docs/graphos/platform/security/persisted-queries).
 *
 * Enforced, it is a wall before Apollo Server: what is not listed is neither parsed nor registered. In log mode everything
 * runs, and what is not listed is told.
 */
import type { ApolloServerPlugin, BaseContext, HTTPGraphQLRequest } from '@apollo/server';
import { parse, specifiedRules, validate, type GraphQLSchema } from 'graphql';
import { documentLimits, documentLimitsRule } from './document-limits.ts';
import { hashOf, type DocumentCache } from './apq-cache.ts';

export interface ManifestOperation {
  /** Any text; Apollo's tools take the SHA-256 of the body. */
  readonly id: string;
  readonly name: string;
  readonly type: 'query' | 'mutation' | 'subscription';
  /** The document, to the last space. */
  readonly body: string;
}

export const MANIFEST_FORMAT = 'apollo-persisted-query-manifest';
export const MANIFEST_VERSION = 1;

/** The text is no manifest. The message goes on after "the file", and holds nothing of it but positions. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';
}

/** Throws {@link ManifestError}. */
export function parseManifest(json: string): readonly ManifestOperation[] {
  const { format, version, operations } = parseObject(json);
  if (format !== MANIFEST_FORMAT) throw new ManifestError(`has no format "${MANIFEST_FORMAT}"`);
  if (version !== MANIFEST_VERSION) throw new ManifestError(`has no version ${MANIFEST_VERSION}`);
  if (!Array.isArray(operations)) throw new ManifestError('has no list of operations');
  const bodies = new Map<string, string>();
  return operations.map((item: unknown, index) => {
    const place = `operation ${index + 1}`;
    const operation = (typeof item === 'object' && item !== null ? item : {}) as Readonly<Record<string, unknown>>;
    for (const name of ['id', 'name', 'type', 'body'])
      if (typeof operation[name] !== 'string' || operation[name] === '')
        throw new ManifestError(`has ${place} without ${name}`);
    const { id, body } = operation as unknown as ManifestOperation;
    if ((bodies.get(id) ?? body) !== body) throw new ManifestError(`has ${place} with the id of an earlier one`);
    bodies.set(id, body);
    if (!parses(body)) throw new ManifestError(`has ${place} with a body that is not GraphQL`);
    return operation as unknown as ManifestOperation;
  });
}

function parseObject(json: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(json);
    if (typeof value === 'object' && value !== null) return value as Readonly<Record<string, unknown>>;
  } catch {
    throw new ManifestError('is not JSON');
  }
  throw new ManifestError('is not a JSON object');
}

function parses(document: string): boolean {
  try {
    parse(document, { maxLexicalTokens: documentLimits.tokens });
    return true;
  } catch {
    return false;
  }
}

/**
 * The operations that callers would be refused for what they ask, though they are listed: they do not fit the schema (any
 * more), or break a limit. Such a list is one that outlived a change of the schema, and no reason not to start.
 */
export const findUnusable = (
  operations: readonly ManifestOperation[],
  schema: GraphQLSchema,
): readonly ManifestOperation[] =>
  operations.filter(({ body }) => validate(schema, parse(body), [...specifiedRules, documentLimitsRule]).length > 0);

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

  /** Whether a request brings a document that is not listed. One that brings none, or none that is a text, does not. */
  rejects(request: HTTPGraphQLRequest): boolean {
    const document = partOf(request, 'query');
    return typeof document === 'string' && !this.has(document);
  }

  /** For Apollo Server: ids are looked up here, and then in `others`. Without others nothing is registered. */
  asDocuments(others: DocumentCache | null): DocumentCache {
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

/** A part of a request, from where Apollo Server takes it; of no particular type. */
export function partOf({ method, search, body }: HTTPGraphQLRequest, name: 'query' | 'operationName'): unknown {
  if (method === 'GET') return new URLSearchParams(search).get(name);
  return typeof body === 'object' && body !== null ? (body as Readonly<Record<string, unknown>>)[name] : null;
}

/** Tells of every operation that is not listed, before it runs. */
export const createSafelistPlugin = <Context extends BaseContext>(
  safelist: Safelist,
  onUnlisted: (context: Context) => void,
): ApolloServerPlugin<Context> => ({
  requestDidStart: () =>
    Promise.resolve({
      didResolveSource: ({ source, contextValue }) => {
        if (!safelist.has(source)) onUnlisted(contextValue);
        return Promise.resolve();
      },
    }),
});
