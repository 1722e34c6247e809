/** The part of the schema that the workloads use, in the form that mercurius takes. */
export const SCHEMA = /* GraphQL */ `
  scalar DateTime
  scalar JSONObject
  scalar Metadata

  type Query {
    assistant(id: ID!): Assistant
    assistants(first: Int = 20, after: String): AssistantConnection!
  }

  type Mutation {
    createAssistant(input: CreateAssistantInput!): CreateAssistantPayload!
  }

  type Assistant {
    id: ID!
    createdAt: DateTime!
    model: String!
    name: String
    description: String
    instructions: String
    tools: [AssistantTool!]!
    toolResources: ToolResources
    metadata: Metadata!
    temperature: Float
    topP: Float
    reasoningEffort: String
    responseFormat: ResponseFormat
  }

  interface AssistantTool {
    type: String!
  }
  type CodeInterpreterTool implements AssistantTool {
    type: String!
  }
  type FileSearchTool implements AssistantTool {
    type: String!
    maxNumResults: Int
  }
  type FunctionTool implements AssistantTool {
    type: String!
    name: String!
    description: String
    parameters: JSONObject
    strict: Boolean
  }

  type ToolResources {
    codeInterpreter: CodeInterpreterResources
    fileSearch: FileSearchResources
  }
  type CodeInterpreterResources {
    fileIds: [ID!]!
  }
  type FileSearchResources {
    vectorStoreIds: [ID!]!
  }

  enum ResponseFormatType {
    AUTO
    TEXT
    JSON_OBJECT
    JSON_SCHEMA
    UNKNOWN
  }
  type ResponseFormat {
    type: ResponseFormatType!
  }

  type AssistantConnection {
    edges: [AssistantEdge!]!
    nodes: [Assistant!]!
    pageInfo: PageInfo!
  }
  type AssistantEdge {
    cursor: String!
    node: Assistant!
  }
  type PageInfo {
    hasNextPage: Boolean!
    hasPreviousPage: Boolean!
    startCursor: String
    endCursor: String
  }

  input CreateAssistantInput {
    model: String!
    name: String
    description: String
    instructions: String
    tools: [AssistantToolInput!]
    metadata: Metadata
    temperature: Float
  }
  input AssistantToolInput {
    codeInterpreter: Boolean
    function: FunctionToolInput
  }
  input FunctionToolInput {
    name: String!
    description: String
    parameters: JSONObject
    strict: Boolean
  }

  type CreateAssistantPayload {
    assistant: Assistant
    userErrors: [UserError!]!
  }
  type UserError {
    message: String!
  }
`;
