/** Collects selected fields as graphql-js does (https://spec.graphql.org/October2021/#CollectFields()). */
import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  Kind,
  type DocumentNode,
  type FieldNode,
  type FragmentDefinitionNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type SelectionNode,
  type SelectionSetNode,
} from 'graphql';

export type Fragments = GraphQLResolveInfo['fragments'];

export function fragmentsOf(document: DocumentNode): Fragments {
  const fragments: Record<string, FragmentDefinitionNode> = Object.create(null) as Record<string, never>;
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments[definition.name.value] = definition;
  return fragments;
}

export const selectionSetsOf = (nodes: readonly FieldNode[]): readonly SelectionSetNode[] =>
  nodes.flatMap(({ selectionSet }) => selectionSet ?? []);

interface CollectOptions {
  /** Whether `@skip` or `@include` excludes the selection. By default none is excluded. */
  readonly isExcluded?: (selection: SelectionNode) => boolean;
  /** Whether a fragment with this type condition applies. By default every fragment does. */
  readonly applies?: (condition: string | undefined) => boolean;
}

/** The selected fields by their keys in the response, in order. The fields of a fragment are collected once. */
export function collectFields(
  selectionSets: readonly SelectionSetNode[],
  fragments: Fragments,
  options: CollectOptions = {},
  fields = new Map<string, FieldNode[]>(),
  visited = new Set<string>(),
): Map<string, FieldNode[]> {
  for (const selection of selectionSets.flatMap(({ selections }) => selections)) {
    if (options.isExcluded?.(selection)) continue;
    if (selection.kind === Kind.FIELD) {
      const key = selection.alias?.value ?? selection.name.value;
      const nodes = fields.get(key);
      if (nodes) nodes.push(selection);
      else fields.set(key, [selection]);
      continue;
    }
    if (selection.kind === Kind.FRAGMENT_SPREAD) {
      if (visited.has(selection.name.value)) continue;
      visited.add(selection.name.value);
    }
    const fragment = selection.kind === Kind.FRAGMENT_SPREAD ? fragments[selection.name.value] : selection;
    if (fragment && (options.applies?.(fragment.typeCondition?.name.value) ?? true))
      collectFields([fragment.selectionSet], fragments, options, fields, visited);
  }
  return fields;
}

/**
 * The selected fields of a resolver's result, an object of `type`: the first node of each key in the response. Throws the
 * errors of graphql-js about conditions.
 */
export function selectedFields(info: GraphQLResolveInfo, type: GraphQLObjectType): FieldNode[] {
  const { fieldNodes, fragments, schema, variableValues } = info;
  const fields = collectFields(selectionSetsOf(fieldNodes), fragments, {
    isExcluded: (selection) =>
      getDirectiveValues(GraphQLSkipDirective, selection, variableValues)?.['if'] === true ||
      getDirectiveValues(GraphQLIncludeDirective, selection, variableValues)?.['if'] === false,
    applies: (condition) => applies(condition, type, schema),
  });
  return [...fields.values()].flatMap(([first]) => first ?? []);
}

/** Whether a type condition, or none, holds for objects of `type`. */
export function applies(condition: string | undefined, type: GraphQLObjectType, schema: GraphQLSchema): boolean {
  if (condition === undefined || condition === type.name) return true;
  const conditional = schema.getType(condition);
  return isAbstractType(conditional) && schema.isSubType(conditional, type);
}
