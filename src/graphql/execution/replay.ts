/** Executes one root field whose resolvers have run with graphql-js, on a schema whose resolvers return or throw what they did. */
import {
  GraphQLObjectType,
  isIntrospectionType,
  Kind,
  lexicographicSortSchema,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLFieldResolver,
  type GraphQLSchema,
} from 'graphql';
import { executeWithLimits, type MeasuredResult } from './limited-execution.ts';
import type { ResponseBudget } from './json-writer.ts';
import type { Plan } from './plan.ts';
import { resultOf, withResults, type ResolverResult } from './resolved-object.ts';
import type { Variables } from './variables.ts';

/** `nodes`: all of one key in the response. `variables` are those of the request. Rejects with a ResponseTooLargeError. */
export type Replay = (
  plan: Pick<Plan, 'operation' | 'fragments'>,
  key: string,
  nodes: readonly FieldNode[],
  result: ResolverResult,
  variables: Variables,
  budget: ResponseBudget,
) => Promise<MeasuredResult>;

export function createReplay(schema: GraphQLSchema): Replay {
  const replaySchema = toReplaySchema(schema);
  return ({ operation, fragments }, key, nodes, result, variables, budget) => {
    const document: DocumentNode = {
      kind: Kind.DOCUMENT,
      definitions: [
        { ...operation, selectionSet: { kind: Kind.SELECTION_SET, selections: nodes } },
        ...Object.values<FragmentDefinitionNode>(fragments),
      ],
    };
    const rootValue = withResults(null, new Map([[key, result]]));
    return executeWithLimits({ schema: replaySchema, document, variableValues: variables, rootValue }, budget);
  };
}

const replayed: GraphQLFieldResolver<object, unknown> = (source, _args, _context, { path }) => {
  const result = resultOf(source, String(path.key));
  if (!result) throw new TypeError('a resolver was not called');
  if (result.status === 'rejected') throw result.reason;
  return result.value;
};

function toReplaySchema(schema: GraphQLSchema): GraphQLSchema {
  // Copies every type. The order is that of the document.
  const copy = lexicographicSortSchema(schema);
  for (const type of Object.values(copy.getTypeMap()))
    if (type instanceof GraphQLObjectType && !isIntrospectionType(type))
      for (const field of Object.values(type.getFields())) if (field.resolve) field.resolve = replayed;
  return copy;
}
