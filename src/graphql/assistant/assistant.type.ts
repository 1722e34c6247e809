/** An assistant as it is read, and its lists. */
import { Field, Float, ID, ObjectType } from 'type-graphql';
import type { WireMetadata } from '../../aiml/wire.ts';
import { Node } from '../node.type.ts';
import { PageInfo } from '../pagination.ts';
import { DateTime, Metadata } from '../scalars.ts';
import { AssistantTool, ToolResources } from './assistant-tool.type.ts';
import { ResponseFormat } from './response-format.type.ts';

@ObjectType({
  implements: Node,
  simpleResolvers: true,
  description: 'A model with instructions, tools and settings, kept by the AIML API for the account of the credential.',
})
export class Assistant extends Node {
  @Field(() => ID, { description: "Upstream's own id, unchanged; opaque to clients." })
  override readonly id: string;

  /** Unix time in seconds: the scalar makes the instant of it, and only where it is asked for. */
  @Field(() => DateTime, { description: 'When the assistant was created, to the second.' })
  readonly createdAt: number;

  @Field(() => String, { description: 'The id of the model that answers, for example `gpt-4o`.' })
  readonly model: string;

  @Field(() => String, { nullable: true, description: 'The name, at most 256 characters. Null where it has none.' })
  readonly name: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'What the assistant is for, at most 512 characters. Null where there is none.',
  })
  readonly description: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The system instructions, at most 256,000 characters. Null where there are none.',
  })
  readonly instructions: string | null;

  @Field(() => [AssistantTool], { description: 'What the assistant can use, at most 128 tools.' })
  readonly tools: readonly AssistantTool[];

  @Field(() => ToolResources, {
    nullable: true,
    description: 'What the tools work on. Null where the assistant has no resources.',
  })
  readonly toolResources: ToolResources | null;

  @Field(() => Metadata, { description: "The caller's own pairs; an empty object where there are none." })
  readonly metadata: WireMetadata;

  @Field(() => Float, {
    nullable: true,
    description: 'Sampling temperature, 0 to 2; higher is more random. Null where upstream chooses.',
  })
  readonly temperature: number | null;

  @Field(() => Float, {
    nullable: true,
    description:
      'Nucleus sampling: the share of probability, 0 to 1, from which tokens are taken. Null where upstream chooses.',
  })
  readonly topP: number | null;

  @Field(() => String, {
    nullable: true,
    description: 'How much a reasoning model reasons, for example `low`. Null where upstream chooses.',
  })
  readonly reasoningEffort: string | null;

  @Field(() => ResponseFormat, {
    nullable: true,
    description: 'The format of the answers. Null where upstream chooses.',
  })
  readonly responseFormat: ResponseFormat | null;

  constructor(fields: { readonly [Name in keyof Assistant]: Assistant[Name] }) {
    super();
    this.id = fields.id;
    this.createdAt = fields.createdAt;
    this.model = fields.model;
    this.name = fields.name;
    this.description = fields.description;
    this.instructions = fields.instructions;
    this.tools = fields.tools;
    this.toolResources = fields.toolResources;
    this.metadata = fields.metadata;
    this.temperature = fields.temperature;
    this.topP = fields.topP;
    this.reasoningEffort = fields.reasoningEffort;
    this.responseFormat = fields.responseFormat;
  }
}

@ObjectType({ simpleResolvers: true, description: 'An assistant in its place in a list.' })
export class AssistantEdge {
  @Field(() => String, { description: 'Marks this place, for `after` and `before`. It is the id of the node.' })
  readonly cursor: string;

  @Field(() => Assistant, { description: 'The assistant.' })
  readonly node: Assistant;

  constructor(node: Assistant) {
    this.cursor = node.id;
    this.node = node;
  }
}

@ObjectType({ simpleResolvers: true, description: 'A page of assistants.' })
export class AssistantConnection {
  @Field(() => [AssistantEdge], { description: 'The assistants of the page with their cursors, in order.' })
  readonly edges: readonly AssistantEdge[];

  @Field(() => [Assistant], { description: 'The assistants of the page, in order.' })
  readonly nodes: readonly Assistant[];

  @Field(() => PageInfo, { description: 'Where the page lies in the list.' })
  readonly pageInfo: PageInfo;

  constructor(nodes: readonly Assistant[], pageInfo: PageInfo) {
    this.edges = nodes.map((node) => new AssistantEdge(node));
    this.nodes = nodes;
    this.pageInfo = pageInfo;
  }
}
