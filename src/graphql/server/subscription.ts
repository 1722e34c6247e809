/**
 * Subscriptions: started where Apollo Server executes operations, after all of its checks, and handed out as a stream of
 * results. Apollo Server has no subscriptions of its own; its response to one that was started is not used.
 */
import {
  type DocumentNode,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLFormattedError,
  type GraphQLSchema,
  subscribe,
} from 'graphql';
import type { ReportedRequest } from '../errors/format.ts';
import { OperationStream } from './operation-stream.ts';
import type { RequestContext } from './request-context.ts';
import { ServiceError } from '../errors/codes.ts';

interface SubscriptionRequest {
  /** Validated against the schema. */
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variables: Readonly<Record<string, unknown>> | undefined;
  readonly context: RequestContext;
}

export interface SubscriptionOptions {
  readonly schema: GraphQLSchema;
  /** Makes of errors what callers may see. */
  readonly formatErrors: (
    errors: readonly GraphQLError[],
    request: ReportedRequest,
  ) => readonly GraphQLFormattedError[];
}

/** Resolves to errors, or to no data where the subscription was started. Rejects with a ServiceError. */
export async function startSubscription(
  { document, operationName, variables, context }: SubscriptionRequest,
  { schema, formatErrors }: SubscriptionOptions,
): Promise<ExecutionResult> {
  const release = context.acquireStream?.() ?? null;
  if (!release)
    throw new ServiceError(
      'BAD_REQUEST',
      'The response to a subscription is a stream: accept text/event-stream, or multipart/mixed with ' +
        'subscriptionSpec=1.0, or use a WebSocket.',
    );
  let source: Awaited<ReturnType<typeof subscribe>> | null = null;
  try {
    source = await subscribe({
      schema,
      document,
      operationName: operationName ?? null,
      variableValues: variables ?? {},
      contextValue: context,
    });
  } finally {
    if (!source || !isStream(source)) release();
  }
  if (!isStream(source)) return source;
  context.stream = new OperationStream(source, (errors) => formatErrors(errors, context), release);
  return { data: null };
}

const isStream = (
  source: Awaited<ReturnType<typeof subscribe>>,
): source is Exclude<Awaited<ReturnType<typeof subscribe>>, ExecutionResult> => Symbol.asyncIterator in source;
