// Each client sends a credential as docs/clients.md shows. The service rejects requests without one.
import { afterAll, beforeAll, expect, test } from '@jest/globals';
import { ApolloClient, InMemoryCache, gql } from '@apollo/client';
import { Environment, RecordSource, Store, type ConcreteRequest } from 'relay-runtime';
import { startService, type TestService } from '../support/service.ts';
import { createApolloLink, createAuthorizedUrqlClient, createRelayNetwork } from './snippets/credentials.ts';

const QUERY = '{ assistants(first: 1) { nodes { id } } }';
const NONE = { assistants: { nodes: [] } };
let service: TestService;
let url: string;

beforeAll(async () => {
  service = await startService({ AUTH_MODE: 'passthrough', UPSTREAM: 'local' });
  url = `${service.url}/graphql`;
});
afterAll(() => service.stop());

/** A token that is fetched asynchronously, as a refreshed token is. */
const getToken = () => Promise.resolve('token-of-a-caller');

test('Apollo Client sends the token of its link', async () => {
  const client = new ApolloClient({ link: createApolloLink(url, getToken), cache: new InMemoryCache() });
  expect((await client.query({ query: gql(QUERY) })).data).toMatchObject(NONE);
});

test('urql sends the token of its fetch', async () => {
  const { data, error } = await createAuthorizedUrqlClient(url, getToken).query<unknown>(QUERY, {}).toPromise();
  expect(error).toBeUndefined();
  expect(data).toMatchObject(NONE);
});

test('Relay sends the token of its network', async () => {
  const network = createRelayNetwork(url, getToken);
  const environment = new Environment({ network, store: new Store(new RecordSource()) });
  const params = { text: QUERY, name: 'Query', operationKind: 'query', id: null, cacheID: 'query', metadata: {} };
  const response = await environment
    .getNetwork()
    .execute(params as ConcreteRequest['params'], {}, {})
    .toPromise();
  expect(response).toMatchObject({ data: NONE });
});
