/**
 * Executes one root field whose resolver has run with graphql-js, on a schema whose root fields return or throw what the
 * resolver did.
 */
import {
  GraphQLObjectType,
  GraphQLSchema,
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
} from 'graphql';
import { executeWithLimits, type MeasuredResult } from './limited-execution.ts';
import type { ResponseBudget } from './json-writer.ts';
import type { Plan } from './plan.ts';
import type { Variables } from './variables.ts';

export type RootResult = PromiseSettledResult<unknown>;

/** `nodes`: all of one key in the response. `variables` are those of the request. Rejects with a ResponseTooLargeError. */
export type Replay = (
  plan: Pick<Plan, 'operation' | 'fragments'>,
  nodes: readonly FieldNode[],
  result: RootResult,
  variables: Variables,
  budget: ResponseBudget,
) => Promise<MeasuredResult>;

export function createReplay(schema: GraphQLSchema): Replay {
  const replaySchema = toReplaySchema(schema);
  return ({ operation, fragments }, nodes, result, variables, budget) => {
    const document: DocumentNode = {
      kind: Kind.DOCUMENT,
      definitions: [
        { ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections: nodes } },
        ...Object.values<FragmentDefinitionNode>(fragments),
      ],
    };
    return executeWithLimits(
      { schema: replaySchema, document, variableValues: variables, contextValue: result },
      budget,
    );
  };
}

/** The same schema, but its root fields resolve to the {@link RootResult} in the context. */
function toReplaySchema(schema: GraphQLSchema): GraphQLSchema {
  const replayed = (type: GraphQLObjectType | null | undefined): GraphQLObjectType | null => {
    if (!type) return null;
    const config = type.toConfig();
    const resolve = (_source: unknown, _args: unknown, result: RootResult): unknown => {
      if (result.status === 'fulfilled') return result.value;
      throw result.reason;
    };
    const fields = Object.entries(config.fields).map(([name, field]) => [name, { ...field, resolve }]);
    return new GraphQLObjectType({ ...config, fields: Object.fromEntries(fields) as typeof config.fields });
  };
  const { query, mutation, types, ...config } = schema.toConfig();
  return new GraphQLSchema({
    ...config,
    query: replayed(query),
    mutation: replayed(mutation),
    types: types.filter((type) => type !== query && type !== mutation),
  });
}
