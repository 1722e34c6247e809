/** The GraphQL operations of the export, the import and the seed. */

const TOOLS = `tools {
  type
  ... on FileSearchTool { maxNumResults rankingOptions { ranker scoreThreshold } }
  ... on FunctionTool { name description parameters strict }
}`;

export const LIST_ASSISTANTS = `query ExportAssistants($after: String) {
  assistants(first: 50, after: $after, order: ASC) {
    nodes {
      id model name description instructions ${TOOLS}
      toolResources { codeInterpreter { fileIds } fileSearch { vectorStoreIds } }
      temperature topP reasoningEffort
      responseFormat { type jsonSchema { name description schema strict } }
      metadata
    }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const LIST_THREADS = `query ExportThreads($after: String) {
  threads(first: 50, after: $after, order: ASC) {
    nodes { id toolResources { codeInterpreter { fileIds } fileSearch { vectorStoreIds } } metadata }
    pageInfo { hasNextPage endCursor }
  }
}`;

export const LIST_MESSAGES = `query ExportMessages($threadId: ID!, $after: String) {
  thread(id: $threadId) {
    messages(first: 25, after: $after) {
      nodes {
        id role status metadata
        content {
          type
          ... on TextContent { text }
          ... on ImageUrlContent { url detail }
          ... on ImageFileContent { fileId detail }
          ... on RefusalContent { refusal }
        }
        attachments { fileId tools }
      }
      pageInfo { hasNextPage endCursor }
    }
  }
}`;

export const FIND_ASSISTANTS = `query ImportedAssistants($after: String) {
  assistants(first: 100, after: $after) { nodes { id metadata } pageInfo { hasNextPage endCursor } }
}`;

export const FIND_THREADS = `query ImportedThreads($after: String) {
  threads(first: 100, after: $after) { nodes { id metadata } pageInfo { hasNextPage endCursor } }
}`;

export const FIND_MESSAGES = `query ImportedMessages($threadId: ID!, $after: String) {
  thread(id: $threadId) {
    messages(first: 100, after: $after) { nodes { id metadata } pageInfo { hasNextPage endCursor } }
  }
}`;

export const CREATE_ASSISTANT = `mutation ImportAssistant($input: CreateAssistantInput!) {
  createAssistant(input: $input) { created: assistant { id } userErrors { message field } }
}`;

export const CREATE_THREAD = `mutation ImportThread($input: CreateThreadInput!) {
  createThread(input: $input) { created: thread { id } userErrors { message field } }
}`;

export const CREATE_MESSAGE = `mutation ImportMessage($input: CreateMessageInput!) {
  createMessage(input: $input) { created: message { id } userErrors { message field } }
}`;
