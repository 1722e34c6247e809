// A frontend's file that uses the generated code, as docs/clients.md shows it.
import { ApolloClient, HttpLink, InMemoryCache } from '@apollo/client';
import { graphql } from './gql';
import possibleTypes from './possible-types';

const AssistantDocument = graphql(`
  query Assistant($id: ID!) {
    assistant(id: $id) {
      id
      name
      createdAt
      metadata
      responseFormat {
        type
      }
      tools {
        __typename
        type
        ... on FunctionTool {
          name
          parameters
        }
      }
    }
  }
`);

const CreateAssistantDocument = graphql(`
  mutation CreateAssistant($input: CreateAssistantInput!) {
    createAssistant(input: $input) {
      assistant {
        id
      }
      userErrors {
        code
        message
      }
    }
  }
`);

export const createClient = (uri: string) =>
  new ApolloClient({ link: new HttpLink({ uri }), cache: new InMemoryCache(possibleTypes) });

export const readAssistant = (client: ApolloClient, id: string) =>
  client.query({ query: AssistantDocument, variables: { id } });

export const createAssistant = (client: ApolloClient, name: string) =>
  client.mutate({
    mutation: CreateAssistantDocument,
    variables: { input: { model: 'gpt-4o', name, metadata: { team: 'support' }, tools: [{ codeInterpreter: true }] } },
  });
