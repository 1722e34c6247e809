/** The loaders of one GraphQL request. They share its deadline, byte budget and limit of calls in flight. */
import { Semaphore } from '../runtime/semaphore.ts';
import { PublicError } from '../runtime/errors.ts';
import type { ModelList } from './model-list.ts';
import { ResourceLoader } from './resource-loader.ts';
import { Resource, type ApiObject, type CallAccess, type ResourceDefinition } from './resource.ts';
import { assistants } from './resources/assistant.ts';
import { messages } from './resources/message.ts';
import type { WireModel } from './resources/model.ts';
import { runSteps } from './resources/run-step.ts';
import {
  runs,
  threadRuns,
  type WireRun,
  type WireRunBody,
  type WireThreadRunBody,
  type WireToolOutput,
} from './resources/run.ts';
import { threads } from './resources/thread.ts';
import type { RunCursor } from './runs/cursor.ts';
import type { LiveRun } from './runs/live-run.ts';
import type { RunEvent } from './runs/run-event.ts';
import type { RunFollower } from './runs/run-follower.ts';
import type { RunHub } from './runs/run-hub.ts';
import type { StreamReceiver } from './stream-body.ts';

/** The maximum of calls in flight of one request. */
const MAX_CALLS_IN_FLIGHT = 10;

/** Shared by all requests of the process. */
export interface Upstream extends Omit<CallAccess, 'context'> {
  readonly models: ModelList;
  readonly runHub: RunHub;
}

export interface RequestAccess extends Upstream, CallAccess {
  /** Called before each event of a run that is followed. */
  readonly onRunEvent?: (event: RunEvent) => void;
}

interface ToolOutputSubmission {
  readonly outputs: readonly WireToolOutput[];
  /** Whether the run no longer waits for these outputs. */
  readonly isApplied: (run: WireRun) => boolean;
}

/** The loader for a definition. */
type LoaderOf<D> =
  D extends ResourceDefinition<infer T, infer CreateBody, infer ModifyBody>
    ? ResourceLoader<T, CreateBody, ModifyBody>
    : never;

type AssistantLoader = LoaderOf<typeof assistants>;
type ThreadLoader = LoaderOf<typeof threads>;
type MessageLoader = LoaderOf<typeof messages>;
type RunLoader = LoaderOf<typeof runs>;
type RunStepLoader = LoaderOf<typeof runSteps>;

/** Has a loader for each kind of object and parent, created on first use. Parents are validated ids. */
export class UpstreamRequest {
  readonly #access: RequestAccess;
  readonly #callsInFlight = new Semaphore(MAX_CALLS_IN_FLIGHT);
  /** Whether the request follows a run, and so is long-lived. */
  #isFollowing = false;
  #assistants: AssistantLoader | null = null;
  #threads: ThreadLoader | null = null;
  #messages: Map<string, MessageLoader> | null = null;
  #runs: Map<string, RunLoader> | null = null;
  #steps: Map<string, RunStepLoader> | null = null;

  constructor(access: RequestAccess) {
    this.#access = access;
  }

  /** The deadline of the operation, on `performance.now()`. */
  get deadlineAt(): number {
    return this.#access.context.deadlineAt;
  }

  get assistants(): AssistantLoader {
    return (this.#assistants ??= this.#createLoader(assistants));
  }

  get threads(): ThreadLoader {
    return (this.#threads ??= this.#createLoader(threads));
  }

  messages(threadId: string): MessageLoader {
    return getOrCreate((this.#messages ??= new Map<string, MessageLoader>()), threadId, () =>
      this.#createLoader(messages, threadId),
    );
  }

  runs(threadId: string): RunLoader {
    return getOrCreate((this.#runs ??= new Map<string, RunLoader>()), threadId, () =>
      this.#createLoader(runs, threadId),
    );
  }

  steps(threadId: string, runId: string): RunStepLoader {
    const key = `${threadId}/${runId}`;
    return getOrCreate((this.#steps ??= new Map<string, RunStepLoader>()), key, () =>
      this.#createLoader(runSteps, threadId, runId),
    );
  }

  /** Creates a run and reads its event stream if upstream sends one. See {@link ResourceLoader.create}. */
  async createRun(threadId: string, body: WireRunBody, idempotencyKey?: string): Promise<WireRun> {
    return this.#startRun((receiver) => this.runs(threadId).create(body, idempotencyKey, receiver));
  }

  /** Creates a thread and a run on it, as {@link createRun}. Code NOT_FOUND if upstream does not have the assistant. */
  async createThreadRun(body: WireThreadRunBody, idempotencyKey?: string): Promise<WireRun> {
    return this.#startRun((receiver) => this.#createLoader(threadRuns).create(body, idempotencyKey, receiver));
  }

  /** Submits the outputs that a run requires. Resolves to the run after that; its stream continues. */
  async submitToolOutputs(run: WireRun, submission: ToolOutputSubmission): Promise<WireRun> {
    const { context, runHub } = this.#access;
    const stream = await runHub.continueStream(context, run);
    const { outputs, isApplied } = submission;
    const submitted = await this.runs(run.thread_id).act(run.id, {
      action: 'submit_tool_outputs',
      body: { tool_outputs: outputs },
      isApplied,
      receiver: stream ?? undefined,
    });
    runHub.adopt(context, submitted, stream);
    return submitted;
  }

  /**
   * Follows a run that was read with this caller's credential: the events after the cursor, until the run has ended. `after`:
   * null for all events. From then on each object and list is read once, whatever the number of events; the run itself is
   * taken from the events.
   */
  followRun(run: WireRun, after: RunCursor | null): Promise<RunFollower> {
    const { context, runHub, onRunEvent } = this.#access;
    const loader = this.runs(run.thread_id);
    this.#isFollowing = true;
    return runHub.follow(context, run, after, (event) => {
      if (event.kind === 'run') loader.remember(event.run);
      onRunEvent?.(event);
    });
  }

  /** The run, if this process reads its stream; null otherwise. */
  findStreamedRun({ thread_id: threadId, id }: WireRun): LiveRun | null {
    return this.#access.runHub.findStreamed(this.#access.context, threadId, id);
  }

  async #startRun(create: (receiver: StreamReceiver | undefined) => Promise<WireRun>): Promise<WireRun> {
    const { context, runHub } = this.#access;
    const stream = runHub.createStream(context);
    const run = await create(stream ?? undefined);
    runHub.adopt(context, run, stream);
    return run;
  }

  /** Throws UNSUPPORTED_BY_UPSTREAM if upstream cannot list threads. */
  requireThreadList(): void {
    if (this.#access.isEmbedded) return;
    throw new PublicError({
      code: 'UNSUPPORTED_BY_UPSTREAM',
      message: 'The AIML API cannot list threads. The embedded AIML API (UPSTREAM=local) can.',
      retryable: false,
    });
  }

  /** The models that upstream lists, in its order. */
  async models(): Promise<readonly WireModel[]> {
    const { context, models } = this.#access;
    return (await models.list(context)).data;
  }

  #createLoader<T extends ApiObject, CreateBody, ModifyBody>(
    definition: ResourceDefinition<T, CreateBody, ModifyBody>,
    ...parents: readonly string[]
  ): ResourceLoader<T, CreateBody, ModifyBody> {
    const resource = new Resource(definition, this.#access, ...parents);
    return new ResourceLoader(resource, this.#callsInFlight, () => this.#isFollowing);
  }
}

function getOrCreate<T>(map: Map<string, T>, key: string, create: () => T): T {
  const existing = map.get(key);
  if (existing) return existing;
  const created = create();
  map.set(key, created);
  return created;
}
