/**
 * Executes one claimed run: calls its model once, and ends the run or lets it wait for outputs. Submitted outputs queue the
 * run again, for another claim.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { toMessageEnd, type Run, type RunEnd, type Tally, type Usage } from '../runs/model.ts';
import { ClaimLostError, NotFoundError, StoreBusyError } from '../store/errors.ts';
import type { Store } from '../store/store.ts';
import type { Claim, ClaimedRun } from '../store/work-store.ts';
import { PromptBudgetError, remaining, type ContextBuilder } from './context/context-builder.ts';
import type { TokenEstimates } from './context/token-estimate.ts';
import type { ModelRouter } from './model-router.ts';
import type { RespondingAssistant, ModelEnd } from './model/model-api.ts';
import { ModelError } from './model/model-error.ts';
import { ResponseWriter, type WriterParts } from './response-writer.ts';

/** How often the model is called in a run before the run fails. */
const MAX_MODEL_CALLS = 32;
/** How often a context that is too long for the model is shortened. */
const MAX_SHORTENINGS = 5;
const MAX_TIMER_MS = 2 ** 31 - 1;
const STORE_RETRY_MS = 200;
/** How often a worker that is to stop attempts a write while another process holds the lock. */
const LAST_STORE_ATTEMPTS = 5;

/** Gets failures that no caller sees; never a text or a key. */
export interface EngineLogger {
  error(details: object, message: string): void;
}

export interface WorkerParts extends WriterParts {
  readonly store: Store;
  readonly buildContext: ContextBuilder;
  readonly estimates: TokenEstimates;
  readonly models: ModelRouter;
  readonly logger: EngineLogger | undefined;
}

/** Why a worker stops before its model has ended. */
type StopReason = 'cancelled' | 'expired' | 'lost' | 'stopping';

export class RunWorker {
  readonly claim: Claim;
  readonly #parts: WorkerParts;
  readonly #claimed: ClaimedRun;
  readonly #key: string | undefined;
  readonly #onLessBytes: () => void;
  readonly #controller = new AbortController();
  #contextBytes: number;
  #stopReason: StopReason | undefined;
  #tally: Tally;
  #writer: ResponseWriter | undefined;

  /**
   * `key` is the bearer token for the model API, where each caller has its own. `onLessBytes` is called when the context turns
   * out to be smaller than the claim says.
   */
  constructor(parts: WorkerParts, claimed: ClaimedRun, key: string | undefined, onLessBytes: () => void) {
    this.#parts = parts;
    this.#claimed = claimed;
    this.#key = key;
    this.#onLessBytes = onLessBytes;
    this.#contextBytes = claimed.contextBytes;
    this.claim = claimed.claim;
    this.#tally = claimed.tally;
  }

  get account(): string {
    return this.#claimed.account;
  }

  /** Of the run, its context and its response, as JSON. */
  get bytes(): number {
    return this.#claimed.runBytes + this.#contextBytes + (this.#writer?.chars ?? 0);
  }

  /** Aborts the call of the model. Only the first reason counts. */
  stop(reason: StopReason): void {
    this.#stopReason ??= reason;
    this.#controller.abort();
  }

  /** Resolves once the run has ended, waits, or was given up. Does not reject. */
  async execute(): Promise<void> {
    const { run } = this.#claimed;
    const { liveRuns } = this.#parts;
    const live = liveRuns.add(run.id);
    const expiry = this.#expireLater(run);
    try {
      this.#writer = new ResponseWriter(this.#parts, this.#claimed, live, (write) => this.#persist(write));
      await this.#callModel(run, this.#writer);
    } catch (error) {
      await this.#onError(error).catch((reason: unknown) => this.#report(reason));
    } finally {
      clearTimeout(expiry);
      this.#parts.textSaver.forget(this.claim);
      liveRuns.delete(run.id, live);
    }
  }

  /** Later than a timer can be set, the sweep ends the run. */
  #expireLater({ expires_at: expiresAt }: Run): NodeJS.Timeout | undefined {
    const waitMs = (expiresAt ?? 0) * 1000 - Date.now();
    return waitMs > MAX_TIMER_MS ? undefined : setTimeout(() => this.stop('expired'), Math.max(0, waitMs));
  }

  async #callModel(run: Run, writer: ResponseWriter): Promise<void> {
    if (this.#tally.modelCalls >= MAX_MODEL_CALLS)
      throw new ModelError(
        'server_error',
        `The run called its model ${MAX_MODEL_CALLS} times without coming to an end.`,
      );
    if (remaining(run.max_completion_tokens, this.#tally.usage?.completion_tokens) === 0)
      return this.#end({ status: 'incomplete', reason: 'max_completion_tokens' });
    if (remaining(run.max_prompt_tokens, this.#tally.usage?.prompt_tokens) === 0)
      return this.#end({ status: 'incomplete', reason: 'max_prompt_tokens' });
    const end = await this.#respond(run, writer);
    switch (end.finishReason) {
      case 'stop':
        return this.#end({ status: 'completed' }, end.usage);
      case 'length':
        return this.#end({ status: 'incomplete', reason: 'max_completion_tokens' }, end.usage);
      case 'content_filter':
        return this.#end({ status: 'incomplete', reason: 'content_filter' }, end.usage);
      case 'tool_calls':
        return this.#requireAction(writer, end.usage);
    }
  }

  /** Streams one response into the thread. The tally counts it once it has ended. */
  async #respond(run: Run, writer: ResponseWriter): Promise<ModelEnd> {
    const { account } = this.#claimed;
    const { buildContext, estimates, models } = this.#parts;
    const assistant = models.isBuiltIn(run.model) ? await this.#assistant(account, run) : undefined;
    for (let shortenings = 0; ; shortenings++) {
      const context = await buildContext(account, run, this.#tally, this.#key);
      this.#controller.signal.throwIfAborted();
      const isLess = context.contextBytes < this.#contextBytes;
      this.#contextBytes = context.contextBytes;
      if (isLess) this.#onLessBytes();
      const options = { signal: this.#controller.signal, key: this.#key, assistant };
      try {
        for await (const chunk of models.of(run.model).complete(context.request, options)) {
          if (chunk.type !== 'end') {
            await writer.write(chunk);
            continue;
          }
          this.#addToTally(chunk.usage, chunk.costUsd);
          if (chunk.usage) estimates.correct(run.model, context.estimatedTokens, chunk.usage.prompt_tokens);
          return chunk;
        }
        throw new ModelError('server_error', 'The model ended its response without saying so.');
      } catch (error) {
        const canShorten = error instanceof ModelError && error.isContextTooLong && context.canShrink;
        if (!canShorten || shortenings === MAX_SHORTENINGS) throw error;
        estimates.learnLimit(run.model, context.estimatedTokens);
      }
    }
  }

  async #assistant(account: string, run: Run): Promise<RespondingAssistant> {
    const { instructions } = run;
    try {
      const json = await this.#parts.store.assistants.get([account], run.assistant_id);
      const { name } = JSON.parse(json) as { readonly name: string | null };
      return { name, instructions };
    } catch (error) {
      if (error instanceof NotFoundError) return { name: null, instructions };
      throw error;
    }
  }

  async #requireAction(writer: ResponseWriter, usage: Usage | null): Promise<void> {
    const toolStep = writer.toolStep();
    if (!toolStep) throw new ModelError('server_error', 'The model called functions without naming one.');
    const { work } = this.#parts;
    await this.#persist(() => work.requireAction(this.claim, toolStep.step, toolStep.calls, usage, this.#tally));
  }

  async #end(end: RunEnd, usage: Usage | null = null): Promise<void> {
    const message = this.#writer?.endOfMessage(toMessageEnd(end), usage);
    await this.#persist(() => this.#parts.work.endRun(this.claim, end, this.#tally, message));
  }

  /**
   * Writes what the model wrote, however long another process holds the lock. If another worker takes the run meanwhile, or the
   * run expires, the write is a ClaimLostError.
   */
  async #persist(write: () => Promise<unknown>): Promise<void> {
    for (let attempts = 1; ; attempts++) {
      try {
        await write();
        return;
      } catch (error) {
        const mustEnd = this.#stopReason !== undefined && attempts >= LAST_STORE_ATTEMPTS;
        if (!(error instanceof StoreBusyError) || mustEnd) throw error;
        await sleep(STORE_RETRY_MS);
      }
    }
  }

  /** Ends or releases the run after a response that did not end. */
  async #onError(error: unknown): Promise<void> {
    if (this.#stopReason === 'lost') return;
    if (this.#stopReason === 'stopping') {
      await this.#parts.textSaver.flush();
      await this.#parts.work.releaseRun(this.claim);
      return;
    }
    try {
      await this.#end(this.#toEnd(error));
    } catch (reason) {
      // Another worker has the run, or it has ended.
      if (!(reason instanceof ClaimLostError)) throw reason;
    }
  }

  #toEnd(error: unknown): RunEnd {
    if (this.#stopReason === 'expired') return { status: 'expired' };
    // A claim that is held but takes no writes is that of a run that is being cancelled.
    if (this.#stopReason === 'cancelled' || error instanceof ClaimLostError) return { status: 'cancelled' };
    if (error instanceof PromptBudgetError) return { status: 'incomplete', reason: 'max_prompt_tokens' };
    if (error instanceof ModelError) {
      this.#addToTally(error.usage, error.costUsd);
      return { status: 'failed', error: { code: error.code, message: error.message } };
    }
    this.#report(error);
    return { status: 'failed', error: { code: 'server_error', message: 'The run failed for an internal reason.' } };
  }

  #addToTally(usage: Usage | null, costUsd: number | null): void {
    const before = this.#tally;
    this.#tally = {
      modelCalls: before.modelCalls + 1,
      usage: usage ? addUsage(before.usage, usage) : before.usage,
      costUsd: costUsd === null ? before.costUsd : (before.costUsd ?? 0) + costUsd,
    };
  }

  #report(error: unknown): void {
    this.#parts.logger?.error({ runId: this.claim.runId, err: error }, 'run failed');
  }
}

function addUsage(left: Usage | null, right: Usage): Usage {
  return {
    prompt_tokens: (left?.prompt_tokens ?? 0) + right.prompt_tokens,
    completion_tokens: (left?.completion_tokens ?? 0) + right.completion_tokens,
    total_tokens: (left?.total_tokens ?? 0) + right.total_tokens,
  };
}
