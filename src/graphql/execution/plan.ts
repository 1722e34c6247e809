/**
 * What an operation selects, compiled once: which root fields to resolve, and how to make their answers of what the
 * resolvers return.
 *
 * A plan covers what this service's operations are made of: root fields with resolvers, and plain properties below them.
 * Everything else has no plan, and graphql-js executes it. A plan fits the variables that `@skip` and `@include` ask for: each
 * set of their values has one. A plan knows the good case alone: where a value does not fit its type it throws
 * {@link Anomaly}, and graphql-js is asked what the answer is then.
 */
import {
  defaultFieldResolver,
  getNamedType,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  isLeafType,
  isListType,
  isNonNullType,
  Kind,
  OperationTypeNode,
  print,
  visit,
  type DirectiveNode,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLAbstractType,
  type GraphQLField,
  type GraphQLLeafType,
  type GraphQLObjectType,
  type GraphQLOutputType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** A value that a plan does not know how to answer with. */
export class Anomaly extends Error {}

/** Makes a part of the answer of what a resolver returned. Throws {@link Anomaly}. */
type Completer = (value: unknown) => unknown;

/** One call of a resolver. */
export interface RootCall {
  /** The key in the answer of the first field that it is made for. */
  readonly key: string;
  readonly definition: GraphQLField<unknown, unknown>;
  readonly nodes: readonly FieldNode[];
}

export interface RootField {
  /** The key in the answer: the alias, or else the name. */
  readonly key: string;
  /** Which of the plan's calls it is answered from; null for `__typename`. */
  readonly call: number | null;
  readonly complete: Completer;
}

export interface Plan {
  readonly operation: OperationDefinitionNode;
  readonly rootType: GraphQLObjectType;
  readonly fragments: GraphQLResolveInfo['fragments'];
  /** A query's fields that ask the same share a call; of a mutation every field has its own. */
  readonly calls: readonly RootCall[];
  /** In the order of the answer. */
  readonly fields: readonly RootField[];
}

/** Thrown while a plan is made, where graphql-js has to execute the operation. */
class NotPlannable extends Error {}

/** Whether the variables that conditions ask for are true, by their names. */
export type Conditions = Readonly<Record<string, unknown>>;

/** The variables that decide in any `@skip` or `@include` of the document, each once. */
export function findConditions(document: DocumentNode): readonly string[] {
  const names = new Set<string>();
  visit(document, {
    Directive: ({ name, arguments: [condition] = [] }) => {
      if (isCondition(name.value) && condition?.value.kind === Kind.VARIABLE) names.add(condition.value.name.value);
    },
  });
  return [...names];
}

/** The plan of a validated operation under `conditions`; null where there is none. */
export function makePlan(
  schema: GraphQLSchema,
  document: DocumentNode,
  operation: OperationDefinitionNode,
  conditions: Conditions,
): Plan | null {
  const rootType = schema.getRootType(operation.operation);
  if (!rootType || operation.operation === OperationTypeNode.SUBSCRIPTION) return null;
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null) as Record<string, never>;
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  const planner = new Planner(schema, fragments, conditions);
  try {
    return { operation, rootType, fragments, ...planner.planRoot(rootType, operation) };
  } catch (error) {
    if (error instanceof NotPlannable) return null;
    throw error;
  }
}

class Planner {
  readonly #schema: GraphQLSchema;
  readonly #fragments: Readonly<Record<string, FragmentDefinitionNode>>;
  readonly #conditions: Conditions;

  constructor(
    schema: GraphQLSchema,
    fragments: Readonly<Record<string, FragmentDefinitionNode>>,
    conditions: Conditions,
  ) {
    this.#schema = schema;
    this.#fragments = fragments;
    this.#conditions = conditions;
  }

  planRoot(
    type: GraphQLObjectType,
    { operation, selectionSet }: OperationDefinitionNode,
  ): Pick<Plan, 'calls' | 'fields'> {
    const calls: RootCall[] = [];
    const callsByQuestion = new Map<string, number>();
    const fields = [...this.#collect(type, [selectionSet])].map(([key, nodes]): RootField => {
      const name = nameOf(nodes);
      if (name === '__typename') return { key, call: null, complete: () => type.name };
      const definition = type.getFields()[name];
      if (!definition?.resolve) throw new NotPlannable();
      const question = operation === OperationTypeNode.QUERY ? questionOf(nodes) : key;
      let call = callsByQuestion.get(question);
      if (call === undefined) {
        call = calls.push({ key, definition, nodes }) - 1;
        callsByQuestion.set(question, call);
      }
      return { key, call, complete: this.#planValue(definition.type, nodes) };
    });
    return { calls, fields };
  }

  #planValue(type: GraphQLOutputType, nodes: readonly FieldNode[]): Completer {
    if (isNonNullType(type)) {
      const complete = this.#planValue(type.ofType, nodes);
      return (value) => complete(value) ?? fail();
    }
    if (isListType(type)) {
      const complete = this.#planValue(type.ofType, nodes);
      return (value) => {
        if (value === null || value === undefined) return null;
        return Array.isArray(value) ? value.map(complete) : fail();
      };
    }
    if (isLeafType(type)) return planLeaf(type);
    return isAbstractType(type) ? this.#planAbstract(type, nodes) : this.#planObject(type, nodes);
  }

  #planObject(type: GraphQLObjectType, nodes: readonly FieldNode[]): Completer {
    const fields = [...this.#collect(type, selectionSetsOf(nodes))].map(([key, fieldNodes]) => {
      const name = nameOf(fieldNodes);
      if (name === '__typename') return { key, name, complete: () => type.name };
      const definition = type.getFields()[name];
      if (!definition || (definition.resolve && definition.resolve !== defaultFieldResolver)) throw new NotPlannable();
      return { key, name, complete: this.#planValue(definition.type, fieldNodes) };
    });
    return (value) => {
      if (value === null || value === undefined) return null;
      if (typeof value !== 'object' || value instanceof Error || 'then' in value) fail();
      const source = value as Readonly<Record<string, unknown>>;
      const answer: Record<string, unknown> = {};
      for (const { key, name, complete } of fields) answer[key] = complete(source[name]);
      return answer;
    };
  }

  /** Values of one class are of one type, so the type of each class is asked for once. */
  #planAbstract(type: GraphQLAbstractType, nodes: readonly FieldNode[]): Completer {
    const completers = new Map(
      this.#schema
        .getPossibleTypes(type)
        .map((possible): [string, Completer] => [possible.name, this.#planObject(possible, nodes)]),
    );
    const byClass = new Map<unknown, Completer>();
    return (value) => {
      if (value === null || value === undefined) return null;
      const { constructor } = value;
      let complete = byClass.get(constructor);
      if (!complete) {
        // type-graphql tells the type by the class alone and looks at nothing else.
        const name: unknown = type.resolveType?.(value, undefined, NO_INFO, type);
        complete = typeof name === 'string' ? completers.get(name) : undefined;
        if (!complete) return fail();
        byClass.set(constructor, complete);
      }
      return complete(value);
    };
  }

  /** Groups selections as graphql-js does (https://spec.graphql.org/October2021/#CollectFields()). */
  #collect(
    type: GraphQLObjectType,
    selectionSets: readonly SelectionSetNode[],
    fields = new Map<string, FieldNode[]>(),
    visited = new Set<string>(),
  ): Map<string, FieldNode[]> {
    for (const selection of selectionSets.flatMap(({ selections }) => selections)) {
      if (selection.directives?.some((directive) => this.#leavesOut(directive))) continue;
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value;
        // To assign it would be to lose it.
        if (key === '__proto__') throw new NotPlannable();
        const nodes = fields.get(key);
        if (nodes) nodes.push(selection);
        else fields.set(key, [selection]);
        continue;
      }
      if (selection.kind === Kind.FRAGMENT_SPREAD) {
        if (visited.has(selection.name.value)) continue;
        visited.add(selection.name.value);
      }
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? this.#fragments[selection.name.value] : selection;
      if (!fragment) throw new NotPlannable();
      if (this.#applies(fragment.typeCondition?.name.value, type))
        this.#collect(type, [fragment.selectionSet], fields, visited);
    }
    return fields;
  }

  /** Whether a directive of a selection says that it is no part of the answer. */
  #leavesOut({ name, arguments: [condition] = [] }: DirectiveNode): boolean {
    if (!isCondition(name.value)) return false;
    const value = condition?.value;
    if (value?.kind !== Kind.BOOLEAN && value?.kind !== Kind.VARIABLE) throw new NotPlannable();
    const isTrue = value.kind === Kind.BOOLEAN ? value.value : this.#conditions[value.name.value] === true;
    return isTrue === (name.value === GraphQLSkipDirective.name);
  }

  #applies(condition: string | undefined, type: GraphQLObjectType): boolean {
    if (condition === undefined || condition === type.name) return true;
    const conditional = this.#schema.getType(condition);
    return isAbstractType(conditional) && this.#schema.isSubType(conditional, type);
  }
}

const isCondition = (directive: string): boolean =>
  directive === GraphQLSkipDirective.name || directive === GraphQLIncludeDirective.name;

/** What `resolveType` of type-graphql gets and ignores. */
const NO_INFO = Object.freeze({}) as GraphQLResolveInfo;

const nameOf = ([first]: readonly FieldNode[]): string => first?.name.value ?? '';

/** The field and its arguments as they stand in the document: within one operation, the same text asks the same. */
const questionOf = ([first]: readonly FieldNode[]): string =>
  `${first?.name.value ?? ''}(${first?.arguments?.map(print).join() ?? ''})`;

const selectionSetsOf = (nodes: readonly FieldNode[]): readonly SelectionSetNode[] =>
  nodes.flatMap(({ selectionSet }) => selectionSet ?? []);

/** Strings and booleans of the built-in scalars are as they are; everything else is the type's own to serialise. */
function planLeaf(type: GraphQLLeafType): Completer {
  const plain = PLAIN[getNamedType(type).name];
  return (value) => {
    if (typeof value === plain) return value;
    if (value === null || value === undefined) return null;
    if (typeof value === 'function' || value instanceof Error) return fail();
    try {
      return type.serialize(value) ?? fail();
    } catch {
      return fail();
    }
  };
}

const PLAIN: Readonly<Record<string, string>> = { String: 'string', ID: 'string', Boolean: 'boolean' };

function fail(): never {
  throw new Anomaly();
}
