/**
 * Reports every ended GraphQL operation: its type, outcome and duration. It has no hook for fields, because such a hook makes
 * Apollo Server wrap every resolver.
 *
 * It also sees documents that do not parse or validate, and requests without a matching operation. The HTTP layer records
 * requests that are rejected before the pipeline (CSRF prevention, an invalid body, overload) and faults of the pipeline.
 */
import type { ApolloServerPlugin } from '@apollo/server';
import type { DocumentNode, FormattedExecutionResult } from 'graphql';
import { attempt } from '../errors/format.ts';
import type { RequestContext } from './request-context.ts';
import { msSince, toOperationName, type OperationRecord } from '../../observability/operation-record.ts';

export interface ValidOperation {
  readonly document: DocumentNode;
  /** As the request names it. */
  readonly operationName: string | undefined;
}

/** Errors of the scope are ignored: the response is sent anyway. */
export const operationPlugin: ApolloServerPlugin<{ readonly scope: Pick<RequestContext, 'start' | 'end'> }> = {
  requestDidStart: ({ contextValue: { scope } }) => {
    const startedAt = attempt(() => scope.start?.()) ?? performance.now();
    return Promise.resolve({
      willSendResponse: ({ request, source, document, operation, operationName, response: { body } }) => {
        attempt(() =>
          scope.end?.(
            {
              operationName: toOperationName(operationName),
              kind: operation?.operation ?? 'unknown',
              ...toOutcome(body.kind === 'single' ? body.singleResult : body.initialResult),
              durationMs: msSince(startedAt),
            },
            document && operation ? { document, operationName: request.operationName } : null,
            source,
          ),
        );
        return Promise.resolve();
      },
    });
  },
};

const NO_CODES: readonly string[] = [];

function toOutcome({
  data,
  errors,
}: Pick<FormattedExecutionResult, 'data' | 'errors'>): Pick<OperationRecord, 'outcome' | 'errorCodes'> {
  if (!errors || errors.length === 0) return { outcome: 'ok', errorCodes: NO_CODES };
  return { outcome: data ? 'partial' : 'error', errorCodes: codesOf(errors) };
}

/** The codes of the errors of a result, each once. */
export function codesOf(errors: FormattedExecutionResult['errors']): readonly string[] {
  if (!errors) return NO_CODES;
  const codes = new Set<string>();
  for (const { extensions } of errors) {
    const code = extensions?.['code'];
    codes.add(typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR');
  }
  return [...codes];
}
