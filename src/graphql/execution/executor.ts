/**
 * Executes validated operations (ADR 10), in these steps:
 *
 * 1. `variables.ts` coerces the variables, and `operation-cost.ts` rejects operations that ask for too much.
 * 2. `plan.ts` compiles the operation once: which resolvers to call, and for each field how its value becomes a part of the
 *    response (`value-plan.ts`).
 * 3. The resolvers are called, from the root fields down.
 * 4. `response-builder.ts` completes their values. A large response is written in parts (`json-writer.ts`, `large-data.ts`).
 * 5. If a resolver fails or returns an unexpected value, `replay.ts` lets graphql-js complete the field from the same result.
 *    So no resolver runs twice, and errors and nulls follow the rules of graphql-js.
 *
 * graphql-js executes operations without a plan (`limited-execution.ts`).
 */
import {
  execute,
  getArgumentValues,
  getOperationAST,
  GraphQLError,
  isNonNullType,
  Kind,
  OperationTypeNode,
  type DocumentNode,
  type ExecutionResult,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
} from 'graphql';
import { toOperationName } from '../../observability/operation-record.ts';
import { PublicError } from '../../runtime/errors.ts';
import { executeWithLimits } from './limited-execution.ts';
import { MAX_RESPONSE_BYTES, ResponseTooLargeError } from './json-writer.ts';
import { acquireLargeResponse } from '../../runtime/large-responses.ts';
import { toLargeData } from './large-data.ts';
import { createCostCheck, type CostCheck } from './operation-cost.ts';
import { fragmentsOf, type Fragments } from '../schema/selected-fields.ts';
import { conditionVariables, makePlan, type Plan, type RootField } from './plan.ts';
import { createReplay, type Replay } from './replay.ts';
import type { ResolverResult } from './resolved-object.ts';
import { ResponseBuilder } from './response-builder.ts';
import { MAX_LENGTH_AT_ONCE, type CallResolver, type FieldWithResolver } from './value-plan.ts';
import { createVariableCoercer, type CoercedVariables, type VariableCoercer, type Variables } from './variables.ts';

/** The cached plans of one operation: one for each set of values of its conditions. */
const MAX_PLAN_BYTES = 2 * 1024 * 1024;

const BYTES_PER_PLAN = 300;

export class Executor {
  readonly #schema: GraphQLSchema;
  readonly #options: OperationOptions;

  /** A longer response is written in parts; in about characters of JSON. */
  constructor(schema: GraphQLSchema, maxLengthAtOnce = MAX_LENGTH_AT_ONCE) {
    this.#schema = schema;
    this.#options = { schema, replay: createReplay(schema), maxLengthAtOnce };
  }

  /** A validated operation. Null if the document does not have it. */
  prepare(document: DocumentNode, operationName: string | undefined): PreparedOperation | null {
    const operation = getOperationAST(document, operationName);
    return operation ? new PreparedOperation(this.#options, document, operation) : null;
  }

  /** The errors of graphql-js for an operation that the document does not have. */
  async reject(document: DocumentNode, operationName: string | undefined): Promise<ExecutionResult> {
    return execute({ schema: this.#schema, document, operationName: operationName ?? null });
  }
}

/** A resolver that can be called, or the error of its arguments. */
type Call =
  | { readonly resolve: () => unknown }
  | { readonly definition: FieldWithResolver['definition']; readonly reason: unknown };

async function settle(call: Call): Promise<ResolverResult> {
  if ('reason' in call) return { status: 'rejected', reason: call.reason };
  try {
    return { status: 'fulfilled', value: await call.resolve() };
  } catch (reason) {
    return { status: 'rejected', reason };
  }
}

const NO_RESULTS: readonly ResolverResult[] = [];

type Path = GraphQLResolveInfo['path'];

interface CallArguments extends Pick<GraphQLResolveInfo, 'path' | 'variableValues'> {
  /** The object of the field; undefined for a root field. */
  readonly source: unknown;
  readonly context: unknown;
}

interface OperationOptions {
  readonly schema: GraphQLSchema;
  readonly replay: Replay;
  readonly maxLengthAtOnce: number;
}

/** An operation with its plans, which are created on first use. */
export class PreparedOperation {
  /** The name for logs. Null if it has none, or one of more than 64 characters. */
  readonly name: string | null;
  readonly kind: OperationTypeNode;
  /** The variables that it declares; others in a request have no effect. */
  readonly variableNames: readonly string[];
  /** The approximate size of its plans. */
  bytes = 0;
  onResize: (() => void) | null = null;
  readonly #schema: GraphQLSchema;
  readonly #replay: Replay;
  readonly #maxLengthAtOnce: number;
  readonly #document: DocumentNode;
  readonly #operation: OperationDefinitionNode;
  readonly #conditions: readonly string[];
  readonly #coerce: VariableCoercer;
  readonly #checkCost: CostCheck | null;
  readonly #fragments: Fragments;
  readonly #plans = new Map<string, Plan | null>();

  constructor(
    { schema, replay, maxLengthAtOnce }: OperationOptions,
    document: DocumentNode,
    operation: OperationDefinitionNode,
  ) {
    this.name = toOperationName(operation.name?.value);
    this.kind = operation.operation;
    this.variableNames = (operation.variableDefinitions ?? []).map(({ variable }) => variable.name.value);
    this.#schema = schema;
    this.#replay = replay;
    this.#maxLengthAtOnce = maxLengthAtOnce;
    this.#document = document;
    this.#operation = operation;
    this.#fragments = fragmentsOf(document);
    this.#conditions = conditionVariables(operation, this.#fragments);
    this.#coerce = createVariableCoercer(schema, operation);
    this.#checkCost = createCostCheck(schema, this.#fragments, operation);
  }

  /** The coerced variables. Errors if they are invalid, or the operation costs too much with them. */
  check(variables: Variables): CoercedVariables {
    const values = this.#coerce(variables);
    const exceeded = 'errors' in values ? null : this.#checkCost?.(values.coerced);
    return exceeded ? { errors: [exceeded] } : values;
  }

  /**
   * Runs the resolvers. The result is that of graphql-js; errors of resolvers never reject the promise. Large data is a
   * {@link LargeData}. `keepsPlan` is false for callers who get nothing but errors and introspection.
   */
  async run(variables: Variables, context: unknown, keepsPlan = true): Promise<ExecutionResult> {
    const values = this.check(variables);
    if ('errors' in values) return values;
    const { coerced } = values;
    const plan = keepsPlan ? this.#planFor(coerced) : this.#isIntrospection() ? this.#makePlan(coerced) : null;
    try {
      return await (plan ? this.#runPlan(plan, variables, coerced, context) : this.#runWithoutPlan(variables, context));
    } catch (error) {
      if (error instanceof ResponseTooLargeError) return this.#tooLarge(error);
      throw error;
    }
  }

  #isIntrospection(): boolean {
    return this.#operation.selectionSet.selections.some(
      (selection) => selection.kind !== Kind.FIELD || selection.name.value.startsWith('__'),
    );
  }

  /** Null if there is none. graphql-js handles conditions that are neither true nor false. */
  #planFor(coerced: Variables): Plan | null {
    let key = '';
    for (const name of this.#conditions) {
      const value = coerced[name];
      if (typeof value !== 'boolean') return null;
      key += value ? '1' : '0';
    }
    let plan = this.#plans.get(key);
    if (plan === undefined) this.#keep(key, (plan = this.#makePlan(coerced)));
    return plan;
  }

  #makePlan(coerced: Variables): Plan | null {
    return makePlan(this.#schema, this.#fragments, this.#operation, coerced);
  }

  #keep(key: string, plan: Plan | null): void {
    const bytes = (plan?.bytes ?? 0) + BYTES_PER_PLAN;
    if (this.bytes + bytes > MAX_PLAN_BYTES) {
      this.#plans.clear();
      this.bytes = 0;
    }
    if (bytes <= MAX_PLAN_BYTES) {
      this.#plans.set(key, plan);
      this.bytes += bytes;
    }
    this.onResize?.();
  }

  async #runPlan(plan: Plan, variables: Variables, coerced: Variables, context: unknown): Promise<ExecutionResult> {
    const response = new ResponseBuilder({
      plan,
      replay: this.#replay,
      variables,
      maxLengthAtOnce: this.#maxLengthAtOnce,
    });
    const prepare = (field: FieldWithResolver, source: unknown, path: Path): Call =>
      this.#prepareCall(plan, field, { source, path, variableValues: coerced, context });
    const callResolver: CallResolver = (field, source, path) => settle(prepare(field, source, path));
    const rootPath = (key: string): Path => ({ prev: undefined, key, typename: plan.rootType.name });
    const resolveBelow = async (field: RootField, result: ResolverResult): Promise<ResolverResult> =>
      result.status === 'fulfilled' && field.plan.resolve
        ? { ...result, value: await field.plan.resolve(result.value, callResolver, rootPath(field.key)) }
        : result;

    const isQuery = this.kind === OperationTypeNode.QUERY;
    const calls = isQuery ? plan.calls.map((call) => prepare(call, undefined, rootPath(call.key))) : [];
    // Invalid arguments of a non-null field end the operation, as in graphql-js.
    const lastIndex = calls.findIndex((call) => 'reason' in call && isNonNullType(call.definition.type));
    const made = (lastIndex === -1 ? calls : calls.slice(0, lastIndex + 1)).map(settle);
    const below = plan.fieldsWithResolversBelow.map(async (field) => {
      const result = field.call === null ? undefined : await made[field.call];
      return [field, result && (await resolveBelow(field, result))] as const;
    });
    const results = made.length === 0 ? NO_RESULTS : await Promise.all(made);
    const resultsBelow = below.length === 0 ? null : new Map(await Promise.all(below));
    for (const field of plan.fields) {
      if (lastIndex !== -1 && field.call !== lastIndex) continue;
      const call = field.call === null ? undefined : plan.calls[field.call];
      // The next mutation begins only if the one before did not end the operation.
      const result = call
        ? (resultsBelow?.get(field) ??
          results[field.call ?? 0] ??
          (await resolveBelow(field, await callResolver(call, undefined, rootPath(call.key)))))
        : null;
      const added = response.add(field, result);
      if (added) await added;
      if (response.isNull) break;
    }
    return response.end();
  }

  #prepareCall(
    plan: Plan,
    { parentType, definition, nodes }: FieldWithResolver,
    { source, path, variableValues, context }: CallArguments,
  ): Call {
    const [node] = nodes;
    if (!node || !definition.resolve) throw new TypeError('a field without a resolver is not called');
    try {
      const args = getArgumentValues(definition, node, variableValues);
      const info: GraphQLResolveInfo = {
        fieldName: definition.name,
        fieldNodes: nodes,
        returnType: definition.type,
        parentType,
        path,
        schema: this.#schema,
        fragments: plan.fragments,
        rootValue: undefined,
        operation: plan.operation,
        variableValues,
      };
      const { resolve } = definition;
      return { resolve: () => resolve(source, args, context, info) };
    } catch (reason) {
      return { definition, reason };
    }
  }

  async #runWithoutPlan(variableValues: Variables, contextValue: unknown): Promise<ExecutionResult> {
    const args = {
      schema: this.#schema,
      document: this.#document,
      operationName: this.#operation.name?.value ?? null,
      variableValues,
      contextValue,
    };
    const budget = { bytes: MAX_RESPONSE_BYTES };
    const { result, length } = await executeWithLimits(args, budget);
    if (!result.data || length <= this.#maxLengthAtOnce) return result;
    const release = await acquireLargeResponse();
    try {
      return { ...result, data: await toLargeData(result.data, budget) };
    } finally {
      release();
    }
  }

  #tooLarge({ rootKey }: ResponseTooLargeError): ExecutionResult {
    const isMutation = this.kind === OperationTypeNode.MUTATION;
    const cause = new PublicError({
      code: 'UPSTREAM_BAD_RESPONSE',
      message:
        'The response would be larger than 32 MiB: request less at a time.' +
        (isMutation ? ' Changes that the operation asks for may have been made.' : ''),
      retryable: false,
      ...(isMutation && { outcome: 'UNKNOWN' }),
    });
    const path = rootKey === undefined ? undefined : [rootKey];
    return { data: null, errors: [new GraphQLError(cause.message, { originalError: cause, path: path ?? null })] };
  }
}
