/**
 * Tells of every GraphQL operation that ended: its kind, its outcome, how long it took. It decides nothing about where
 * that is written, and it has no hook per field, as one such hook makes Apollo Server wrap every resolver.
 *
 * It sees what enters the pipeline, and so what does not parse, does not validate or names no operation as well. What is
 * refused before (CSRF prevention, a body that is no request, shedding) and what breaks the pipeline itself does not
 * come through here: the HTTP layer records those.
 */
import type { ApolloServerPlugin, BaseContext } from '@apollo/server';
import type { FormattedExecutionResult } from 'graphql';
import { toOperationName, type OperationRecord } from './operation-record.ts';

export interface OperationPluginOptions<Context extends BaseContext> {
  /** Runs before the document is looked at. What it throws is dropped. */
  readonly onStart?: (context: Context) => void;
  /** Runs once, when the answer is ready to be sent. What it throws is dropped: the answer is worth more. */
  readonly onEnd: (record: OperationRecord, context: Context) => void;
}

/** The context that the callbacks get is Apollo Server's copy of the one that was handed in: it shares objects alone. */
export function createOperationPlugin<Context extends BaseContext>({
  onStart,
  onEnd,
}: OperationPluginOptions<Context>): ApolloServerPlugin<Context> {
  return {
    requestDidStart: ({ contextValue }) => {
      const startedAt = performance.now();
      if (onStart) attempt(() => onStart(contextValue));
      return Promise.resolve({
        willSendResponse: ({ operation, operationName, response: { body } }) => {
          attempt(() =>
            onEnd(
              {
                operationName: toOperationName(operationName),
                kind: operation?.operation ?? 'unknown',
                ...toOutcome(body.kind === 'single' ? body.singleResult : body.initialResult),
                durationMs: performance.now() - startedAt,
              },
              contextValue,
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
  const codes = new Set<string>();
  for (const { extensions } of errors) {
    const code = extensions?.['code'];
    codes.add(typeof code === 'string' ? code : 'INTERNAL_SERVER_ERROR');
  }
  return { outcome: data ? 'partial' : 'error', errorCodes: [...codes] };
}

const attempt = (run: () => void): void => {
  try {
    run();
  } catch {
    // Recording must never break what it records.
  }
};
