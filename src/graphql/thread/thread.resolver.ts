/** Queries and mutations of threads: read the arguments, call a loader, map the result. */
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { RequestContext } from '../server/request-context.ts';
import type { Scope } from '../../auth/principal.ts';
import { requireIds } from '../schema/ids.ts';
import { MessageConnection, readMessages } from '../message/message.type.ts';
import { runMutation } from '../schema/mutation.ts';
import { readConnection } from '../schema/connection.type.ts';
import { OldestFirstPageArguments, PageArguments } from '../schema/pagination.ts';
import { Run, RunConnection } from '../run/run.type.ts';
import { loadThread } from './load-thread.ts';
import { toThreadCreateBody, toThreadModifyBody } from './thread.body.ts';
import { CreateThreadInput, DeleteThreadInput, UpdateThreadInput } from './thread.input.ts';
import { Thread, ThreadConnection } from './thread.type.ts';
import { validateCreateThread, validateDeleteThread, validateUpdateThread } from './thread.validation.ts';
import { SimpleObjectType } from '../schema/decorators.ts';
import { createDeletePayloadType, createPayloadType } from '../schema/payload.type.ts';

const ThreadPayload = createPayloadType('thread', () => Thread);

@SimpleObjectType('The result of a create.')
class CreateThreadPayload extends ThreadPayload {}

@SimpleObjectType('The result of an update.')
class UpdateThreadPayload extends ThreadPayload {}

@SimpleObjectType('The result of a delete.')
class DeleteThreadPayload extends createDeletePayloadType('deletedThreadId', 'thread') {}

@Resolver(() => Thread)
export class ThreadResolver {
  @Authorized<Scope>('assistants:read')
  @Query(() => Thread, { nullable: true, description: 'One thread, or null if upstream has none with this id.' })
  async thread(
    @Arg('id', () => ID, { description: "The thread's id." }) id: string,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<Thread | null> {
    requireIds('id', id);
    return loadThread(upstream, id, info);
  }

  @Authorized<Scope>('assistants:read')
  @Query(() => ThreadConnection, {
    description:
      "The client's threads, newest first unless `order` is set. Only the embedded AIML API can list threads; with any other " +
      'upstream the error is UNSUPPORTED_BY_UPSTREAM.',
  })
  threads(
    @Args(() => PageArguments) args: PageArguments,
    @Ctx() { upstream }: RequestContext,
  ): Promise<ThreadConnection> {
    return readConnection(
      ThreadConnection,
      args,
      (query) => {
        upstream.requireThreadList();
        return upstream.threads.list(query);
      },
      (wire) => new Thread(wire),
    );
  }

  @FieldResolver(() => MessageConnection, { description: 'Its messages, oldest first unless `order` is set.' })
  messages(
    @Root() { id }: Thread,
    @Args(() => OldestFirstPageArguments) args: OldestFirstPageArguments,
    @Arg('runId', () => ID, { nullable: true, description: 'Only the messages that this run wrote.' })
    runId: string | null | undefined,
    @Ctx() { upstream }: RequestContext,
  ): Promise<MessageConnection> {
    return readMessages(upstream, id, args, runId);
  }

  @FieldResolver(() => RunConnection, { description: 'Its runs, newest first unless `order` is set.' })
  runs(
    @Root() { id }: Thread,
    @Args(() => PageArguments) args: PageArguments,
    @Ctx() { upstream }: RequestContext,
  ): Promise<RunConnection> {
    return readConnection(
      RunConnection,
      args,
      (query) => upstream.runs(id).list(query),
      (wire) => new Run(wire),
    );
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => CreateThreadPayload, { description: 'Creates a thread, with its first messages if there are any.' })
  createThread(
    @Arg('input', () => CreateThreadInput, { description: 'The new thread.' }) input: CreateThreadInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreateThreadPayload> {
    return runMutation(CreateThreadPayload, {
      info,
      userErrors: validateCreateThread(input),
      write: async () =>
        new Thread(await upstream.threads.create(toThreadCreateBody(input), input.idempotencyKey ?? undefined)),
    });
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => UpdateThreadPayload, {
    description: 'Changes a thread. A field that is left out stays as it is; an explicit null clears it.',
  })
  updateThread(
    @Arg('input', () => UpdateThreadInput, { description: 'The changes.' }) input: UpdateThreadInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<UpdateThreadPayload> {
    return runMutation(UpdateThreadPayload, {
      info,
      userErrors: validateUpdateThread(input),
      write: async () => {
        const wire = await upstream.threads.modify(input.id, toThreadModifyBody(input));
        return wire && new Thread(wire);
      },
    });
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => DeleteThreadPayload, { description: 'Deletes a thread with its messages and runs permanently.' })
  deleteThread(
    @Arg('input', () => DeleteThreadInput, { description: 'The thread to delete.' }) input: DeleteThreadInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<DeleteThreadPayload> {
    return runMutation(DeleteThreadPayload, {
      info,
      userErrors: validateDeleteThread(input),
      write: () => upstream.threads.delete(input.id).then(() => input.id),
    });
  }
}
