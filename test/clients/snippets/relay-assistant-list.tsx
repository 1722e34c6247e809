// Relay's hooks for React: what docs/clients.md shows of them, as `AssistantList.tsx` of a frontend. A test compiles this
// file with Relay's compiler and its Babel plugin, and renders the components.
import { graphql, useFragment, useLazyLoadQuery, useMutation, usePaginationFragment } from 'react-relay';
import type { AssistantList_item$key } from './__generated__/AssistantList_item.graphql.ts';
import type { AssistantList_query$key } from './__generated__/AssistantList_query.graphql.ts';
import type { AssistantListCreateMutation } from './__generated__/AssistantListCreateMutation.graphql.ts';
import type { AssistantListPaginationQuery } from './__generated__/AssistantListPaginationQuery.graphql.ts';
import type { AssistantListQuery } from './__generated__/AssistantListQuery.graphql.ts';
import { toMutationMessage } from './cookbook.ts';
import { insertCreated } from './relay-environment.ts';
import { TextForm } from './views.tsx';

type Open = (id: string) => void;

export function AssistantList({ open }: { open: Open }) {
  const query = useLazyLoadQuery<AssistantListQuery>(
    graphql`
      query AssistantListQuery($count: Int = 10, $order: SortOrder = DESC) {
        ...AssistantList_query @arguments(count: $count, order: $order)
      }
    `,
    {},
  );
  return <Pages query={query} open={open} />;
}

function Pages({ query, open }: { query: AssistantList_query$key; open: Open }) {
  const { data, hasNext, loadNext } = usePaginationFragment<AssistantListPaginationQuery, AssistantList_query$key>(
    graphql`
      fragment AssistantList_query on Query
      @argumentDefinitions(
        count: { type: "Int", defaultValue: 10 }
        cursor: { type: "String" }
        order: { type: "SortOrder", defaultValue: DESC }
      )
      @refetchable(queryName: "AssistantListPaginationQuery") {
        assistants(first: $count, after: $cursor, order: $order) @connection(key: "AssistantList_assistants") {
          edges {
            node {
              id
              ...AssistantList_item
            }
          }
        }
      }
    `,
    query,
  );
  return (
    <>
      <ul>
        {data.assistants.edges.map(({ node }) => (
          <Item key={node.id} item={node} open={open} />
        ))}
      </ul>
      {hasNext && <button onClick={() => loadNext(10)}>More</button>}
    </>
  );
}

function Item({ item, open }: { item: AssistantList_item$key; open: Open }) {
  const { id, name } = useFragment(
    graphql`
      fragment AssistantList_item on Assistant {
        id
        name
        createdAt
        metadata
        tools {
          type
          ... on FunctionTool {
            name
            parameters
          }
        }
      }
    `,
    item,
  );
  return (
    <li>
      <button onClick={() => open(id)}>{name}</button>
    </li>
  );
}

export function CreateForm() {
  const [commit] = useMutation<AssistantListCreateMutation>(graphql`
    mutation AssistantListCreateMutation($input: CreateAssistantInput!) {
      createAssistant(input: $input) {
        assistant {
          id
          ...AssistantList_item
        }
        userErrors {
          code
          field
          message
        }
      }
    }
  `);
  const submit = (name: string) =>
    new Promise<string | null>((resolve) => {
      commit({
        variables: { input: { model: 'built-in', name } },
        updater: insertCreated,
        onCompleted: ({ createAssistant }) => resolve(createAssistant.userErrors[0]?.message ?? null),
        onError: (error) => resolve(toMutationMessage(error)),
      });
    });
  return <TextForm label="Create" submit={submit} />;
}
