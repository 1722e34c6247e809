/** What one GraphQL request reads and writes upstream. Deadline, byte budget and calls in flight belong to it as a whole. */
import { Semaphore } from '../runtime/semaphore.ts';
import { AimlError } from './errors.ts';
import { ResourceLoader } from './resource-loader.ts';
import { Resource, type ApiObject, type ResourceDefinition, type UpstreamAccess } from './resource.ts';
import { assistants } from './resources/assistant.ts';
import { messages } from './resources/message.ts';
import type { WireModel } from './resources/model.ts';
import { runSteps } from './resources/run-step.ts';
import { runs, threadRuns, type WireRun, type WireThreadRunBody } from './resources/run.ts';
import { threads } from './resources/thread.ts';

/** How many calls of one request may be in flight at a time. */
const MAX_CALLS_IN_FLIGHT = 10;

/** The loader of what a definition describes. */
type LoaderOf<D> =
  D extends ResourceDefinition<infer T, infer CreateBody, infer ModifyBody>
    ? ResourceLoader<T, CreateBody, ModifyBody>
    : never;

export type AssistantLoader = LoaderOf<typeof assistants>;
export type ThreadLoader = LoaderOf<typeof threads>;
export type MessageLoader = LoaderOf<typeof messages>;
export type RunLoader = LoaderOf<typeof runs>;
export type RunStepLoader = LoaderOf<typeof runSteps>;

/** A loader for each kind of object and parent, made when it is first asked for. Parents are checked ids. */
export class UpstreamRequest {
  readonly #access: UpstreamAccess;
  readonly #callsInFlight = new Semaphore(MAX_CALLS_IN_FLIGHT);
  readonly #messages = new Map<string, MessageLoader>();
  readonly #runs = new Map<string, RunLoader>();
  readonly #steps = new Map<string, RunStepLoader>();
  #assistants: AssistantLoader | null = null;
  #threads: ThreadLoader | null = null;

  constructor(access: UpstreamAccess) {
    this.#access = access;
  }

  /** The time on `performance.now()` after which the operation waits for nothing any more. */
  get deadlineAt(): number {
    return this.#access.caller.deadlineAt;
  }

  get assistants(): AssistantLoader {
    return (this.#assistants ??= this.#createLoader(assistants));
  }

  get threads(): ThreadLoader {
    return (this.#threads ??= this.#createLoader(threads));
  }

  messages(threadId: string): MessageLoader {
    return getOrCreate(this.#messages, threadId, () => this.#createLoader(messages, threadId));
  }

  runs(threadId: string): RunLoader {
    return getOrCreate(this.#runs, threadId, () => this.#createLoader(runs, threadId));
  }

  steps(threadId: string, runId: string): RunStepLoader {
    return getOrCreate(this.#steps, `${threadId}/${runId}`, () => this.#createLoader(runSteps, threadId, runId));
  }

  /** Creates a thread and a run on it. Code NOT_FOUND where upstream does not have the assistant. */
  createThreadRun(body: WireThreadRunBody, idempotencyKey?: string): Promise<WireRun> {
    return this.#createLoader(threadRuns).create(body, idempotencyKey);
  }

  /** Throws UNSUPPORTED_BY_UPSTREAM where upstream has no list of threads. */
  requireThreadList(): void {
    if (this.#access.isEmbedded) return;
    throw new AimlError({
      code: 'UNSUPPORTED_BY_UPSTREAM',
      message: 'The AIML API cannot list threads. The embedded AIML API (UPSTREAM=local) can.',
      retryable: false,
    });
  }

  /** The models that upstream lists, in its order. */
  async models(): Promise<readonly WireModel[]> {
    const { caller, models } = this.#access;
    return (await models.list(caller)).data;
  }

  #createLoader<T extends ApiObject, CreateBody, ModifyBody>(
    definition: ResourceDefinition<T, CreateBody, ModifyBody>,
    ...parents: readonly string[]
  ): ResourceLoader<T, CreateBody, ModifyBody> {
    return new ResourceLoader(new Resource(definition, this.#access, ...parents), this.#callsInFlight);
  }
}

function getOrCreate<T>(map: Map<string, T>, key: string, create: () => T): T {
  const existing = map.get(key);
  if (existing) return existing;
  const created = create();
  map.set(key, created);
  return created;
}
