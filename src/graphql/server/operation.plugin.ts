/**
 * Tells of every GraphQL operation that ended: its kind, its outcome, how long it took. It decides nothing about where
 * that is written, and it has no hook per field, as one such hook makes Apollo Server wrap every resolver.
 *
 * It sees what enters the pipeline, and so what does not parse, does not validate or names no operation as well. What is
 * refused before (CSRF prevention, a body that is no request, shedding) and what breaks the pipeline itself does not
 * come through here: the HTTP layer records those.
 */
import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import type { DocumentNode, FormattedExecutionResult } from 'graphql';
import { msSince, toOperationName, type OperationRecord } from '../../observability/operation-record.ts';

interface OperationPluginOptions<Context extends BaseContext> {
  /** Runs before the document is looked at, and tells when the operation began, on `performance.now()`. What it throws is dropped. */
  readonly onStart: (context: Context) => number;
  /** Runs once, when the answer is ready to be sent. What it throws is dropped: the answer is worth more. */
  readonly onEnd: (record: OperationRecord, context: Context, valid: ValidOperation | null) => void;
}

/** What a request asked for, once its document was found to be valid and to have the operation. */
export interface ValidOperation {
  readonly document: DocumentNode;
  /** As the request names it. */
  readonly operationName: string | undefined;
}

/** The context that the callbacks get is Apollo Server's copy of the one that was handed in: it shares objects alone. */
export function createOperationPlugin<Context extends BaseContext>({
  onStart,
  onEnd,
}: OperationPluginOptions<Context>): ApolloServerPlugin<Context> {
  return {
    requestDidStart: ({ contextValue }) => {
      const startedAt = attempt(() => onStart(contextValue)) ?? performance.now();
      return Promise.resolve({
        willSendResponse: ({ request, document, operation, operationName, response: { body } }) => {
          attempt(() =>
            onEnd(
              {
                operationName: toOperationName(operationName),
                kind: operation?.operation ?? 'unknown',
                ...toOutcome(body.kind === 'single' ? body.singleResult : body.initialResult),
                durationMs: msSince(startedAt),
              },
              contextValue,
              document && operation ? { document, operationName: request.operationName } : null,
            ),
          );
          return Promise.resolve();
        },
      });
    },
  };
}

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

/** Recording must never break what it records. */
const attempt = <T>(run: () => T): T | undefined => {
  try {
    return run();
  } catch {
    return undefined;
  }
};
