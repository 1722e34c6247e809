/** Owns the contract between the routes and the engine that executes runs: hooks, streams and the list of models. */
import type { FastifyReply } from 'fastify';
import type { ProxySettings } from '../../runtime/proxy.ts';
import type { Run } from '../runs/model.ts';

/** The caller. `key` is the bearer token of the request; it is never stored. */
export interface Caller {
  readonly account: string;
  readonly key: string;
}

export interface RunEngine {
  /** A run is queued: it was created, or its outputs were submitted. Returns at once. */
  notify(runId: string, caller: Caller): void;

  /** A run is `cancelling`: its model call is to be aborted, where this process makes it. Returns at once. */
  cancel(runId: string): void;

  /**
   * A run was ended by a request or by the sweep, not by its worker: aborts what this process does for it. Resolves once
   * the streams of this process that follow it have read its end, so that its rows may be deleted.
   */
  ended(run: Run): Promise<void>;

  /** A request was authenticated. With keys of callers, what a dead process left of this account can now be taken up. */
  seen(caller: Caller): void;

  /** Stops taking up runs and aborts model calls; the runs are left to be taken up again. Resolves once nothing writes. */
  stop(): Promise<void>;
}

export interface StreamRequest {
  readonly runId: string;
  /**
   * Where the stream begins: `created` sends everything from `thread.run.created` on, preceded by `thread.created` where
   * `threadJson` is there; `submitted` begins with the completed tool step; `joined` begins with the objects as they are.
   */
  readonly from: 'created' | 'submitted' | 'joined';
  /** The thread that was made with the run, as it is sent in `thread.created`. */
  readonly threadJson?: string;
  /** The id of the last event that the client has, where it resumes. */
  readonly after?: string;
}

export interface RunStreams {
  /**
   * Sends server-sent events until the run ends, waits for outputs (but for `joined`), or the client hangs up. Takes over
   * the response: headers are sent here. Rejects with an ApiError before anything was sent, for an unknown `after`.
   */
  open(request: StreamRequest, reply: FastifyReply): Promise<void>;
}

/** A model as `GET /models` lists it. */
export interface Model {
  readonly id: string;
  readonly object: 'model';
  /** Unix time in seconds. */
  readonly created: number;
  readonly owned_by: string;
}

export interface ModelList {
  /** What the model API lists, and the built-in model. Rejects with an ApiError if the list cannot be read. */
  list(caller: Caller): Promise<readonly Model[]>;
}

/** What the engine's module gives to `server.ts`. */
export interface EngineParts {
  readonly engine: RunEngine;
  readonly streams: RunStreams;
  readonly models: ModelList;
}

/** Settings of the engine and of the model API behind it. */
export interface EngineSettings {
  /** Null: the built-in model takes every call. */
  readonly modelApi: ModelApiSettings | null;
  /** Names of models that are requested under another name. */
  readonly modelAliases: ReadonlyMap<string, string>;
  /** Runs at a time in this process; 0 leaves them to other processes. */
  readonly runConcurrency: number;
  /** How long a run is held without a sign of life of its process, in milliseconds; 13.5 s where it is left out. */
  readonly leaseMs?: number;
}

export interface ModelApiSettings {
  /** What stands before `/chat/completions`. */
  readonly baseUrl: string;
  /** Null: none is sent, unless `usesCallerKeys`. */
  readonly key: string | null;
  /** Whether each run calls the model with the bearer token of its caller. */
  readonly usesCallerKeys: boolean;
  /** The longest silence until the first chunk, and between chunks. */
  readonly firstTokenTimeoutMs: number;
  readonly timeoutMs: number;
  /** Null or absent: the model API is called directly. One on this machine always is. */
  readonly proxies?: ProxySettings | null;
}
