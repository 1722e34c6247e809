/** Queries and mutations of assistants: read the arguments, call a loader, map the result. */
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Authorized, Ctx, ID, Info, Mutation, Query, Resolver } from 'type-graphql';
import type { RequestContext } from '../server/request-context.ts';
import type { Scope } from '../../auth/principal.ts';
import { requireIds } from '../schema/ids.ts';
import { loadObject } from '../schema/from-wire.ts';
import { runMutation } from '../schema/mutation.ts';
import { readConnection } from '../schema/connection.type.ts';
import { PageArguments } from '../schema/pagination.ts';
import { toCreateBody, toModifyBody } from './assistant.body.ts';
import { CreateAssistantInput, DeleteAssistantInput, UpdateAssistantInput } from './assistant.input.ts';
import { Assistant, AssistantConnection } from './assistant.type.ts';
import { validateCreate, validateDelete, validateUpdate } from './assistant.validation.ts';
import { SimpleObjectType } from '../schema/decorators.ts';
import { createDeletePayloadType, createPayloadType } from '../schema/payload.type.ts';

const AssistantPayload = createPayloadType('assistant', () => Assistant);

@SimpleObjectType('The result of a create.')
class CreateAssistantPayload extends AssistantPayload {}

@SimpleObjectType('The result of an update.')
class UpdateAssistantPayload extends AssistantPayload {}

@SimpleObjectType('The result of a delete.')
class DeleteAssistantPayload extends createDeletePayloadType('deletedAssistantId', 'assistant') {}

@Resolver()
export class AssistantResolver {
  @Authorized<Scope>('assistants:read')
  @Query(() => Assistant, {
    nullable: true,
    description: 'One assistant, or null if upstream has none with this id.',
  })
  assistant(
    @Arg('id', () => ID, { description: "The assistant's id." }) id: string,
    @Ctx() { upstream }: RequestContext,
  ): Promise<Assistant | null> {
    requireIds('id', id);
    return loadObject(upstream.assistants, id, Assistant);
  }

  @Authorized<Scope>('assistants:read')
  @Query(() => AssistantConnection, {
    description:
      "Assistants of the client's upstream account, newest first unless `order` is set. " +
      'first and last: 1 to 100, 20 if both are absent. A page is `first` with or without `after`, or `last` with ' +
      'or without `before`.',
  })
  assistants(
    @Args(() => PageArguments) args: PageArguments,
    @Ctx() { upstream }: RequestContext,
  ): Promise<AssistantConnection> {
    return readConnection(
      AssistantConnection,
      args,
      (query) => upstream.assistants.list(query),
      (wire) => new Assistant(wire),
    );
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => CreateAssistantPayload, {
    description: 'Creates an assistant. It is sent once: if its outcome is unknown, look before sending it again.',
  })
  createAssistant(
    @Arg('input', () => CreateAssistantInput, { description: 'The new assistant.' }) input: CreateAssistantInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreateAssistantPayload> {
    return runMutation(CreateAssistantPayload, {
      info,
      userErrors: validateCreate(input),
      write: async () =>
        new Assistant(await upstream.assistants.create(toCreateBody(input), input.idempotencyKey ?? undefined)),
    });
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => UpdateAssistantPayload, {
    description: 'Changes an assistant. A field that is left out stays as it is; an explicit null clears it.',
  })
  updateAssistant(
    @Arg('input', () => UpdateAssistantInput, { description: 'The changes.' }) input: UpdateAssistantInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<UpdateAssistantPayload> {
    return runMutation(UpdateAssistantPayload, {
      info,
      userErrors: validateUpdate(input),
      write: async () => {
        const wire = await upstream.assistants.modify(input.id, toModifyBody(input));
        return wire && new Assistant(wire);
      },
    });
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => DeleteAssistantPayload, { description: 'Deletes an assistant permanently.' })
  deleteAssistant(
    @Arg('input', () => DeleteAssistantInput, { description: 'The assistant to delete.' }) input: DeleteAssistantInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<DeleteAssistantPayload> {
    return runMutation(DeleteAssistantPayload, {
      info,
      userErrors: validateDelete(input),
      write: () => upstream.assistants.delete(input.id).then(() => input.id),
    });
  }
}
