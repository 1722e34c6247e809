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
  type OperationDefinitionNode,
} from 'graphql';
import { executeWithLimits, type MeasuredResult } from './limited-execution.ts';
import type { ResponseBudget } from './json-writer.ts';
import type { Fragments } from '../schema/selected-fields.ts';
import type { Variables } from './variables.ts';

export type RootResult = PromiseSettledResult<unknown>;

interface ReplayedField {
  readonly operation: OperationDefinitionNode;
  readonly fragments: Fragments;
  /** All of one key in the response. */
  readonly nodes: readonly FieldNode[];
  readonly result: RootResult;
  readonly variables: Variables;
}

/** Rejects with a ResponseTooLargeError. */
export type Replay = (field: ReplayedField, budget: ResponseBudget) => Promise<MeasuredResult>;

export function createReplay(schema: GraphQLSchema): Replay {
  const replaySchema = toReplaySchema(schema);
  return ({ operation, fragments, nodes, result, variables }, budget) => {
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
