/**
 * The contract of the store, for the routes and the engine. Every method is asynchronous, so that a database over the
 * network is another implementation and not another design.
 *
 * - A method that writes resolves once the write is durable. It writes all of it or nothing.
 * - Accounts see nothing of each other: what belongs to another account is reported as not found.
 * - Objects are returned as the JSON text that was stored, so that values make the round trip exactly.
 * - Methods reject with an `ApiError`, which is the response to the request. Those that are handled have classes of their own
 *   in `errors.ts`: `StoreBusyError` and `StoreFullError` say that nothing was written.
 * - Times on the wire are Unix seconds; `now` and leases are Unix milliseconds.
 */
import type { Assistant } from '../assistants/model.ts';
import type { Message } from '../messages/model.ts';
import type { Run } from '../runs/model.ts';
import type { Thread } from '../threads/model.ts';
import type { VectorStore } from '../wire/tool-resources.ts';
import type { WorkStore } from './work-store.ts';

/** The account, and below it the objects that the path names: `[account]`, `[account, threadId]`, `[account, threadId, runId]`. */
export type Owner = readonly [account: string, ...ids: string[]];

export interface ListQuery {
  readonly order: 'asc' | 'desc';
  /** At least 1. */
  readonly limit: number;
  /** Only what follows this id in the requested order. */
  readonly after: string | undefined;
  /** Only what stands before this id in the requested order. */
  readonly before: string | undefined;
}

export interface Page {
  readonly items: readonly { readonly id: string; readonly json: string }[];
  /** Whether more lie beyond the page, in the direction in which it was read. */
  readonly hasMore: boolean;
}

/** What identifies a POST that may be sent again. A method that gets one returns, if it is, the object as it is now. */
export interface Idempotency {
  /** The `Idempotency-Key` of the request: it holds for 24 hours, for this fingerprint alone. */
  readonly idempotencyKey: string | undefined;
  /** A digest of method, path and body. */
  readonly fingerprint: string;
  /** The client says that it sent this before: it gets what the same fingerprint made in the last two minutes. */
  readonly isRetry: boolean;
}

/** Reads of one kind of object. `get` and `list` reject with NotFoundError where an object of the path is unknown. */
export interface Reads<Q extends ListQuery = ListQuery> {
  get(owner: Owner, id: string): Promise<string>;
  /**
   * A page in the requested order: the items right after `after`; with `before` alone, those right before it; with both,
   * the first ones of what lies between. Rejects with an ApiError of 400 for an unknown cursor.
   */
  list(owner: Owner, query: Q): Promise<Page>;
}

export interface Writes<T> {
  /**
   * Replaces an object by the result of `change`, with no other write in between, from this process or another. Resolves to
   * the new text. An error that `change` throws passes through, and nothing is written. Rejects with NotFoundError.
   */
  modify(owner: Owner, id: string, change: (current: T) => T): Promise<string>;
}

export interface AssistantStore extends Reads, Writes<Assistant> {
  create(
    account: string,
    assistant: Assistant,
    vectorStores: readonly VectorStore[],
    idempotency: Idempotency,
  ): Promise<string>;
  /** Vector stores stay, as they do upstream. Rejects with NotFoundError. */
  delete(owner: Owner, id: string): Promise<void>;
}

export interface NewThread {
  readonly thread: Thread;
  /** In this order, oldest first. */
  readonly messages: readonly Message[];
  readonly vectorStores: readonly VectorStore[];
}

export interface ThreadStore extends Reads, Writes<Thread> {
  create(account: string, newThread: NewThread, idempotency: Idempotency): Promise<string>;
  /** Deletes it with its messages, runs and steps. A live run has to be ended before: rejects with ThreadBusyError. */
  delete(owner: Owner, id: string): Promise<void>;
}

export interface MessageQuery extends ListQuery {
  /** Only messages that this run wrote. */
  readonly runId: string | undefined;
}

export interface MessageStore extends Reads<MessageQuery>, Writes<Message> {
  /** Rejects with ThreadBusyError while the thread has a live run. */
  create(owner: Owner, message: Message, idempotency: Idempotency): Promise<string>;
  /** Rejects with ThreadBusyError if a live run is writing it. */
  delete(owner: Owner, id: string): Promise<void>;
}

export interface NewRun {
  readonly run: Run;
  /** The thread to make first; null if the run's thread is there. */
  readonly newThread: NewThread | null;
  /** Added to the thread before the run. */
  readonly messages: readonly Message[];
}

export interface ToolOutput {
  readonly tool_call_id: string;
  readonly output: string;
}

export interface RunStore extends Reads, Writes<Run> {
  /** Writes nothing if it rejects: with ThreadBusyError if the thread has a live run, with a 429 if too many wait. */
  create(account: string, newRun: NewRun, idempotency: Idempotency): Promise<Run>;
  /**
   * `requires_action` → `queued`. Completes the open tool step with the outputs. Rejects with a 400 if the run does not wait,
   * or unless each pending call has exactly one output.
   */
  submitToolOutputs(owner: Owner, id: string, outputs: readonly ToolOutput[], idempotency: Idempotency): Promise<Run>;
  /**
   * A run that is queued or waits is `cancelled` at once; a run in progress is `cancelling` until its worker has stopped.
   * Rejects with a 400 if it has ended or is cancelling.
   */
  cancel(owner: Owner, id: string, idempotency: Idempotency): Promise<Run>;
  /** Ends the live run of a thread as `cancelled` at once, in whatever state it is; null if there is none. */
  cancelLiveRun(owner: Owner): Promise<Run | null>;
}

export interface Store {
  /** Identifies this store; a later one in the same folder has another id. It is no secret. */
  readonly id: string;
  /** A key that only processes that can read the store know. */
  readonly serviceKey: string;
  readonly assistants: AssistantStore;
  readonly threads: ThreadStore;
  readonly messages: MessageStore;
  readonly runs: RunStore;
  readonly steps: Reads;
  /** What the engine and the streams use. */
  readonly work: WorkStore;
  /** The account of a key. The key is not kept, and without the secret of this store it cannot be tried out. */
  accountOf(key: string): string;
  /** Other processes can still use the same store. Does not reject. */
  close(): Promise<void>;
}
