/** Queries and mutations of messages, and the message of a step: read the arguments, call a loader, map the result. */
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Authorized, Ctx, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from 'type-graphql';
import { Assistant } from '../assistant/assistant.type.ts';
import type { RequestContext } from '../server/request-context.ts';
import type { Scope } from '../../auth/principal.ts';
import { requireIds } from '../schema/ids.ts';
import { loadObject } from '../schema/from-wire.ts';
import { runMutation } from '../schema/mutation.ts';
import { withoutUndefined } from '../schema/wire-body.ts';
import { diagnoseBusyThread, findMissingId } from '../run/thread-state.ts';
import { MessageCreationStep } from '../run-step/run-step.type.ts';
import { Run } from '../run/run.type.ts';
import { toMessageBody } from './message.body.ts';
import { CreateMessageInput, DeleteMessageInput, UpdateMessageInput } from './message.input.ts';
import { Message } from './message.type.ts';
import { validateCreateMessage, validateDeleteMessage, validateUpdateMessage } from './message.validation.ts';
import { SimpleObjectType } from '../schema/decorators.ts';
import { createDeletePayloadType, createPayloadType } from '../schema/payload.type.ts';

const MessagePayload = createPayloadType('message', () => Message);

@SimpleObjectType('The result of a create.')
class CreateMessagePayload extends MessagePayload {}

@SimpleObjectType('The result of an update.')
class UpdateMessagePayload extends MessagePayload {}

@SimpleObjectType('The result of a delete.')
class DeleteMessagePayload extends createDeletePayloadType('deletedMessageId', 'message') {}

@Resolver(() => Message)
export class MessageResolver {
  @Authorized<Scope>('assistants:read')
  @Query(() => Message, { nullable: true, description: 'One message of a thread, or null if there is none.' })
  message(
    @Arg('threadId', () => ID, { description: "The thread's id." }) threadId: string,
    @Arg('id', () => ID, { description: "The message's id." }) id: string,
    @Ctx() { upstream }: RequestContext,
  ): Promise<Message | null> {
    requireIds('threadId', threadId);
    requireIds('id', id);
    return loadObject(upstream.messages(threadId), id, Message);
  }

  @FieldResolver(() => Assistant, {
    nullable: true,
    description: 'The assistant that wrote it. Null if none did, or if it no longer exists.',
  })
  async assistant(@Root() { assistantId }: Message, @Ctx() { upstream }: RequestContext): Promise<Assistant | null> {
    return assistantId === null ? null : loadObject(upstream.assistants, assistantId, Assistant);
  }

  @FieldResolver(() => Run, { nullable: true, description: 'The run that wrote it. Null if none did.' })
  async run(@Root() { threadId, runId }: Message, @Ctx() { upstream }: RequestContext): Promise<Run | null> {
    return runId === null ? null : loadObject(upstream.runs(threadId), runId, Run);
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => CreateMessagePayload, {
    description: 'Adds a message to a thread. The thread must not have a run in progress.',
  })
  createMessage(
    @Arg('input', () => CreateMessageInput, { description: 'The new message.' }) input: CreateMessageInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreateMessagePayload> {
    const { threadId, idempotencyKey } = input;
    return runMutation(CreateMessagePayload, {
      info,
      userErrors: validateCreateMessage(input),
      write: async () =>
        new Message(await upstream.messages(threadId).create(toMessageBody(input), idempotencyKey ?? undefined)),
      findMissing: () => findMissingId(upstream, threadId, 'threadId'),
      diagnose: (reason) => diagnoseBusyThread(upstream, threadId, reason),
    });
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => UpdateMessagePayload, { description: 'Changes a message. Only metadata can be changed.' })
  updateMessage(
    @Arg('input', () => UpdateMessageInput, { description: 'The changes.' }) input: UpdateMessageInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<UpdateMessagePayload> {
    const { threadId, id, metadata } = input;
    return runMutation(UpdateMessagePayload, {
      info,
      userErrors: validateUpdateMessage(input),
      write: async () => {
        const wire = await upstream.messages(threadId).modify(id, withoutUndefined({ metadata }));
        return wire && new Message(wire);
      },
      findMissing: () => findMissingId(upstream, threadId),
    });
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => DeleteMessagePayload, { description: 'Deletes a message permanently.' })
  deleteMessage(
    @Arg('input', () => DeleteMessageInput, { description: 'The message to delete.' }) input: DeleteMessageInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<DeleteMessagePayload> {
    const { threadId, id } = input;
    return runMutation(DeleteMessagePayload, {
      info,
      userErrors: validateDeleteMessage(input),
      write: () =>
        upstream
          .messages(threadId)
          .delete(id)
          .then(() => id),
      findMissing: () => findMissingId(upstream, threadId),
    });
  }
}

@Resolver(() => MessageCreationStep)
export class MessageCreationStepResolver {
  @FieldResolver(() => Message, { nullable: true, description: 'The message. Null if it no longer exists.' })
  message(
    @Root() { threadId, messageId }: MessageCreationStep,
    @Ctx() { upstream }: RequestContext,
  ): Promise<Message | null> {
    return loadObject(upstream.messages(threadId), messageId, Message);
  }
}
