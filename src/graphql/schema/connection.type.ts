/** Connections and edges, as the Relay Cursor Connections Specification describes them. A cursor is the id of its node. */
import { Field, ObjectType } from 'type-graphql';
import type { ListQuery } from '../../aiml/resource.ts';
import {
  PageInfo,
  readPage,
  toPageRequest,
  type Item,
  type Page,
  type PageArgumentValues,
  type Slice,
} from './pagination.ts';
import { SimpleObjectType } from './decorators.ts';

/** Abstract classes are allowed: interface types are abstract. */
type NodeClass<T> = abstract new (...parameters: never) => T;

/**
 * The base class of a connection type. Creates the edge type as well. `name` is that of the nodes' type. `node` names one in
 * descriptions, with its article.
 */
export function createConnectionType<T extends Item>(
  name: string,
  nodeType: () => NodeClass<T>,
  node: `A${string} ${string}`,
) {
  const noun = node.replace(/^An? /, '');

  @ObjectType(`${name}Edge`, { simpleResolvers: true, description: `${node} and its cursor.` })
  class EdgeType {
    @Field(() => String, { description: 'A position in the list, for `after` and `before`. It is the id of the node.' })
    readonly cursor: string;

    @Field(() => nodeType(), { description: `The ${noun}.` })
    readonly node: T;

    constructor(item: T) {
      this.cursor = item.id;
      this.node = item;
    }
  }

  @SimpleObjectType()
  class ConnectionType {
    @Field(() => [EdgeType], { description: `The ${noun}s of the page with their cursors, in order.` })
    readonly edges: readonly EdgeType[];

    @Field(() => [nodeType()], { description: `The ${noun}s of the page, in order.` })
    readonly nodes: readonly T[];

    @Field(() => PageInfo, { description: 'The position of the page in the list.' })
    readonly pageInfo: PageInfo;

    constructor(nodes: readonly T[], page: Page<Item>) {
      this.edges = nodes.map((item) => new EdgeType(item));
      this.nodes = nodes;
      this.pageInfo = new PageInfo(page);
    }
  }
  return ConnectionType;
}

/** Reads a page with `list` and maps it to a connection. Rejects as {@link readPage} and {@link toPageRequest}. */
export async function readConnection<Wire extends Item, T extends Item, C>(
  type: new (nodes: readonly T[], page: Page<Item>) => C,
  args: PageArgumentValues,
  list: (query: ListQuery) => Promise<Slice<Wire>>,
  toNode: (wire: Wire) => T,
): Promise<C> {
  const page = await readPage(toPageRequest(args), list);
  return new type(page.items.map(toNode), page);
}
