// Relay: the mutations of docs/clients.md that no component of it sends, as `AssistantEdit.ts` of a frontend.
import { graphql } from 'relay-runtime';

export const updateMutation = graphql`
  mutation AssistantEditUpdateMutation($input: UpdateAssistantInput!) {
    updateAssistant(input: $input) {
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
`;

export const deleteMutation = graphql`
  mutation AssistantEditDeleteMutation($input: DeleteAssistantInput!) {
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
