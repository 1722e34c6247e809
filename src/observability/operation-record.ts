/** The record of an operation that ended, for logs, metrics and traces. Its only text from the client is the name. */
import type { StreamMetrics } from './metrics.ts';
import type { RequestTrace } from './tracing.ts';

/** `unknown` if the request failed before its operation was parsed. */
type OperationKind = 'query' | 'mutation' | 'subscription' | 'unknown';

/** ok: no errors. user_error: no errors, but `userErrors` of a mutation. partial: data and errors. error: errors alone. */
type OperationOutcome = 'ok' | 'user_error' | 'partial' | 'error';

export interface OperationRecord {
  /** The name in the document; null if it has none, or one of more than 64 characters. */
  readonly operationName: string | null;
  readonly kind: OperationKind;
  readonly outcome: OperationOutcome;
  /** The distinct `extensions.code` of the errors, in the order of the response. */
  readonly errorCodes: readonly string[];
  /** The time of the GraphQL execution, without reading the request and writing the response. */
  readonly durationMs: number;
}

/** What is reported of an operation in addition to its record. */
export interface EndedOperation {
  readonly info: {
    readonly requestId: string;
    /** The request id that the client sent; null if it sent none, or an invalid one. */
    readonly callerRequestId: string | null;
    readonly trace: RequestTrace | null;
    /** The subject of the caller; null if the request is not authenticated. */
    readonly caller: string | null;
  };
  /** The number of attempts of calls to upstream; 0 if the operation shared the execution of another request. */
  readonly upstreamCalls: number;
  /** Whether it shared the execution of another request. */
  readonly isShared: boolean;
  readonly isUnlisted: boolean;
  /** The ids that a mutation created, changed or deleted; undefined if it wrote nothing. */
  readonly writtenIds?: readonly string[] | undefined;
  /** For a subscription whose stream has ended, null otherwise. The duration is that of operation and stream. */
  readonly stream: (StreamMetrics & { readonly durationMs: number }) | null;
}

/** Milliseconds since a `performance.now()` time, rounded to microseconds. */
export const msSince = (startedAt: number): number => Math.round((performance.now() - startedAt) * 1000) / 1000;

/** A GraphQL Name (https://spec.graphql.org/October2021/#Name) of at most 64 characters. */
const SHORT_NAME = /^[_A-Za-z][_0-9A-Za-z]{0,63}$/;

/** The name if it may be logged, otherwise null. */
export const toOperationName = (name: unknown): string | null =>
  typeof name === 'string' && SHORT_NAME.test(name) ? name : null;

/** In characters of the digest: 48 bits are enough to distinguish the callers in a log. */
const TENANT_LABEL_LENGTH = 8;

/** Names a caller in the log: the beginning of the digest that stands for the credential or for the token's subject. */
export const toTenantLabel = (subject: string): string => subject.slice(0, TENANT_LABEL_LENGTH);
