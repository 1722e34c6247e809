// The operations that the examples of Apollo Client and urql send, with their types. A code generator writes these types
// for a frontend; here they are written by hand, so that neither client depends on it.
import type { TypedDocumentNode } from '@apollo/client';
import { parse } from 'graphql';

export interface Tool {
  readonly __typename: string;
  readonly type: string;
  /** Of a function. */
  readonly name?: string;
  /** Of a file search. */
  readonly maxNumResults?: number | null;
}

export interface AssistantItem {
  readonly id: string;
  readonly name: string | null;
  readonly tools: readonly Tool[];
}

export interface AssistantsData {
  readonly assistants: {
    readonly edges: readonly { readonly cursor: string; readonly node: AssistantItem }[];
    readonly pageInfo: { readonly hasNextPage: boolean; readonly endCursor: string | null };
  };
}

export interface AssistantData {
  readonly assistant: (AssistantItem & { readonly metadata: Readonly<Record<string, string>> }) | null;
}

export interface UserError {
  readonly code: string;
  readonly field: readonly string[] | null;
  readonly message: string;
}

interface Payload {
  readonly assistant: AssistantItem | null;
  readonly userErrors: readonly UserError[];
}

export interface CreateAssistantData {
  readonly createAssistant: Payload;
}

export interface UpdateAssistantData {
  readonly updateAssistant: Payload;
}

export interface DeleteAssistantData {
  readonly deleteAssistant: {
    readonly deletedAssistantId: string | null;
    readonly userErrors: readonly UserError[];
  };
}

export interface StartRunData {
  readonly createThreadAndRun: {
    readonly run: { readonly id: string; readonly threadId: string } | null;
    readonly userErrors: readonly UserError[];
  };
}

export interface RunEventsData {
  readonly runEvents: RunEvent;
}

export type RunEvent = { readonly cursor: string } & (
  | { readonly __typename: 'RunStateEvent'; readonly run: { readonly status: string; readonly hasEnded: boolean } }
  | {
      readonly __typename: 'MessageTextEvent';
      readonly messageId: string;
      readonly contentIndex: number;
      readonly offset: number;
      readonly text: string;
    }
  | { readonly __typename: 'MessageStateEvent' | 'RunStepEvent' | 'UnknownRunEvent' }
);

interface Input<T> {
  readonly input: T;
}

const ITEM = /* GraphQL */ `
  fragment AssistantItem on Assistant {
    id
    name
    tools {
      type
      ... on FunctionTool {
        name
      }
      ... on FileSearchTool {
        maxNumResults
      }
    }
  }
`;

const USER_ERRORS = /* GraphQL */ `
  fragment UserErrors on UserError {
    code
    field
    message
  }
`;

export const ASSISTANTS = parse(/* GraphQL */ `
  query Assistants($first: Int!, $after: String, $order: SortOrder! = DESC) {
    assistants(first: $first, after: $after, order: $order) {
      edges {
        cursor
        node {
          ...AssistantItem
        }
      }
      pageInfo {
        hasNextPage
        endCursor
      }
    }
  }
  ${ITEM}
`) as TypedDocumentNode<AssistantsData, { first: number; after?: string | null; order?: 'ASC' | 'DESC' }>;

export const ASSISTANT = parse(/* GraphQL */ `
  query Assistant($id: ID!) {
    assistant(id: $id) {
      ...AssistantItem
      metadata
    }
  }
  ${ITEM}
`) as TypedDocumentNode<AssistantData, { id: string }>;

export const CREATE_ASSISTANT = parse(/* GraphQL */ `
  mutation CreateAssistant($input: CreateAssistantInput!) {
    createAssistant(input: $input) {
      assistant {
        ...AssistantItem
      }
      userErrors {
        ...UserErrors
      }
    }
  }
  ${ITEM}
  ${USER_ERRORS}
`) as TypedDocumentNode<CreateAssistantData, Input<{ model: string; name?: string; tools?: readonly object[] }>>;

export const UPDATE_ASSISTANT = parse(/* GraphQL */ `
  mutation UpdateAssistant($input: UpdateAssistantInput!) {
    updateAssistant(input: $input) {
      assistant {
        ...AssistantItem
      }
      userErrors {
        ...UserErrors
      }
    }
  }
  ${ITEM}
  ${USER_ERRORS}
`) as TypedDocumentNode<UpdateAssistantData, Input<{ id: string; name?: string; tools?: readonly object[] }>>;

export const DELETE_ASSISTANT = parse(/* GraphQL */ `
  mutation DeleteAssistant($input: DeleteAssistantInput!) {
    deleteAssistant(input: $input) {
      deletedAssistantId
      userErrors {
        ...UserErrors
      }
    }
  }
  ${USER_ERRORS}
`) as TypedDocumentNode<DeleteAssistantData, Input<{ id: string }>>;

export const START_RUN = parse(/* GraphQL */ `
  mutation StartRun($input: CreateThreadAndRunInput!) {
    createThreadAndRun(input: $input) {
      run {
        id
        threadId
      }
      userErrors {
        ...UserErrors
      }
    }
  }
  ${USER_ERRORS}
`) as TypedDocumentNode<
  StartRunData,
  Input<{ assistantId: string; thread: { messages: readonly { text: string }[] }; idempotencyKey?: string }>
>;

export const RUN_EVENTS = parse(/* GraphQL */ `
  subscription RunEvents($threadId: ID!, $runId: ID!, $after: String) {
    runEvents(threadId: $threadId, runId: $runId, after: $after) {
      __typename
      cursor
      ... on RunStateEvent {
        run {
          id
          status
          hasEnded
        }
      }
      ... on MessageTextEvent {
        messageId
        contentIndex
        offset
        text
      }
    }
  }
`) as TypedDocumentNode<RunEventsData, { threadId: string; runId: string; after?: string | null }>;

export const CONTINUE_THREAD = parse(/* GraphQL */ `
  mutation ContinueThread($input: CreateRunInput!) {
    createRun(input: $input) {
      run {
        id
        threadId
      }
      userErrors {
        ...UserErrors
      }
    }
  }
  ${USER_ERRORS}
`) as TypedDocumentNode<
  { readonly createRun: StartRunData['createThreadAndRun'] },
  Input<{ assistantId: string; threadId: string; additionalMessages: readonly { text: string }[] }>
>;

export const CANCEL_RUN = parse(/* GraphQL */ `
  mutation CancelRun($input: CancelRunInput!) {
    cancelRun(input: $input) {
      userErrors {
        ...UserErrors
      }
    }
  }
  ${USER_ERRORS}
`) as TypedDocumentNode<
  { readonly cancelRun: { readonly userErrors: readonly UserError[] } },
  Input<{ threadId: string; id: string }>
>;

export const RUN = parse(/* GraphQL */ `
  query Run($threadId: ID!, $id: ID!) {
    run(threadId: $threadId, id: $id) {
      hasEnded
    }
  }
`) as TypedDocumentNode<{ readonly run: { readonly hasEnded: boolean } | null }, { threadId: string; id: string }>;
