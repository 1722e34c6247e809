// urql with its normalised cache: what docs/clients.md shows of it. The tests beside this folder run every line.
import { Client, fetchExchange, gql } from '@urql/core';
import { cacheExchange, type Cache, type CacheExchangeOpts, type Entity } from '@urql/exchange-graphcache';
import { relayPagination } from '@urql/exchange-graphcache/extras';
import type { CreateAssistantData, DeleteAssistantData } from './operations.ts';

type Schema = NonNullable<CacheExchangeOpts['schema']>;

const none = () => null;

export const createUrqlClient = (url: string, schema: Schema) =>
  new Client({
    url, // http://127.0.0.1:4000/graphql
    preferGetMethod: false, // the service refuses a GET that another site's page could send
    exchanges: [
      cacheExchange({
        schema, // the answer to the introspection query
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
          ResponseFormat: none,
          ToolResources: none,
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
              changeLists(cache, (edges, isFirstPage) => (isFirstPage ? [edge, ...edges] : edges));
            },
            deleteAssistant(result, _variables, cache) {
              const id = (result as unknown as DeleteAssistantData).deleteAssistant.deletedAssistantId;
              if (id === null) return; // userErrors says why
              changeLists(cache, (edges) => edges.filter((edge) => edge !== `AssistantEdge:${id}`));
              cache.invalidate({ __typename: 'Assistant', id });
            },
          },
        },
      }),
      fetchExchange,
    ],
  });

const EDGE = gql`
  fragment _ on AssistantEdge {
    cursor
    node {
      id
    }
  }
`;

function changeLists(cache: Cache, change: (edges: Entity[], isFirstPage: boolean) => Entity[]) {
  for (const { fieldName, fieldKey, arguments: page } of cache.inspectFields('Query')) {
    if (fieldName !== 'assistants') continue;
    const list = cache.resolve('Query', fieldKey) as Entity;
    const edges = cache.resolve(list, 'edges') as Entity[];
    cache.link(list, 'edges', change(edges, !page?.['after']));
  }
}
