/** Builds the GraphQL server of the service: Apollo Server, the cache of operations and the handler of requests. */
import type { ApolloServer } from '@apollo/server';
import { createApollo, type ApolloOptions } from './apollo.ts';
import type { DocumentCache } from './apq-cache.ts';
import { Executor } from '../execution/executor.ts';
import { OperationCache } from './operation-cache.ts';
import { GraphQLRequestHandler, type GraphQLRequestHandlerOptions } from './request-handler.ts';

interface GraphQLServerOptions
  extends
    Omit<GraphQLRequestHandlerOptions, 'apollo' | 'cache'>,
    Pick<ApolloOptions, 'schema' | 'logger' | 'onInternalError'> {
  /** The documents of automatic persisted queries. */
  readonly documents: DocumentCache;
}

/** `apollo` must be started before requests are handled. */
interface GraphQLServer {
  readonly apollo: Pick<ApolloServer, 'start' | 'stop'>;
  readonly requestHandler: GraphQLRequestHandler;
}

export function createGraphQLServer(options: GraphQLServerOptions): GraphQLServer {
  const { schema, safelist, isSafelistEnforced, documents, introspection, logger, onInternalError } = options;
  const cache = new OperationCache(new Executor(schema));
  const apollo = createApollo({
    schema,
    operationCache: cache,
    introspection,
    persistedDocuments: safelist ? safelist.asPersistedQueryCache(isSafelistEnforced ? null : documents) : documents,
    logger,
    onInternalError,
  });
  return { apollo, requestHandler: new GraphQLRequestHandler({ ...options, apollo, cache }) };
}
