// urql with its normalised cache: what docs/clients.md shows of it. The tests beside this folder run every line.
import { Client, fetchExchange, gql } from '@urql/core';
import { cacheExchange, type Cache, type CacheExchangeOpts, type Entity } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import { isDeleted } from './cookbook.ts';
import type { CreateAssistantData, DeleteAssistantData, UpdateAssistantData } from './operations.ts';

export type Schema = NonNullable<CacheExchangeOpts['schema']>;

const none = () => null;

/** `schema`: the response of the introspection query. */
export const createCacheExchange = (schema: Schema) =>
  cacheExchange({
    schema,
    keys: {
      AssistantEdge: ({ cursor }) => cursor as string,
      // These have no id of their own.
      CodeInterpreterResources: none,
      CodeInterpreterTool: none,
      FileSearchRankingOptions: none,
      FileSearchResources: none,
      FileSearchTool: none,
      FunctionTool: none,
      JsonSchemaFormat: none,
      MessageStateEvent: none,
      MessageTextEvent: none,
      ResponseFormat: none,
      RunStateEvent: none,
      RunStepEvent: none,
      ToolResources: none,
      UnknownRunEvent: none,
      UnknownTool: none,
    },
    resolvers: { Query: { assistants: relayPagination() } },
    updates: {
      Mutation: {
        createAssistant(result, _variables, cache) {
          const { assistant } = (result as unknown as CreateAssistantData).createAssistant;
          if (!assistant) return; // userErrors says why
          const edge = { __typename: 'AssistantEdge', cursor: assistant.id, node: { ...assistant } };
          cache.writeFragment(EDGE, edge);
          changeLists(cache, (edges, { isFirst, isLast, order }) => {
            if (order === 'ASC') return isLast ? [...edges, edge] : edges;
            return isFirst ? [edge, ...edges] : edges;
          });
        },
        deleteAssistant(result, { input }, cache) {
          const { deletedAssistantId, userErrors } = (result as unknown as DeleteAssistantData).deleteAssistant;
          if (deletedAssistantId !== null || isDeleted(userErrors)) evict(cache, (input as { id: string }).id);
        },
        updateAssistant(result, { input }, cache) {
          const { userErrors } = (result as unknown as UpdateAssistantData).updateAssistant;
          if (isDeleted(userErrors)) evict(cache, (input as { id: string }).id);
        },
      },
    },
  });

export const createUrqlClient = (url: string, schema: Schema) =>
  new Client({
    url, // http://127.0.0.1:4000/graphql
    preferGetMethod: false, // the service rejects a GET that another site's page could send
    exchanges: [createCacheExchange(schema), fetchExchange],
  });

const EDGE = gql`
  fragment _ on AssistantEdge {
    cursor
    node {
      id
    }
  }
`;

function evict(cache: Cache, id: string) {
  changeLists(cache, (edges) => edges.filter((edge) => edge !== `AssistantEdge:${id}`));
  cache.invalidate({ __typename: 'Assistant', id });
}

interface Page {
  readonly isFirst: boolean;
  readonly isLast: boolean;
  readonly order: unknown;
}

function changeLists(cache: Cache, change: (edges: Entity[], page: Page) => Entity[]) {
  for (const { fieldName, fieldKey, arguments: page } of cache.inspectFields('Query')) {
    if (fieldName !== 'assistants') continue;
    const list = cache.resolve('Query', fieldKey) as Entity;
    const edges = cache.resolve(list, 'edges') as Entity[];
    const isLast = cache.resolve(cache.resolve(list, 'pageInfo') as Entity, 'hasNextPage') === false;
    cache.link(list, 'edges', change(edges, { isFirst: !page?.['after'], isLast, order: page?.['order'] }));
  }
}
