/**
 * The inputs of the mutations of assistants. What of a value is wrong beyond its type is told by
 * `assistant.validation.ts`, as user errors.
 */
import { Field, Float, ID, InputType } from 'type-graphql';
import type { WireMetadata } from '../../aiml/wire.ts';
import { Metadata } from '../schema/scalars.ts';
import { AssistantToolInput, ToolResourcesInput } from './assistant-tool.input.ts';
import { ResponseFormatInput } from './response-format.input.ts';

/** What create and update have in common. It is no type of the schema. */
@InputType()
export abstract class AssistantSettings {
  @Field(() => String, { nullable: true, description: 'The name, at most 256 characters.' })
  declare readonly name?: string | null;

  @Field(() => String, { nullable: true, description: 'What the assistant is for, at most 512 characters.' })
  declare readonly description?: string | null;

  @Field(() => String, { nullable: true, description: 'The system instructions, at most 256,000 characters.' })
  declare readonly instructions?: string | null;

  @Field(() => [AssistantToolInput], {
    nullable: true,
    description:
      'What the assistant can use, at most 128 tools. On an update the whole list is replaced; null empties it.',
  })
  declare readonly tools?: readonly AssistantToolInput[] | null;

  @Field(() => ToolResourcesInput, { nullable: true, description: 'What the tools work on.' })
  declare readonly toolResources?: ToolResourcesInput | null;

  @Field(() => Metadata, {
    nullable: true,
    description:
      "The caller's own pairs: at most 16, keys of at most 64 and values of at most 512 characters. On an update they " +
      'take the place of all the pairs there were.',
  })
  declare readonly metadata?: WireMetadata | null;

  @Field(() => Float, { nullable: true, description: 'Sampling temperature, 0 to 2; higher is more random.' })
  declare readonly temperature?: number | null;

  @Field(() => Float, {
    nullable: true,
    description: 'Nucleus sampling: the share of probability, 0 to 1, from which tokens are taken.',
  })
  declare readonly topP?: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'How much a reasoning model reasons, for example `low`; upstream knows the values a model takes.',
  })
  declare readonly reasoningEffort?: string | null;

  @Field(() => ResponseFormatInput, { nullable: true, description: 'The format of the answers.' })
  declare readonly responseFormat?: ResponseFormatInput | null;
}

@InputType({
  description: "A new assistant. Only the model is required; what is left out, or null, takes upstream's default.",
})
export class CreateAssistantInput extends AssistantSettings {
  @Field(() => String, { description: 'The id of the model that answers, for example `gpt-4o`. Not blank.' })
  declare readonly model: string;

  @Field(() => String, {
    nullable: true,
    description:
      'Sent again with the same key within 24 hours, the mutation returns the first assistant and creates none: ' +
      '1 to 64 letters, digits, underscores and hyphens.',
  })
  declare readonly idempotencyKey?: string | null;
}

@InputType({
  description:
    'Changes of an assistant. A field that is left out stays as it is; an explicit null clears it. Within a value, ' +
    'null is the same as leaving out. Where nothing but the id is given, nothing is changed.',
})
export class UpdateAssistantInput extends AssistantSettings {
  @Field(() => ID, { description: 'The assistant to change.' })
  declare readonly id: string;

  @Field(() => String, {
    nullable: true,
    description: 'The id of the model that answers. Not blank, and not null: an assistant cannot be without one.',
  })
  declare readonly model?: string | null;
}

@InputType({ description: 'The assistant to delete.' })
export class DeleteAssistantInput {
  @Field(() => ID, { description: 'The assistant to delete.' })
  declare readonly id: string;
}
