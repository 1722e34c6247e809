/**
 * The executable schema: type-graphql's, with `@oneOf` and the root descriptions, which type-graphql cannot express.
 *
 * Names, types and defaults are the public contract. `npm run schema` prints them to `schema/schema.graphql`.
 */
import 'reflect-metadata';
import {
  isInputObjectType,
  lexicographicSortSchema,
  OperationTypeNode,
  printSchema,
  type GraphQLSchema,
} from 'graphql';
import type { Scope } from '../../auth/principal.ts';
import { PublicError } from '../../runtime/errors.ts';
import type { RequestContext } from '../server/request-context.ts';
import { buildSchemaSync, type AuthChecker, type PubSub } from 'type-graphql';
import { AssistantResolver } from '../assistant/assistant.resolver.ts';
import { errorCodes } from '../errors/codes.ts';
import { FederationResolver } from '../federation/federation.resolver.ts';
import { FileCitation, FilePath, UnknownAnnotation } from '../message/message-content.type.ts';
import { MessageCreationStepResolver, MessageResolver } from '../message/message.resolver.ts';
import { ModelResolver } from '../model/model.resolver.ts';
import { recordMutations } from './mutation.ts';
import { NodeResolver } from './node.resolver.ts';
import { RunEventResolver } from '../run-event/run-event.resolver.ts';
import {
  MessageStateEvent,
  MessageTextEvent,
  RunStateEvent,
  RunStepEvent,
  UnknownRunEvent,
} from '../run-event/run-event.type.ts';
import { CodeInterpreterToolCall, FileSearchToolCall, UnknownToolCall } from '../run-step/tool-call.type.ts';
import { RunResolver } from '../run/run.resolver.ts';
import { ThreadResolver } from '../thread/thread.resolver.ts';

/** Input types of which exactly one field is set. type-graphql would print a `@oneOf` directive but not enforce it. */
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

const schemaDescription =
  'Assistants and their conversations: threads, messages and runs of the AIML API, in the manner of Relay. ' +
  'Lists are connections, ids are opaque, and mutations return `userErrors`.';

const rootDescriptions = {
  Query: `Reads. They change nothing.\n\nErrors have one of these as \`extensions.code\`:\n${errorCodeList}`,
  Subscription: 'Streams of events. They change nothing, and neither does ending one.',
  Mutation:
    'Writes. Errors that the client can fix are `userErrors`; every other error is a top-level error, with an `outcome` ' +
    'that says whether the write was applied.',
};

/**
 * Checks the scopes of `@Authorized`. Throws instead of returning false, so that the error names the missing scope. It is an arrow function because
 * type-graphql instantiates every function that has a prototype as a class.
 */
const authChecker: AuthChecker<RequestContext, Scope> = ({ context, info }, scopes) => {
  try {
    for (const scope of scopes) context.authorize(scope);
    return true;
  } catch (error) {
    throw info.operation.operation === OperationTypeNode.MUTATION && error instanceof PublicError
      ? error.withOutcome('NOT_APPLIED')
      : error;
  }
};

const NO_PUB_SUB: PubSub = {
  publish: () => undefined,
  subscribe: () => {
    throw new TypeError('Every subscription has a source of its own.');
  },
};

interface SchemaOptions {
  /** Whether the schema is a subgraph of Apollo Federation 2. */
  readonly federation?: boolean;
}

const schemas = new Map<boolean, GraphQLSchema>();

/** Builds the schema with the first call; later calls return the same. It has no state of a service. */
export function buildServiceSchema({ federation = false }: SchemaOptions = {}): GraphQLSchema {
  const schema = schemas.get(federation) ?? buildSchema(federation);
  schemas.set(federation, schema);
  return schema;
}

function buildSchema(federation: boolean): GraphQLSchema {
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
    // type-graphql does not find types that are reachable only through an interface within an interface.
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
    // Not used, but type-graphql requires it if the schema has a subscription.
    pubSub: NO_PUB_SUB,
  });
  for (const name of oneOfTypes) {
    const type = schema.getType(name);
    if (!isInputObjectType(type)) throw new TypeError(`The schema has no input type ${name}.`);
    type.isOneOf = true;
  }
  schema.description = schemaDescription;
  for (const [name, description] of Object.entries(rootDescriptions)) {
    const type = schema.getType(name);
    if (type) type.description = description;
  }
  recordMutations(schema);
  return schema;
}

/** The schema in SDL, sorted. */
export const toSdl = (schema: GraphQLSchema): string => `${printSchema(lexicographicSortSchema(schema))}\n`;
