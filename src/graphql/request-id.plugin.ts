/**
 * Adds the request's id to every error of an answer. An answer without errors is left alone.
 *
 * Errors that end a request before it has a context (CSRF prevention, a body that is no JSON) do not come through
 * here: the HTTP layer adds the id to those.
 */
import type { ApolloServerPlugin } from '@apollo/server';
import type { RequestContext } from './context.ts';

export const requestIdPlugin: ApolloServerPlugin<RequestContext> = {
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse: ({ contextValue: { requestId }, response: { body } }) => {
        if (body.kind === 'single' && body.singleResult.errors)
          body.singleResult.errors = body.singleResult.errors.map((error) => ({
            ...error,
            extensions: { ...error.extensions, requestId },
          }));
        return Promise.resolve();
      },
    }),
};
