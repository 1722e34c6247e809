/** Owns how the parts of the engine are put together: workers, the scheduler, the streams and the list of models. */
import type { Store } from '../store/store.ts';
import { ContextBuilder } from './context/context-builder.ts';
import { ContextLengths } from './context/context-lengths.ts';
import { TokenEstimates } from './context/token-estimate.ts';
import type { RunSettings } from '../settings.ts';
import type { EngineParts } from './engine.ts';
import { LiveRuns } from './live-runs.ts';
import { ModelRouter } from './model-router.ts';
import type { EngineLogger } from './run-worker.ts';
import { Scheduler } from './scheduler.ts';
import { RunStreams } from './streams/run-streams.ts';
import { TextSaver } from './text-saver.ts';

/** Starts to take up runs at once. */
export function createEngine(store: Store, settings: RunSettings, logger: EngineLogger | undefined): EngineParts {
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
  const contexts = new ContextBuilder(store, estimates, new ContextLengths(models));
  const scheduler: Scheduler = new Scheduler(
    { work, store, liveRuns, textSaver, contexts, estimates, models, logger },
    settings,
  );
  scheduler.start();
  return {
    engine: {
      notify: () => scheduler.claim(),
      cancel: (runId) => scheduler.cancel(runId),
      async ended(run) {
        await scheduler.abandon(run.id);
        await streams.refresh(run.id);
      },
      seen: (caller) => scheduler.seen(caller),
      async stop() {
        await scheduler.stop();
        streams.stop();
        await models.close();
      },
    },
    streams,
    models,
  };
}
