/** A message as it is read, and its lists. */
import { Field, ID, ObjectType, registerEnumType } from 'type-graphql';
import type { WireAttachment, WireMessage } from '../../aiml/resources/message.ts';
import type { WireMetadata } from '../../aiml/wire.ts';
import { createConnectionType, createEdgeType } from '../schema/connection.type.ts';
import { DateTime, Metadata } from '../schema/scalars.ts';
import { MessageContent, TextContent, toMessageContent } from './message-content.type.ts';

export const MessageRole = { USER: 'user', ASSISTANT: 'assistant' } as const;
export type MessageRole = (typeof MessageRole)[keyof typeof MessageRole];
registerEnumType(MessageRole, {
  name: 'MessageRole',
  description: 'Who a message is from.',
  valuesConfig: { USER: { description: 'The user.' }, ASSISTANT: { description: 'The assistant.' } },
});

export const MessageStatus = { IN_PROGRESS: 'in_progress', INCOMPLETE: 'incomplete', COMPLETED: 'completed' } as const;
export type MessageStatus = (typeof MessageStatus)[keyof typeof MessageStatus];
registerEnumType(MessageStatus, {
  name: 'MessageStatus',
  description: 'Whether a message is whole.',
  valuesConfig: {
    IN_PROGRESS: { description: 'A run is writing it.' },
    INCOMPLETE: { description: 'It was cut short: see `incompleteReason`.' },
    COMPLETED: { description: 'It is whole.' },
  },
});

@ObjectType({ simpleResolvers: true, description: 'A file that was attached to a message.' })
export class MessageAttachment {
  @Field(() => ID, { nullable: true, description: 'The file. Null where upstream names none.' })
  readonly fileId: string | null;

  @Field(() => [String], { description: "Upstream's names of the tools that the file was added to." })
  readonly tools: readonly string[];

  constructor(wire: WireAttachment) {
    this.fileId = wire.file_id;
    this.tools = wire.tools;
  }
}

@ObjectType({
  simpleResolvers: true,
  description: 'A message of a thread. It is known by its thread: it has an id but is no Node.',
})
export class Message {
  @Field(() => ID, { description: "Upstream's own id, unchanged; opaque to clients." })
  readonly id: string;

  @Field(() => ID, { description: 'The thread.' })
  readonly threadId: string;

  /** Unix time in seconds, as all times here. */
  @Field(() => DateTime, { description: 'When the message was created, to the second.' })
  readonly createdAt: number;

  @Field(() => DateTime, { nullable: true, description: 'When it was completed. Null where it was not.' })
  readonly completedAt: number | null;

  @Field(() => DateTime, { nullable: true, description: 'When it was cut short. Null where it was not.' })
  readonly incompleteAt: number | null;

  @Field(() => MessageRole, { description: 'Who it is from.' })
  readonly role: MessageRole;

  @Field(() => MessageStatus, { description: 'Whether it is whole.' })
  readonly status: MessageStatus;

  @Field(() => String, {
    nullable: true,
    description:
      "Why it is INCOMPLETE, in upstream's words: content_filter, max_tokens, run_cancelled, run_expired, run_failed, …",
  })
  readonly incompleteReason: string | null;

  @Field(() => String, {
    description:
      'Its text parts joined by blank lines: what most screens show. Refusals and images are not part of it.',
  })
  readonly text: string;

  @Field(() => [MessageContent], { description: 'Its parts, in order. Empty while nothing is written.' })
  readonly content: readonly MessageContent[];

  @Field(() => [MessageAttachment], { description: 'The files that were attached to it.' })
  readonly attachments: readonly MessageAttachment[];

  @Field(() => ID, { nullable: true, description: 'The assistant that wrote it. Null where none did.' })
  readonly assistantId: string | null;

  @Field(() => ID, { nullable: true, description: 'The run that wrote it. Null where none did.' })
  readonly runId: string | null;

  @Field(() => Metadata, { description: "The caller's own pairs; an empty object where there are none." })
  readonly metadata: WireMetadata;

  constructor(wire: WireMessage) {
    this.id = wire.id;
    this.threadId = wire.thread_id;
    this.createdAt = wire.created_at;
    this.completedAt = wire.completed_at;
    this.incompleteAt = wire.incomplete_at;
    this.role = wire.role;
    this.status = wire.status;
    this.incompleteReason = wire.incomplete_reason;
    this.content = wire.content.map(toMessageContent);
    this.text = this.content.flatMap((part) => (part instanceof TextContent ? [part.text] : [])).join('\n\n');
    this.attachments = wire.attachments.map((attachment) => new MessageAttachment(attachment));
    this.assistantId = wire.assistant_id;
    this.runId = wire.run_id;
    this.metadata = wire.metadata;
  }
}

@ObjectType({ simpleResolvers: true, description: 'A message in its place in a list.' })
export class MessageEdge extends createEdgeType(() => Message, 'The message.') {}

@ObjectType({ simpleResolvers: true, description: 'A page of messages.' })
export class MessageConnection extends createConnectionType(() => Message, MessageEdge, 'messages') {}
