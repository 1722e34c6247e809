/** Input types of the mutations of assistants. `assistant.validation.ts` checks what their types do not. */
import { Field, Float, ID, InputType } from 'type-graphql';
import type { WireMetadata } from '../../aiml/wire.ts';
import { Metadata, METADATA_PAIRS } from '../schema/scalars.ts';
import { AssistantToolInput, ToolResourcesInput } from './assistant-tool.input.ts';
import { ResponseFormatInput } from './assistant-tool.input.ts';
import { IdempotencyKeyField, NullableField } from '../schema/decorators.ts';

/** The fields of both create and update. It is not a type of the schema. */
@InputType()
export abstract class AssistantSettings {
  @NullableField(() => String, 'The name, at most 256 characters.')
  declare readonly name?: string | null;

  @NullableField(() => String, 'What the assistant is for, at most 512 characters.')
  declare readonly description?: string | null;

  @NullableField(() => String, 'The system instructions, at most 256,000 characters.')
  declare readonly instructions?: string | null;

  @NullableField(
    () => [AssistantToolInput],
    'The tools of the assistant, at most 128. An update replaces the whole list; null empties it.',
  )
  declare readonly tools?: readonly AssistantToolInput[] | null;

  @NullableField(() => ToolResourcesInput, 'The resources of the tools.')
  declare readonly toolResources?: ToolResourcesInput | null;

  @NullableField(() => Metadata, `${METADATA_PAIRS} An update replaces all pairs.`)
  declare readonly metadata?: WireMetadata | null;

  @NullableField(() => Float, 'Sampling temperature, 0 to 2; higher is more random.')
  declare readonly temperature?: number | null;

  @NullableField(() => Float, 'Nucleus sampling: the share of probability, 0 to 1, from which tokens are taken.')
  declare readonly topP?: number | null;

  @NullableField(() => String, 'How much a reasoning model reasons, for example `low`. The values depend on the model.')
  declare readonly reasoningEffort?: string | null;

  @NullableField(() => ResponseFormatInput, "The format of the model's output.")
  declare readonly responseFormat?: ResponseFormatInput | null;
}

@InputType({
  description: "A new assistant. Only the model is required. A field that is left out or null has upstream's default.",
})
export class CreateAssistantInput extends AssistantSettings {
  @Field(() => String, { description: 'The id of the model, for example `gpt-4o`. Not blank.' })
  declare readonly model: string;

  @IdempotencyKeyField('the first assistant and creates none')
  declare readonly idempotencyKey?: string | null;
}

@InputType({
  description:
    'Changes of an assistant. A field that is left out stays as it is; an explicit null clears it. Within a value, ' +
    'null is the same as leaving out. With nothing but the id, nothing is changed.',
})
export class UpdateAssistantInput extends AssistantSettings {
  @Field(() => ID, { description: 'The assistant to change.' })
  declare readonly id: string;

  @NullableField(() => String, 'The id of the model. Neither blank nor null: every assistant has a model.')
  declare readonly model?: string | null;
}

@InputType({ description: 'The assistant to delete.' })
export class DeleteAssistantInput {
  @Field(() => ID, { description: 'The assistant to delete.' })
  declare readonly id: string;
}
