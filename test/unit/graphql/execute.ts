// Executes operations through an Apollo Server that is configured as in the service, without HTTP.
import type { ApolloServer } from '@apollo/server';
import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import { createApollo, type ApolloOptions } from '../../../src/graphql/server/apollo.ts';
import { createApqCache } from '../../../src/graphql/server/apq-cache.ts';
import { Executor } from '../../../src/graphql/execution/executor.ts';
import { OperationCache } from '../../../src/graphql/server/operation-cache.ts';
import { buildServiceSchema } from '../../../src/graphql/schema/schema.ts';
import type { ApolloContext, RequestContext } from '../../../src/graphql/server/request-context.ts';
import { InMemoryAssistants, upstreamOf } from './in-memory-assistants.ts';

export interface GraphQLResponse {
  readonly status: number;
  readonly data: FormattedExecutionResult['data'];
  readonly errors: readonly GraphQLFormattedError[];
  readonly text: string;
}

export interface Operation {
  readonly query?: string;
  readonly variables?: Record<string, unknown>;
  readonly operationName?: string;
  readonly extensions?: Record<string, unknown>;
}

const drop = (): void => undefined;
export const silentLogger = { debug: drop, info: drop, warn: drop, error: drop };

export function createTestApollo(options: Partial<ApolloOptions> = {}): ApolloServer<ApolloContext> {
  const schema = options.schema ?? buildServiceSchema();
  return createApollo({
    introspection: true,
    logger: silentLogger,
    schema,
    operationCache: new OperationCache(new Executor(schema)),
    persistedDocuments: createApqCache(null),
    onInternalError: drop,
    ...options,
  });
}

export async function execute(
  apollo: ApolloServer<ApolloContext>,
  operation: Operation,
  assistants: RequestContext['upstream']['assistants'] = new InMemoryAssistants(),
): Promise<GraphQLResponse> {
  const { body, http } = await apollo.executeOperation(operation, {
    contextValue: { scope: { requestId: 'req-1', upstream: upstreamOf(assistants), authorize: () => undefined } },
  });
  if (body.kind !== 'single') throw new TypeError('a single result was expected');
  const { data, errors = [] } = body.singleResult;
  // As a client parses it: objects without the null prototype.
  const text = JSON.stringify({ data, errors });
  const plain = JSON.parse(text) as Pick<GraphQLResponse, 'data' | 'errors'>;
  return { status: http.status ?? 200, ...plain, text };
}
