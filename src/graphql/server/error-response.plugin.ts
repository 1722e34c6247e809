/**
 * Completes responses with errors: adds the request id to every error, sets the HTTP status of the code if no operation was
 * executed, and reports masked errors.
 *
 * Errors before a request has a context (CSRF prevention, a body that is not JSON) do not reach this plugin. The HTTP layer
 * adds the id to those.
 */
import type { ApolloServerPlugin, GraphQLRequestListener } from '@apollo/server';
import type { FormattedExecutionResult, GraphQLFormattedError } from 'graphql';
import type { ApolloContext, RequestContext } from './request-context.ts';
import { attempt, maskedCause } from '../errors/format.ts';
import { errorCodes, isErrorCode } from '../errors/codes.ts';
import { toLargeBody } from '../execution/large-data.ts';

/** Called with the cause of an INTERNAL_SERVER_ERROR. Errors that it throws are ignored: the response is sent anyway. */
export type OnInternalError = (error: unknown, request: ReportedRequest) => void;

/** Names the request and the caller in the log. */
export type ReportedRequest = Pick<RequestContext, 'requestId' | 'caller'>;

type Masked = GraphQLFormattedError & { readonly [maskedCause]?: unknown };

/** Adds the request id to formatted errors and reports masked ones. */
type ErrorCompleter = (errors: readonly GraphQLFormattedError[], request: ReportedRequest) => GraphQLFormattedError[];

export const createErrorCompleter =
  (onInternalError: OnInternalError): ErrorCompleter =>
  (errors, request) =>
    errors.map((error: Masked) => {
      if (maskedCause in error) attempt(() => onInternalError(error[maskedCause], request));
      return { ...error, extensions: { ...error.extensions, requestId: request.requestId } };
    });

export function createErrorResponsePlugin(completeErrors: ErrorCompleter): ApolloServerPlugin<ApolloContext> {
  const done = Promise.resolve();
  const listener: Promise<GraphQLRequestListener<ApolloContext>> = Promise.resolve({
    willSendResponse: ({ contextValue: { scope }, response: { body, http } }) => {
      if (body.kind !== 'single') return done;
      if (body.singleResult.errors) {
        const status = statusOf(body.singleResult, http.status);
        if (status !== undefined) http.status = status;
        body.singleResult.errors = completeErrors(body.singleResult.errors, scope);
      }
      scope.largeBody = toLargeBody(body.singleResult);
      // Apollo Server has nothing left to write.
      if (scope.largeBody) body.singleResult = {};
      return done;
    },
  });
  // It knows nothing of a request, so one listener serves all of them.
  return { requestDidStart: () => listener };
}

/**
 * Apollo Server's status differs for a few codes: 200 for an unregistered persisted query and for an operation type that the
 * schema does not have, 500 for rejections by a plugin. Any other error status that it chose (400, 405) remains.
 */
function statusOf({ data, errors }: FormattedExecutionResult, status: number | undefined): number | undefined {
  const error = errors?.[0];
  const didRun = error?.path !== undefined || Boolean(data);
  const code = error?.extensions?.['code'];
  const isUndecided = status === undefined || status < 400 || status === 500;
  return !didRun && isErrorCode(code) && isUndecided ? errorCodes[code].httpStatus : status;
}
