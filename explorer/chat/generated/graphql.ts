/* eslint-disable */
/** Internal type. DO NOT USE DIRECTLY. */
type Exact<T extends { [key: string]: unknown }> = { [K in keyof T]: T[K] };
/** Internal type. DO NOT USE DIRECTLY. */
export type Incremental<T> = T | { [P in keyof T]?: P extends ' $fragmentName' | '__typename' ? T[P] : never };
import type { DocumentTypeDecoration } from '@graphql-typed-document-node/core';
/** Exactly one field is set; codeInterpreter is set to true. */
export type AssistantToolInput =
  {   /** True: run Python in a sandbox. */
  codeInterpreter: boolean; fileSearch?: never; function?: never; }
  |  { codeInterpreter?: never;   /** Search vector stores; `{}` takes every default. */
  fileSearch: FileSearchToolInput; function?: never; }
  |  { codeInterpreter?: never; fileSearch?: never;   /** Call a function of the client. */
  function: FunctionToolInput; };

/** A tool that can use an attached file. */
export type AttachmentTool =
  /** The code interpreter. */
  | 'CODE_INTERPRETER'
  /** The file search. */
  | 'FILE_SEARCH';

/** The run to cancel. */
export type CancelRunInput = {
  /** The run to cancel. */
  id: string | number;
  /** The thread. */
  threadId: string | number;
};

/** How files are split into chunks. Exactly one field is set; auto is set to true. */
export type ChunkingStrategyInput =
  {   /** True: upstream chooses. */
  auto: boolean; static?: never; }
  |  { auto?: never;   /** Chunks of a fixed size. */
  static: StaticChunkingStrategyInput; };

/** The files of the code interpreter. */
export type CodeInterpreterResourcesInput = {
  /** Ids of uploaded files, at most 20. */
  fileIds: Array<string | number>;
};

/** A new assistant. Only the model is required. A field that is left out or null has upstream's default. */
export type CreateAssistantInput = {
  /** What the assistant is for, at most 512 characters. */
  description?: string | null | undefined;
  /** Sent again with the same key within 24 hours, the mutation returns the first assistant and creates none: 1 to 64 letters, digits, underscores and hyphens. */
  idempotencyKey?: string | null | undefined;
  /** The system instructions, at most 256,000 characters. */
  instructions?: string | null | undefined;
  /** The client's own pairs: at most 16, keys of at most 64 and values of at most 512 characters. An update replaces all pairs. */
  metadata?: Record<string, string> | null | undefined;
  /** The id of the model, for example `gpt-4o`. Not blank. */
  model: string;
  /** The name, at most 256 characters. */
  name?: string | null | undefined;
  /** How much a reasoning model reasons, for example `low`. The values depend on the model. */
  reasoningEffort?: string | null | undefined;
  /** The format of the model's output. */
  responseFormat?: ResponseFormatInput | null | undefined;
  /** Sampling temperature, 0 to 2; higher is more random. */
  temperature?: number | null | undefined;
  /** The resources of the tools. */
  toolResources?: ToolResourcesInput | null | undefined;
  /** The tools of the assistant, at most 128. An update replaces the whole list; null empties it. */
  tools?: Array<AssistantToolInput> | null | undefined;
  /** Nucleus sampling: the share of probability, 0 to 1, from which tokens are taken. */
  topP?: number | null | undefined;
};

/** A new run of an assistant on a thread. For a field that is left out or null, the setting of the assistant applies. */
export type CreateRunInput = {
  /** Added to the instructions of this run. */
  additionalInstructions?: string | null | undefined;
  /** Messages that are added to the thread before the run, at most 32. They remain in the thread. */
  additionalMessages?: Array<MessageInput> | null | undefined;
  /** The assistant that runs. */
  assistantId: string | number;
  /** Sent again with the same key within 24 hours, the mutation returns the first run and starts none: 1 to 64 letters, digits, underscores and hyphens. */
  idempotencyKey?: string | null | undefined;
  /** Replaces the assistant's instructions. */
  instructions?: string | null | undefined;
  /** The maximum of tokens that the model writes, at least 256. */
  maxCompletionTokens?: number | null | undefined;
  /** The maximum of tokens that the model reads, at least 256. */
  maxPromptTokens?: number | null | undefined;
  /** The client's own pairs: at most 16, keys of at most 64 and values of at most 512 characters. */
  metadata?: Record<string, string> | null | undefined;
  /** The id of the model. */
  model?: string | null | undefined;
  /** Whether the model may call several tools at once. */
  parallelToolCalls?: boolean | null | undefined;
  /** How much a reasoning model reasons, for example `low`. */
  reasoningEffort?: string | null | undefined;
  /** The format of the model's output. */
  responseFormat?: ResponseFormatInput | null | undefined;
  /** Sampling temperature, 0 to 2. */
  temperature?: number | null | undefined;
  /** The thread. */
  threadId: string | number;
  /** How the model chooses tools. */
  toolChoice?: ToolChoiceInput | null | undefined;
  /** Replaces the assistant's tools; at most 20. */
  tools?: Array<AssistantToolInput> | null | undefined;
  /** Nucleus sampling, 0 to 1. */
  topP?: number | null | undefined;
  /** Which messages of a long thread the model reads. */
  truncation?: TruncationInput | null | undefined;
  /** The time to wait for the run, 0 to 25 seconds. After it, the run is returned in its current state. */
  waitSeconds?: number;
};

/** A new thread and a run of an assistant on it. For a field that is left out or null, the setting of the assistant applies. */
export type CreateThreadAndRunInput = {
  /** The assistant that runs. */
  assistantId: string | number;
  /** Sent again with the same key within 24 hours, the mutation returns the first run and starts none: 1 to 64 letters, digits, underscores and hyphens. */
  idempotencyKey?: string | null | undefined;
  /** Replaces the assistant's instructions. */
  instructions?: string | null | undefined;
  /** The maximum of tokens that the model writes, at least 256. */
  maxCompletionTokens?: number | null | undefined;
  /** The maximum of tokens that the model reads, at least 256. */
  maxPromptTokens?: number | null | undefined;
  /** The client's own pairs: at most 16, keys of at most 64 and values of at most 512 characters. */
  metadata?: Record<string, string> | null | undefined;
  /** The id of the model. */
  model?: string | null | undefined;
  /** Whether the model may call several tools at once. */
  parallelToolCalls?: boolean | null | undefined;
  /** The format of the model's output. */
  responseFormat?: ResponseFormatInput | null | undefined;
  /** Sampling temperature, 0 to 2. */
  temperature?: number | null | undefined;
  /** The thread. Left out, it is empty. */
  thread?: ThreadInput | null | undefined;
  /** How the model chooses tools. */
  toolChoice?: ToolChoiceInput | null | undefined;
  /** The resources of the tools in this run. */
  toolResources?: ToolResourcesInput | null | undefined;
  /** Replaces the assistant's tools; at most 20. */
  tools?: Array<AssistantToolInput> | null | undefined;
  /** Nucleus sampling, 0 to 1. */
  topP?: number | null | undefined;
  /** Which messages of a long thread the model reads. */
  truncation?: TruncationInput | null | undefined;
  /** The time to wait for the run, 0 to 25 seconds. After it, the run is returned in its current state. */
  waitSeconds?: number;
};

/** The thread to delete. */
export type DeleteThreadInput = {
  /** The thread to delete. */
  id: string | number;
};

/** How results of a file search are ranked. */
export type FileSearchRankingOptionsInput = {
  /** The ranker, for example `auto`. Left out, upstream chooses. */
  ranker?: string | null | undefined;
  /** The lowest score that a result must have, 0 to 1. */
  scoreThreshold: number;
};

/** The vector stores of the file search. vectorStores creates a store and attaches it; only a create accepts it. */
export type FileSearchResourcesInput = {
  /** Ids of existing vector stores, at most 1. */
  vectorStoreIds?: Array<string | number> | null | undefined;
  /** Vector stores to create, at most 1. Only on a create, and not together with `vectorStoreIds`. */
  vectorStores?: Array<VectorStoreInput> | null | undefined;
};

/** Searches the vector stores of `toolResources.fileSearch`. */
export type FileSearchToolInput = {
  /** The maximum number of results of a search, 1 to 50. Left out, upstream chooses. */
  maxNumResults?: number | null | undefined;
  /** How results are ranked. Left out, upstream chooses. */
  rankingOptions?: FileSearchRankingOptionsInput | null | undefined;
};

/** A function of the client that the model may call. */
export type FunctionToolInput = {
  /** What the function does. The model decides by it when to call the function. */
  description?: string | null | undefined;
  /** The name of the function: 1 to 64 letters, digits, underscores and hyphens. */
  name: string;
  /** The JSON Schema of the function's parameters. Left out, the function has none. */
  parameters?: Record<string, unknown> | null | undefined;
  /** Whether the arguments must match the schema exactly. Left out, upstream chooses. */
  strict?: boolean | null | undefined;
};

/** The resolution in which a model sees an image. */
export type ImageDetail =
  /** The model chooses. */
  | 'AUTO'
  /** High: more tokens. */
  | 'HIGH'
  /** Low: fewer tokens. */
  | 'LOW';

/** An image in an uploaded file. */
export type ImageFileInput = {
  /** The resolution. Left out, upstream chooses. */
  detail?: ImageDetail | null | undefined;
  /** The file. */
  fileId: string | number;
};

/** An image at a URL. */
export type ImageUrlInput = {
  /** The resolution. Left out, upstream chooses. */
  detail?: ImageDetail | null | undefined;
  /** The URL: http, https or data. */
  url: string;
};

/** A JSON Schema that the output matches. */
export type JsonSchemaFormatInput = {
  /** What the format is for. The model reads it. */
  description?: string | null | undefined;
  /** The name of the format: 1 to 64 letters, digits, underscores and hyphens. */
  name: string;
  /** The JSON Schema. */
  schema?: Record<string, unknown> | null | undefined;
  /** Whether the output must match the schema exactly. Left out, upstream chooses. */
  strict?: boolean | null | undefined;
};

/** A file that is attached to a message. */
export type MessageAttachmentInput = {
  /** The file. */
  fileId: string | number;
  /** The tools that can use it. */
  tools: Array<AttachmentTool>;
};

/** A part of a message. Exactly one field is set. */
export type MessageContentInput =
  {   /** An image in an uploaded file. */
  imageFile: ImageFileInput; imageUrl?: never; text?: never; }
  |  { imageFile?: never;   /** An image at a URL. */
  imageUrl: ImageUrlInput; text?: never; }
  |  { imageFile?: never; imageUrl?: never;   /** Text. */
  text: string; };

/** A message. Exactly one of text and content is given. */
export type MessageInput = {
  /** Files that are attached to it. */
  attachments?: Array<MessageAttachmentInput> | null | undefined;
  /** Its parts, in order, with at most 256,000 characters in total. */
  content?: Array<MessageContentInput> | null | undefined;
  /** The client's own pairs: at most 16, keys of at most 64 and values of at most 512 characters. */
  metadata?: Record<string, string> | null | undefined;
  /** The author. */
  role?: MessageRole;
  /** Its text, at most 256,000 characters. */
  text?: string | null | undefined;
};

/** The author of a message. */
export type MessageRole =
  /** The assistant. */
  | 'ASSISTANT'
  /** The user. */
  | 'USER';

/** Whether a message is complete. */
export type MessageStatus =
  /** It is complete. */
  | 'COMPLETED'
  /** It was cut short: see `incompleteReason`. */
  | 'INCOMPLETE'
  /** A run is writing it. */
  | 'IN_PROGRESS';

/** Exactly one field is set. */
export type ResponseFormatInput =
  {   /** JSON that matches a schema. */
  jsonSchema: JsonSchemaFormatInput; type?: never; }
  |  { jsonSchema?: never;   /** A format without options. */
  type: SimpleResponseFormatType; };

/** The state of a run. A state that upstream adds later is UNKNOWN. */
export type RunStatus =
  /** It was cancelled. */
  | 'CANCELLED'
  /** It was cancelled and is being stopped. */
  | 'CANCELLING'
  /** It is done. */
  | 'COMPLETED'
  /** It timed out. */
  | 'EXPIRED'
  /** It failed: see `lastError`. */
  | 'FAILED'
  /** It ended before its messages were complete: see `incompleteReason`. */
  | 'INCOMPLETE'
  /** The model works on it. */
  | 'IN_PROGRESS'
  /** It has not started. */
  | 'QUEUED'
  /** It waits for the outputs of `requiredToolCalls`. */
  | 'REQUIRES_ACTION'
  /** A state that this schema does not have. */
  | 'UNKNOWN';

/** The kinds of format that have no options. */
export type SimpleResponseFormatType =
  /** The model chooses. */
  | 'AUTO'
  /** Any JSON object. The instructions have to request JSON as well. */
  | 'JSON_OBJECT'
  /** Plain text. */
  | 'TEXT';

/** Chunks of a fixed size. */
export type StaticChunkingStrategyInput = {
  /** The tokens that neighbouring chunks share, 0 to half of `maxChunkSizeTokens`. */
  chunkOverlapTokens: number;
  /** The maximum size of a chunk in tokens, 100 to 4096. */
  maxChunkSizeTokens: number;
};

/** The outputs that a run waits for: exactly one for each of its requiredToolCalls. */
export type SubmitToolOutputsInput = {
  /** The run. */
  runId: string | number;
  /** The thread. */
  threadId: string | number;
  /** The outputs, at most 128. */
  toolOutputs: Array<ToolOutputInput>;
  /** The time to wait for the run, 0 to 25 seconds. After it, the run is returned in its current state. */
  waitSeconds?: number;
};

/** A thread that is created together with a run. */
export type ThreadInput = {
  /** Its first messages, in order, at most 32. */
  messages?: Array<MessageInput> | null | undefined;
  /** The client's own pairs: at most 16, keys of at most 64 and values of at most 512 characters. */
  metadata?: Record<string, string> | null | undefined;
  /** The resources of the tools in this thread, in addition to those of the assistant. */
  toolResources?: ToolResourcesInput | null | undefined;
};

/** How the model chooses tools. Exactly one field is set; Boolean fields are set to true. */
export type ToolChoiceInput =
  {   /** True: the model chooses. */
  auto: boolean; codeInterpreter?: never; fileSearch?: never; function?: never; none?: never; required?: never; }
  |  { auto?: never;   /** True: the model must use the code interpreter. */
  codeInterpreter: boolean; fileSearch?: never; function?: never; none?: never; required?: never; }
  |  { auto?: never; codeInterpreter?: never;   /** True: the model must use the file search. */
  fileSearch: boolean; function?: never; none?: never; required?: never; }
  |  { auto?: never; codeInterpreter?: never; fileSearch?: never;   /** The model must call the function with this name. */
  function: string; none?: never; required?: never; }
  |  { auto?: never; codeInterpreter?: never; fileSearch?: never; function?: never;   /** True: the model calls no tool. */
  none: boolean; required?: never; }
  |  { auto?: never; codeInterpreter?: never; fileSearch?: never; function?: never; none?: never;   /** True: the model must call a tool. */
  required: boolean; };

/** The output of a function that the model called. */
export type ToolOutputInput = {
  /** The output, as the model reads it. */
  output: string;
  /** The id of the call. */
  toolCallId: string | number;
};

/** The resources of the tools. A null in it is the same as an omitted field. */
export type ToolResourcesInput = {
  /** The files of the code interpreter. */
  codeInterpreter?: CodeInterpreterResourcesInput | null | undefined;
  /** The vector stores of the file search. */
  fileSearch?: FileSearchResourcesInput | null | undefined;
};

/** Which messages of a long thread the model reads. Exactly one field is set; auto is set to true. */
export type TruncationInput =
  {   /** True: messages in the middle are left out until the rest fits the model's context. */
  auto: boolean; lastMessages?: never; }
  |  { auto?: never;   /** The number of newest messages that the model reads, at least 1. */
  lastMessages: number; };

/** What is wrong with a value of the input. */
export type UserErrorCode =
  /** The value is empty, or null if it must not be. */
  | 'BLANK'
  /** The value does not have the required form, or conflicts with another value. */
  | 'INVALID'
  /** Upstream has nothing with this id. */
  | 'NOT_FOUND'
  /** The number is not finite, too small or too large. */
  | 'OUT_OF_RANGE'
  /** The AIML API rejected the input (400 or 422). The message contains its reason, if it gave one. */
  | 'REJECTED_BY_UPSTREAM'
  /** The thread has a run in progress: wait for it, submit its tool outputs, or cancel it. */
  | 'THREAD_BUSY'
  /** The text has too many characters, counted in Unicode code points. */
  | 'TOO_LONG'
  /** The list or map has too many entries. */
  | 'TOO_MANY'
  /** The run is not in a state that allows this, for example it has ended. */
  | 'WRONG_STATE';

/** A vector store that is created together with the assistant. */
export type VectorStoreInput = {
  /** How the files are split into chunks. Left out, upstream chooses. */
  chunkingStrategy?: ChunkingStrategyInput | null | undefined;
  /** Ids of uploaded files to put into it, at most 10,000. */
  fileIds?: Array<string | number> | null | undefined;
  /** The client's own pairs, stored with the vector store. */
  metadata?: Record<string, string> | null | undefined;
};

export type ChatAssistantsQueryVariables = Exact<{
  after?: string | null | undefined;
}>;


export type ChatAssistantsQuery = { assistants: { nodes: Array<{ id: string, name: string | null, description: string | null, model: string, instructions: string | null, tools: Array<
        | { __typename: 'CodeInterpreterTool', type: string }
        | { __typename: 'FileSearchTool', type: string }
        | { __typename: 'FunctionTool', name: string, description: string | null, parameters: Record<string, unknown> | null, type: string }
        | { __typename: 'UnknownTool', type: string }
      > }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ChatAssistantFragment = { id: string, name: string | null, description: string | null, model: string, instructions: string | null, tools: Array<
    | { __typename: 'CodeInterpreterTool', type: string }
    | { __typename: 'FileSearchTool', type: string }
    | { __typename: 'FunctionTool', name: string, description: string | null, parameters: Record<string, unknown> | null, type: string }
    | { __typename: 'UnknownTool', type: string }
  > };

export type ChatThreadsQueryVariables = Exact<{
  first: number;
  after?: string | null | undefined;
}>;


export type ChatThreadsQuery = { threads: { edges: Array<{ cursor: string, node: { id: string, createdAt: string, metadata: Record<string, string> } }>, pageInfo: { hasNextPage: boolean, endCursor: string | null } } };

export type ChatThreadQueryVariables = Exact<{
  id: string | number;
}>;


export type ChatThreadQuery = { thread: { id: string, metadata: Record<string, string>, messages: { nodes: Array<{ id: string, createdAt: string, role: MessageRole, status: MessageStatus, runId: string | null, incompleteReason: string | null, content: Array<
          | { __typename: 'ImageFileContent', fileId: string, type: string }
          | { __typename: 'ImageUrlContent', url: string, type: string }
          | { __typename: 'RefusalContent', refusal: string, type: string }
          | { __typename: 'TextContent', text: string, type: string, annotations: Array<
              | { __typename: 'FileCitation', text: string, fileId: string | null, startIndex: number, endIndex: number, type: string }
              | { __typename: 'FilePath', text: string, fileId: string | null, startIndex: number, endIndex: number, type: string }
              | { __typename: 'UnknownAnnotation', type: string }
            > }
          | { __typename: 'UnknownContent', type: string }
        > }>, pageInfo: { hasPreviousPage: boolean, startCursor: string | null } }, runs: { nodes: Array<{ id: string, threadId: string, assistantId: string, status: RunStatus, hasEnded: boolean, incompleteReason: string | null, lastError: { code: string, message: string } | null, requiredToolCalls: Array<{ id: string, name: string, arguments: string }>, tools: Array<
          | { __typename: 'CodeInterpreterTool' }
          | { __typename: 'FileSearchTool' }
          | { __typename: 'FunctionTool', name: string, description: string | null, parameters: Record<string, unknown> | null }
          | { __typename: 'UnknownTool' }
        >, usage: { totalTokens: number } | null }> } } | null };

export type ChatEarlierMessagesQueryVariables = Exact<{
  id: string | number;
  before: string;
}>;


export type ChatEarlierMessagesQuery = { thread: { id: string, messages: { nodes: Array<{ id: string, createdAt: string, role: MessageRole, status: MessageStatus, runId: string | null, incompleteReason: string | null, content: Array<
          | { __typename: 'ImageFileContent', fileId: string, type: string }
          | { __typename: 'ImageUrlContent', url: string, type: string }
          | { __typename: 'RefusalContent', refusal: string, type: string }
          | { __typename: 'TextContent', text: string, type: string, annotations: Array<
              | { __typename: 'FileCitation', text: string, fileId: string | null, startIndex: number, endIndex: number, type: string }
              | { __typename: 'FilePath', text: string, fileId: string | null, startIndex: number, endIndex: number, type: string }
              | { __typename: 'UnknownAnnotation', type: string }
            > }
          | { __typename: 'UnknownContent', type: string }
        > }>, pageInfo: { hasPreviousPage: boolean, startCursor: string | null } } } | null };

export type ChatMessagesFragment = { nodes: Array<{ id: string, createdAt: string, role: MessageRole, status: MessageStatus, runId: string | null, incompleteReason: string | null, content: Array<
      | { __typename: 'ImageFileContent', fileId: string, type: string }
      | { __typename: 'ImageUrlContent', url: string, type: string }
      | { __typename: 'RefusalContent', refusal: string, type: string }
      | { __typename: 'TextContent', text: string, type: string, annotations: Array<
          | { __typename: 'FileCitation', text: string, fileId: string | null, startIndex: number, endIndex: number, type: string }
          | { __typename: 'FilePath', text: string, fileId: string | null, startIndex: number, endIndex: number, type: string }
          | { __typename: 'UnknownAnnotation', type: string }
        > }
      | { __typename: 'UnknownContent', type: string }
    > }>, pageInfo: { hasPreviousPage: boolean, startCursor: string | null } };

export type ChatMessageFragment = { id: string, createdAt: string, role: MessageRole, status: MessageStatus, runId: string | null, incompleteReason: string | null, content: Array<
    | { __typename: 'ImageFileContent', fileId: string, type: string }
    | { __typename: 'ImageUrlContent', url: string, type: string }
    | { __typename: 'RefusalContent', refusal: string, type: string }
    | { __typename: 'TextContent', text: string, type: string, annotations: Array<
        | { __typename: 'FileCitation', text: string, fileId: string | null, startIndex: number, endIndex: number, type: string }
        | { __typename: 'FilePath', text: string, fileId: string | null, startIndex: number, endIndex: number, type: string }
        | { __typename: 'UnknownAnnotation', type: string }
      > }
    | { __typename: 'UnknownContent', type: string }
  > };

export type ChatRunFragment = { id: string, threadId: string, assistantId: string, status: RunStatus, hasEnded: boolean, incompleteReason: string | null, lastError: { code: string, message: string } | null, requiredToolCalls: Array<{ id: string, name: string, arguments: string }>, tools: Array<
    | { __typename: 'CodeInterpreterTool' }
    | { __typename: 'FileSearchTool' }
    | { __typename: 'FunctionTool', name: string, description: string | null, parameters: Record<string, unknown> | null }
    | { __typename: 'UnknownTool' }
  >, usage: { totalTokens: number } | null };

export type ChatRunDetailsQueryVariables = Exact<{
  threadId: string | number;
  runId: string | number;
}>;


export type ChatRunDetailsQuery = { run: { id: string, model: string, usage: { promptTokens: number, completionTokens: number } | null, steps: { nodes: Array<
        | { __typename: 'MessageCreationStep', id: string }
        | { __typename: 'ToolCallsStep', id: string, toolCalls: Array<
            | { __typename: 'CodeInterpreterToolCall', input: string, id: string, type: string, outputs: Array<{ logs: string | null, imageFileId: string | null }> }
            | { __typename: 'FileSearchToolCall', id: string, type: string, results: Array<{ fileName: string, score: number }> }
            | { __typename: 'FunctionToolCall', name: string, arguments: string, output: string | null, id: string, type: string }
            | { __typename: 'UnknownToolCall', id: string, type: string }
          > }
        | { __typename: 'UnknownStep', id: string }
      > } } | null };

export type ChatModelsQueryVariables = Exact<{ [key: string]: never; }>;


export type ChatModelsQuery = { models: Array<{ id: string }> | null };

export type ChatCreateAssistantMutationVariables = Exact<{
  input: CreateAssistantInput;
}>;


export type ChatCreateAssistantMutation = { createAssistant: { assistant: { id: string, name: string | null, description: string | null, model: string, instructions: string | null, tools: Array<
        | { __typename: 'CodeInterpreterTool', type: string }
        | { __typename: 'FileSearchTool', type: string }
        | { __typename: 'FunctionTool', name: string, description: string | null, parameters: Record<string, unknown> | null, type: string }
        | { __typename: 'UnknownTool', type: string }
      > } | null, userErrors: Array<{ code: UserErrorCode, field: Array<string> | null, message: string }> } };

export type ChatBeginThreadMutationVariables = Exact<{
  input: CreateThreadAndRunInput;
}>;


export type ChatBeginThreadMutation = { createThreadAndRun: { thread: { id: string } | null, run: { id: string, threadId: string, assistantId: string, status: RunStatus, hasEnded: boolean, incompleteReason: string | null, lastError: { code: string, message: string } | null, requiredToolCalls: Array<{ id: string, name: string, arguments: string }>, tools: Array<
        | { __typename: 'CodeInterpreterTool' }
        | { __typename: 'FileSearchTool' }
        | { __typename: 'FunctionTool', name: string, description: string | null, parameters: Record<string, unknown> | null }
        | { __typename: 'UnknownTool' }
      >, usage: { totalTokens: number } | null } | null, userErrors: Array<{ code: UserErrorCode, field: Array<string> | null, message: string }> } };

export type ChatSendMessageMutationVariables = Exact<{
  input: CreateRunInput;
}>;


export type ChatSendMessageMutation = { createRun: { run: { id: string, threadId: string, assistantId: string, status: RunStatus, hasEnded: boolean, incompleteReason: string | null, lastError: { code: string, message: string } | null, requiredToolCalls: Array<{ id: string, name: string, arguments: string }>, tools: Array<
        | { __typename: 'CodeInterpreterTool' }
        | { __typename: 'FileSearchTool' }
        | { __typename: 'FunctionTool', name: string, description: string | null, parameters: Record<string, unknown> | null }
        | { __typename: 'UnknownTool' }
      >, usage: { totalTokens: number } | null } | null, userErrors: Array<{ code: UserErrorCode, field: Array<string> | null, message: string }> } };

export type ChatSubmitOutputsMutationVariables = Exact<{
  input: SubmitToolOutputsInput;
}>;


export type ChatSubmitOutputsMutation = { submitToolOutputs: { run: { id: string, threadId: string, assistantId: string, status: RunStatus, hasEnded: boolean, incompleteReason: string | null, lastError: { code: string, message: string } | null, requiredToolCalls: Array<{ id: string, name: string, arguments: string }>, tools: Array<
        | { __typename: 'CodeInterpreterTool' }
        | { __typename: 'FileSearchTool' }
        | { __typename: 'FunctionTool', name: string, description: string | null, parameters: Record<string, unknown> | null }
        | { __typename: 'UnknownTool' }
      >, usage: { totalTokens: number } | null } | null, userErrors: Array<{ code: UserErrorCode, message: string }> } };

export type ChatCancelRunMutationVariables = Exact<{
  input: CancelRunInput;
}>;


export type ChatCancelRunMutation = { cancelRun: { run: { id: string, threadId: string, assistantId: string, status: RunStatus, hasEnded: boolean, incompleteReason: string | null, lastError: { code: string, message: string } | null, requiredToolCalls: Array<{ id: string, name: string, arguments: string }>, tools: Array<
        | { __typename: 'CodeInterpreterTool' }
        | { __typename: 'FileSearchTool' }
        | { __typename: 'FunctionTool', name: string, description: string | null, parameters: Record<string, unknown> | null }
        | { __typename: 'UnknownTool' }
      >, usage: { totalTokens: number } | null } | null, userErrors: Array<{ code: UserErrorCode, message: string }> } };

export type ChatDeleteThreadMutationVariables = Exact<{
  input: DeleteThreadInput;
}>;


export type ChatDeleteThreadMutation = { deleteThread: { deletedThreadId: string | null, userErrors: Array<{ code: UserErrorCode, message: string }> } };

export type ChatFollowRunSubscriptionVariables = Exact<{
  threadId: string | number;
  runId: string | number;
  after?: string | null | undefined;
}>;


export type ChatFollowRunSubscription = { runEvents:
    | { __typename: 'MessageStateEvent', cursor: string, message: { id: string, createdAt: string, role: MessageRole, status: MessageStatus, runId: string | null, incompleteReason: string | null, content: Array<
          | { __typename: 'ImageFileContent', fileId: string, type: string }
          | { __typename: 'ImageUrlContent', url: string, type: string }
          | { __typename: 'RefusalContent', refusal: string, type: string }
          | { __typename: 'TextContent', text: string, type: string, annotations: Array<
              | { __typename: 'FileCitation', text: string, fileId: string | null, startIndex: number, endIndex: number, type: string }
              | { __typename: 'FilePath', text: string, fileId: string | null, startIndex: number, endIndex: number, type: string }
              | { __typename: 'UnknownAnnotation', type: string }
            > }
          | { __typename: 'UnknownContent', type: string }
        > } }
    | { __typename: 'MessageTextEvent', messageId: string, contentIndex: number, offset: number, text: string, cursor: string }
    | { __typename: 'RunStateEvent', cursor: string, run: { id: string, threadId: string, assistantId: string, status: RunStatus, hasEnded: boolean, incompleteReason: string | null, lastError: { code: string, message: string } | null, requiredToolCalls: Array<{ id: string, name: string, arguments: string }>, tools: Array<
          | { __typename: 'CodeInterpreterTool' }
          | { __typename: 'FileSearchTool' }
          | { __typename: 'FunctionTool', name: string, description: string | null, parameters: Record<string, unknown> | null }
          | { __typename: 'UnknownTool' }
        >, usage: { totalTokens: number } | null } }
    | { __typename: 'RunStepEvent', cursor: string }
    | { __typename: 'UnknownRunEvent', cursor: string }
   };

export class TypedDocumentString<TResult, TVariables>
  extends String
  implements DocumentTypeDecoration<TResult, TVariables>
{
  __apiType?: NonNullable<DocumentTypeDecoration<TResult, TVariables>['__apiType']>;
  private value: string;
  public __meta__?: Record<string, any> | undefined;

  constructor(value: string, __meta__?: Record<string, any> | undefined) {
    super(value);
    this.value = value;
    this.__meta__ = __meta__;
  }

  override toString(): string & DocumentTypeDecoration<TResult, TVariables> {
    return this.value;
  }
}
export const ChatAssistantFragmentDoc = new TypedDocumentString(`
    fragment ChatAssistant on Assistant {
  id
  name
  description
  model
  instructions
  tools {
    __typename
    type
    ... on FunctionTool {
      name
      description
      parameters
    }
  }
}
    `, {"fragmentName":"ChatAssistant"}) as unknown as TypedDocumentString<ChatAssistantFragment, unknown>;
export const ChatMessageFragmentDoc = new TypedDocumentString(`
    fragment ChatMessage on Message {
  id
  createdAt
  role
  status
  runId
  incompleteReason
  content {
    __typename
    type
    ... on TextContent {
      text
      annotations {
        __typename
        type
        ... on FileCitation {
          text
          fileId
          startIndex
          endIndex
        }
        ... on FilePath {
          text
          fileId
          startIndex
          endIndex
        }
      }
    }
    ... on ImageFileContent {
      fileId
    }
    ... on ImageUrlContent {
      url
    }
    ... on RefusalContent {
      refusal
    }
  }
}
    `, {"fragmentName":"ChatMessage"}) as unknown as TypedDocumentString<ChatMessageFragment, unknown>;
export const ChatMessagesFragmentDoc = new TypedDocumentString(`
    fragment ChatMessages on MessageConnection {
  nodes {
    ...ChatMessage
  }
  pageInfo {
    hasPreviousPage
    startCursor
  }
}
    fragment ChatMessage on Message {
  id
  createdAt
  role
  status
  runId
  incompleteReason
  content {
    __typename
    type
    ... on TextContent {
      text
      annotations {
        __typename
        type
        ... on FileCitation {
          text
          fileId
          startIndex
          endIndex
        }
        ... on FilePath {
          text
          fileId
          startIndex
          endIndex
        }
      }
    }
    ... on ImageFileContent {
      fileId
    }
    ... on ImageUrlContent {
      url
    }
    ... on RefusalContent {
      refusal
    }
  }
}`, {"fragmentName":"ChatMessages"}) as unknown as TypedDocumentString<ChatMessagesFragment, unknown>;
export const ChatRunFragmentDoc = new TypedDocumentString(`
    fragment ChatRun on Run {
  id
  threadId
  assistantId
  status
  hasEnded
  incompleteReason
  lastError {
    code
    message
  }
  requiredToolCalls {
    id
    name
    arguments
  }
  tools {
    __typename
    ... on FunctionTool {
      name
      description
      parameters
    }
  }
  usage {
    totalTokens
  }
}
    `, {"fragmentName":"ChatRun"}) as unknown as TypedDocumentString<ChatRunFragment, unknown>;
export const ChatAssistantsDocument = new TypedDocumentString(`
    query ChatAssistants($after: String) {
  assistants(first: 100, after: $after) {
    nodes {
      ...ChatAssistant
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    fragment ChatAssistant on Assistant {
  id
  name
  description
  model
  instructions
  tools {
    __typename
    type
    ... on FunctionTool {
      name
      description
      parameters
    }
  }
}`) as unknown as TypedDocumentString<ChatAssistantsQuery, ChatAssistantsQueryVariables>;
export const ChatThreadsDocument = new TypedDocumentString(`
    query ChatThreads($first: Int!, $after: String) {
  threads(first: $first, after: $after) {
    edges {
      cursor
      node {
        id
        createdAt
        metadata
      }
    }
    pageInfo {
      hasNextPage
      endCursor
    }
  }
}
    `) as unknown as TypedDocumentString<ChatThreadsQuery, ChatThreadsQueryVariables>;
export const ChatThreadDocument = new TypedDocumentString(`
    query ChatThread($id: ID!) {
  thread(id: $id) {
    id
    metadata
    messages(last: 50) {
      ...ChatMessages
    }
    runs(first: 1) {
      nodes {
        ...ChatRun
      }
    }
  }
}
    fragment ChatMessages on MessageConnection {
  nodes {
    ...ChatMessage
  }
  pageInfo {
    hasPreviousPage
    startCursor
  }
}
fragment ChatMessage on Message {
  id
  createdAt
  role
  status
  runId
  incompleteReason
  content {
    __typename
    type
    ... on TextContent {
      text
      annotations {
        __typename
        type
        ... on FileCitation {
          text
          fileId
          startIndex
          endIndex
        }
        ... on FilePath {
          text
          fileId
          startIndex
          endIndex
        }
      }
    }
    ... on ImageFileContent {
      fileId
    }
    ... on ImageUrlContent {
      url
    }
    ... on RefusalContent {
      refusal
    }
  }
}
fragment ChatRun on Run {
  id
  threadId
  assistantId
  status
  hasEnded
  incompleteReason
  lastError {
    code
    message
  }
  requiredToolCalls {
    id
    name
    arguments
  }
  tools {
    __typename
    ... on FunctionTool {
      name
      description
      parameters
    }
  }
  usage {
    totalTokens
  }
}`) as unknown as TypedDocumentString<ChatThreadQuery, ChatThreadQueryVariables>;
export const ChatEarlierMessagesDocument = new TypedDocumentString(`
    query ChatEarlierMessages($id: ID!, $before: String!) {
  thread(id: $id) {
    id
    messages(last: 50, before: $before) {
      ...ChatMessages
    }
  }
}
    fragment ChatMessages on MessageConnection {
  nodes {
    ...ChatMessage
  }
  pageInfo {
    hasPreviousPage
    startCursor
  }
}
fragment ChatMessage on Message {
  id
  createdAt
  role
  status
  runId
  incompleteReason
  content {
    __typename
    type
    ... on TextContent {
      text
      annotations {
        __typename
        type
        ... on FileCitation {
          text
          fileId
          startIndex
          endIndex
        }
        ... on FilePath {
          text
          fileId
          startIndex
          endIndex
        }
      }
    }
    ... on ImageFileContent {
      fileId
    }
    ... on ImageUrlContent {
      url
    }
    ... on RefusalContent {
      refusal
    }
  }
}`) as unknown as TypedDocumentString<ChatEarlierMessagesQuery, ChatEarlierMessagesQueryVariables>;
export const ChatRunDetailsDocument = new TypedDocumentString(`
    query ChatRunDetails($threadId: ID!, $runId: ID!) {
  run(threadId: $threadId, id: $runId) {
    id
    model
    usage {
      promptTokens
      completionTokens
    }
    steps(first: 100) {
      nodes {
        __typename
        id
        ... on ToolCallsStep {
          toolCalls {
            __typename
            id
            type
            ... on FunctionToolCall {
              name
              arguments
              output
            }
            ... on CodeInterpreterToolCall {
              input
              outputs {
                logs
                imageFileId
              }
            }
            ... on FileSearchToolCall {
              results {
                fileName
                score
              }
            }
          }
        }
      }
    }
  }
}
    `) as unknown as TypedDocumentString<ChatRunDetailsQuery, ChatRunDetailsQueryVariables>;
export const ChatModelsDocument = new TypedDocumentString(`
    query ChatModels {
  models {
    id
  }
}
    `) as unknown as TypedDocumentString<ChatModelsQuery, ChatModelsQueryVariables>;
export const ChatCreateAssistantDocument = new TypedDocumentString(`
    mutation ChatCreateAssistant($input: CreateAssistantInput!) {
  createAssistant(input: $input) {
    assistant {
      ...ChatAssistant
    }
    userErrors {
      code
      field
      message
    }
  }
}
    fragment ChatAssistant on Assistant {
  id
  name
  description
  model
  instructions
  tools {
    __typename
    type
    ... on FunctionTool {
      name
      description
      parameters
    }
  }
}`) as unknown as TypedDocumentString<ChatCreateAssistantMutation, ChatCreateAssistantMutationVariables>;
export const ChatBeginThreadDocument = new TypedDocumentString(`
    mutation ChatBeginThread($input: CreateThreadAndRunInput!) {
  createThreadAndRun(input: $input) {
    thread {
      id
    }
    run {
      ...ChatRun
    }
    userErrors {
      code
      field
      message
    }
  }
}
    fragment ChatRun on Run {
  id
  threadId
  assistantId
  status
  hasEnded
  incompleteReason
  lastError {
    code
    message
  }
  requiredToolCalls {
    id
    name
    arguments
  }
  tools {
    __typename
    ... on FunctionTool {
      name
      description
      parameters
    }
  }
  usage {
    totalTokens
  }
}`) as unknown as TypedDocumentString<ChatBeginThreadMutation, ChatBeginThreadMutationVariables>;
export const ChatSendMessageDocument = new TypedDocumentString(`
    mutation ChatSendMessage($input: CreateRunInput!) {
  createRun(input: $input) {
    run {
      ...ChatRun
    }
    userErrors {
      code
      field
      message
    }
  }
}
    fragment ChatRun on Run {
  id
  threadId
  assistantId
  status
  hasEnded
  incompleteReason
  lastError {
    code
    message
  }
  requiredToolCalls {
    id
    name
    arguments
  }
  tools {
    __typename
    ... on FunctionTool {
      name
      description
      parameters
    }
  }
  usage {
    totalTokens
  }
}`) as unknown as TypedDocumentString<ChatSendMessageMutation, ChatSendMessageMutationVariables>;
export const ChatSubmitOutputsDocument = new TypedDocumentString(`
    mutation ChatSubmitOutputs($input: SubmitToolOutputsInput!) {
  submitToolOutputs(input: $input) {
    run {
      ...ChatRun
    }
    userErrors {
      code
      message
    }
  }
}
    fragment ChatRun on Run {
  id
  threadId
  assistantId
  status
  hasEnded
  incompleteReason
  lastError {
    code
    message
  }
  requiredToolCalls {
    id
    name
    arguments
  }
  tools {
    __typename
    ... on FunctionTool {
      name
      description
      parameters
    }
  }
  usage {
    totalTokens
  }
}`) as unknown as TypedDocumentString<ChatSubmitOutputsMutation, ChatSubmitOutputsMutationVariables>;
export const ChatCancelRunDocument = new TypedDocumentString(`
    mutation ChatCancelRun($input: CancelRunInput!) {
  cancelRun(input: $input) {
    run {
      ...ChatRun
    }
    userErrors {
      code
      message
    }
  }
}
    fragment ChatRun on Run {
  id
  threadId
  assistantId
  status
  hasEnded
  incompleteReason
  lastError {
    code
    message
  }
  requiredToolCalls {
    id
    name
    arguments
  }
  tools {
    __typename
    ... on FunctionTool {
      name
      description
      parameters
    }
  }
  usage {
    totalTokens
  }
}`) as unknown as TypedDocumentString<ChatCancelRunMutation, ChatCancelRunMutationVariables>;
export const ChatDeleteThreadDocument = new TypedDocumentString(`
    mutation ChatDeleteThread($input: DeleteThreadInput!) {
  deleteThread(input: $input) {
    deletedThreadId
    userErrors {
      code
      message
    }
  }
}
    `) as unknown as TypedDocumentString<ChatDeleteThreadMutation, ChatDeleteThreadMutationVariables>;
export const ChatFollowRunDocument = new TypedDocumentString(`
    subscription ChatFollowRun($threadId: ID!, $runId: ID!, $after: String) {
  runEvents(threadId: $threadId, runId: $runId, after: $after) {
    __typename
    cursor
    ... on RunStateEvent {
      run {
        ...ChatRun
      }
    }
    ... on MessageStateEvent {
      message {
        ...ChatMessage
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
    fragment ChatMessage on Message {
  id
  createdAt
  role
  status
  runId
  incompleteReason
  content {
    __typename
    type
    ... on TextContent {
      text
      annotations {
        __typename
        type
        ... on FileCitation {
          text
          fileId
          startIndex
          endIndex
        }
        ... on FilePath {
          text
          fileId
          startIndex
          endIndex
        }
      }
    }
    ... on ImageFileContent {
      fileId
    }
    ... on ImageUrlContent {
      url
    }
    ... on RefusalContent {
      refusal
    }
  }
}
fragment ChatRun on Run {
  id
  threadId
  assistantId
  status
  hasEnded
  incompleteReason
  lastError {
    code
    message
  }
  requiredToolCalls {
    id
    name
    arguments
  }
  tools {
    __typename
    ... on FunctionTool {
      name
      description
      parameters
    }
  }
  usage {
    totalTokens
  }
}`) as unknown as TypedDocumentString<ChatFollowRunSubscription, ChatFollowRunSubscriptionVariables>;