/**
 * The cost of an operation, computed from its fields and arguments before anything is sent: the number of lists and of
 * objects by id. A list inside an object needs a call for each of these objects, so it counts once for each.
 */
import {
  getArgumentValues,
  getNamedType,
  GraphQLSkipDirective,
  isInterfaceType,
  isObjectType,
  Kind,
  type DirectiveNode,
  type FieldNode,
  type GraphQLCompositeType,
  type GraphQLField,
  type GraphQLSchema,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';
import { ServiceError } from '../errors/codes.ts';
import type { Fragments } from '../schema/selected-fields.ts';
import type { Variables } from './variables.ts';

const operationLimits = {
  /** Counts each occurrence of an id, and the maximum items of each list. */
  ids: 200,
  lists: 20,
} as const;

/** The default and the maximum of `first` and `last`. */
const DEFAULT_PAGE_SIZE = 20;
const MAX_PAGE_SIZE = 100;

/** The first limit that the operation exceeds with these variables. Null if it is within all of them. */
export type CostCheck = (variables: Variables) => ServiceError | null;

/** Null if no variables can take the operation beyond a limit. */
export function createCostCheck(
  schema: GraphQLSchema,
  fragments: Fragments,
  operation: OperationDefinitionNode,
): CostCheck | null {
  const rootType = schema.getRootType(operation.operation);
  if (!rootType) return null;
  const roots = costFieldsOf(schema, fragments, rootType, operation.selectionSet);
  if (!canExceed(roots)) return null;
  return (variables) => {
    const total = { ids: 0, lists: 0 };
    add(total, roots, variables, 1, true);
    if (total.lists > operationLimits.lists) return tooMuch(`more than ${operationLimits.lists} lists`);
    if (total.ids > operationLimits.ids) return tooMuch(`more than ${operationLimits.ids} things by id`);
    return null;
  };
}

const tooMuch = (what: string): ServiceError =>
  new ServiceError('BAD_USER_INPUT', `The operation asks for ${what}: request less at a time. Nothing was sent.`);

type CostKind = 'list' | 'by ids' | 'by id' | 'other';

/** One key of the response. */
interface CostField {
  readonly kind: CostKind;
  readonly definition: GraphQLField<unknown, unknown>;
  readonly node: FieldNode;
  /** The directives around each of its occurrences; it is left out where all of them say so. */
  readonly guards: (readonly DirectiveNode[])[];
  readonly fields: CostFields;
}

type CostFields = Map<string, CostField>;

function costFieldsOf(
  schema: GraphQLSchema,
  fragments: Fragments,
  rootType: GraphQLCompositeType,
  rootSet: SelectionSetNode,
): CostFields {
  const collect = (
    type: GraphQLCompositeType,
    { selections }: SelectionSetNode,
    guards: readonly DirectiveNode[],
    fields: CostFields,
    spread: Set<string>,
  ): CostFields => {
    for (const selection of selections) {
      const inner = selection.directives?.length ? [...guards, ...selection.directives] : guards;
      if (selection.kind === Kind.FIELD) {
        addField(type, selection, inner, fields);
        continue;
      }
      const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments[selection.name.value] : selection;
      if (!fragment) continue;
      if (selection.kind === Kind.FRAGMENT_SPREAD && inner.length === 0) {
        if (spread.has(selection.name.value)) continue;
        spread.add(selection.name.value);
      }
      const condition = fragment.typeCondition && schema.getType(fragment.typeCondition.name.value);
      const on = isObjectType(condition) || isInterfaceType(condition) ? condition : type;
      collect(on, fragment.selectionSet, inner, fields, spread);
    }
    return fields;
  };
  const addField = (
    type: GraphQLCompositeType,
    node: FieldNode,
    guards: readonly DirectiveNode[],
    fields: CostFields,
  ): void => {
    const definition = 'getFields' in type ? type.getFields()[node.name.value] : undefined;
    if (!definition || !node.selectionSet) return;
    const key = `${type.name}.${node.alias?.value ?? node.name.value}`;
    let field = fields.get(key);
    if (!field)
      fields.set(key, (field = { kind: kindOf(definition), definition, node, guards: [], fields: new Map() }));
    field.guards.push(guards);
    const inside = getNamedType(definition.type);
    if ('getFields' in inside || 'getTypes' in inside)
      collect(inside as GraphQLCompositeType, node.selectionSet, [], field.fields, new Set());
  };
  return collect(rootType, rootSet, [], new Map(), new Set());
}

function kindOf({ args, type }: GraphQLField<unknown, unknown>): CostKind {
  const names = args.map(({ name }) => name);
  if (names.includes('first') && getNamedType(type).name.endsWith('Connection')) return 'list';
  if (names.includes('ids') || names.includes('representations')) return 'by ids';
  return names.includes('id') ? 'by id' : 'other';
}

/** Of root fields that are no lists of ids there are fewer than either limit. */
function canExceed(roots: CostFields): boolean {
  for (const { kind, fields } of roots.values()) if (kind === 'by ids' || hasList(fields)) return true;
  return roots.size > operationLimits.lists;
}

const hasList = (fields: CostFields): boolean =>
  [...fields.values()].some((field) => field.kind === 'list' || hasList(field.fields));

/** `parents`: the number of objects that the fields belong to. */
function add(
  total: { ids: number; lists: number },
  fields: CostFields,
  variables: Variables,
  parents: number,
  isRoot: boolean,
): void {
  for (const { kind, definition, node, guards, fields: inside } of fields.values()) {
    if (guards.every((directives) => directives.some((directive) => leavesOut(directive, variables)))) continue;
    let things = parents;
    if (kind === 'list') {
      total.lists += 1;
      if (!isRoot) total.ids += parents;
      things *= pageSize(argumentsOf(definition, node, variables));
    } else if (kind === 'by ids') {
      const { ids, representations } = argumentsOf(definition, node, variables);
      const list = ids ?? representations;
      things *= Array.isArray(list) ? list.length : 0;
      total.ids += things;
    } else if (kind === 'by id') total.ids += things;
    add(total, inside, variables, things, false);
  }
}

function pageSize({ first, last }: Variables): number {
  const size = first ?? last ?? DEFAULT_PAGE_SIZE;
  return typeof size === 'number' ? Math.max(0, Math.min(size, MAX_PAGE_SIZE)) : DEFAULT_PAGE_SIZE;
}

/** A condition that is neither true nor false excludes nothing: graphql-js rejects it. */
function leavesOut({ name, arguments: [condition] = [] }: DirectiveNode, variables: Variables): boolean {
  const value = condition?.value;
  const isTrue =
    value?.kind === Kind.VARIABLE
      ? variables[value.name.value]
      : value?.kind === Kind.BOOLEAN
        ? value.value
        : undefined;
  return typeof isTrue === 'boolean' && isTrue === (name.value === GraphQLSkipDirective.name);
}

/** Empty if they are invalid: nothing is requested then. */
function argumentsOf(definition: CostField['definition'], node: FieldNode, variables: Variables): Variables {
  try {
    return getArgumentValues(definition, node, variables);
  } catch {
    return {};
  }
}
