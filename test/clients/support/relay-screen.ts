// Does what Relay's React hooks do for a component with a paginated fragment, without React.
import {
  commitMutation,
  createOperationDescriptor,
  fetchQuery,
  getPaginationMetadata,
  getPaginationVariables,
  getSingularSelector,
  type ConcreteRequest,
  type Environment,
  type MutationParameters,
  type ReaderFragment,
  type SelectorStoreUpdater,
  type Variables,
} from 'relay-runtime';

export interface AssistantList {
  readonly assistants: {
    readonly edges: readonly { readonly node: { readonly id: string } }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

/** Sends the query and keeps the data of the fragment up to date, as `usePaginationFragment` does. */
export async function openScreen(
  environment: Environment,
  query: ConcreteRequest,
  fragment: ReaderFragment,
  variables: Variables = {},
) {
  await fetchQuery(environment, query, variables).toPromise();
  const operation = createOperationDescriptor(query, variables);
  const retained = environment.retain(operation);
  const selector = getSingularSelector(fragment, environment.lookup(operation.fragment).data);
  let snapshot = environment.lookup(selector);
  const subscription = environment.subscribe(snapshot, (next) => (snapshot = next));
  const list = () => (snapshot.data as unknown as AssistantList).assistants;
  return {
    list,
    ids: () => list().edges.map(({ node }) => node.id),
    loadNext: async (count: number) => {
      const { paginationRequest, paginationMetadata } = getPaginationMetadata(fragment, 'AssistantList');
      const { endCursor } = list().pageInfo;
      const variables = getPaginationVariables('forward', count, endCursor, {}, {}, paginationMetadata);
      await fetchQuery(environment, paginationRequest, variables).toPromise();
    },
    close: () => {
      subscription.dispose();
      retained.dispose();
    },
  };
}

/** Sends a mutation and resolves with its data. */
export const mutate = (
  environment: Environment,
  mutation: ConcreteRequest,
  variables: MutationParameters['variables'],
  updater?: SelectorStoreUpdater<MutationParameters['response']>,
) =>
  new Promise<MutationParameters['response']>((resolve, reject) => {
    commitMutation(environment, { mutation, variables, updater, onCompleted: resolve, onError: reject });
  });
