/** Input types of the mutations of messages, and of messages that are created together with a thread or a run. */
import { Field, ID, InputType, registerEnumType } from 'type-graphql';
import type { WireMetadata } from '../../aiml/wire.ts';
import { ID_FORMAT } from '../schema/ids.ts';
import { Metadata } from '../schema/scalars.ts';
import { MessageRole } from './message.type.ts';

const ImageDetail = { AUTO: 'auto', LOW: 'low', HIGH: 'high' } as const;
type ImageDetail = (typeof ImageDetail)[keyof typeof ImageDetail];
registerEnumType(ImageDetail, {
  name: 'ImageDetail',
  description: 'The resolution in which a model sees an image.',
  valuesConfig: {
    AUTO: { description: 'The model chooses.' },
    LOW: { description: 'Low: fewer tokens.' },
    HIGH: { description: 'High: more tokens.' },
  },
});

const AttachmentTool = { CODE_INTERPRETER: 'code_interpreter', FILE_SEARCH: 'file_search' } as const;
type AttachmentTool = (typeof AttachmentTool)[keyof typeof AttachmentTool];
registerEnumType(AttachmentTool, {
  name: 'AttachmentTool',
  description: 'A tool that can use an attached file.',
  valuesConfig: {
    CODE_INTERPRETER: { description: 'The code interpreter.' },
    FILE_SEARCH: { description: 'The file search.' },
  },
});

@InputType({ description: 'An image in an uploaded file.' })
class ImageFileInput {
  @Field(() => ID, { description: 'The file.' })
  declare readonly fileId: string;

  @Field(() => ImageDetail, { nullable: true, description: 'The resolution. Left out, upstream chooses.' })
  declare readonly detail?: ImageDetail | null;
}

@InputType({ description: 'An image at a URL.' })
class ImageUrlInput {
  @Field(() => String, { description: 'The URL: http, https or data.' })
  declare readonly url: string;

  @Field(() => ImageDetail, { nullable: true, description: 'The resolution. Left out, upstream chooses.' })
  declare readonly detail?: ImageDetail | null;
}

@InputType({ description: 'A part of a message. Exactly one field is set.' })
export class MessageContentInput {
  @Field(() => String, { nullable: true, description: 'Text.' })
  declare readonly text?: string;

  @Field(() => ImageFileInput, { nullable: true, description: 'An image in an uploaded file.' })
  declare readonly imageFile?: ImageFileInput;

  @Field(() => ImageUrlInput, { nullable: true, description: 'An image at a URL.' })
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
  declare readonly role: MessageRole;

  @Field(() => String, { nullable: true, description: 'Its text, at most 256,000 characters.' })
  declare readonly text?: string | null;

  @Field(() => [MessageContentInput], {
    nullable: true,
    description: 'Its parts, in order, with at most 256,000 characters in total.',
  })
  declare readonly content?: readonly MessageContentInput[] | null;

  @Field(() => [MessageAttachmentInput], { nullable: true, description: 'Files that are attached to it.' })
  declare readonly attachments?: readonly MessageAttachmentInput[] | null;

  @Field(() => Metadata, {
    nullable: true,
    description: "The client's own pairs: at most 16, keys of at most 64 and values of at most 512 characters.",
  })
  declare readonly metadata?: WireMetadata | null;
}

@InputType({ description: 'A new message of a thread. Exactly one of text and content is given.' })
export class CreateMessageInput extends MessageInput {
  @Field(() => ID, { description: 'The thread.' })
  declare readonly threadId: string;

  @Field(() => String, {
    nullable: true,
    description:
      'Sent again with the same key within 24 hours, the mutation returns the first message and creates none: ' +
      `${ID_FORMAT}.`,
  })
  declare readonly idempotencyKey?: string | null;
}

@InputType({ description: 'Changes of a message. Only metadata can be changed; an explicit null clears it.' })
export class UpdateMessageInput {
  @Field(() => ID, { description: 'The thread.' })
  declare readonly threadId: string;

  @Field(() => ID, { description: 'The message to change.' })
  declare readonly id: string;

  @Field(() => Metadata, { nullable: true, description: 'Replaces all pairs.' })
  declare readonly metadata?: WireMetadata | null;
}

@InputType({ description: 'The message to delete.' })
export class DeleteMessageInput {
  @Field(() => ID, { description: 'The thread.' })
  declare readonly threadId: string;

  @Field(() => ID, { description: 'The message to delete.' })
  declare readonly id: string;
}
