/** The subscription to the events of a run. */
import { Arg, Authorized, ID, Resolver, Root, Subscription } from 'type-graphql';
import { parseCursor } from '../../aiml/runs/cursor.ts';
import type { RunEvent as WireRunEvent } from '../../aiml/runs/run-event.ts';
import type { RequestContext } from '../server/request-context.ts';
import type { Scope } from '../../auth/principal.ts';
import { requireIds } from '../schema/ids.ts';
import { ServiceError } from '../errors/codes.ts';
import { RunEvent, toRunEvent } from './run-event.type.ts';

interface RunEventsArguments {
  readonly threadId: string;
  readonly runId: string;
  readonly after?: string | null;
}

@Resolver()
export class RunEventResolver {
  @Authorized<Scope>('assistants:read')
  @Subscription(() => RunEvent, {
    description:
      'Follows a run to its end, tool calls included. It only reads, so any number of clients can subscribe, at any time, ' +
      'and again after a lost connection. Without `after` the stream starts with the run as it is now; with the cursor of the ' +
      'last event it continues with the next one. It completes when the run has ended; a run that is REQUIRES_ACTION has not.',
    subscribe: ({ args, context }) => followRun(args as RunEventsArguments, context as RequestContext),
  })
  /* eslint-disable @typescript-eslint/no-unused-vars -- the arguments are declared here, and read by `subscribe` */
  runEvents(
    @Root() change: WireRunEvent,
    @Arg('threadId', () => ID, { description: "The thread's id." }) _threadId: string,
    @Arg('runId', () => ID, { description: "The run's id." }) _runId: string,
    @Arg('after', () => String, {
      nullable: true,
      description: 'The cursor of the last event that the client has. Without it the stream begins with the run.',
    })
    _after: string | null | undefined,
  ): RunEvent {
    return toRunEvent(change);
  }
  /* eslint-enable @typescript-eslint/no-unused-vars */
}

/** Reads the run with the caller's credential first, so that a cursor is useless to another tenant. */
async function followRun(
  { threadId, runId, after }: RunEventsArguments,
  { upstream }: RequestContext,
): Promise<AsyncIterable<WireRunEvent>> {
  requireIds('threadId', threadId);
  requireIds('runId', runId);
  const cursor = after === undefined || after === null ? null : parseCursor(after);
  if (after !== undefined && after !== null && !cursor)
    throw new ServiceError('BAD_USER_INPUT', 'Argument "after" is not a cursor of runEvents.');
  const run = await upstream.runs(threadId).load(runId);
  if (!run) throw new ServiceError('BAD_USER_INPUT', 'Upstream has no run with the given "threadId" and "runId".');
  return upstream.followRun(run, cursor);
}
