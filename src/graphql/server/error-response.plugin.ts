/**
 * What an answer with errors gets before it is sent: the id of the request in every error, the HTTP status of its code where
 * no operation ran, and a report of what was masked. An answer without errors is left alone.
 *
 * Errors that end a request before it has a context (CSRF prevention, a body that is no JSON) do not come through here:
 * the HTTP layer adds the id to those.
 */
import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { RequestContext } from './request-context.ts';
import { maskedCause } from '../errors/format.ts';
import { errorCodes, isErrorCode } from '../errors/codes.ts';
import { toLargeBody } from './large-data.ts';

/** Gets what was thrown behind an INTERNAL_SERVER_ERROR. What it throws itself is dropped: the answer is worth more. */
export type OnInternalError = (error: unknown, requestId: string) => void;

type Masked = GraphQLFormattedError & { readonly [maskedCause]?: unknown };

/** Adds the id of the request to errors that are formatted, and reports what was masked. */
type ErrorCompleter = (errors: readonly GraphQLFormattedError[], requestId: string) => GraphQLFormattedError[];

export function createErrorCompleter(onInternalError: OnInternalError): ErrorCompleter {
  const report: OnInternalError = (error, requestId) => {
    try {
      onInternalError(error, requestId);
    } catch {
      return;
    }
  };
  return (errors, requestId) =>
    errors.map((error: Masked) => {
      if (maskedCause in error) report(error[maskedCause], requestId);
      return { ...error, extensions: { ...error.extensions, requestId } };
    });
}

export function createErrorResponsePlugin(completeErrors: ErrorCompleter): ApolloServerPlugin<RequestContext> {
  const done = Promise.resolve();
  const listener: Promise<GraphQLRequestListener<RequestContext>> = Promise.resolve({
    willSendResponse: ({ contextValue: { requestId, respondWith }, response: { body, http } }) => {
      if (body.kind !== 'single') return done;
      if (body.singleResult.errors) {
        const status = statusOf(body.singleResult, http.status);
        if (status !== undefined) http.status = status;
        body.singleResult.errors = completeErrors(body.singleResult.errors, requestId);
      }
      const largeBody = respondWith ? toLargeBody(body.singleResult) : null;
      if (largeBody) {
        respondWith?.(largeBody);
        // Apollo Server has nothing left to write.
        body.singleResult = {};
      }
      return done;
    },
  });
  // It knows nothing of a request, so one listener serves all of them.
  return { requestDidStart: () => listener };
}

/**
 * Apollo Server has other ideas for a few codes: 200 for a persisted query that is not known and for an operation of a kind
 * that the schema does not have, 500 for what a plugin refuses. Where it chose another status that is an error's (400,
 * 405), that one stays.
 */
function statusOf({ data, errors }: FormattedExecutionResult, status: number | undefined): number | undefined {
  const error = errors?.[0];
  const didRun = error?.path !== undefined || Boolean(data);
  const code = error?.extensions?.['code'];
  const isUndecided = status === undefined || status < 400 || status === 500;
  return !didRun && isErrorCode(code) && isUndecided ? errorCodes[code].httpStatus : status;
}
