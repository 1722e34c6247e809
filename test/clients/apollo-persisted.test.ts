// Apollo Client 4 and its link for persisted queries, against the running service.
import './support/apollo-development.ts';
import { ApolloClient, CombinedGraphQLErrors, gql, InMemoryCache, type ApolloLink } from '@apollo/client';
import { afterEach, describe, expect, jest, test } from '@jest/globals';
import { writeExampleManifest, writeManifest, type ManifestFile } from '../support/persisted.ts';
import { startService, type TestService } from '../support/service.ts';
import { createHashingLink, createListingLink } from './snippets/apollo-persisted.ts';

const DOCUMENT = gql`
  query Names($first: Int) {
    assistants(first: $first) {
      nodes {
        id
        name
      }
    }
  }
`;

let service: TestService | null = null;
let file: ManifestFile | null = null;
afterEach(async () => {
  await service?.stop();
  await file?.remove();
  service = file = null;
});

const start = async (environment: Readonly<Record<string, string>> = {}) =>
  (service = await startService(environment)).url + '/graphql';
const clientOf = (link: ApolloLink) => new ApolloClient({ link, cache: new InMemoryCache() });

/** Whether each request from now on contains a document. */
function watchDocuments(): () => boolean[] {
  const fetching = jest.spyOn(globalThis, 'fetch');
  return () =>
    fetching.mock.calls.map(([, init]) => 'query' in (JSON.parse(init?.body as string) as Record<string, unknown>));
}

describe('Apollo Client', () => {
  test('sends a document once and then only its hash, also from another instance', async () => {
    const uri = await start();
    const documents = watchDocuments();
    for (const client of [clientOf(createHashingLink(uri)), clientOf(createHashingLink(uri))])
      for (const first of [1, 2]) {
        const { data } = await client.query({ query: DOCUMENT, variables: { first } });
        expect(data).toMatchObject({ assistants: { nodes: [] } });
      }
    expect(documents()).toEqual([false, true, false, false, false]);
  });

  test('does not send the document again after an error of the operation', async () => {
    const uri = await start();
    const client = clientOf(createHashingLink(uri));
    await client.query({ query: DOCUMENT, variables: { first: 1 } });
    const documents = watchDocuments();
    const error: unknown = await client
      .query({ query: DOCUMENT, variables: { first: 0 } })
      .catch((reason: unknown) => reason);
    expect(CombinedGraphQLErrors.is(error) && error.errors).toMatchObject([{ extensions: { code: 'BAD_USER_INPUT' } }]);
    expect(documents()).toEqual([false]);
  });

  test('runs the operations of a manifest by their ids, and gets an error for an id that is not listed', async () => {
    file = await writeExampleManifest();
    const uri = await start({ PERSISTED_OPERATIONS: file.path });
    const { operations } = file.manifest;
    const ids = operations.map(({ id, name }) => ({ id, name }));
    const client = clientOf(createListingLink(uri, Promise.resolve({ operations: ids })));
    const documents = watchDocuments();
    const documentOf = (name: string) => gql(operations.find((operation) => operation.name === name)?.body ?? '');
    // The examples do not select __typename, which the cache needs.
    const created = await client.mutate({
      mutation: documentOf('CreateAssistant'),
      variables: { input: { model: 'm' } },
      fetchPolicy: 'no-cache',
    });
    expect(created.data).toMatchObject({ createAssistant: { assistant: { model: 'm' }, userErrors: [] } });
    const listed = await client.query({
      query: documentOf('AssistantsForward'),
      variables: { first: 5 },
      fetchPolicy: 'no-cache',
    });
    expect(listed.data).toMatchObject({ assistants: { edges: [{ node: { name: null } }] } });
    expect(documents()).toEqual([false, false]);

    const unlisted = clientOf(
      createListingLink(uri, Promise.resolve({ operations: [{ id: 'other', name: 'Names' }] })),
    );
    const error: unknown = await unlisted.query({ query: DOCUMENT }).catch((reason: unknown) => reason);
    expect(CombinedGraphQLErrors.is(error) && error.errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }]);
  });

  test('cannot register an operation that is not in the manifest', async () => {
    file = await writeManifest([{ id: 'a', name: 'A', type: 'query', body: 'query A { __typename }' }]);
    const client = clientOf(createHashingLink(await start({ PERSISTED_OPERATIONS: file.path })));
    const error: unknown = await client.query({ query: DOCUMENT }).catch((reason: unknown) => reason);
    expect(CombinedGraphQLErrors.is(error) && error.errors).toMatchObject([{ extensions: { code: 'BAD_REQUEST' } }]);
  });
});
