/** The fields that a resolver's result is asked for, so that it can read ahead. */
import {
  getDirectiveValues,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  isAbstractType,
  Kind,
  type FieldNode,
  type GraphQLObjectType,
  type GraphQLResolveInfo,
  type GraphQLSchema,
  type SelectionNode,
} from 'graphql';

/**
 * The selected fields of an object of `type`: the first node of each key in the response, as graphql-js collects them
 * (https://spec.graphql.org/October2021/#CollectFields()). Throws the errors of graphql-js about conditions.
 */
export function selectedFields(info: GraphQLResolveInfo, type: GraphQLObjectType): FieldNode[] {
  const fields = new Map<string, FieldNode>();
  const spread = new Set<string>();
  const collect = (selections: readonly SelectionNode[]): void => {
    for (const selection of selections) {
      if (isExcluded(selection, info)) continue;
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value;
        if (!fields.has(key)) fields.set(key, selection);
      } else if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (applies(selection.typeCondition?.name.value, type, info.schema)) collect(selection.selectionSet.selections);
      } else if (!spread.has(selection.name.value)) {
        spread.add(selection.name.value);
        const fragment = info.fragments[selection.name.value];
        if (fragment && applies(fragment.typeCondition.name.value, type, info.schema))
          collect(fragment.selectionSet.selections);
      }
    }
  };
  for (const { selectionSet } of info.fieldNodes) if (selectionSet) collect(selectionSet.selections);
  return [...fields.values()];
}

const isExcluded = (selection: SelectionNode, { variableValues }: GraphQLResolveInfo): boolean =>
  getDirectiveValues(GraphQLSkipDirective, selection, variableValues)?.['if'] === true ||
  getDirectiveValues(GraphQLIncludeDirective, selection, variableValues)?.['if'] === false;

/** Whether a type condition, or none, holds for objects of `type`. */
export function applies(condition: string | undefined, type: GraphQLObjectType, schema: GraphQLSchema): boolean {
  if (condition === undefined || condition === type.name) return true;
  const conditional = schema.getType(condition);
  return isAbstractType(conditional) && schema.isSubType(conditional, type);
}
