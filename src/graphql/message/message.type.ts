/** The object type of a message, and its connection. */
import { Field, ID } from 'type-graphql';
import type { WireAttachment, WireMessage } from '../../aiml/resources/message.ts';
import { createConnectionType, readConnection } from '../schema/connection.type.ts';
import { requireIds } from '../schema/ids.ts';
import type { OldestFirstPageArguments } from '../schema/pagination.ts';
import type { RequestContext } from '../server/request-context.ts';
import { DateTime, Metadata } from '../schema/scalars.ts';
import { MessageContent, toMessageContent } from './message-content.type.ts';
import { createEnum, NullableField, SimpleObjectType } from '../schema/decorators.ts';
import { FromWire } from '../schema/from-wire.ts';

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
class MessageAttachment extends FromWire<WireAttachment> {
  @NullableField(() => ID, 'The file. Null if upstream does not name it.')
  readonly fileId = this.wire.file_id;

  @Field(() => [String], { description: "Upstream's names of the tools that can use the file." })
  readonly tools = this.wire.tools;
}

@SimpleObjectType('A message of a thread. Upstream finds it only with the id of the thread, so it is not a Node.')
export class Message extends FromWire<WireMessage> {
  @Field(() => ID, { description: "Upstream's own id, unchanged; opaque to clients." })
  readonly id = this.wire.id;

  @Field(() => ID, { description: 'The thread.' })
  readonly threadId = this.wire.thread_id;

  /** All times are Unix times in seconds. */
  @Field(() => DateTime, { description: 'When the message was created, to the second.' })
  readonly createdAt = this.wire.created_at;

  @NullableField(() => DateTime, 'When it was completed. Null if it was not.')
  readonly completedAt = this.wire.completed_at;

  @NullableField(() => DateTime, 'When it was cut short. Null if it was not.')
  readonly incompleteAt = this.wire.incomplete_at;

  @Field(() => MessageRole, { description: 'The author.' })
  readonly role = this.wire.role;

  @Field(() => MessageStatus, { description: 'Whether it is complete.' })
  readonly status = this.wire.status;

  @NullableField(
    () => String,
    "Why it is INCOMPLETE, in upstream's words: content_filter, max_tokens, run_cancelled, run_expired, run_failed, …",
  )
  readonly incompleteReason = this.wire.incomplete_reason;

  @Field(() => String, {
    description: 'Its text parts joined by blank lines, for display. It does not include refusals and images.',
  })
  readonly text = this.wire.content
    .filter((part) => part.type === 'text')
    .map(({ text }) => text)
    .join('\n\n');

  @Field(() => [MessageContent], { description: 'Its parts, in order. Empty until something is written.' })
  readonly content = this.wire.content.map(toMessageContent);

  @Field(() => [MessageAttachment], { description: 'The attached files.' })
  readonly attachments = this.wire.attachments.map((attachment) => new MessageAttachment(attachment));

  @NullableField(() => ID, 'The assistant that wrote it. Null if none did.')
  readonly assistantId = this.wire.assistant_id;

  @NullableField(() => ID, 'The run that wrote it. Null if none did.')
  readonly runId = this.wire.run_id;

  @Field(() => Metadata, { description: "The client's own pairs; an empty object if there are none." })
  readonly metadata = this.wire.metadata;
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
