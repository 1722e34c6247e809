/** Reads one run from upstream into a live run: by a stream, by the events of the embedded AIML API, or by polling. */
import type { UpstreamContext } from '../call.ts';
import { isOperationTooLarge, PublicError } from '../../runtime/errors.ts';
import type { Semaphore } from '../../runtime/semaphore.ts';
import type { CallAccess } from '../resource.ts';
import { readMessage } from '../resources/message.ts';
import { readRunStep } from '../resources/run-step.ts';
import { readRun } from '../resources/run.ts';
import { isUpstreamId, MalformedResponseError, readList } from '../wire.ts';
import type { LiveRun, RunSnapshot, SnapshotItem } from './live-run.ts';
import { RunStream } from './run-stream.ts';

const FIRST_POLL_MS = 500;
const SLOWEST_POLL_MS = 5000;
const POLL_GROWTH = 1.5;
const MAX_FAILING_MS = 20_000;
/** The longest a call to upstream may take, in milliseconds. */
const CALL_DEADLINE_MS = 15_000;
const PAGE_SIZE = 100;
/** The maximum of steps or messages of a run that are read. */
const MAX_ITEMS = 1000;
/** The bytes of upstream's responses that are expected for a snapshot of a run, and the maximum. */
const SMALL_SNAPSHOT_BYTES = 256 * 1024;
export const MAX_SNAPSHOT_BYTES = 32 * 1024 * 1024;

/** The context has no deadline: each call gets one. */
export interface ReaderAccess extends Pick<CallAccess, 'client' | 'isEmbedded' | 'context'> {
  /** Limits the bytes of the snapshots that are read at a time. */
  readonly snapshotMemory: Semaphore;
}

export interface RunReaderOptions {
  /** The first wait between two polls, in milliseconds; by default half a second. */
  readonly firstPollMs?: number | undefined;
  /** How long upstream may fail before the run's followers get an error, in milliseconds; by default 20 s. */
  readonly maxFailingMs?: number | undefined;
}

export class RunReader {
  readonly #live: LiveRun;
  readonly #access: ReaderAccess;
  readonly #firstPollMs: number;
  readonly #maxFailingMs: number;
  #stream: RunStream | null = null;
  #snapshotBytes = SMALL_SNAPSHOT_BYTES;
  #isPolling = false;
  #isJoining = false;
  #isStopped = false;
  /** Reads and streams are numbered in the order in which they begin. */
  #lastNumber = 0;
  /** The number of the last one whose states are known: those of earlier ones are older. */
  #knownNumber = 0;
  #lastEventId: string | null = null;
  #wake: () => void = () => undefined;

  constructor(
    live: LiveRun,
    access: ReaderAccess,
    { firstPollMs = FIRST_POLL_MS, maxFailingMs = MAX_FAILING_MS }: RunReaderOptions,
  ) {
    this.#live = live;
    this.#access = access;
    this.#firstPollMs = firstPollMs;
    this.#maxFailingMs = maxFailingMs;
  }

  get isStreaming(): boolean {
    return this.#stream !== null;
  }

  /** Whether a stream is read, or the events of the embedded AIML API will be. */
  get isFollowingEvents(): boolean {
    return this.#stream !== null || (this.#isPolling && this.#access.isEmbedded);
  }

  /** Reads the stream to its end. The result of a poll in flight is ignored, because it is older. */
  async readStream(stream: RunStream): Promise<void> {
    this.#knownNumber = ++this.#lastNumber;
    this.#stream?.cancel();
    this.#stream = stream;
    this.#wake();
    await stream.ended;
    if (this.#stream === stream) this.#stream = null;
    this.#lastEventId = stream.lastEventId ?? this.#lastEventId;
  }

  /** Polls until the run has ended, a stream is read, or `stop` is called. The live run fails if polls fail for long. */
  async poll(): Promise<void> {
    if (this.#isPolling) return;
    this.#isPolling = true;
    this.#isStopped = false;
    try {
      await this.#poll();
    } catch (error) {
      this.#live.fail(toFollowError(error));
      if (!(error instanceof PublicError) && !(error instanceof MalformedResponseError)) throw error;
    } finally {
      this.#isPolling = false;
    }
  }

  /** Reads the state of the run once. False if it cannot be read. */
  async readOnce(): Promise<boolean> {
    try {
      await this.#update();
      return true;
    } catch (error) {
      if (error instanceof PublicError || error instanceof MalformedResponseError) return false;
      throw error;
    }
  }

  /**
   * Resolves once the run is known as it is now, so that a cursor of another process can be resumed. Events that are being
   * joined are waited for. Rejects with a PublicError.
   */
  async catchUp(): Promise<void> {
    const live = this.#live;
    if (live.transitions.length > 0 && !this.#isJoining) return;
    try {
      const snapshot = await this.#readSnapshot();
      await this.#waitUntil(() => !this.#isJoining || live.covers(snapshot));
      if (live.transitions.length === 0) live.applySnapshot(snapshot);
    } catch (error) {
      if (error instanceof PublicError || error instanceof MalformedResponseError) throw toFollowError(error);
      throw error;
    }
  }

  /** `isMet` is checked after each change of the run. */
  #waitUntil(isMet: () => boolean): Promise<void> {
    if (isMet()) return Promise.resolve();
    return new Promise((resolve) => {
      const unlisten = this.#live.listen(() => {
        if (!isMet()) return;
        unlisten();
        resolve();
      });
    });
  }

  /** Stops reading until the next {@link poll}. */
  stop(): void {
    this.#isStopped = true;
    this.#stream?.cancel();
    this.#wake();
  }

  async #poll(): Promise<void> {
    const live = this.#live;
    let failingSince: number | null = null;
    let delayMs = 0;
    while (this.#isWanted()) {
      const before = live.size;
      let retryAfterMs = 0;
      try {
        if (!(this.#canJoin && (await this.#joinEvents()))) await this.#update();
        failingSince = null;
      } catch (error) {
        if (!(error instanceof PublicError) || !isTransient(error)) throw error;
        failingSince ??= performance.now();
        if (performance.now() - failingSince > this.#maxFailingMs) throw error;
        retryAfterMs = error.details.retryAfterMs ?? 0;
      }
      const hasChanged = live.size !== before;
      delayMs = hasChanged ? this.#firstPollMs : Math.max(this.#firstPollMs, delayMs * POLL_GROWTH);
      delayMs = Math.min(delayMs, SLOWEST_POLL_MS);
      if (this.#isWanted()) await this.#sleep(Math.max(delayMs, retryAfterMs));
    }
  }

  /** Reads the state of the run, and ignores it if a newer one became known meanwhile. */
  async #update(): Promise<void> {
    const number = ++this.#lastNumber;
    const snapshot = await this.#readSnapshot();
    if (this.#isStopped || number < this.#knownNumber) return;
    this.#knownNumber = number;
    this.#live.applySnapshot(snapshot);
  }

  #isWanted(): boolean {
    return !this.#isStopped && !this.#stream && !this.#live.hasEnded && !this.#access.context.cancel.isCancelled;
  }

  /** Whether the events can be read without repeating any: after the last id, or because nothing was read before. */
  get #canJoin(): boolean {
    return this.#access.isEmbedded && (this.#lastEventId !== null || this.#live.transitions.length === 0);
  }

  /** Follows the events of the embedded AIML API. False if there were none. */
  async #joinEvents(): Promise<boolean> {
    this.#isJoining = true;
    try {
      return await this.#readJoinedEvents();
    } finally {
      this.#isJoining = false;
    }
  }

  async #readJoinedEvents(): Promise<boolean> {
    const { thread_id: threadId, id } = this.#live.run;
    const stream = new RunStream(this.#live, true);
    await this.#access.client.call(
      {
        name: 'runs.events',
        noun: 'run',
        rule: 'get',
        path: `/threads/${threadId}/runs/${id}/events`,
        read: () => undefined,
        receiver: stream,
        lastEventId: this.#lastEventId,
      },
      withDeadline(this.#access.context),
    );
    if (!stream.hasBegun) return false;
    if (!this.#isWanted()) {
      stream.cancel();
      return true;
    }
    await this.readStream(stream);
    return stream.hasEvents;
  }

  /** Rejects with a PublicError. Bypasses the cache of reads, whose results are parsed, not raw. */
  async #readSnapshot(): Promise<RunSnapshot> {
    const { context, snapshotMemory } = this.#access;
    for (;;) {
      const reserved = this.#snapshotBytes;
      const budget = { bytes: reserved };
      const release = await snapshotMemory.acquire(reserved, { tenant: context.tenant, cancellation: context.cancel });
      if (!release) throw UNREADABLE;
      try {
        const snapshot = await this.#readWithin(budget);
        const isMuchLess = reserved - budget.bytes < reserved / 4;
        if (isMuchLess) this.#snapshotBytes = Math.max(SMALL_SNAPSHOT_BYTES, reserved / 2);
        return snapshot;
      } catch (error) {
        if (!isOperationTooLarge(error) || reserved === MAX_SNAPSHOT_BYTES) throw error;
        this.#snapshotBytes = MAX_SNAPSHOT_BYTES;
      } finally {
        release();
      }
    }
  }

  async #readWithin(responseBytesLeft: { bytes: number }): Promise<RunSnapshot> {
    const context = { ...this.#access.context, responseBytesLeft };
    const { thread_id: threadId, id } = this.#live.run;
    const path = `/threads/${threadId}/runs/${id}`;
    const run = await this.#get(context, 'runs.get', 'run', path, (body) => {
      readRun(body);
      return body;
    });
    // A message is whole if its step had ended before it was read.
    const steps = await this.#list(context, 'run_steps.list', 'step', `${path}/steps?`, readRunStep);
    const messages = await this.#list(
      context,
      'messages.list',
      'message',
      `/threads/${threadId}/messages?run_id=${id}&`,
      readMessage,
    );
    return { run, steps, messages: messages.map(({ raw }) => raw) };
  }

  /** All items, oldest first. */
  async #list<T extends { readonly id: string }>(
    context: UpstreamContext,
    name: string,
    noun: string,
    path: string,
    read: (item: unknown) => T,
  ): Promise<readonly SnapshotItem<T>[]> {
    const items: SnapshotItem<T>[] = [];
    const firstPage = `${path}limit=${PAGE_SIZE}&order=asc`;
    let page = firstPage;
    for (;;) {
      const { data, hasMore } = await this.#get(context, name, noun, page, (body) =>
        readList(body, (raw) => ({ raw, item: read(raw) })),
      );
      items.push(...data);
      const last = data.at(-1)?.item.id;
      const isLast = !(hasMore ?? data.length === PAGE_SIZE);
      if (isLast || last === undefined || !isUpstreamId(last) || items.length >= MAX_ITEMS) return items;
      page = `${firstPage}&after=${last}`;
    }
  }

  #get<T>(context: UpstreamContext, name: string, noun: string, path: string, read: (body: unknown) => T): Promise<T> {
    return this.#access.client.call({ name, noun, rule: 'get', path, read }, withDeadline(context));
  }

  #sleep(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(() => this.#wake(), ms);
      timer.unref();
      this.#wake = () => {
        clearTimeout(timer);
        this.#wake = () => undefined;
        resolve();
      };
    });
  }
}

/** Whether to poll again. An unreadable response may be a single error page of a proxy. */
const isTransient = (error: PublicError): boolean =>
  error.details.retryable || (error.code === 'UPSTREAM_BAD_RESPONSE' && !isOperationTooLarge(error));

/** The context of one call. */
const withDeadline = (context: UpstreamContext): UpstreamContext => ({
  ...context,
  deadlineAt: performance.now() + CALL_DEADLINE_MS,
});

function toFollowError(error: unknown): PublicError {
  if (!(error instanceof PublicError)) return UNREADABLE;
  if (isOperationTooLarge(error)) return TOO_LARGE;
  return error.code === 'NOT_FOUND' ? NO_RUN : error;
}

const NO_RUN = new PublicError({
  code: 'BAD_USER_INPUT',
  message: 'The AIML API does not have the run any more.',
  retryable: false,
});

const TOO_LARGE = new PublicError({
  code: 'UPSTREAM_BAD_RESPONSE',
  message: 'The steps and messages of the run are too large to be followed: read them in pages.',
  retryable: false,
});

/** Upstream's response about the run does not have the documented form. */
export const UNREADABLE = new PublicError({
  code: 'UPSTREAM_BAD_RESPONSE',
  message: 'The AIML API gave a response about the run that cannot be read.',
  retryable: true,
});
