/** Input types of the mutations of messages, and of messages that are created together with a thread or a run. */
import { Field, ID, InputType } from 'type-graphql';
import type { WireMessage } from '../../aiml/resources/message.ts';
import type { WireMetadata } from '../../aiml/wire.ts';
import { Metadata, METADATA_PAIRS } from '../schema/scalars.ts';
import { MessageRole } from './message.type.ts';
import { createEnum, IdempotencyKeyField, NullableField } from '../schema/decorators.ts';

const ImageDetail = createEnum('ImageDetail', 'The resolution in which a model sees an image.', {
  auto: 'The model chooses.',
  low: 'Low: fewer tokens.',
  high: 'High: more tokens.',
});
type ImageDetail = (typeof ImageDetail)[keyof typeof ImageDetail];

const AttachmentTool = createEnum('AttachmentTool', 'A tool that can use an attached file.', {
  code_interpreter: 'The code interpreter.',
  file_search: 'The file search.',
});
type AttachmentTool = (typeof AttachmentTool)[keyof typeof AttachmentTool];

@InputType({ description: 'An image in an uploaded file.' })
class ImageFileInput {
  @Field(() => ID, { description: 'The file.' })
  declare readonly fileId: string;

  @NullableField(() => ImageDetail, 'The resolution. Left out, upstream chooses.')
  declare readonly detail?: ImageDetail | null;
}

@InputType({ description: 'An image at a URL.' })
class ImageUrlInput {
  @Field(() => String, { description: 'The URL: http, https or data.' })
  declare readonly url: string;

  @NullableField(() => ImageDetail, 'The resolution. Left out, upstream chooses.')
  declare readonly detail?: ImageDetail | null;
}

@InputType({ description: 'A part of a message. Exactly one field is set.' })
export class MessageContentInput {
  @NullableField(() => String, 'Text.')
  declare readonly text?: string;

  @NullableField(() => ImageFileInput, 'An image in an uploaded file.')
  declare readonly imageFile?: ImageFileInput;

  @NullableField(() => ImageUrlInput, 'An image at a URL.')
  declare readonly imageUrl?: ImageUrlInput;
}

@InputType({ description: 'A file that is attached to a message.' })
class MessageAttachmentInput {
  @Field(() => ID, { description: 'The file.' })
  declare readonly fileId: string;

  @Field(() => [AttachmentTool], { description: 'The tools that can use it.' })
  declare readonly tools: readonly AttachmentTool[];
}

@InputType({ description: 'A message. Exactly one of text and content is given.' })
export class MessageInput {
  @Field(() => MessageRole, { defaultValue: MessageRole.USER, description: 'The author.' })
  declare readonly role: WireMessage['role'];

  @NullableField(() => String, 'Its text, at most 256,000 characters.')
  declare readonly text?: string | null;

  @NullableField(() => [MessageContentInput], 'Its parts, in order, with at most 256,000 characters in total.')
  declare readonly content?: readonly MessageContentInput[] | null;

  @NullableField(() => [MessageAttachmentInput], 'Files that are attached to it.')
  declare readonly attachments?: readonly MessageAttachmentInput[] | null;

  @NullableField(() => Metadata, METADATA_PAIRS)
  declare readonly metadata?: WireMetadata | null;
}

@InputType({ description: 'A new message of a thread. Exactly one of text and content is given.' })
export class CreateMessageInput extends MessageInput {
  @Field(() => ID, { description: 'The thread.' })
  declare readonly threadId: string;

  @IdempotencyKeyField('the first message and creates none')
  declare readonly idempotencyKey?: string | null;
}

/** What is found only with the id of its thread. It is not a type of the schema. */
@InputType()
export abstract class InThread {
  @Field(() => ID, { description: 'The thread.' })
  declare readonly threadId: string;
}

@InputType({ description: 'Changes of a message. Only metadata can be changed; an explicit null clears it.' })
export class UpdateMessageInput extends InThread {
  @Field(() => ID, { description: 'The message to change.' })
  declare readonly id: string;

  @NullableField(() => Metadata, 'Replaces all pairs.')
  declare readonly metadata?: WireMetadata | null;
}

@InputType({ description: 'The message to delete.' })
export class DeleteMessageInput extends InThread {
  @Field(() => ID, { description: 'The message to delete.' })
  declare readonly id: string;
}
