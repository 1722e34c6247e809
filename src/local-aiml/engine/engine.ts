/** Owns the contract between the routes and the engine that executes runs: hooks, streams and the list of models. */
import type { Run } from '../runs/model.ts';
import type { ModelRouter } from './model-router.ts';
import type { RunStreams } from './streams/run-streams.ts';

/** The caller. `key` is the bearer token of the request; it is never stored. */
export interface Caller {
  readonly account: string;
  readonly key: string;
}

export interface RunEngine {
  /** A run is queued: it was created, or its outputs were submitted. Returns at once. */
  notify(): void;

  /** A run is `cancelling`: its model call is to be aborted, where this process makes it. Returns at once. */
  cancel(runId: string): void;

  /**
   * A run was ended by a request or the sweep, not by its worker: stops the worker. Resolves once the streams of this process
   * have read the end, so that the rows of the run may be deleted.
   */
  ended(run: Run): Promise<void>;

  /** A request was authenticated. With keys of callers, what a dead process left of this account can now be taken up. */
  seen(caller: Caller): void;

  /** Stops taking up runs and aborts model calls; the runs are left to be taken up again. Resolves once nothing writes. */
  stop(): Promise<void>;
}

/** What the engine's module gives to `server.ts`. */
export interface EngineParts {
  readonly engine: RunEngine;
  readonly streams: RunStreams;
  readonly models: ModelRouter;
}
