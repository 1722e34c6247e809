/** Input types of the mutations of threads. */
import { Field, ID, InputType } from 'type-graphql';
import type { WireMetadata } from '../../aiml/wire.ts';
import { ToolResourcesInput } from '../assistant/assistant-tool.input.ts';
import { MessageInput } from '../message/message.input.ts';
import { ID_FORMAT } from '../schema/ids.ts';
import { Metadata, METADATA_PAIRS } from '../schema/scalars.ts';
import { NullableField } from '../schema/decorators.ts';

@InputType({ description: 'A thread that is created together with a run.' })
export class ThreadInput {
  @NullableField(() => [MessageInput], 'Its first messages, in order, at most 32.')
  declare readonly messages?: readonly MessageInput[] | null;

  @NullableField(
    () => ToolResourcesInput,
    'The resources of the tools in this thread, in addition to those of the assistant.',
  )
  declare readonly toolResources?: ToolResourcesInput | null;

  @NullableField(() => Metadata, METADATA_PAIRS)
  declare readonly metadata?: WireMetadata | null;
}

@InputType({ description: 'A new thread.' })
export class CreateThreadInput extends ThreadInput {
  @NullableField(
    () => String,
    'Sent again with the same key within 24 hours, the mutation returns the first thread and creates none: ' +
      `${ID_FORMAT}. The AIML API cannot list threads, so there a key is valid within ` +
      'one process of the service only.',
  )
  declare readonly idempotencyKey?: string | null;
}

@InputType({ description: 'Changes of a thread. A field that is left out stays as it is; an explicit null clears it.' })
export class UpdateThreadInput {
  @Field(() => ID, { description: 'The thread to change.' })
  declare readonly id: string;

  @NullableField(() => ToolResourcesInput, 'The resources of the tools in this thread.')
  declare readonly toolResources?: ToolResourcesInput | null;

  @NullableField(() => Metadata, 'Replaces all pairs.')
  declare readonly metadata?: WireMetadata | null;
}

@InputType({ description: 'The thread to delete.' })
export class DeleteThreadInput {
  @Field(() => ID, { description: 'The thread to delete.' })
  declare readonly id: string;
}
