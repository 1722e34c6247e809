/**
 * The size limits of documents. One pass counts everything, with fragments counted at each use, so that the time does not
 * depend on how fragments are spread.
 *
 * The parser counts the tokens. Neither the schema nor the meaning of the document matters here, except that introspection
 * may have few aliases, and that a chain of `ofType` counts for fewer levels than it has.
 */
import {
  type ASTVisitor,
  type DefinitionNode,
  type DirectiveNode,
  type DocumentNode,
  type ExecutableDefinitionNode,
  GraphQLIncludeDirective,
  GraphQLSkipDirective,
  Kind,
  OperationTypeNode,
  type SelectionNode,
  type SelectionSetNode,
  TokenKind,
  type ValidationContext,
} from 'graphql';
import { ServiceError } from '../errors/codes.ts';
import { collectFields, fragmentsOf, selectionSetsOf, type Fragments } from '../schema/selected-fields.ts';

export const documentLimits = {
  tokens: 5000,
  /** Comments are not tokens of the language but take as much memory. */
  comments: 1000,
  /** Nested fields. */
  depth: 15,
  aliases: 30,
  /** Of `__schema`, and of the fields inside `__schema` and `__type`: each can repeat the whole introspection. */
  introspectionAliases: 1,
  /** Of every name: aliases occur in every item of a list, other names in every error. */
  nameLength: 128,
  queryRootFields: 20,
  mutationRootFields: 10,
  selectionsPerSet: 300,
  directives: 30,
  /** Validation compares the fields of all fragments that are spread side by side with each other. */
  fragments: 50,
  spreads: 100,
  /** Validation checks every use of a variable once for each operation that reaches it. */
  operations: 30,
  /** Of all operations together. */
  variables: 200,
  /** Of two fields under the same key of the response. */
  comparisons: 50_000,
} as const;

/** How many `ofType` a chain may have, and how many levels it counts for at most. */
const MAX_TYPE_WRAPPERS = 12;
const COUNTED_TYPE_WRAPPERS = 9;

/** The measures of a selection set or a definition, including its fragments. */
const NOTHING = {
  /** Fields of the set itself, not of those inside them. */
  fields: 0,
  depth: 0,
  aliases: 0,
  introspectionAliases: 0,
  directives: 0,
  /** The longest chain of `ofType` that begins in the set. */
  typeWrappers: 0,
};

type Size = typeof NOTHING;

/**
 * The validation rule. If a limit is exceeded, it replaces the document by an empty one, so that no other rule visits it:
 * they recurse as deep as the document and compare its fields with each other.
 */
export function documentLimitsRule(context: ValidationContext): ASTVisitor {
  return {
    Document: (document): DocumentNode | undefined => {
      const violations = limitViolations(document);
      for (const message of violations) context.reportError(new ServiceError('GRAPHQL_VALIDATION_FAILED', message));
      return violations.length > 0 ? { ...document, definitions: [] } : undefined;
    },
  };
}

/** A sentence for each exceeded limit. */
export function limitViolations(document: DocumentNode): string[] {
  const measurer = new DocumentMeasurer(document);
  const violations = new Set<string>();
  const atMost = (limit: number, size: number, message: string): void => {
    if (size > limit) violations.add(message);
  };
  for (const definition of document.definitions.filter(isExecutable)) {
    const { fields, depth, aliases, introspectionAliases, directives } = measurer.sizeOf(definition);
    const { queryRootFields, mutationRootFields, ...limits } = documentLimits;
    atMost(limits.depth, depth, `The document is more than ${limits.depth} levels of fields deep.`);
    atMost(limits.aliases, aliases, `The document has more than ${limits.aliases} aliases.`);
    atMost(limits.introspectionAliases, introspectionAliases, 'The introspection has more than one alias.');
    atMost(limits.directives, directives, `The document has more than ${limits.directives} directives.`);
    if (definition.kind === Kind.FRAGMENT_DEFINITION) continue;
    if (definition.operation === OperationTypeNode.MUTATION)
      atMost(mutationRootFields, fields, `The mutation has more than ${mutationRootFields} root fields.`);
    else atMost(queryRootFields, fields, `The ${definition.operation} has more than ${queryRootFields} root fields.`);
  }
  const { selectionsPerSet, nameLength, comments, fragments, spreads, operations, variables } = documentLimits;
  const { comments: commentCount, longestName } = countTokens(document);
  const countOf = (kind: Kind): number => document.definitions.filter((definition) => definition.kind === kind).length;
  atMost(fragments, countOf(Kind.FRAGMENT_DEFINITION), `The document has more than ${fragments} fragments.`);
  atMost(spreads, measurer.spreads, `The document spreads fragments more than ${spreads} times.`);
  atMost(operations, countOf(Kind.OPERATION_DEFINITION), `The document has more than ${operations} operations.`);
  atMost(variables, measurer.variables, `The document defines more than ${variables} variables.`);
  if (measurer.hasPrototypeVariable) violations.add('A variable cannot be named "__proto__".');
  if (hasConditionalSubscription(document))
    violations.add('The field of a subscription cannot have "@skip" or "@include", nor can a fragment around it.');
  atMost(selectionsPerSet, measurer.largestSet, `A selection set has more than ${selectionsPerSet} selections.`);
  atMost(nameLength, longestName, `The document has a name of more than ${nameLength} characters.`);
  atMost(comments, commentCount, `The document has more than ${comments} comments.`);
  // Counting comparisons follows every spread, so the other limits have to hold.
  if (violations.size === 0 && needsMoreComparisons(document, documentLimits.comparisons))
    violations.add('The document has too many fields of the same name.');
  return [...violations];
}

/**
 * Whether a condition could exclude the one field of a subscription. The specification forbids it since September 2025. The
 * validation of graphql-js 16 throws if the condition is a variable, and its execution if nothing is left to execute.
 */
function hasConditionalSubscription(document: DocumentNode): boolean {
  let isConditional = false;
  const isExcluded = (selection: SelectionNode): boolean => {
    isConditional ||= selection.directives?.some(({ name }) => CONDITIONS.has(name.value)) ?? false;
    return isConditional;
  };
  for (const definition of document.definitions)
    if (definition.kind === Kind.OPERATION_DEFINITION && definition.operation === OperationTypeNode.SUBSCRIPTION)
      collectFields([definition.selectionSet], fragmentsOf(document), { isExcluded });
  return isConditional;
}

const CONDITIONS: ReadonlySet<string> = new Set([GraphQLSkipDirective.name, GraphQLIncludeDirective.name]);

const isExecutable = (definition: DefinitionNode): definition is ExecutableDefinitionNode =>
  definition.kind === Kind.OPERATION_DEFINITION || definition.kind === Kind.FRAGMENT_DEFINITION;

/** Visits every node once: the measures of a fragment are reused. */
class DocumentMeasurer {
  largestSet = 0;
  spreads = 0;
  variables = 0;
  /** graphql-js assigns values of variables by name, and this name would set the prototype instead. */
  hasPrototypeVariable = false;
  readonly #fragments: Fragments;
  readonly #sizes = new Map<ExecutableDefinitionNode, Size>();

  constructor(document: DocumentNode) {
    this.#fragments = fragmentsOf(document);
  }

  sizeOf(definition: ExecutableDefinitionNode): Size {
    const known = this.#sizes.get(definition);
    if (known) return known;
    // A fragment that spreads itself counts for nothing inside itself. Another rule rejects it.
    this.#sizes.set(definition, NOTHING);
    const size = this.#sizeOfSet(definition.selectionSet);
    size.directives += count(definition);
    if (definition.kind === Kind.OPERATION_DEFINITION)
      for (const variable of definition.variableDefinitions ?? []) {
        size.directives += count(variable);
        this.variables += 1;
        this.hasPrototypeVariable ||= variable.variable.name.value === '__proto__';
      }
    this.#sizes.set(definition, size);
    return size;
  }

  #sizeOfSet({ selections }: SelectionSetNode): Size {
    this.largestSet = Math.max(this.largestSet, selections.length);
    const sum = { ...NOTHING };
    for (const selection of selections) {
      const size = this.#sizeOfSelection(selection);
      sum.fields += size.fields;
      sum.depth = Math.max(sum.depth, size.depth);
      sum.typeWrappers = Math.max(sum.typeWrappers, size.typeWrappers);
      sum.aliases += size.aliases;
      sum.introspectionAliases += size.introspectionAliases;
      sum.directives += size.directives + count(selection);
    }
    return sum;
  }

  /** Without the directives of the selection itself. */
  #sizeOfSelection(selection: SelectionNode): Size {
    switch (selection.kind) {
      case Kind.FIELD: {
        const inside = selection.selectionSet ? this.#sizeOfSet(selection.selectionSet) : NOTHING;
        const alias = selection.alias ? 1 : 0;
        const isTypeWrapper = selection.name.value === 'ofType';
        return {
          fields: 1,
          depth: (isTypeWrapper ? inside.depth : inside.depth - uncountedLevels(inside.typeWrappers)) + 1,
          aliases: inside.aliases + alias,
          introspectionAliases: introspectionAliasesOf(selection.name.value, inside, alias),
          directives: inside.directives,
          typeWrappers: isTypeWrapper ? inside.typeWrappers + 1 : 0,
        };
      }
      case Kind.INLINE_FRAGMENT:
        return this.#sizeOfSet(selection.selectionSet);
      case Kind.FRAGMENT_SPREAD: {
        this.spreads += 1;
        const fragment = this.#fragments[selection.name.value];
        return fragment ? this.sizeOf(fragment) : NOTHING;
      }
    }
  }
}

function introspectionAliasesOf(field: string, inside: Size, alias: number): number {
  if (field === '__schema') return inside.aliases + alias;
  return field === '__type' ? inside.aliases : inside.introspectionAliases;
}

/**
 * Tools query types wrapped in lists and non-nulls deeper than any schema. A chain that is unreasonably long counts in full.
 */
const uncountedLevels = (typeWrappers: number): number =>
  typeWrappers > MAX_TYPE_WRAPPERS ? 0 : Math.max(0, typeWrappers - COUNTED_TYPE_WRAPPERS);

const count = ({ directives }: { readonly directives?: readonly DirectiveNode[] | undefined }): number =>
  directives?.length ?? 0;

/** Comments are part of no node, and the parser's limit leaves them out. `longestName` is in characters. */
export function countTokens({ loc }: DocumentNode): Readonly<Record<'tokens' | 'comments' | 'longestName', number>> {
  let tokens = 0;
  let comments = 0;
  let longestName = 0;
  for (let token = loc?.startToken ?? null; token; token = token.next)
    if (token.kind === TokenKind.COMMENT) comments += 1;
    else {
      tokens += 1;
      if (token.kind === TokenKind.NAME) longestName = Math.max(longestName, token.value.length);
    }
  return { tokens, comments, longestName };
}

/** Deeper than any document within the limits. Only fragments that spread themselves reach it, and those are invalid. */
const MAX_DEPTH = 32;

/**
 * Whether validation compares more than `limit` pairs of fields, namely those under the same key of the response. graphql-js
 * needs about a microsecond for each. Stops counting at the limit, so its time is bounded.
 */
function needsMoreComparisons(document: DocumentNode, limit: number): boolean {
  const fragments = fragmentsOf(document);
  let left = limit;
  const count = (selectionSets: readonly SelectionSetNode[], depth: number): void => {
    if (depth > MAX_DEPTH || left < 0) return;
    for (const nodes of collectFields(selectionSets, fragments).values()) {
      // Every field is visited once, and to compare two that select something takes twice as long.
      for (const [index, { selectionSet }] of nodes.entries()) left -= 1 + index * (selectionSet ? 2 : 1);
      count(selectionSetsOf(nodes), depth + 1);
    }
  };
  for (const definition of document.definitions)
    if (definition.kind === Kind.OPERATION_DEFINITION) count([definition.selectionSet], 0);
  return left < 0;
}
