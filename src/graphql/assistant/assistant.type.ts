/** The object type of an assistant, and its connection. */
import { Field, Float, ID } from 'type-graphql';
import type { WireAssistant } from '../../aiml/resources/assistant.ts';
import { createConnectionType } from '../schema/connection.type.ts';
import { Node } from '../schema/node.type.ts';
import { DateTime, Metadata } from '../schema/scalars.ts';
import { AssistantTool, ResponseFormat, ToolResources, toTool } from './assistant-tool.type.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';

@SimpleObjectType(
  'A model with instructions, tools and settings, stored by the AIML API for the account of the credential.',
  Node,
)
export class Assistant extends Node<WireAssistant> {
  @Field(() => ID, { description: "Upstream's own id, unchanged; opaque to clients." })
  override readonly id = this.wire.id;

  /** Unix time in seconds. The scalar converts it when it is serialized. */
  @Field(() => DateTime, { description: 'When the assistant was created, to the second.' })
  readonly createdAt = this.wire.created_at;

  @Field(() => String, { description: 'The id of the model, for example `gpt-4o`.' })
  readonly model = this.wire.model;

  @NullableField(() => String, 'The name, at most 256 characters. Null if it has none.')
  readonly name = this.wire.name;

  @NullableField(() => String, 'What the assistant is for, at most 512 characters. Null if there is none.')
  readonly description = this.wire.description;

  @NullableField(() => String, 'The system instructions, at most 256,000 characters. Null if there are none.')
  readonly instructions = this.wire.instructions;

  @Field(() => [AssistantTool], { description: 'The tools of the assistant, at most 128.' })
  readonly tools = this.wire.tools.map(toTool);

  @NullableField(() => ToolResources, 'The resources of the tools. Null if the assistant has none.')
  readonly toolResources = this.wire.tool_resources && new ToolResources(this.wire.tool_resources);

  @Field(() => Metadata, { description: "The client's own pairs; an empty object if there are none." })
  readonly metadata = this.wire.metadata;

  @NullableField(() => Float, 'Sampling temperature, 0 to 2; higher is more random. Null if upstream chooses.')
  readonly temperature = this.wire.temperature;

  @NullableField(
    () => Float,
    'Nucleus sampling: the share of probability, 0 to 1, from which tokens are taken. Null if upstream chooses.',
  )
  readonly topP = this.wire.top_p;

  @NullableField(() => String, 'How much a reasoning model reasons, for example `low`. Null if upstream chooses.')
  readonly reasoningEffort = this.wire.reasoning_effort;

  @NullableField(() => ResponseFormat, "The format of the model's output. Null if upstream chooses.")
  readonly responseFormat = this.wire.response_format && new ResponseFormat(this.wire.response_format);
}

@SimpleObjectType('A page of assistants.')
export class AssistantConnection extends createConnectionType('Assistant', () => Assistant, 'An assistant') {}
