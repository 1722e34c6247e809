// Relay: the environment and the one updater that docs/clients.md shows. The tests beside this folder run every line.
import {
  ConnectionHandler,
  Environment,
  Network,
  RecordSource,
  Store,
  type GraphQLResponse,
  type RecordProxy,
  type RecordSourceSelectorProxy,
  type SubscribeFunction,
} from 'relay-runtime';

export const createRelayEnvironment = (url: string, subscribe?: SubscribeFunction) =>
  new Environment({
    network: Network.create(async ({ text }, variables) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
        body: JSON.stringify({ query: text, variables }),
      });
      return (await response.json()) as GraphQLResponse;
    }, subscribe),
    store: new Store(new RecordSource()),
  });

const connectionOf = (store: RecordSourceSelectorProxy<object>, order: 'ASC' | 'DESC') =>
  ConnectionHandler.getConnection(store.getRoot(), 'AssistantList_assistants', { order });

/** `updater` of the create. */
export function insertCreated(store: RecordSourceSelectorProxy<object>) {
  const created = store.getRootField('createAssistant')?.getLinkedRecord('assistant');
  if (!created) return; // userErrors says why
  const edgeOf = (list: RecordProxy) => ConnectionHandler.createEdge(store, list, created, 'AssistantEdge');
  const newestFirst = connectionOf(store, 'DESC');
  if (newestFirst) ConnectionHandler.insertEdgeBefore(newestFirst, edgeOf(newestFirst));
  const oldestFirst = connectionOf(store, 'ASC');
  // It is on the last page, which may not be loaded yet.
  if (oldestFirst?.getLinkedRecord('pageInfo').getValue('hasNextPage') !== false) return;
  ConnectionHandler.insertEdgeAfter(oldestFirst, edgeOf(oldestFirst));
}

/** `updater` of the delete, and of every other mutation of an assistant that another user may have deleted. */
export const removeDeleted =
  (field: 'deleteAssistant' | 'updateAssistant', id: string) => (store: RecordSourceSelectorProxy<object>) => {
    const payload = store.getRootField(field);
    const codes = payload?.getLinkedRecords('userErrors').map((error): unknown => error.getValue('code')) ?? [];
    if (payload?.getValue('deletedAssistantId') !== id && !codes.includes('NOT_FOUND')) return;
    for (const list of [connectionOf(store, 'DESC'), connectionOf(store, 'ASC')]) {
      if (!list) continue;
      ConnectionHandler.deleteNode(list, id);
      // The next page starts after the last assistant that is left: the service no longer knows the deleted one.
      const last = list.getLinkedRecords('edges').at(-1)?.getLinkedRecord('node');
      list.getLinkedRecord('pageInfo').setValue(last?.getDataID() ?? null, 'endCursor');
    }
    store.delete(id);
  };
