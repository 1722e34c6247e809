/** The object type of a thread, and its connection. */
import { Field, ID } from 'type-graphql';
import type { WireThread } from '../../aiml/resources/thread.ts';
import { ToolResources } from '../assistant/assistant-tool.type.ts';
import { createConnectionType } from '../schema/connection.type.ts';
import { Node } from '../schema/node.type.ts';
import { DateTime, Metadata } from '../schema/scalars.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';

@SimpleObjectType('A conversation: messages, and the runs that add to them.', Node)
export class Thread extends Node<WireThread> {
  @Field(() => ID, { description: "Upstream's own id, unchanged; opaque to clients." })
  override readonly id = this.wire.id;

  /** Unix time in seconds. */
  @Field(() => DateTime, { description: 'When the thread was created, to the second.' })
  readonly createdAt = this.wire.created_at;

  @Field(() => Metadata, { description: "The client's own pairs; an empty object if there are none." })
  readonly metadata = this.wire.metadata;

  @NullableField(
    () => ToolResources,
    'The resources of the tools in this thread, in addition to those of the assistant. Null if there are none.',
  )
  readonly toolResources = this.wire.tool_resources && new ToolResources(this.wire.tool_resources);
}

@SimpleObjectType('A page of threads.')
export class ThreadConnection extends createConnectionType('Thread', () => Thread, 'A thread') {}
