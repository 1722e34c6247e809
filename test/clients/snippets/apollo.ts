// Apollo Client: what docs/clients.md shows of it. The tests beside this folder run every line.
import {
  ApolloClient,
  CombinedGraphQLErrors,
  HttpLink,
  InMemoryCache,
  type ApolloCache,
  type ObservableQuery,
} from '@apollo/client';
import { relayStylePagination } from '@apollo/client/utilities';
import { CREATE_ASSISTANT, DELETE_ASSISTANT, type AssistantsData, type CreateAssistantData } from './operations.ts';

export const createApolloCache = () =>
  new InMemoryCache({
    possibleTypes: {
      AssistantTool: ['CodeInterpreterTool', 'FileSearchTool', 'FunctionTool', 'UnknownTool'],
      Node: ['Assistant', 'Thread'],
    },
    typePolicies: {
      Query: { fields: { assistants: relayStylePagination(['order']) } },
      // These have no id of their own: an update replaces them whole.
      Assistant: {
        fields: { tools: { merge: false }, toolResources: { merge: false }, responseFormat: { merge: false } },
      },
    },
  });

export const createApolloClient = (uri: string) =>
  new ApolloClient({
    link: new HttpLink({ uri }), // http://127.0.0.1:4000/graphql
    cache: createApolloCache(),
  });

export async function loadMore(list: ObservableQuery<AssistantsData, { first: number; after?: string | null }>) {
  const { data, dataState } = list.getCurrentResult();
  if (dataState !== 'complete' || !data.assistants.pageInfo.hasNextPage) return;
  // Not pageInfo.endCursor: where that assistant was deleted since, the service does not know it any more.
  await list.fetchMore({ variables: { after: data.assistants.edges.at(-1)?.cursor ?? null } });
}

/** `update` of the create. */
export function insertCreated(cache: ApolloCache, { data }: { data?: CreateAssistantData | null }) {
  const created = data?.createAssistant.assistant;
  if (!created) return; // createAssistant.userErrors says why
  const edge = { __typename: 'AssistantEdge', cursor: created.id, node: { __ref: `Assistant:${created.id}` } };
  cache.modify<{ assistants: { edges: (typeof edge)[]; pageInfo: { hasNextPage: boolean } } }>({
    fields: {
      assistants(list, { storeFieldName }) {
        if (!('edges' in list)) return list;
        if (!storeFieldName.includes('"ASC"')) return { ...list, edges: [edge, ...list.edges] };
        // Oldest first: it is on the last page, which may not be loaded yet.
        return list.pageInfo.hasNextPage ? list : { ...list, edges: [...list.edges, edge] };
      },
    },
  });
}

export const createAssistant = (client: ApolloClient, input: { model: string; name?: string }) =>
  client.mutate({ mutation: CREATE_ASSISTANT, variables: { input }, update: insertCreated });

export const deleteAssistant = (client: ApolloClient, id: string) =>
  client.mutate({
    mutation: DELETE_ASSISTANT,
    variables: { input: { id } },
    update(cache, { data }) {
      if (data?.deleteAssistant.deletedAssistantId !== id) return; // deleteAssistant.userErrors says why
      cache.evict({ id: `Assistant:${id}` });
      cache.gc();
    },
  });

export const describeFailure = (error: unknown) => {
  if (!CombinedGraphQLErrors.is(error)) return 'The service cannot be reached.';
  const { code, requestId, retryable, outcome } = error.errors[0]?.extensions ?? {};
  if (outcome === 'UNKNOWN') return `It may have happened: look before you send it again (${String(requestId)}).`;
  return retryable === true ? `Try again later (${String(requestId)}).` : `${String(code)} (${String(requestId)})`;
};
