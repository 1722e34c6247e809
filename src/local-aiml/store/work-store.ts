/**
 * The contract of the store for the workers and followers of runs: claims, writes of a worker, and the state of a run. No
 * method takes an account: a worker acts for the service.
 *
 * **Durability.** The end of a response, message or run is on the disk before its method resolves. Claims, leases and text
 * that is being written survive the process, but not always a power failure: the run then continues from an earlier state.
 *
 * **Fencing.** Each claim of a run has its own attempt number. Every write of a worker carries its claim. It rejects with
 * ClaimLostError and writes nothing once another attempt holds the run or the run has ended: the worker then aborts its
 * model call and abandons the run.
 */
import type { Message, MessageContent, MessageEnd } from '../messages/model.ts';
import type { RequiredToolCall, Run, RunEnd, Tally, Usage } from '../runs/model.ts';
import type { RunStep } from '../runs/step.ts';

/** Says which attempt at a run is writing. */
export interface Claim {
  readonly runId: string;
  /** From 1 on; grows with each claim of the run. */
  readonly attempt: number;
}

export interface ClaimRequest {
  /** How long the run is held before another worker may take it over, unless the lease is renewed. */
  readonly leaseMs: number;
  /** Only runs of these accounts; undefined for all. */
  readonly accounts?: readonly string[];
  /** The most that the run may come to, with what a model may be shown of its thread, in bytes; undefined for any. */
  readonly maxBytes?: number;
  /** The same for a run of the account. */
  readonly maxBytesOf?: (account: string) => number;
}

export interface ClaimedRun {
  readonly claim: Claim;
  readonly account: string;
  /** `in_progress`, with `started_at` set anew. */
  readonly run: Run;
  /** What earlier attempts and calls came to. */
  readonly tally: Tally;
  /** Of the run as JSON. */
  readonly runBytes: number;
  /** The most that a model may be shown of the thread, as JSON. */
  readonly contextBytes: number;
  /** Whether an earlier worker left it in progress. What that one left open has been ended by this claim. */
  readonly isTakeOver: boolean;
}

/** What became of a claim: `cancelling` is held as well, but its model call is to be aborted and the run ended. */
export type ClaimState = 'held' | 'cancelling' | 'lost';

export interface MessageProgress {
  readonly claim: Claim;
  readonly messageId: string;
  /** The whole content so far, not what was added. */
  readonly content: readonly MessageContent[];
}

/** The end of a message that a claim is writing, with its `message_creation` step. */
export interface WrittenMessage {
  readonly messageId: string;
  /** The whole content. */
  readonly content: readonly MessageContent[];
  readonly end: MessageEnd;
  /** The usage of its step; null if it is not known. */
  readonly usage: Usage | null;
}

/** The run with everything that it wrote, as it is now. */
export interface RunSnapshot {
  /** The attempt that wrote, or writes, last. 0 before the first. */
  readonly attempt: number;
  readonly run: Run;
  /** When the run expires, or would have expired: the run itself has it only while it is live. Unix seconds. */
  readonly expiresAt: number;
  /** Oldest first. */
  readonly steps: readonly RunStep[];
  /** By id, oldest first, each with the attempt that wrote it: texts of two attempts are never in one message. */
  readonly messages: ReadonlyMap<string, { readonly message: Message; readonly attempt: number }>;
}

/** What a model may be shown of a thread. `sequence` grows over the whole thread, messages and steps together. */
export type ContextItem =
  | ({ readonly kind: 'message'; readonly message: Message } & ContextPosition)
  /** A completed step of tool calls, every call with its output. */
  | ({ readonly kind: 'tool_calls'; readonly step: RunStep } & ContextPosition);

interface ContextPosition {
  readonly sequence: number;
  /** Of the message or step as JSON. */
  readonly bytes: number;
}

export interface ContextPage {
  /** Newest first. */
  readonly items: readonly ContextItem[];
  /** The `before` of the next page; null on the last one. */
  readonly next: number | null;
}

/** A model is shown no more of a thread than this, as JSON; what the run itself wrote is not shortened. */
export const MAX_CONTEXT_BYTES = 8 * 1024 * 1024;

export interface WorkStore {
  /**
   * Claims one run: the oldest queued run of the account with the fewest runs in progress, or a run in progress whose lease
   * has ended. A run that is larger than `maxBytesOf` its account waits, and the next account has its turn. Undefined if there
   * is none, or if the run has more than `maxBytes`: no smaller one overtakes it. A run that its worker left for the third time
   * is ended as failed instead, and an expired one as expired; neither is returned.
   */
  claimRun(request: ClaimRequest): Promise<ClaimedRun | undefined>;

  /** Prolongs the leases, in one transaction. */
  renewLeases(claims: readonly Claim[], leaseMs: number): Promise<ReadonlyMap<string, ClaimState>>;

  /** Ends the lease at once, because the worker stops. Any worker may claim the run; this does not count as left behind. */
  releaseRun(claim: Claim): Promise<void>;

  /** Adds a message in progress and its `message_creation` step. */
  startMessage(claim: Claim, message: Message, step: RunStep): Promise<void>;

  /** Keeps what was written so far, of any number of runs in one transaction. Resolves to the run ids whose claim is lost. */
  saveTexts(progress: readonly MessageProgress[]): Promise<ReadonlySet<string>>;

  /** Ends a message and its step while the run continues (tool calls follow its text). */
  endMessage(claim: Claim, message: WrittenMessage, tally: Tally): Promise<void>;

  /** Adds a step of tool calls in progress, whose calls are still being written. */
  startToolStep(claim: Claim, step: RunStep): Promise<void>;

  /**
   * → `requires_action`. The step has all its calls; it need not have been added before. `usage` is shown in the step once it
   * has the outputs. Ends the claim.
   */
  requireAction(
    claim: Claim,
    step: RunStep,
    toolCalls: readonly RequiredToolCall[],
    usage: Usage | null,
    tally: Tally,
  ): Promise<Run>;

  /**
   * Ends the run, `message`, and all that it has open: other messages as incomplete, steps with the status of the run. Ends
   * the claim.
   */
  endRun(claim: Claim, end: RunEnd, tally: Tally, message?: WrittenMessage): Promise<Run>;

  /** Ends runs that expired, that are cancelling without a worker, or that were left behind too often. Resolves to these runs. */
  sweep(): Promise<readonly Run[]>;

  /** Undefined if the run is unknown, or was deleted with its thread. */
  snapshot(runId: string): Promise<RunSnapshot | undefined>;

  /**
   * A page of the thread's content, newest first, with a `sequence` below `before`: at most `limit` items, and fewer if they are
   * large. Messages that a run is writing are left out; incomplete ones are not.
   */
  context(threadId: string, before: number | undefined, limit: number): Promise<ContextPage>;

  /**
   * Calls `listener` after each write of this process to the run, except `saveTexts`, and within about 100 ms after writes of
   * other processes to any run. Returns a function that ends it. A thousand watchers are fine.
   */
  watch(runId: string, listener: () => void): () => void;

  /** The ids of accounts that have queued or abandoned runs, for workers that need the key of a caller. */
  accountsWithWork(): Promise<readonly string[]>;
}
