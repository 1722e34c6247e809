/**
 * Compiles an operation to a plan: which resolvers to call, and how their values become the response. The values of variables
 * in `@skip` and `@include` select the plan. graphql-js executes subscriptions and what a plan does not support.
 */
import {
  defaultFieldResolver,
  getArgumentValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  isIntrospectionType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  OperationTypeNode,
  print,
  SchemaMetaFieldDef,
  TypeMetaFieldDef,
  TypeNameMetaFieldDef,
  visit,
  type ASTNode,
  type DirectiveNode,
  type FieldNode,
  type GraphQLAbstractType,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import type { Variables } from './variables.ts';
import { applies, collectFields, selectionSetsOf, type Fragments } from '../schema/selected-fields.ts';
import {
  planAbstract,
  planLeaf,
  planList,
  planNonNull,
  planObject,
  toIntrospectionResolver,
  planTypeName,
  type FieldWithResolver,
  type ObjectField,
  type ValuePlan,
} from './value-plan.ts';

export interface RootCall extends FieldWithResolver {
  /** The key in the response of the first field that uses it. */
  readonly key: string;
}

export interface RootField {
  /** The key in the response: the alias or the name. */
  readonly key: string;
  /** The index of the call with its value. Null for `__typename`. */
  readonly call: number | null;
  readonly plan: ValuePlan;
  readonly type: GraphQLOutputType;
  readonly nodes: readonly FieldNode[];
}

export interface Plan {
  readonly operation: OperationDefinitionNode;
  readonly rootType: GraphQLObjectType;
  readonly fragments: GraphQLResolveInfo['fragments'];
  /** Identical fields of a query share a call, unless resolvers are called below. Every field of a mutation has its own. */
  readonly calls: readonly RootCall[];
  /** In the order of the response. */
  readonly fields: readonly RootField[];
  /** Those of a query. */
  readonly fieldsWithResolversBelow: readonly RootField[];
  /** Its approximate size, in bytes. */
  readonly bytes: number;
}

/** Thrown during compilation if graphql-js has to execute the operation. */
class UnsupportedOperationError extends Error {}

/** The variables in any `@skip` or `@include` of the operation, each once. */
export function conditionVariables(operation: OperationDefinitionNode, fragments: Fragments): readonly string[] {
  const names = new Set<string>();
  const reached = new Set<string>();
  const look = (node: ASTNode): void => {
    visit(node, {
      Directive: ({ name, arguments: [condition] = [] }) => {
        if (isCondition(name.value) && condition?.value.kind === Kind.VARIABLE) names.add(condition.value.name.value);
      },
      FragmentSpread: ({ name: { value: name } }) => {
        const fragment = fragments[name];
        if (!fragment || reached.has(name)) return;
        reached.add(name);
        look(fragment);
      },
    });
  };
  look(operation);
  return [...names];
}

/** More than any operation of a client, and few enough to be planned in a few milliseconds. */
const MAX_FIELDS = 10_000;
/** Measured: the plan of a field, and what an object of fields has beside them. */
const BYTES_PER_FIELD = 160;
const BYTES_PER_OBJECT = 400;

/** The plan of a validated operation with `conditions`. Null if there is none. */
export function makePlan(
  schema: GraphQLSchema,
  fragments: Fragments,
  operation: OperationDefinitionNode,
  conditions: Variables,
): Plan | null {
  const rootType = schema.getRootType(operation.operation);
  if (!rootType || operation.operation === OperationTypeNode.SUBSCRIPTION) return null;
  const planner = new Planner(schema, fragments, conditions);
  try {
    const root = planner.planRoot(rootType, operation);
    const isQuery = operation.operation === OperationTypeNode.QUERY;
    const fieldsWithResolversBelow = isQuery ? root.fields.filter(({ plan }) => plan.resolve !== null) : [];
    return { operation, rootType, fragments, ...root, fieldsWithResolversBelow, bytes: planner.bytes };
  } catch (error) {
    if (error instanceof UnsupportedOperationError) return null;
    throw error;
  }
}

class Planner {
  readonly #schema: GraphQLSchema;
  readonly #fragments: Fragments;
  readonly #conditions: Variables;
  readonly #nodeIds = new Map<FieldNode, number>();
  /** By the type and the nodes: what fragments select in many places is planned once. */
  readonly #plans = new Map<string, ValuePlan>();
  #fields = 0;
  #objects = 0;

  constructor(schema: GraphQLSchema, fragments: Fragments, conditions: Variables) {
    this.#schema = schema;
    this.#fragments = fragments;
    this.#conditions = conditions;
  }

  get bytes(): number {
    return this.#fields * BYTES_PER_FIELD + this.#objects * BYTES_PER_OBJECT;
  }

  planRoot(
    type: GraphQLObjectType,
    { operation, selectionSet }: OperationDefinitionNode,
  ): Pick<Plan, 'calls' | 'fields'> {
    const calls: RootCall[] = [];
    const callsBySignature = new Map<string, number>();
    const fields = [...this.#collect(type, [selectionSet])].map(([key, nodes]): RootField => {
      const name = nameOf(nodes);
      this.#objects += 1;
      if (name === '__typename')
        return { key, call: null, plan: planTypeName(type), type: TypeNameMetaFieldDef.type, nodes };
      const definition = rootFieldOf(type, name, operation);
      if (!definition?.resolve) throw new UnsupportedOperationError();
      const plan = this.#planValue(definition.type, nodes);
      // Where lists are selected below, the resolver may read them ahead, and nothing else.
      const isShared = operation === OperationTypeNode.QUERY && plan.resolve === null;
      const signature = isShared ? callSignature(nodes) : key;
      let call = callsBySignature.get(signature);
      if (call === undefined) {
        call = calls.push({ key, parentType: type, definition, nodes }) - 1;
        callsBySignature.set(signature, call);
      }
      return { key, call, plan, type: definition.type, nodes };
    });
    return { calls, fields };
  }

  #planValue(type: GraphQLOutputType, nodes: readonly FieldNode[]): ValuePlan {
    if (isNonNullType(type)) return planNonNull(this.#planValue(type.ofType, nodes));
    if (isListType(type)) return planList(this.#planValue(type.ofType, nodes));
    const key = isLeafType(type) ? type.name : `${type.name} ${nodes.map((node) => this.#idOf(node)).join()}`;
    let plan = this.#plans.get(key);
    if (!plan) this.#plans.set(key, (plan = this.#planNamed(type, nodes)));
    return plan;
  }

  #planNamed(type: GraphQLLeafType | GraphQLCompositeType, nodes: readonly FieldNode[]): ValuePlan {
    if (isLeafType(type)) return planLeaf(type);
    return isAbstractType(type) ? this.#planAbstract(type, nodes) : this.#planObject(type, nodes);
  }

  #idOf(node: FieldNode): number {
    let id = this.#nodeIds.get(node);
    if (id === undefined) this.#nodeIds.set(node, (id = this.#nodeIds.size));
    return id;
  }

  #planObject(type: GraphQLObjectType, nodes: readonly FieldNode[]): ValuePlan {
    this.#objects += 1;
    const fields = [...this.#collect(type, selectionSetsOf(nodes))].map(([key, fieldNodes]): ObjectField => {
      const name = nameOf(fieldNodes);
      if ((this.#fields += 1) > MAX_FIELDS) throw new UnsupportedOperationError();
      if (name === '__typename') return { key, name, source: null, plan: planTypeName(type) };
      const definition = type.getFields()[name];
      if (!definition) throw new UnsupportedOperationError();
      const source = this.#planSource(type, definition, fieldNodes);
      return { key, name, source, plan: this.#planValue(definition.type, fieldNodes) };
    });
    return planObject(type, fields);
  }

  #planSource(
    type: GraphQLObjectType,
    definition: GraphQLField<unknown, unknown>,
    nodes: readonly FieldNode[],
  ): ObjectField['source'] {
    const { resolve } = definition;
    if (!resolve || resolve === defaultFieldResolver) return null;
    if (!isIntrospectionType(type)) return { parentType: type, definition, nodes };
    const [node] = nodes;
    const isConstant = node?.arguments?.every(({ value }) => value.kind !== Kind.VARIABLE) ?? true;
    if (!node || !isConstant) throw new UnsupportedOperationError();
    return toIntrospectionResolver(resolve, getArgumentValues(definition, node), this.#schema);
  }

  #planAbstract(type: GraphQLAbstractType, nodes: readonly FieldNode[]): ValuePlan {
    this.#objects += 1;
    const possible = this.#schema.getPossibleTypes(type);
    return planAbstract(type, new Map(possible.map((object) => [object.name, this.#planObject(object, nodes)])));
  }

  #collect(type: GraphQLObjectType, selectionSets: readonly SelectionSetNode[]): Map<string, FieldNode[]> {
    const fields = collectFields(selectionSets, this.#fragments, {
      isExcluded: ({ directives }) => directives?.some((directive) => this.#isExcluded(directive)) ?? false,
      applies: (condition) => applies(condition, type, this.#schema),
    });
    // Assigning it would set the prototype and lose the value.
    if (fields.has('__proto__')) throw new UnsupportedOperationError();
    return fields;
  }

  #isExcluded({ name, arguments: [condition] = [] }: DirectiveNode): boolean {
    if (!isCondition(name.value)) return false;
    const value = condition?.value;
    if (value?.kind !== Kind.BOOLEAN && value?.kind !== Kind.VARIABLE) throw new UnsupportedOperationError();
    const isTrue = value.kind === Kind.BOOLEAN ? value.value : this.#conditions[value.name.value];
    if (typeof isTrue !== 'boolean') throw new UnsupportedOperationError();
    return isTrue === (name.value === GraphQLSkipDirective.name);
  }
}

const isCondition = (directive: string): boolean =>
  directive === GraphQLSkipDirective.name || directive === GraphQLIncludeDirective.name;

/** graphql-js knows these two beside the fields of the query type. */
function rootFieldOf(
  type: GraphQLObjectType,
  name: string,
  operation: OperationTypeNode,
): GraphQLField<unknown, unknown> | undefined {
  if (operation === OperationTypeNode.QUERY && name === SchemaMetaFieldDef.name) return SchemaMetaFieldDef;
  if (operation === OperationTypeNode.QUERY && name === TypeMetaFieldDef.name) return TypeMetaFieldDef;
  return type.getFields()[name];
}

const nameOf = ([first]: readonly FieldNode[]): string => first?.name.value ?? '';

/** The field and its arguments as in the document. Within one operation, the same text has the same result. */
const callSignature = ([first]: readonly FieldNode[]): string =>
  `${first?.name.value ?? ''}(${first?.arguments?.map(print).join() ?? ''})`;
