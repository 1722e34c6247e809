/**
 * Apollo Server as this service runs it: what is switched on, what is switched off, and why.
 *
 * The HTTP layer owns requests, limits of the body, landing page and explorer; nothing here listens.
 */
import { ApolloServer, type ApolloServerOptionsWithGateway, type ApolloServerOptionsWithSchema } from '@apollo/server';
import {
  ApolloServerPluginCacheControlDisabled,
  ApolloServerPluginInlineTraceDisabled,
  ApolloServerPluginLandingPageDisabled,
  ApolloServerPluginSchemaReportingDisabled,
  ApolloServerPluginUsageReportingDisabled,
} from '@apollo/server/plugin/disabled';
import { OperationTypeNode, type GraphQLError, type GraphQLSchema } from 'graphql';
import type { ApolloContext } from './request-context.ts';
import { createErrorCompleter, createErrorFormatter, type OnInternalError } from '../errors/format.ts';
import type { OperationCache } from './operation-cache.ts';
import { documentLimits, documentLimitsRule } from './document-limits.ts';
import { createApolloPlugin } from './apollo.plugin.ts';
import type { DocumentCache } from './apq-cache.ts';
import { startSubscription, type SubscriptionOptions } from './subscription.ts';

type Options = ApolloServerOptionsWithSchema<ApolloContext>;
type Gateway = NonNullable<ApolloServerOptionsWithGateway<ApolloContext>['gateway']>;

export interface ApolloOptions {
  /** Whether introspection and suggestions ("Did you mean …") are allowed. */
  readonly introspection: boolean;
  readonly logger: NonNullable<Options['logger']>;
  readonly schema: GraphQLSchema;
  /** Of the same schema. */
  readonly operationCache: OperationCache;
  /** Stores documents by their hashes. */
  readonly persistedDocuments: DocumentCache;
  /** Called with every error that is masked as INTERNAL_SERVER_ERROR. */
  readonly onInternalError: OnInternalError;
}

/**
 * A server that has not been started. Its responses never contain values of the client or stack traces.
 *
 * `status400ForVariableCoercionErrors` is left at its default (400): with a bad variable the operation did not run, and
 * to name the option, with either value, makes Apollo Server warn at every start.
 */
export function createApollo({
  introspection,
  logger,
  schema,
  operationCache,
  persistedDocuments,
  onInternalError,
}: ApolloOptions): ApolloServer<ApolloContext> {
  const formatError = createErrorFormatter({ suggestions: introspection });
  const completeErrors = createErrorCompleter(onInternalError);
  return new ApolloServer<ApolloContext>({
    gateway: asGateway(operationCache, {
      schema,
      formatErrors: (errors, request) =>
        completeErrors(
          errors.map((error) => formatError(toFormatted(error), error)),
          request,
        ),
    }),
    logger,
    parseOptions: { maxLexicalTokens: documentLimits.tokens },
    validationRules: [documentLimitsRule],
    // They take longer than the validation, and would be removed from the messages.
    validationOptions: { hideSuggestions: !introspection },
    documentStore: operationCache.documentStore,
    persistedQueries: { cache: persistedDocuments },
    introspection,
    hideSchemaDetailsFromClientErrors: !introspection,
    includeStacktraceInErrorResponses: false,
    // Without Apollo Server's final line break, for which V8 would copy the whole response.
    stringifyResult: (result) => JSON.stringify(result),
    formatError,
    csrfPrevention: true,
    allowBatchedHttpRequests: false,
    // The process handles signals itself and drains first.
    stopOnTerminationSignals: false,
    plugins: [
      // Cache control times every field; the reporters would send operations to Apollo where its variables are set.
      ApolloServerPluginCacheControlDisabled(),
      ApolloServerPluginUsageReportingDisabled(),
      ApolloServerPluginSchemaReportingDisabled(),
      ApolloServerPluginInlineTraceDisabled(),
      ApolloServerPluginLandingPageDisabled(),
      createApolloPlugin(completeErrors),
    ],
  });
}

/** Apollo Server accepts an executor from a gateway only. This gateway serves our own schema. */
const asGateway = (operations: OperationCache, subscriptions: SubscriptionOptions): Gateway => ({
  load: () =>
    Promise.resolve({
      executor: ({ document, request: { operationName, variables = {} }, context: given }) => {
        const { scope: context } = given as ApolloContext;
        // The operation has run: Apollo Server only formats its result.
        if (context.result) return Promise.resolve(context.result);
        const { executor } = operations;
        const isAnonymous = context.isAnonymous ?? false;
        const prepared = (isAnonymous ? executor : operations).prepare(document, operationName);
        if (!prepared) return executor.reject(document, operationName);
        if (prepared.kind !== OperationTypeNode.SUBSCRIPTION) return prepared.run(variables, context, !isAnonymous);
        const values = prepared.check(variables);
        if ('errors' in values) return Promise.resolve(values);
        return startSubscription({ document, operationName, variables, context }, subscriptions);
      },
    }),
  onSchemaLoadOrUpdate: (onSchema) => {
    onSchema({ apiSchema: subscriptions.schema, coreSupergraphSdl: '' });
    return () => undefined;
  },
  stop: () => Promise.resolve(),
});

/** As Apollo Server hands errors to be formatted. */
const toFormatted = (error: GraphQLError) => ({
  ...error.toJSON(),
  extensions: { ...error.extensions, code: error.extensions['code'] ?? 'INTERNAL_SERVER_ERROR' },
});
