/**
 * How large a document may be. Everything is counted in one pass over the document, with fragments counted where they
 * are used, so that the time it takes does not depend on how fragments are spread.
 *
 * The number of tokens is the parser's to count. What a document asks for, and whether it fits the schema, is not looked
 * at here. There is no exemption for introspection: the standard introspection query is within the limits.
 */
import {
  Kind,
  OperationTypeNode,
  type ASTVisitor,
  type DefinitionNode,
  type DirectiveNode,
  type DocumentNode,
  type ExecutableDefinitionNode,
  type FragmentDefinitionNode,
  type NameNode,
  type SelectionNode,
  type SelectionSetNode,
  type ValidationContext,
} from 'graphql';
import { ServiceError } from './errors.ts';
import { countTokens } from './tokens.ts';

export const documentLimits = {
  tokens: 5000,
  /** They are no tokens of the language, and take as much memory as those. */
  comments: 1000,
  /** Fields inside one another. */
  depth: 15,
  aliases: 30,
  /** Of an alias, a variable, an operation and a fragment: these come back with every item of a list and every error. */
  nameLength: 128,
  queryRootFields: 20,
  mutationRootFields: 10,
  selectionsPerSet: 300,
  directives: 30,
} as const;

/** What a selection set, or a definition, comes to with its fragments in place. */
interface Size {
  /** Fields of the set itself, not of those inside them. */
  readonly fields: number;
  readonly depth: number;
  readonly aliases: number;
  readonly directives: number;
}

const NOTHING: Size = { fields: 0, depth: 0, aliases: 0, directives: 0 };

/**
 * The validation rule. Where a limit is broken it replaces the document by an empty one, so that no other rule looks at
 * it: they recurse as deep as the document goes, and compare its fields with each other.
 */
export function documentLimitsRule(context: ValidationContext): ASTVisitor {
  return {
    Document: (document): DocumentNode | undefined => {
      const broken = brokenLimits(document);
      for (const message of broken) context.reportError(new ServiceError('GRAPHQL_VALIDATION_FAILED', message));
      return broken.length > 0 ? { ...document, definitions: [] } : undefined;
    },
  };
}

/** A sentence for each limit that the document breaks, empty where it breaks none. */
export function brokenLimits(document: DocumentNode): string[] {
  const counter = new Counter(document);
  const broken = new Set<string>();
  const atMost = (limit: number, size: number, message: string): void => {
    if (size > limit) broken.add(message);
  };
  for (const definition of document.definitions.filter(isExecutable)) {
    const { fields, depth, aliases, directives } = counter.sizeOf(definition);
    const { queryRootFields, mutationRootFields, ...limits } = documentLimits;
    atMost(limits.depth, depth, `The document is more than ${limits.depth} levels of fields deep.`);
    atMost(limits.aliases, aliases, `The document has more than ${limits.aliases} aliases.`);
    atMost(limits.directives, directives, `The document has more than ${limits.directives} directives.`);
    if (definition.kind === Kind.FRAGMENT_DEFINITION) continue;
    if (definition.operation === OperationTypeNode.MUTATION)
      atMost(mutationRootFields, fields, `The mutation has more than ${mutationRootFields} root fields.`);
    else atMost(queryRootFields, fields, `The ${definition.operation} has more than ${queryRootFields} root fields.`);
  }
  const { selectionsPerSet, nameLength, comments } = documentLimits;
  const { largestSet, longestName } = counter;
  atMost(selectionsPerSet, largestSet, `A selection set has more than ${selectionsPerSet} selections.`);
  atMost(nameLength, longestName, `The document gives a name of more than ${nameLength} characters.`);
  atMost(comments, countTokens(document).comments, `The document has more than ${comments} comments.`);
  return [...broken];
}

const isExecutable = (definition: DefinitionNode): definition is ExecutableDefinitionNode =>
  definition.kind === Kind.OPERATION_DEFINITION || definition.kind === Kind.FRAGMENT_DEFINITION;

/** Looks at every node once: what a fragment comes to is kept for its next use. */
class Counter {
  largestSet = 0;
  longestName = 0;
  readonly #fragments = new Map<string, FragmentDefinitionNode>();
  readonly #sizes = new Map<ExecutableDefinitionNode, Size>();

  constructor({ definitions }: DocumentNode) {
    for (const definition of definitions)
      if (definition.kind === Kind.FRAGMENT_DEFINITION) this.#fragments.set(definition.name.value, definition);
  }

  sizeOf(definition: ExecutableDefinitionNode): Size {
    const known = this.#sizes.get(definition);
    if (known) return known;
    // A fragment that spreads itself is none of the limits' business, and counts for nothing inside itself.
    this.#sizes.set(definition, NOTHING);
    const size = this.#sizeOfSet(definition.selectionSet);
    size.directives += count(definition);
    this.#measure(definition.name);
    if (definition.kind === Kind.OPERATION_DEFINITION)
      for (const variable of definition.variableDefinitions ?? []) {
        size.directives += count(variable);
        this.#measure(variable.variable.name);
      }
    this.#sizes.set(definition, size);
    return size;
  }

  #sizeOfSet({ selections }: SelectionSetNode): { -readonly [Key in keyof Size]: Size[Key] } {
    this.largestSet = Math.max(this.largestSet, selections.length);
    const sum = { ...NOTHING };
    for (const selection of selections) {
      const size = this.#sizeOfSelection(selection);
      sum.fields += size.fields;
      sum.depth = Math.max(sum.depth, size.depth);
      sum.aliases += size.aliases;
      sum.directives += size.directives + count(selection);
    }
    return sum;
  }

  /** Without the directives of the selection itself. */
  #sizeOfSelection(selection: SelectionNode): Size {
    switch (selection.kind) {
      case Kind.FIELD: {
        const inside = selection.selectionSet ? this.#sizeOfSet(selection.selectionSet) : NOTHING;
        this.#measure(selection.alias);
        const aliases = inside.aliases + (selection.alias ? 1 : 0);
        return { fields: 1, depth: inside.depth + 1, aliases, directives: inside.directives };
      }
      case Kind.INLINE_FRAGMENT:
        return this.#sizeOfSet(selection.selectionSet);
      case Kind.FRAGMENT_SPREAD: {
        const fragment = this.#fragments.get(selection.name.value);
        return fragment ? this.sizeOf(fragment) : NOTHING;
      }
    }
  }

  #measure(name: NameNode | undefined): void {
    this.longestName = Math.max(this.longestName, name?.value.length ?? 0);
  }
}

const count = ({ directives }: { readonly directives?: readonly DirectiveNode[] | undefined }): number =>
  directives?.length ?? 0;
