/** What is kept of an operation that ended: enough to count and to find it, nothing that a caller wrote but its name. */

/** `unknown` where the request failed before its operation was known. */
export type OperationKind = 'query' | 'mutation' | 'subscription' | 'unknown';

/** ok: no errors. user_error: no errors, but `userErrors` of a mutation. partial: data and errors. error: errors alone. */
export type OperationOutcome = 'ok' | 'user_error' | 'partial' | 'error';

export interface OperationRecord {
  /** As the document names it; null where it has no name, or one of more than 64 characters. */
  readonly operationName: string | null;
  readonly kind: OperationKind;
  readonly outcome: OperationOutcome;
  /** The `extensions.code` of the errors, each once, in the order of the answer. */
  readonly errorCodes: readonly string[];
  /** From the start of GraphQL's work to the answer, without reading the request and writing the response. */
  readonly durationMs: number;
}

/** How long ago that was on `performance.now()`, in milliseconds and whole microseconds. */
export const msSince = (startedAt: number): number => Math.round((performance.now() - startedAt) * 1000) / 1000;

/** A Name of GraphQL (https://spec.graphql.org/October2021/#Name), and short enough to be kept. */
const SHORT_NAME = /^[_A-Za-z][_0-9A-Za-z]{0,63}$/;

/** The name as it may be written down; null where it may not. */
export const toOperationName = (name: unknown): string | null =>
  typeof name === 'string' && SHORT_NAME.test(name) ? name : null;

/** Characters of the digest: 48 bits tell the callers of one log apart. */
const TENANT_LABEL_LENGTH = 8;

/** Names a caller in the log: the beginning of the digest that stands for the credential or for the token's subject. */
export const toTenantLabel = (subject: string): string => subject.slice(0, TENANT_LABEL_LENGTH);
