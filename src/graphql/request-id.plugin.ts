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

/** Gets what was thrown behind an INTERNAL_SERVER_ERROR. What it throws itself is dropped: the answer is worth more. */
export type OnInternalError = (error: unknown, requestId: string) => void;

export function createRequestIdPlugin(onInternalError: OnInternalError): ApolloServerPlugin<RequestContext> {
  const report: OnInternalError = (error, requestId) => {
    try {
      onInternalError(error, requestId);
    } catch {
      return;
    }
  };
  return {
    requestDidStart: () =>
      Promise.resolve({
        willSendResponse: ({ contextValue: { requestId }, response: { body } }) => {
          if (body.kind === 'single' && body.singleResult.errors)
            body.singleResult.errors = body.singleResult.errors.map((error: Masked) => {
              if (maskedCause in error) report(error[maskedCause], requestId);
              return { ...error, extensions: { ...error.extensions, requestId } };
            });
          return Promise.resolve();
        },
      }),
  };
}

type Masked = GraphQLFormattedError & { readonly [maskedCause]?: unknown };
