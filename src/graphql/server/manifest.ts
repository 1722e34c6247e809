/** Parses the manifest of persisted operations and validates its operations. */
import { parse, specifiedRules, validate, type GraphQLSchema } from 'graphql';
import { documentLimits, documentLimitsRule } from './document-limits.ts';

export interface ManifestOperation {
  /** Any string. Apollo's tools use the SHA-256 of the body. */
  readonly id: string;
  readonly name: string;
  readonly type: 'query' | 'mutation' | 'subscription';
  /** The exact document. */
  readonly body: string;
}

export const MANIFEST_FORMAT = 'apollo-persisted-query-manifest';

export const MANIFEST_VERSION = 1;

/** The text is not a manifest. The message continues after "the file" and contains positions only. */
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
    const position = `operation ${index + 1}`;
    const operation = (typeof item === 'object' && item !== null ? item : {}) as Readonly<Record<string, unknown>>;
    for (const name of ['id', 'name', 'type', 'body'])
      if (typeof operation[name] !== 'string' || operation[name] === '')
        throw new ManifestError(`has ${position} without ${name}`);
    const { id, body } = operation as unknown as ManifestOperation;
    if ((bodies.get(id) ?? body) !== body) throw new ManifestError(`has ${position} with the id of an earlier one`);
    bodies.set(id, body);
    if (!parses(body)) throw new ManifestError(`has ${position} with a body that is not GraphQL`);
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
 * The listed operations that would be rejected, because they do not fit the schema or exceed a limit. The manifest may be
 * older than a change of the schema, so this does not prevent the start.
 */
export const findUnusable = (
  operations: readonly ManifestOperation[],
  schema: GraphQLSchema,
): readonly ManifestOperation[] =>
  operations.filter(({ body }) => validate(schema, parse(body), [...specifiedRules, documentLimitsRule]).length > 0);
