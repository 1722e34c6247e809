/**
 * The executable schema: type-graphql's, and what type-graphql cannot say.
 *
 * The names, types and defaults are the public contract; `schema/schema.graphql` is what comes out of here.
 */
import 'reflect-metadata';
import { isInputObjectType, type GraphQLSchema } from 'graphql';
import { buildSchemaSync, type PubSub } from 'type-graphql';
import { AssistantResolver } from '../assistant/assistant.resolver.ts';
import { authChecker } from './authorization.ts';
import { errorCodes } from '../errors/codes.ts';
import { FederationResolver } from '../federation/federation.resolver.ts';
import { FileCitation, FilePath, UnknownAnnotation } from '../message/message-content.type.ts';
import { MessageResolver } from '../message/message.resolver.ts';
import { ModelResolver } from '../model/model.resolver.ts';
import { recordMutations } from './mutation-records.ts';
import { NodeResolver } from './node.resolver.ts';
import { RunEventResolver } from '../run-event/run-event.resolver.ts';
import {
  MessageStateEvent,
  MessageTextEvent,
  RunStateEvent,
  RunStepEvent,
  UnknownRunEvent,
} from '../run-event/run-event.type.ts';
import { MessageCreationStepResolver } from '../run-step/run-step.resolver.ts';
import { CodeInterpreterToolCall, FileSearchToolCall, UnknownToolCall } from '../run-step/tool-call.type.ts';
import { RunResolver } from '../run/run.resolver.ts';
import { ThreadResolver } from '../thread/thread.resolver.ts';

/** Input types of which exactly one field is set. A `@oneOf` directive would be printed, and not enforced. */
const oneOfTypes = [
  'AssistantToolInput',
  'ChunkingStrategyInput',
  'MessageContentInput',
  'ResponseFormatInput',
  'ToolChoiceInput',
  'TruncationInput',
];

const errorCodeList = Object.entries(errorCodes)
  .map(([code, { description }]) => `- \`${code}\`: ${description}`)
  .join('\n');

const rootDescriptions = {
  Query: `What can be read. Nothing here changes anything.\n\nErrors have one of these as \`extensions.code\`:\n${errorCodeList}`,
  Subscription: 'What can be followed. Nothing here changes anything, and to stop following changes nothing either.',
  Mutation:
    'What can be changed. What the caller can mend comes back as `userErrors`; everything else is a top-level error, ' +
    'with an `outcome` that tells whether the change happened.',
};

const NO_PUB_SUB: PubSub = {
  publish: () => undefined,
  subscribe: () => {
    throw new TypeError('subscriptions bring their sources');
  },
};

export interface SchemaOptions {
  /** Whether gateways are served as well: the schema is then that of a subgraph of Apollo Federation 2. */
  readonly federation?: boolean;
}

/** Builds the schema anew with every call; one for the life of the process is enough. */
export function buildServiceSchema({ federation = false }: SchemaOptions = {}): GraphQLSchema {
  const schema = buildSchemaSync({
    resolvers: [
      AssistantResolver,
      ThreadResolver,
      MessageResolver,
      RunResolver,
      MessageCreationStepResolver,
      ModelResolver,
      RunEventResolver,
      NodeResolver,
      ...(federation ? [FederationResolver] : []),
    ],
    // What only an interface within an interface leads to is not found by type-graphql.
    orphanedTypes: [
      FileCitation,
      FilePath,
      UnknownAnnotation,
      CodeInterpreterToolCall,
      FileSearchToolCall,
      UnknownToolCall,
      RunStateEvent,
      RunStepEvent,
      MessageStateEvent,
      MessageTextEvent,
      UnknownRunEvent,
    ],
    validate: false,
    // A query of the whole introspection. Apollo Server validates the schema as well, in a tenth of the time.
    skipCheck: true,
    authChecker,
    // Every subscription brings its source, but type-graphql asks for this where there is any.
    pubSub: NO_PUB_SUB,
  });
  for (const name of oneOfTypes) {
    const type = schema.getType(name);
    if (!isInputObjectType(type)) throw new TypeError(`The schema has no input type ${name}.`);
    type.isOneOf = true;
  }
  for (const [name, description] of Object.entries(rootDescriptions)) {
    const type = schema.getType(name);
    if (type) type.description = description;
  }
  recordMutations(schema);
  return schema;
}
