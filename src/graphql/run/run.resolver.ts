/** Queries and mutations of runs: read the arguments, call a loader, map the result. */
import type { GraphQLResolveInfo } from 'graphql';
import { Arg, Args, Authorized, Ctx, FieldResolver, ID, Info, Mutation, Query, Resolver, Root } from 'type-graphql';
import { hasEnded, type WireRun } from '../../aiml/resources/run.ts';
import { Assistant } from '../assistant/assistant.type.ts';
import type { RequestContext } from '../server/request-context.ts';
import type { Scope } from '../../auth/principal.ts';
import { requireIds } from '../schema/ids.ts';
import { loadObject } from '../schema/from-wire.ts';
import { MessageConnection, readMessages } from '../message/message.type.ts';
import { notFound, runMutation } from '../schema/mutation.ts';
import { withoutUndefined } from '../schema/wire-body.ts';
import { readConnection } from '../schema/connection.type.ts';
import { OldestFirstPageArguments } from '../schema/pagination.ts';
import { RunStepConnection, toRunStep } from '../run-step/run-step.type.ts';
import { Thread } from '../thread/thread.type.ts';
import { toRunBody, toThreadRunBody } from './run.body.ts';
import {
  CancelRunInput,
  CreateRunInput,
  CreateThreadAndRunInput,
  SubmitToolOutputsInput,
  UpdateRunInput,
} from './run.input.ts';
import { Run } from './run.type.ts';
import {
  checkToolOutputs,
  isWaitingFor,
  validateCancelRun,
  validateCreateRun,
  validateCreateThreadAndRun,
  validateSubmitToolOutputs,
  validateUpdateRun,
} from './run.validation.ts';
import { diagnoseBusyThread, findMissingId, wrongState } from './thread-state.ts';
import { waitForRun } from './wait-for-run.ts';
import { NullableField, SimpleObjectType } from '../schema/decorators.ts';
import { createPayloadType, type UserError } from '../schema/payload.type.ts';

const RunPayload = createPayloadType('run', () => Run);

@SimpleObjectType('The result of starting a run.')
class CreateRunPayload extends RunPayload {}

@SimpleObjectType('The result of an update.')
class UpdateRunPayload extends RunPayload {}

@SimpleObjectType('The result of cancelling a run. It may still be CANCELLING.')
class CancelRunPayload extends RunPayload {}

@SimpleObjectType('The result of submitting tool outputs.')
class SubmitToolOutputsPayload extends RunPayload {}

@SimpleObjectType('The result of creating a thread and starting a run on it.')
class CreateThreadAndRunPayload extends RunPayload {
  @NullableField(() => Thread, 'The new thread. Null if there are user errors.')
  readonly thread: Thread | null;

  constructor(
    created: { readonly run: Run; readonly thread: Thread | null } | null,
    userErrors?: readonly UserError[],
  ) {
    super(created?.run ?? null, userErrors);
    this.thread = created?.thread ?? null;
  }
}

@Resolver(() => Run)
export class RunResolver {
  @Authorized<Scope>('assistants:read')
  @Query(() => Run, { nullable: true, description: 'One run of a thread, or null if there is none.' })
  run(
    @Arg('threadId', () => ID, { description: "The thread's id." }) threadId: string,
    @Arg('id', () => ID, { description: "The run's id." }) id: string,
    @Ctx() { upstream }: RequestContext,
  ): Promise<Run | null> {
    requireIds('threadId', threadId);
    requireIds('id', id);
    return loadObject(upstream.runs(threadId), id, Run);
  }

  @FieldResolver(() => Assistant, { nullable: true, description: 'Null if the assistant no longer exists.' })
  assistant(@Root() { assistantId }: Run, @Ctx() { upstream }: RequestContext): Promise<Assistant | null> {
    return loadObject(upstream.assistants, assistantId, Assistant);
  }

  @FieldResolver(() => Thread, { nullable: true, description: 'Null if the thread no longer exists.' })
  thread(@Root() { threadId }: Run, @Ctx() { upstream }: RequestContext): Promise<Thread | null> {
    return loadObject(upstream.threads, threadId, Thread);
  }

  @FieldResolver(() => MessageConnection, {
    description: 'The messages that this run wrote, oldest first unless `order` is set.',
  })
  messages(
    @Root() { id, threadId }: Run,
    @Args(() => OldestFirstPageArguments) args: OldestFirstPageArguments,
    @Ctx() { upstream }: RequestContext,
  ): Promise<MessageConnection> {
    return readMessages(upstream, threadId, args, id);
  }

  @FieldResolver(() => RunStepConnection, { description: 'Its steps, oldest first unless `order` is set.' })
  steps(
    @Root() { id, threadId }: Run,
    @Args(() => OldestFirstPageArguments) args: OldestFirstPageArguments,
    @Ctx() { upstream }: RequestContext,
  ): Promise<RunStepConnection> {
    return readConnection(RunStepConnection, args, (query) => upstream.steps(threadId, id).list(query), toRunStep);
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => CreateRunPayload, {
    description:
      'Starts a run on a thread, after adding messages to it if there are any. Returns once the run exists; with ' +
      'waitSeconds, once it has ended, waits for tool outputs, or the time is up.',
  })
  createRun(
    @Arg('input', () => CreateRunInput, { description: 'The new run.' }) input: CreateRunInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreateRunPayload> {
    const { threadId, idempotencyKey, waitSeconds } = input;
    return runMutation(CreateRunPayload, {
      info,
      userErrors: validateCreateRun(input),
      write: async () => {
        const run = await upstream.createRun(threadId, toRunBody(input), idempotencyKey ?? undefined);
        return new Run(await waitForRun(upstream, run, waitSeconds));
      },
      findMissing: () => findMissingId(upstream, threadId, 'assistantId'),
      diagnose: (reason) => diagnoseBusyThread(upstream, threadId, reason),
    });
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => CreateThreadAndRunPayload, { description: 'Creates a thread and starts a run on it, in one step.' })
  createThreadAndRun(
    @Arg('input', () => CreateThreadAndRunInput, { description: 'The new thread and run.' })
    input: CreateThreadAndRunInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CreateThreadAndRunPayload> {
    return runMutation(CreateThreadAndRunPayload, {
      info,
      userErrors: validateCreateThreadAndRun(input),
      write: async () => {
        const created = await upstream.createThreadRun(toThreadRunBody(input), input.idempotencyKey ?? undefined);
        const [run, thread] = await Promise.all([
          waitForRun(upstream, created, input.waitSeconds),
          // The mutation was applied, so the rest of the payload is returned if the read fails.
          loadObject(upstream.threads, created.thread_id, Thread).catch(() => null),
        ]);
        return { run: new Run(run), thread };
      },
      findMissing: () => Promise.resolve(notFound('assistantId')),
    });
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => UpdateRunPayload, { description: 'Changes a run. Only metadata can be changed.' })
  updateRun(
    @Arg('input', () => UpdateRunInput, { description: 'The changes.' }) input: UpdateRunInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<UpdateRunPayload> {
    const { threadId, id, metadata } = input;
    return runMutation(UpdateRunPayload, {
      info,
      userErrors: validateUpdateRun(input),
      write: async () => {
        const wire = await upstream.runs(threadId).modify(id, withoutUndefined({ metadata }));
        return wire && new Run(wire);
      },
      findMissing: () => findMissingId(upstream, threadId),
    });
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => CancelRunPayload, {
    description: 'The only way to stop a run: to stop following it changes nothing.',
  })
  cancelRun(
    @Arg('input', () => CancelRunInput, { description: 'The run to cancel.' }) input: CancelRunInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<CancelRunPayload> {
    const { threadId, id } = input;
    const isStopping = ({ status }: WireRun) => status === 'cancelling' || hasEnded(status);
    return runMutation(CancelRunPayload, {
      info,
      userErrors: validateCancelRun(input),
      write: async () => {
        const run = await upstream.runs(threadId).act(id, { action: 'cancel', body: null, isApplied: isStopping });
        // The run may end before the cancel is applied: its status says which happened.
        return hasEnded(run.status) && run.status !== 'cancelled' ? [cannotCancel()] : new Run(run);
      },
      findMissing: () => findMissingId(upstream, threadId),
      diagnose: async () => {
        const run = await upstream.runs(threadId).reload(id);
        return run && isStopping(run) ? cannotCancel() : null;
      },
    });
  }

  @Authorized<Scope>('assistants:write')
  @Mutation(() => SubmitToolOutputsPayload, {
    description:
      'Submits the outputs of all requiredToolCalls of a run that is REQUIRES_ACTION. The run continues, also in every ' +
      'stream that follows it.',
  })
  submitToolOutputs(
    @Arg('input', () => SubmitToolOutputsInput, { description: 'The outputs.' }) input: SubmitToolOutputsInput,
    @Ctx() { upstream }: RequestContext,
    @Info() info: GraphQLResolveInfo,
  ): Promise<SubmitToolOutputsPayload> {
    const { threadId, runId, toolOutputs, waitSeconds } = input;
    const runs = upstream.runs(threadId);
    const isWaiting = (run: WireRun) => isWaitingFor(run, toolOutputs);
    return runMutation(SubmitToolOutputsPayload, {
      info,
      userErrors: validateSubmitToolOutputs(input),
      write: async () => {
        const run = await runs.reload(runId);
        if (!run) return null;
        const problems = checkToolOutputs(run, toolOutputs);
        if (problems.length > 0) return problems;
        const outputs = toolOutputs.map(({ toolCallId, output }) => ({ tool_call_id: toolCallId, output }));
        const isApplied = (current: WireRun) => !isWaiting(current);
        const submitted = await upstream.submitToolOutputs(run, { outputs, isApplied });
        // The events that are read may not show yet that the outputs were submitted.
        return new Run(await waitForRun(upstream, submitted, waitSeconds, isWaiting));
      },
      findMissing: () => findMissingId(upstream, threadId, 'runId'),
      diagnose: async () => {
        const run = await runs.reload(runId);
        return run && !isWaiting(run) ? wrongState('runId', 'The run does not wait for tool outputs.') : null;
      },
    });
  }
}

const cannotCancel = (): UserError => wrongState('id', 'The run has ended, or is being cancelled already.');
