/**
 * Adds the request's id to every error of an answer, and reports what was masked together with that id. An answer without
 * errors is left alone.
 *
 * Errors that end a request before it has a context (CSRF prevention, a body that is no JSON) do not come through
 * here: the HTTP layer adds the id to those.
 */
import type { ApolloServerPlugin } from '@apollo/server';
import type { GraphQLFormattedError } from 'graphql';
import type { RequestContext } from './context.ts';
import { maskedCause } from './error-format.ts';

/** Gets what was thrown behind an INTERNAL_SERVER_ERROR. */
export type OnInternalError = (error: unknown, requestId: string) => void;

export const createRequestIdPlugin = (onInternalError: OnInternalError): ApolloServerPlugin<RequestContext> => ({
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse: ({ contextValue: { requestId }, response: { body } }) => {
        if (body.kind === 'single' && body.singleResult.errors)
          body.singleResult.errors = body.singleResult.errors.map((error: Masked) => {
            if (maskedCause in error) onInternalError(error[maskedCause], requestId);
            return { ...error, extensions: { ...error.extensions, requestId } };
          });
        return Promise.resolve();
      },
    }),
});

type Masked = GraphQLFormattedError & { readonly [maskedCause]?: unknown };
