// Apollo Client: what docs/clients.md shows of it. The tests beside this folder run every line.
import { ApolloClient, HttpLink, InMemoryCache, type ApolloCache, type ObservableQuery } from '@apollo/client';
import type { VariablesOf } from '@graphql-typed-document-node/core';
import { relayStylePagination } from '@apollo/client/utilities';
import { isDeleted, isStaleCursor } from './cookbook.ts';
import {
  CREATE_ASSISTANT,
  DELETE_ASSISTANT,
  UPDATE_ASSISTANT,
  type ASSISTANTS,
  type AssistantsData,
  type CreateAssistantData,
} from './operations.ts';

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

export async function loadMore(list: ObservableQuery<AssistantsData, VariablesOf<typeof ASSISTANTS>>) {
  const { data, dataState } = list.getCurrentResult();
  if (dataState !== 'complete' || !data.assistants.pageInfo.hasNextPage) return;
  // Not pageInfo.endCursor: its assistant may be deleted, and then the service no longer knows it.
  const after = data.assistants.edges.at(-1)?.cursor ?? null;
  try {
    await list.fetchMore({ variables: { after } });
  } catch (error) {
    // Another user has deleted the last assistant that is shown.
    if (!isStaleCursor(error)) throw error;
    await list.refetch();
  }
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

const evict = (cache: ApolloCache, id: string) => {
  cache.evict({ id: `Assistant:${id}` });
  cache.gc();
};

export const deleteAssistant = (client: ApolloClient, id: string) =>
  client.mutate({
    mutation: DELETE_ASSISTANT,
    variables: { input: { id } },
    update(cache, { data }) {
      if (!data) return;
      const { deletedAssistantId, userErrors } = data.deleteAssistant;
      if (deletedAssistantId === id || isDeleted(userErrors)) evict(cache, id);
    },
  });

export const renameAssistant = (client: ApolloClient, id: string, name: string) =>
  client.mutate({
    mutation: UPDATE_ASSISTANT,
    variables: { input: { id, name } },
    update(cache, { data }) {
      if (data && isDeleted(data.updateAssistant.userErrors)) evict(cache, id);
    },
  });
