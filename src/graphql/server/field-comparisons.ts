/**
 * How often validation compares two fields of a document with each other: every pair that ends up under the same key of
 * the response. graphql-js needs about a microsecond for each, so their number is limited before its rules run.
 */
import {
  Kind,
  type DocumentNode,
  type FragmentDefinitionNode,
  type OperationDefinitionNode,
  type SelectionSetNode,
} from 'graphql';

/** Deeper than any document within the limits. Only fragments that spread themselves reach it, and those are invalid. */
const MAX_DEPTH = 32;

/** Whether `document` needs more than `limit` comparisons. Stops counting there, so its time is bounded. */
export function needsMoreComparisons(document: DocumentNode, limit: number): boolean {
  const fragments = new Map<string, FragmentDefinitionNode>();
  const operations: OperationDefinitionNode[] = [];
  for (const definition of document.definitions)
    if (definition.kind === Kind.FRAGMENT_DEFINITION) fragments.set(definition.name.value, definition);
    else if (definition.kind === Kind.OPERATION_DEFINITION) operations.push(definition);
  const counter = new ComparisonCounter(fragments, limit);
  return operations.some(({ selectionSet }) => !counter.count([selectionSet]));
}

/** The fields under one key of the response: how many there are, and what they select. */
interface Group {
  size: number;
  readonly selectionSets: SelectionSetNode[];
}

class ComparisonCounter {
  readonly #fragments: ReadonlyMap<string, FragmentDefinitionNode>;
  #left: number;

  constructor(fragments: ReadonlyMap<string, FragmentDefinitionNode>, limit: number) {
    this.#fragments = fragments;
    this.#left = limit;
  }

  /** False once there are too many. */
  count(selectionSets: readonly SelectionSetNode[], depth = 0): boolean {
    if (depth > MAX_DEPTH) return true;
    const groups = new Map<string, Group>();
    const spread = new Set<string>();
    for (const selectionSet of selectionSets) if (!this.#collect(selectionSet, groups, spread)) return false;
    for (const { selectionSets: inside } of groups.values())
      if (inside.length > 0 && !this.count(inside, depth + 1)) return false;
    return true;
  }

  #collect({ selections }: SelectionSetNode, groups: Map<string, Group>, spread: Set<string>): boolean {
    for (const selection of selections) {
      if (selection.kind === Kind.FIELD) {
        const key = selection.alias?.value ?? selection.name.value;
        let group = groups.get(key);
        if (!group) groups.set(key, (group = { size: 0, selectionSets: [] }));
        // Every field is visited once, and to compare two that select something takes twice as long.
        this.#left -= 1 + group.size * (selection.selectionSet ? 2 : 1);
        group.size += 1;
        if (selection.selectionSet) group.selectionSets.push(selection.selectionSet);
        if (this.#left < 0) return false;
        continue;
      }
      if (selection.kind === Kind.INLINE_FRAGMENT) {
        if (!this.#collect(selection.selectionSet, groups, spread)) return false;
        continue;
      }
      const name = selection.name.value;
      const fragment = this.#fragments.get(name);
      if (!fragment || spread.has(name)) continue;
      spread.add(name);
      if (!this.#collect(fragment.selectionSet, groups, spread)) return false;
    }
    return true;
  }
}
