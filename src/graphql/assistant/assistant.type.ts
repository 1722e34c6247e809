/** The object type of an assistant, and its connection. */
import { Field, Float, ID } from 'type-graphql';
import type { WireAssistant } from '../../aiml/resources/assistant.ts';
import type { WireMetadata } from '../../aiml/wire.ts';
import { createConnectionType } from '../schema/connection.type.ts';
import { Node } from '../schema/node.type.ts';
import { DateTime, Metadata } from '../schema/scalars.ts';
import { AssistantTool, ResponseFormat, ToolResources, toTool } from './assistant-tool.type.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';
import type { RequestContext } from '../server/request-context.ts';

@SimpleObjectType(
  'A model with instructions, tools and settings, stored by the AIML API for the account of the credential.',
  Node,
)
export class Assistant extends Node {
  @Field(() => ID, { description: "Upstream's own id, unchanged; opaque to clients." })
  override readonly id: string;

  /** Unix time in seconds. The scalar converts it when it is serialized. */
  @Field(() => DateTime, { description: 'When the assistant was created, to the second.' })
  readonly createdAt: number;

  @Field(() => String, { description: 'The id of the model, for example `gpt-4o`.' })
  readonly model: string;

  @NullableField(() => String, 'The name, at most 256 characters. Null if it has none.')
  readonly name: string | null;

  @NullableField(() => String, 'What the assistant is for, at most 512 characters. Null if there is none.')
  readonly description: string | null;

  @NullableField(() => String, 'The system instructions, at most 256,000 characters. Null if there are none.')
  readonly instructions: string | null;

  @Field(() => [AssistantTool], { description: 'The tools of the assistant, at most 128.' })
  readonly tools: readonly AssistantTool[];

  @NullableField(() => ToolResources, 'The resources of the tools. Null if the assistant has none.')
  readonly toolResources: ToolResources | null;

  @Field(() => Metadata, { description: "The client's own pairs; an empty object if there are none." })
  readonly metadata: WireMetadata;

  @NullableField(() => Float, 'Sampling temperature, 0 to 2; higher is more random. Null if upstream chooses.')
  readonly temperature: number | null;

  @NullableField(
    () => Float,
    'Nucleus sampling: the share of probability, 0 to 1, from which tokens are taken. Null if upstream chooses.',
  )
  readonly topP: number | null;

  @NullableField(() => String, 'How much a reasoning model reasons, for example `low`. Null if upstream chooses.')
  readonly reasoningEffort: string | null;

  @NullableField(() => ResponseFormat, "The format of the model's output. Null if upstream chooses.")
  readonly responseFormat: ResponseFormat | null;

  constructor(wire: WireAssistant) {
    super();
    this.id = wire.id;
    this.createdAt = wire.created_at;
    this.model = wire.model;
    this.name = wire.name;
    this.description = wire.description;
    this.instructions = wire.instructions;
    this.tools = wire.tools.map(toTool);
    this.toolResources = wire.tool_resources && new ToolResources(wire.tool_resources);
    this.metadata = wire.metadata;
    this.temperature = wire.temperature;
    this.topP = wire.top_p;
    this.reasoningEffort = wire.reasoning_effort;
    this.responseFormat = wire.response_format && new ResponseFormat(wire.response_format);
  }
}

@SimpleObjectType('A page of assistants.')
export class AssistantConnection extends createConnectionType('Assistant', () => Assistant, 'An assistant') {}

/** Null if upstream does not have it. `id` has passed requireIds, or is one of upstream's. */
export async function loadAssistant(upstream: RequestContext['upstream'], id: string): Promise<Assistant | null> {
  const wire = await upstream.assistants.load(id);
  return wire && new Assistant(wire);
}
