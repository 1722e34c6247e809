/**
 * The SDL of the subgraph: the printed schema with the directives of Federation, which the schema itself does not have.
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
 * Types that other subgraphs may define as well are shareable. v2.0 has all of these directives, so every gateway for
 * Federation 2 accepts the SDL. `@oneOf` is defined here because Apollo's composition does not define it
 * (https://github.com/apollographql/federation/issues/3437).
 */
const annotations = parse(`
  extend schema @link(url: "https://specs.apollo.dev/federation/v2.0", import: ["@key", "@shareable"])
  directive @oneOf on INPUT_OBJECT
  extend type Assistant @key(fields: "id")
  extend type PageInfo @shareable
  extend type UserError @shareable
`).definitions;

/**
 * Root fields that are not composed. An id does not say which subgraph it belongs to, so a gateway cannot route `node`, and
 * two subgraphs that both have the field do not compose.
 */
const omitted: ReadonlySet<string> = new Set(['node', 'nodes']);

/** The SDL for `_service`, without the fields and types of Federation itself. */
export function toSubgraphSdl(schema: GraphQLSchema): string {
  const definitions = parse(printSchema(schema))
    .definitions.filter((definition) => !('name' in definition && isFederation(definition.name)))
    .map((definition) => (definition.kind === Kind.OBJECT_TYPE_DEFINITION ? toSubgraphType(definition) : definition));
  return print({ kind: Kind.DOCUMENT, definitions: [...annotations.filter(isStandalone), ...definitions] });
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

/** Federation's own names begin with an underscore. */
const isFederation = (name: NameNode | undefined): boolean => name?.value.startsWith('_') ?? false;

/** Whether it is printed as it is. Type extensions are merged into their types. */
const isStandalone = ({ kind }: DefinitionNode): boolean => kind !== Kind.OBJECT_TYPE_EXTENSION;
