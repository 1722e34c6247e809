/** Input types of the mutations of runs. */
import { Field, Float, ID, InputType, Int } from 'type-graphql';
import type { WireMetadata } from '../../aiml/wire.ts';
import { AssistantToolInput, ToolResourcesInput } from '../assistant/assistant-tool.input.ts';
import { ResponseFormatInput } from '../assistant/assistant-tool.input.ts';
import { InThread, MessageInput } from '../message/message.input.ts';
import { Metadata, METADATA_PAIRS } from '../schema/scalars.ts';
import { ThreadInput } from '../thread/thread.input.ts';
import { IdempotencyKeyField, NullableField } from '../schema/decorators.ts';

@InputType({
  description: 'Which messages of a long thread the model reads. Exactly one field is set; auto is set to true.',
})
class TruncationInput {
  @NullableField(() => Boolean, "True: messages in the middle are left out until the rest fits the model's context.")
  declare readonly auto?: boolean;

  @NullableField(() => Int, 'The number of newest messages that the model reads, at least 1.')
  declare readonly lastMessages?: number;
}

@InputType({
  description: 'How the model chooses tools. Exactly one field is set; Boolean fields are set to true.',
})
export class ToolChoiceInput {
  @NullableField(() => Boolean, 'True: the model calls no tool.')
  declare readonly none?: boolean;

  @NullableField(() => Boolean, 'True: the model chooses.')
  declare readonly auto?: boolean;

  @NullableField(() => Boolean, 'True: the model must call a tool.')
  declare readonly required?: boolean;

  @NullableField(() => Boolean, 'True: the model must use the code interpreter.')
  declare readonly codeInterpreter?: boolean;

  @NullableField(() => Boolean, 'True: the model must use the file search.')
  declare readonly fileSearch?: boolean;

  @NullableField(() => String, 'The model must call the function with this name.')
  declare readonly function?: string;
}

const WaitSecondsField = (): PropertyDecorator & MethodDecorator =>
  Field(() => Int, {
    defaultValue: 0,
    description: 'The time to wait for the run, 0 to 25 seconds. After it, the run is returned in its current state.',
  });

/** The fields of both ways to start a run. It is not a type of the schema. */
@InputType()
export abstract class RunSettings {
  @Field(() => ID, { description: 'The assistant that runs.' })
  declare readonly assistantId: string;

  @NullableField(() => String, 'The id of the model.')
  declare readonly model?: string | null;

  @NullableField(() => String, "Replaces the assistant's instructions.")
  declare readonly instructions?: string | null;

  @NullableField(() => [AssistantToolInput], "Replaces the assistant's tools; at most 20.")
  declare readonly tools?: readonly AssistantToolInput[] | null;

  @NullableField(() => Metadata, METADATA_PAIRS)
  declare readonly metadata?: WireMetadata | null;

  @NullableField(() => Float, 'Sampling temperature, 0 to 2.')
  declare readonly temperature?: number | null;

  @NullableField(() => Float, 'Nucleus sampling, 0 to 1.')
  declare readonly topP?: number | null;

  @NullableField(() => Int, 'The maximum of tokens that the model reads, at least 256.')
  declare readonly maxPromptTokens?: number | null;

  @NullableField(() => Int, 'The maximum of tokens that the model writes, at least 256.')
  declare readonly maxCompletionTokens?: number | null;

  @NullableField(() => TruncationInput, 'Which messages of a long thread the model reads.')
  declare readonly truncation?: TruncationInput | null;

  @NullableField(() => ToolChoiceInput, 'How the model chooses tools.')
  declare readonly toolChoice?: ToolChoiceInput | null;

  @NullableField(() => Boolean, 'Whether the model may call several tools at once.')
  declare readonly parallelToolCalls?: boolean | null;

  @NullableField(() => ResponseFormatInput, "The format of the model's output.")
  declare readonly responseFormat?: ResponseFormatInput | null;

  @WaitSecondsField()
  declare readonly waitSeconds: number;

  @IdempotencyKeyField('the first run and starts none')
  declare readonly idempotencyKey?: string | null;
}

@InputType({
  description:
    'A new run of an assistant on a thread. For a field that is left out or null, the setting of the assistant applies.',
})
export class CreateRunInput extends RunSettings {
  @Field(() => ID, { description: 'The thread.' })
  declare readonly threadId: string;

  @NullableField(
    () => [MessageInput],
    'Messages that are added to the thread before the run, at most 32. They remain in the thread.',
  )
  declare readonly additionalMessages?: readonly MessageInput[] | null;

  @NullableField(() => String, 'Added to the instructions of this run.')
  declare readonly additionalInstructions?: string | null;

  @NullableField(() => String, 'How much a reasoning model reasons, for example `low`.')
  declare readonly reasoningEffort?: string | null;
}

@InputType({
  description:
    'A new thread and a run of an assistant on it. For a field that is left out or null, the setting of the assistant applies.',
})
export class CreateThreadAndRunInput extends RunSettings {
  @NullableField(() => ThreadInput, 'The thread. Left out, it is empty.')
  declare readonly thread?: ThreadInput | null;

  @NullableField(() => ToolResourcesInput, 'The resources of the tools in this run.')
  declare readonly toolResources?: ToolResourcesInput | null;
}

@InputType({ description: 'Changes of a run. Only metadata can be changed; an explicit null clears it.' })
export class UpdateRunInput extends InThread {
  @Field(() => ID, { description: 'The run to change.' })
  declare readonly id: string;

  @NullableField(() => Metadata, 'Replaces all pairs.')
  declare readonly metadata?: WireMetadata | null;
}

@InputType({ description: 'The run to cancel.' })
export class CancelRunInput extends InThread {
  @Field(() => ID, { description: 'The run to cancel.' })
  declare readonly id: string;
}

@InputType({ description: 'The output of a function that the model called.' })
export class ToolOutputInput {
  @Field(() => ID, { description: 'The id of the call.' })
  declare readonly toolCallId: string;

  @Field(() => String, { description: 'The output, as the model reads it.' })
  declare readonly output: string;
}

@InputType({ description: 'The outputs that a run waits for: exactly one for each of its requiredToolCalls.' })
export class SubmitToolOutputsInput extends InThread {
  @Field(() => ID, { description: 'The run.' })
  declare readonly runId: string;

  @Field(() => [ToolOutputInput], { description: 'The outputs, at most 128.' })
  declare readonly toolOutputs: readonly ToolOutputInput[];

  @WaitSecondsField()
  declare readonly waitSeconds: number;
}
