/** Owns how the parts of the engine are put together: workers, the scheduler, the streams and the list of models. */
import type { Run } from '../runs/model.ts';
import type { RunSettings } from '../settings.ts';
import type { Store } from '../store/store.ts';
import { createContextBuilder } from './context/context-builder.ts';
import { ContextLengths } from './context/context-lengths.ts';
import { TokenEstimates } from './context/token-estimate.ts';
import { LiveRuns } from './live-runs.ts';
import { ModelRouter } from './model-router.ts';
import type { EngineLogger } from './run-worker.ts';
import { Scheduler, type Caller } from './scheduler.ts';
import { RunStreams } from './streams/run-streams.ts';
import { TextSaver } from './text-saver.ts';

/** What the routes use: hooks of the engine, the streams of runs, and the models. */
export type EngineParts = ReturnType<typeof createEngine>;
export type RunEngine = EngineParts['engine'];

/** Starts to take up runs at once. */
export function createEngine(store: Store, settings: RunSettings, logger: EngineLogger | undefined) {
  const { work } = store;
  const liveRuns = new LiveRuns();
  const models = new ModelRouter(settings);
  const estimates = new TokenEstimates();
  const streams = new RunStreams(work, liveRuns);
  const textSaver = new TextSaver(
    work,
    () => void scheduler.renew(),
    (error) => logger?.error({ err: error }, 'text that is being written cannot be saved'),
  );
  const buildContext = createContextBuilder(store, estimates, new ContextLengths(models));
  const scheduler: Scheduler = new Scheduler(
    { work, store, liveRuns, textSaver, buildContext, estimates, models, logger },
    settings,
  );
  scheduler.start();
  const engine = {
    /** A run is queued: it was created, or its outputs were submitted. Returns at once. */
    notify(): void {
      scheduler.claim();
    },
    /** A run is `cancelling`: its model call is to be aborted, where this process makes it. Returns at once. */
    cancel(runId: string): void {
      scheduler.cancel(runId);
    },
    /**
     * A run was ended by a request or the sweep, not by its worker: stops the worker. Resolves once the streams of this process
     * have read the end, so that the rows of the run may be deleted.
     */
    async ended(run: Run): Promise<void> {
      await scheduler.abandon(run.id);
      await streams.refresh(run.id);
    },
    /** A request was authenticated. With keys of callers, what a dead process left of this account can now be taken up. */
    seen(caller: Caller): void {
      scheduler.seen(caller);
    },
    /** Stops taking up runs and aborts model calls; the runs are left to be taken up again. Resolves once nothing writes. */
    async stop(): Promise<void> {
      await scheduler.stop();
      streams.stop();
      await models.close();
    },
  };
  return { engine, streams, models };
}
