/** The object type of a message, and its connection. */
import { Field, ID } from 'type-graphql';
import type { WireAttachment, WireMessage } from '../../aiml/resources/message.ts';
import type { WireMetadata } from '../../aiml/wire.ts';
import { createConnectionType, readConnection } from '../schema/connection.type.ts';
import { requireIds } from '../schema/ids.ts';
import type { OldestFirstPageArguments } from '../schema/pagination.ts';
import type { RequestContext } from '../server/request-context.ts';
import { DateTime, Metadata } from '../schema/scalars.ts';
import { MessageContent, TextContent, toMessageContent } from './message-content.type.ts';
import { createEnum, NullableField, SimpleObjectType } from '../schema/decorators.ts';

export const MessageRole = createEnum('MessageRole', 'The author of a message.', {
  user: 'The user.',
  assistant: 'The assistant.',
});

const MessageStatus = createEnum('MessageStatus', 'Whether a message is complete.', {
  in_progress: 'A run is writing it.',
  incomplete: 'It was cut short: see `incompleteReason`.',
  completed: 'It is complete.',
});

@SimpleObjectType('A file that was attached to a message.')
class MessageAttachment {
  @NullableField(() => ID, 'The file. Null if upstream does not name it.')
  readonly fileId: string | null;

  @Field(() => [String], { description: "Upstream's names of the tools that can use the file." })
  readonly tools: readonly string[];

  constructor(wire: WireAttachment) {
    this.fileId = wire.file_id;
    this.tools = wire.tools;
  }
}

@SimpleObjectType('A message of a thread. Upstream finds it only with the id of the thread, so it is not a Node.')
export class Message {
  @Field(() => ID, { description: "Upstream's own id, unchanged; opaque to clients." })
  readonly id: string;

  @Field(() => ID, { description: 'The thread.' })
  readonly threadId: string;

  /** All times are Unix times in seconds. */
  @Field(() => DateTime, { description: 'When the message was created, to the second.' })
  readonly createdAt: number;

  @NullableField(() => DateTime, 'When it was completed. Null if it was not.')
  readonly completedAt: number | null;

  @NullableField(() => DateTime, 'When it was cut short. Null if it was not.')
  readonly incompleteAt: number | null;

  @Field(() => MessageRole, { description: 'The author.' })
  readonly role: WireMessage['role'];

  @Field(() => MessageStatus, { description: 'Whether it is complete.' })
  readonly status: WireMessage['status'];

  @NullableField(
    () => String,
    "Why it is INCOMPLETE, in upstream's words: content_filter, max_tokens, run_cancelled, run_expired, run_failed, …",
  )
  readonly incompleteReason: string | null;

  @Field(() => String, {
    description: 'Its text parts joined by blank lines, for display. It does not include refusals and images.',
  })
  readonly text: string;

  @Field(() => [MessageContent], { description: 'Its parts, in order. Empty until something is written.' })
  readonly content: readonly MessageContent[];

  @Field(() => [MessageAttachment], { description: 'The attached files.' })
  readonly attachments: readonly MessageAttachment[];

  @NullableField(() => ID, 'The assistant that wrote it. Null if none did.')
  readonly assistantId: string | null;

  @NullableField(() => ID, 'The run that wrote it. Null if none did.')
  readonly runId: string | null;

  @Field(() => Metadata, { description: "The client's own pairs; an empty object if there are none." })
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

@SimpleObjectType('A page of messages.')
export class MessageConnection extends createConnectionType('Message', () => Message, 'A message') {}

/** Reads a page of the messages of a thread. With `runId`, only those that this run wrote. */
export async function readMessages(
  upstream: RequestContext['upstream'],
  threadId: string,
  args: OldestFirstPageArguments,
  runId: string | null | undefined,
): Promise<MessageConnection> {
  const isFiltered = runId !== null && runId !== undefined;
  if (isFiltered) requireIds('runId', runId);
  return readConnection(
    MessageConnection,
    args,
    (query) => upstream.messages(threadId).list(isFiltered ? { ...query, filter: { run_id: runId } } : query),
    (wire) => new Message(wire),
  );
}
