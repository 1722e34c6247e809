/**
 * What the service does in Apollo Server's pipeline. The plugin sees every request that has a context, also with a document that
 * does not parse or validate. The HTTP layer handles those that are rejected before: CSRF prevention, an invalid body, overload.
 *
 * It has no hook for fields, because such a hook makes Apollo Server wrap every resolver.
 */
import type { ApolloServerPlugin } from '@apollo/server';
import { Kind, visit, type DocumentNode, type FormattedExecutionResult, type Location } from 'graphql';
import { toLargeBody } from '../execution/large-data.ts';
import { msSince, toOperationName, type OperationRecord } from '../../observability/operation-record.ts';
import { codesOf, errorCodes, isErrorCode, NO_CODES } from '../errors/codes.ts';
import { attempt, type ErrorCompleter } from '../errors/format.ts';
import { isMoreThan } from './document-text.ts';
import type { RequestContext } from './request-context.ts';

export interface ValidOperation {
  readonly document: DocumentNode;
  /** As the request names it. */
  readonly operationName: string | undefined;
}

type PluginScope = Pick<RequestContext, 'requestId' | 'caller' | 'largeBody' | 'start' | 'end'>;

/** Errors that `start` and `end` of the scope throw are ignored: the response is sent anyway. */
export const createApolloPlugin = (
  completeErrors: ErrorCompleter,
): ApolloServerPlugin<{ readonly scope: PluginScope }> => ({
  requestDidStart: ({ contextValue: { scope } }) => {
    const startedAt = attempt(() => scope.start?.()) ?? performance.now();
    return Promise.resolve({
      parsingDidStart: (context) =>
        Promise.resolve(() => {
          const { source, document } = context;
          if (document && isLong(source)) removeLocations(document);
          return Promise.resolve();
        }),
      willSendResponse: ({ request, source, document, operation, operationName, response: { body, http } }) => {
        if (body.kind !== 'single') throw new TypeError('incremental delivery is not offered');
        const { singleResult } = body;
        attempt(() =>
          scope.end?.(
            {
              operationName: toOperationName(operationName),
              kind: operation?.operation ?? 'unknown',
              ...toOutcome(singleResult),
              durationMs: msSince(startedAt),
            },
            document && operation ? { document, operationName: request.operationName } : null,
            source,
          ),
        );
        if (singleResult.errors) {
          const status = statusOf(singleResult, http.status);
          if (status !== undefined) http.status = status;
          singleResult.errors = completeErrors(singleResult.errors, scope);
        }
        scope.largeBody = toLargeBody(singleResult);
        // Apollo Server has nothing left to write.
        if (scope.largeBody) body.singleResult = {};
        return Promise.resolve();
      },
    });
  },
});

function toOutcome({
  data,
  errors,
}: Pick<FormattedExecutionResult, 'data' | 'errors'>): Pick<OperationRecord, 'outcome' | 'errorCodes'> {
  if (!errors || errors.length === 0) return { outcome: 'ok', errorCodes: NO_CODES };
  return { outcome: data ? 'partial' : 'error', errorCodes: codesOf(errors) };
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

/** Of a document whose errors have locations. */
const locatedText = { characters: 32_768, lines: 2000 } as const;

const isLong = (text: string): boolean =>
  text.length > locatedText.characters ||
  isMoreThan(text, '\n', locatedText.lines) ||
  isMoreThan(text, '\r', locatedText.lines);

/** For every location in an error, graphql-js and Apollo Server each search the document for line breaks, from its start. */
function removeLocations(document: DocumentNode): void {
  visit(document, {
    enter: (node: { readonly kind: Kind; loc?: Location | undefined }) => {
      if (node.kind !== Kind.DOCUMENT) node.loc = undefined;
    },
  });
}
