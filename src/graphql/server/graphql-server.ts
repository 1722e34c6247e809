/** Builds the GraphQL server of the service: Apollo Server, the cache of operations and the handler of requests. */
import type { GraphQLSchema } from 'graphql';
import { toOperationName } from '../../observability/operation-record.ts';
import { createApollo, type ApolloOptions } from './apollo.ts';
import type { DocumentCache } from './apq-cache.ts';
import { Executor } from './executor.ts';
import { OperationCache } from './operation-cache.ts';
import { createOperationPlugin } from './operation.plugin.ts';
import type { ServiceContext } from './request-context.ts';
import { GraphQLRequestHandler, type GraphQLRequestHandlerOptions } from './request-handler.ts';
import { requestParam, type Safelist } from './safelist.ts';

interface GraphQLServerOptions
  extends
    Omit<GraphQLRequestHandlerOptions, 'apollo' | 'cache' | 'safelist' | 'onUnlisted'>,
    Pick<ApolloOptions<ServiceContext>, 'logger' | 'onInternalError'> {
  readonly schema: GraphQLSchema;
  /** The operations of a manifest; null if there is none. */
  readonly safelist: Safelist | null;
  /** Whether operations that are not in the safelist are rejected. */
  readonly isSafelistEnforced: boolean;
  readonly documents: DocumentCache;
  /** Called for each operation that is not in the safelist and was rejected. */
  readonly onUnlisted: (requestId: string, operationName: string | null) => void;
}

interface GraphQLServer {
  readonly requestHandler: GraphQLRequestHandler;
  start(): Promise<void>;
  stop(): Promise<void>;
}

export function createGraphQLServer(options: GraphQLServerOptions): GraphQLServer {
  const { schema, safelist, isSafelistEnforced, documents, introspection, logger, onInternalError, onUnlisted } =
    options;
  const cache = new OperationCache(new Executor(schema));
  const apollo = createApollo<ServiceContext>({
    schema,
    operationCache: cache,
    introspection,
    persistedDocuments: safelist ? safelist.asPersistedQueryCache(isSafelistEnforced ? null : documents) : documents,
    logger,
    onInternalError,
    plugins: [
      createOperationPlugin<ServiceContext>({
        onStart: ({ scope }) => scope.start(),
        onEnd: (record, { scope }, valid, source) => {
          scope.isUnlisted = safelist !== null && source !== undefined && !safelist.has(source);
          requestHandler.recordEnd(record, scope, valid);
        },
      }),
    ],
  });
  const requestHandler: GraphQLRequestHandler = new GraphQLRequestHandler({
    ...options,
    apollo,
    cache,
    safelist: isSafelistEnforced ? safelist : null,
    onUnlisted: (request, { requestId }) =>
      onUnlisted(requestId, toOperationName(requestParam(request, 'operationName'))),
  });
  return { requestHandler, start: () => apollo.start(), stop: () => apollo.stop() };
}
