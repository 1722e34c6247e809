/** Queries and mutations of threads: read the arguments, call a loader, map the result. */
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from 'type-graphql';
import type { RequestContext } from '../server/request-context.ts';
import type { Scope } from '../../auth/principal.ts';
import { requireIds } from '../schema/ids.ts';
import { MessageConnection } from '../message/message.type.ts';
import { readMessages } from '../message/read-messages.ts';
import { catchUserErrors, notFound } from '../schema/mutation.ts';
import { OldestFirstPageArguments, PageArguments, readPage, toPageRequest } from '../schema/pagination.ts';
import { Run, RunConnection } from '../run/run.type.ts';
import { UserError } from '../schema/user-error.ts';
import { loadThread } from './load-thread.ts';
import { toThreadCreateBody, toThreadModifyBody } from './thread.body.ts';
import { CreateThreadInput, DeleteThreadInput, UpdateThreadInput } from './thread.input.ts';
import { CreateThreadPayload, DeleteThreadPayload, UpdateThreadPayload } from './thread.payload.ts';
import { Thread, ThreadConnection } from './thread.type.ts';
import { validateCreateThread, validateDeleteThread, validateUpdateThread } from './thread.validation.ts';

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
  async threads(
    @Args(() => PageArguments) args: PageArguments,
    @Ctx() { upstream }: RequestContext,
  ): Promise<ThreadConnection> {
    const request = toPageRequest(args);
    upstream.requireThreadList();
    const page = await readPage(request, (query) => upstream.threads.list(query));
    return new ThreadConnection(
      page.items.map((wire) => new Thread(wire)),
      page,
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
  async runs(
    @Root() { id }: Thread,
    @Args(() => PageArguments) args: PageArguments,
    @Ctx() { upstream }: RequestContext,
  ): Promise<RunConnection> {
    const page = await readPage(toPageRequest(args), (query) => upstream.runs(id).list(query));
    return new RunConnection(
      page.items.map((wire) => new Run(wire)),
      page,
    );
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => CreateThreadPayload, { description: 'Creates a thread, with its first messages if there are any.' })
  async createThread(
    @Arg('input', () => CreateThreadInput, { description: 'The new thread.' }) input: CreateThreadInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreateThreadPayload> {
    const userErrors = validateCreateThread(input);
    if (userErrors.length > 0) return new CreateThreadPayload(null, userErrors);
    const created = await catchUserErrors(info, () =>
      upstream.threads.create(toThreadCreateBody(input), input.idempotencyKey ?? undefined),
    );
    return created instanceof UserError
      ? new CreateThreadPayload(null, [created])
      : new CreateThreadPayload(new Thread(created));
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => UpdateThreadPayload, {
    description: 'Changes a thread. A field that is left out stays as it is; an explicit null clears it.',
  })
  async updateThread(
    @Arg('input', () => UpdateThreadInput, { description: 'The changes.' }) input: UpdateThreadInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<UpdateThreadPayload> {
    const userErrors = validateUpdateThread(input);
    if (userErrors.length > 0) return new UpdateThreadPayload(null, userErrors);
    const body = toThreadModifyBody(input);
    const isEmpty = Object.keys(body).length === 0;
    const updated = await catchUserErrors(info, async () =>
      isEmpty ? ((await upstream.threads.load(input.id)) ?? notFound()) : upstream.threads.modify(input.id, body),
    );
    return updated instanceof UserError
      ? new UpdateThreadPayload(null, [updated])
      : new UpdateThreadPayload(new Thread(updated));
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => DeleteThreadPayload, { description: 'Deletes a thread with its messages and runs permanently.' })
  async deleteThread(
    @Arg('input', () => DeleteThreadInput, { description: 'The thread to delete.' }) input: DeleteThreadInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<DeleteThreadPayload> {
    const userErrors = validateDeleteThread(input);
    if (userErrors.length > 0) return new DeleteThreadPayload(null, userErrors);
    const failure = await catchUserErrors(info, () => upstream.threads.delete(input.id));
    return failure ? new DeleteThreadPayload(null, [failure]) : new DeleteThreadPayload(input.id);
  }
}
