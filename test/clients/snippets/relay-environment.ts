// Relay: the environment and the one updater that docs/clients.md shows. The tests beside this folder run every line.
import {
  ConnectionHandler,
  Environment,
  Network,
  RecordSource,
  Store,
  type GraphQLResponse,
  type RecordSourceSelectorProxy,
} from 'relay-runtime';

export const createRelayEnvironment = (url: string) =>
  new Environment({
    network: Network.create(async ({ text }, variables) => {
      const response = await fetch(url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', accept: 'application/graphql-response+json' },
        body: JSON.stringify({ query: text, variables }),
      });
      return (await response.json()) as GraphQLResponse;
    }),
    store: new Store(new RecordSource()),
  });

const connectionOf = (store: RecordSourceSelectorProxy<object>) =>
  ConnectionHandler.getConnection(store.getRoot(), 'AssistantList_assistants');

/** `updater` of the create. */
export function insertCreated(store: RecordSourceSelectorProxy<object>) {
  const list = connectionOf(store);
  const created = store.getRootField('createAssistant')?.getLinkedRecord('assistant');
  if (!list || !created) return; // userErrors says why
  ConnectionHandler.insertEdgeBefore(list, ConnectionHandler.createEdge(store, list, created, 'AssistantEdge'));
}

/** `updater` of the delete. */
export function removeDeleted(store: RecordSourceSelectorProxy<object>) {
  const list = connectionOf(store);
  const id: unknown = store.getRootField('deleteAssistant')?.getValue('deletedAssistantId');
  if (!list || typeof id !== 'string') return; // userErrors says why
  ConnectionHandler.deleteNode(list, id);
  store.delete(id);
  // The next page starts after the last assistant that is left: the service does not know the deleted one any more.
  const last = list.getLinkedRecords('edges').at(-1)?.getLinkedRecord('node');
  list.getLinkedRecord('pageInfo').setValue(last?.getDataID() ?? null, 'endCursor');
}
