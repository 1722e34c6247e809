/**
 * How much an operation asks of upstream, found from its root fields and their arguments before anything is sent: how
 * many things by their ids, and how many lists.
 */
import { getArgumentValues, type FieldNode, type GraphQLField } from 'graphql';
import { ServiceError } from '../errors.ts';
import type { Variables } from './variables.ts';

export const operationLimits = {
  /** Of all fields together, as often as each id is given. */
  ids: 200,
  lists: 20,
} as const;

/** A root field as often as it occurs in the response. */
export interface CountedField {
  readonly definition: GraphQLField<unknown, unknown>;
  readonly nodes: readonly FieldNode[];
}

/** Fields that ask for one thing by its id. */
const byId: ReadonlySet<string> = new Set(['assistant', 'node']);
/** Fields that ask for many, and the argument with one entry for each. */
const byIds: ReadonlyMap<string, string> = new Map([
  ['nodes', 'ids'],
  ['_entities', 'representations'],
]);
const lists: ReadonlySet<string> = new Set(['assistants']);

/** Null where the fields are within the limits. Arguments that do not fit count for nothing: nothing is asked for them. */
export function exceededLimit(fields: readonly CountedField[], variables: Variables): ServiceError | null {
  let ids = 0;
  let listCount = 0;
  for (const { definition, nodes } of fields) {
    const { name } = definition;
    if (lists.has(name)) listCount += 1;
    else if (byId.has(name)) ids += 1;
    else ids += lengthOfArgument(byIds.get(name), definition, nodes, variables);
  }
  if (ids > operationLimits.ids) return tooMuch(`The operation asks for more than ${operationLimits.ids} things by id`);
  if (listCount > operationLimits.lists)
    return tooMuch(`The operation asks for more than ${operationLimits.lists} lists`);
  return null;
}

const tooMuch = (what: string): ServiceError =>
  new ServiceError('BAD_USER_INPUT', `${what}: ask for fewer at a time. Nothing was asked of upstream.`);

function lengthOfArgument(
  argument: string | undefined,
  definition: CountedField['definition'],
  [node]: CountedField['nodes'],
  variables: Variables,
): number {
  if (argument === undefined || !node) return 0;
  try {
    const value: unknown = getArgumentValues(definition, node, variables)[argument];
    return Array.isArray(value) ? value.length : 0;
  } catch {
    return 0;
  }
}
