/** The fields of a step that are loaded by id. */
import { Ctx, FieldResolver, Resolver, Root } from 'type-graphql';
import type { RequestContext } from '../server/request-context.ts';
import { Message } from '../message/message.type.ts';
import { MessageCreationStep } from './run-step.type.ts';

@Resolver(() => MessageCreationStep)
export class MessageCreationStepResolver {
  @FieldResolver(() => Message, { nullable: true, description: 'The message. Null if it no longer exists.' })
  async message(
    @Root() { threadId, messageId }: MessageCreationStep,
    @Ctx() { upstream }: RequestContext,
  ): Promise<Message | null> {
    const wire = await upstream.messages(threadId).load(messageId);
    return wire && new Message(wire);
  }
}
