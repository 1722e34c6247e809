/**
 * Executes operations: by a plan where there is one, by graphql-js everywhere else.
 *
 * A plan only knows how an answer without errors is made. Where a resolver fails or returns what does not fit, the
 * resolvers are not run again: graphql-js executes the operation once more on a schema whose root fields hand out what
 * was already returned or thrown, and its answer, with its rules for errors and nulls, is the answer.
 */
import {
  execute,
  getArgumentValues,
  getOperationAST,
  getVariableValues,
  GraphQLObjectType,
  GraphQLSchema,
  isNonNullType,
  OperationTypeNode,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLError,
  type GraphQLResolveInfo,
  type OperationDefinitionNode,
} from 'graphql';
import { findConditions, makePlan, type Plan, type RootCall, type RootField } from './plan.ts';

export interface ExecutionRequest {
  /** Validated against the schema. */
  readonly document: DocumentNode;
  readonly operationName: string | undefined;
  readonly variables: Variables | undefined;
  readonly context: unknown;
  /** What a run of the same operation came to already: nothing is run again then. */
  readonly unfinished?: Unfinished | null;
}

type Variables = Readonly<Record<string, unknown>>;

export interface Executor {
  /** Answers as graphql-js would; never rejects for what a resolver does. */
  execute(request: ExecutionRequest): Promise<ExecutionResult>;
  /** A validated operation with its plans; null where it can have none and graphql-js executes it each time. */
  prepare(document: DocumentNode, operationName: string | undefined): PreparedOperation | null;
}

export interface PreparedOperation {
  /**
   * Runs the resolvers. Never rejects for what one does. Null where there is no plan for these variables: nothing was run,
   * and graphql-js has to execute it.
   */
  run(variables: Variables, context: unknown): Promise<Finished | Unfinished | null>;
}

/** Everything went well, and this is all of the answer. */
export interface Finished {
  readonly data: Readonly<Record<string, unknown>>;
}

/** Something did not go well: {@link Executor.execute} makes an answer of it. */
export type Unfinished =
  /** The variables were refused, and no resolver was run. */
  | { readonly errors: readonly GraphQLError[] }
  /** What the root fields came to, by their keys in the answer; a field whose call was never made is not in it. */
  | { readonly settled: Settled };

/** The same as graphql-js has where nothing else is said. */
const MAX_COERCION_ERRORS = 50;
/** More variables of `@skip` and `@include` than this would make too many plans of one operation. */
const MAX_CONDITIONS = 4;

export function createExecutor(schema: GraphQLSchema): Executor {
  const replaySchema = toReplaySchema(schema);
  /** Operations live as long as their documents, which are kept in bounded stores. */
  const prepared = new WeakMap<DocumentNode, Map<string | undefined, PreparedOperation | null>>();

  const prepare = (document: DocumentNode, operationName: string | undefined): PreparedOperation | null => {
    let ofDocument = prepared.get(document);
    if (!ofDocument) prepared.set(document, (ofDocument = new Map<string | undefined, PreparedOperation | null>()));
    let operation = ofDocument.get(operationName);
    if (operation === undefined) {
      const node = getOperationAST(document, operationName);
      // An operation that does not exist is none to remember: its name is the caller's.
      if (!node) return null;
      ofDocument.set(operationName, (operation = prepareOperation(schema, document, node)));
    }
    return operation;
  };

  return {
    prepare,
    execute: async ({ document, operationName, variables = {}, context, unfinished }) => {
      const result = unfinished ?? (await prepare(document, operationName)?.run(variables, context));
      if (result && !('settled' in result)) return result;
      const request = { document, operationName: operationName ?? null, variableValues: variables };
      return result
        ? execute({ ...request, schema: replaySchema, contextValue: result.settled })
        : execute({ ...request, schema, contextValue: context });
    },
  };
}

/** The plans of an operation, each made when it is first needed; null where it has none whatever the variables. */
function prepareOperation(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
): PreparedOperation | null {
  const conditions = findConditions(document);
  if (conditions.length > MAX_CONDITIONS) return null;
  const plans = new Map<string, Plan | null>();
  const planFor = (variables: Variables): Plan | null => {
    const key = conditions.map((name) => variables[name] === true).join();
    let plan = plans.get(key);
    if (plan === undefined) plans.set(key, (plan = makePlan(schema, document, operation, variables)));
    return plan;
  };
  if (conditions.length === 0 && planFor({}) === null) return null;
  return {
    run: async (variables, context) => {
      const { coerced, errors } = getVariableValues(schema, operation.variableDefinitions ?? [], variables, {
        maxErrors: MAX_COERCION_ERRORS,
      });
      if (errors) return { errors };
      const plan = planFor(coerced);
      if (!plan) return null;
      const make = (call: RootCall) => settle(plan, schema, call, coerced, context);
      const isQuery = operation.operation === OperationTypeNode.QUERY;
      const results = isQuery ? await Promise.all(plan.calls.map(make)) : await inTurn(plan.calls, make);
      const data = complete(plan, results);
      return data ? { data } : { settled: settledOf(plan, results) };
    },
  };
}

type Result = PromiseSettledResult<unknown>;
type Settled = ReadonlyMap<string, Result>;

/** Makes the calls of a mutation, one after the other. */
async function inTurn(
  calls: readonly RootCall[],
  make: (call: RootCall) => Promise<Result>,
): Promise<readonly Result[]> {
  const results: Result[] = [];
  for (const call of calls) {
    const result = await make(call);
    results.push(result);
    // The answer is null from here on, and graphql-js runs no further mutation then.
    if (result.status === 'rejected' && isNonNullType(call.definition.type)) break;
  }
  return results;
}

async function settle(
  plan: Plan,
  schema: GraphQLSchema,
  { key, definition, nodes }: RootCall,
  variableValues: Variables,
  context: unknown,
): Promise<Result> {
  try {
    const [node] = nodes;
    if (!node || !definition.resolve) throw new TypeError('a root field without a resolver has no plan');
    const info: GraphQLResolveInfo = {
      fieldName: definition.name,
      fieldNodes: nodes,
      returnType: definition.type,
      parentType: plan.rootType,
      path: { prev: undefined, key, typename: plan.rootType.name },
      schema,
      fragments: plan.fragments,
      rootValue: undefined,
      operation: plan.operation,
      variableValues,
    };
    const args = getArgumentValues(definition, node, variableValues);
    return { status: 'fulfilled', value: await definition.resolve(undefined, args, context, info) };
  } catch (reason) {
    return { status: 'rejected', reason };
  }
}

/** The answer where everything went well; null where graphql-js has to say what the answer is. */
function complete({ fields }: Plan, results: readonly Result[]): Finished['data'] | null {
  if (results.some(({ status }) => status === 'rejected')) return null;
  const data: Record<string, unknown> = {};
  try {
    for (const field of fields) data[field.key] = field.complete(valueOf(field, results));
    return data;
  } catch {
    return null;
  }
}

function valueOf({ call }: RootField, results: readonly Result[]): unknown {
  const result = call === null ? undefined : results[call];
  return result?.status === 'fulfilled' ? result.value : undefined;
}

const settledOf = ({ fields }: Plan, results: readonly Result[]): Settled =>
  new Map(
    fields.flatMap(({ key, call }): [string, Result][] => {
      const result = call === null ? undefined : results[call];
      return result ? [[key, result]] : [];
    }),
  );

/** The same schema, but the root fields resolve to what `contextValue`, a {@link Settled}, holds for them. */
function toReplaySchema(schema: GraphQLSchema): GraphQLSchema {
  const replay = (type: GraphQLObjectType | null | undefined): GraphQLObjectType | null => {
    if (!type) return null;
    const config = type.toConfig();
    const fields = Object.entries(config.fields).map(([name, field]) => [
      name,
      {
        ...field,
        resolve: (_source: unknown, _args: unknown, settled: Settled, { path }: GraphQLResolveInfo) => {
          const result = settled.get(String(path.key));
          if (result?.status === 'fulfilled') return result.value;
          throw result?.reason;
        },
      },
    ]);
    return new GraphQLObjectType({ ...config, fields: Object.fromEntries(fields) as typeof config.fields });
  };
  const { query, mutation, types, ...config } = schema.toConfig();
  return new GraphQLSchema({
    ...config,
    query: replay(query),
    mutation: replay(mutation),
    types: types.filter((type) => type !== query && type !== mutation),
  });
}
