/**
 * The HTTP status of an answer whose operation did not run: the one that the registry gives its code.
 *
 * Apollo Server has other ideas for a few of them: 200 for a persisted query that is not known and for an operation of
 * a kind that the schema does not have, 500 for what a plugin refuses. Where it chose another status that is an error's
 * (400, 405), that one stays.
 */
import type { ApolloServerPlugin } from '@apollo/server';
import type { RequestContext } from './context.ts';
import { errorCodes, isErrorCode } from './errors.ts';

export const httpStatusPlugin: ApolloServerPlugin<RequestContext> = {
  requestDidStart: () =>
    Promise.resolve({
      willSendResponse: ({ response: { body, http } }) => {
        if (body.kind !== 'single' || !body.singleResult.errors) return Promise.resolve();
        const [error] = body.singleResult.errors;
        const didRun = error?.path !== undefined || Boolean(body.singleResult.data);
        const code = error?.extensions?.['code'];
        const isUndecided = http.status === undefined || http.status < 400 || http.status === 500;
        if (!didRun && isErrorCode(code) && isUndecided) http.status = errorCodes[code].httpStatus;
        return Promise.resolve();
      },
    }),
};
