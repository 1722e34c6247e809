/**
 * The schema as it is composed with those of other subgraphs: what graphql-js prints of it, and what Federation has to be
 * told beside it. The schema itself carries none of this.
 */
import {
  Kind,
  parse,
  print,
  printSchema,
  type DefinitionNode,
  type GraphQLSchema,
  type NameNode,
  type ObjectTypeDefinitionNode,
} from 'graphql';

/**
 * Shareable are the types that other subgraphs have under the same name for the same thing. The first version of
 * Federation 2 has all of this, so every gateway that knows Federation 2 can read it. Apollo's composition does not know
 * `@oneOf` unless it is told (https://github.com/apollographql/federation/issues/3437).
 */
const annotations = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])
  directive @oneOf on INPUT_OBJECT
  extend type Assistant @key(fields: "id")
  extend type PageInfo @shareable
  extend type UserError @shareable
`).definitions;

/**
 * Root fields that are not for gateways. An id does not tell whose it is, so no gateway could know which subgraph to ask
 * for a node, and two subgraphs that both have the field cannot be composed.
 */
const omitted: ReadonlySet<string> = new Set(['node', 'nodes']);

/** The SDL for `_service`. It leaves out what a subgraph has for its gateway alone. */
export function toSubgraphSdl(schema: GraphQLSchema): string {
  const definitions = parse(printSchema(schema))
    .definitions.filter((definition) => !('name' in definition && isFederation(definition.name)))
    .map((definition) => (definition.kind === Kind.OBJECT_TYPE_DEFINITION ? toSubgraphType(definition) : definition));
  return print({ kind: Kind.DOCUMENT, definitions: [...annotations.filter(isWhole), ...definitions] });
}

function toSubgraphType(type: ObjectTypeDefinitionNode): ObjectTypeDefinitionNode {
  const { name, fields = [] } = type;
  return {
    ...type,
    directives: annotations.flatMap((annotation) =>
      annotation.kind === Kind.OBJECT_TYPE_EXTENSION && annotation.name.value === name.value
        ? (annotation.directives ?? [])
        : [],
    ),
    fields:
      name.value === 'Query'
        ? fields.filter((field) => !isFederation(field.name) && !omitted.has(field.name.value))
        : fields,
  };
}

/** Names that begin with one underscore are Federation's own. */
const isFederation = (name: NameNode | undefined): boolean => name?.value.startsWith('_') ?? false;

/** Whether it stands in the SDL as it is, and not beside a type. */
const isWhole = ({ kind }: DefinitionNode): boolean => kind !== Kind.OBJECT_TYPE_EXTENSION;
