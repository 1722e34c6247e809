// Relay: the documents that docs/clients.md shows, as `AssistantList.ts` of a frontend. Its compiler reads this file.
// It never runs in this form: Relay's Babel plugin would replace the documents by compiled ones.
import { graphql } from 'relay-runtime';

export const assistantListQuery = graphql`
  query AssistantListQuery {
    ...AssistantList_query
  }
`;

export const assistantListFragment = graphql`
  fragment AssistantList_query on Query
  @argumentDefinitions(count: { type: "Int", defaultValue: 10 }, cursor: { type: "String" })
  @refetchable(queryName: "AssistantListPaginationQuery") {
    assistants(first: $count, after: $cursor) @connection(key: "AssistantList_assistants") {
      edges {
        node {
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
      }
    }
  }
`;

export const createMutation = graphql`
  mutation AssistantListCreateMutation($input: CreateAssistantInput!) {
    createAssistant(input: $input) {
      assistant {
        id
        name
        createdAt
        metadata
        tools {
          type
        }
      }
      userErrors {
        code
        field
        message
      }
    }
  }
`;

export const updateMutation = graphql`
  mutation AssistantListUpdateMutation($input: UpdateAssistantInput!) {
    updateAssistant(input: $input) {
      assistant {
        id
        name
      }
      userErrors {
        code
        field
        message
      }
    }
  }
`;

export const deleteMutation = graphql`
  mutation AssistantListDeleteMutation($input: DeleteAssistantInput!) {
    deleteAssistant(input: $input) {
      deletedAssistantId
      userErrors {
        code
        field
        message
      }
    }
  }
`;
