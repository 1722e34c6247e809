/**
 * The runs that this process follows. It reads each from upstream once, for any number of followers.
 *
 * Tenants never share a run. If the stream of a run ends before the run, the events of the embedded AIML API or polling
 * continue it.
 */
import type { UpstreamContext } from '../call.ts';
import { CancellationToken } from '../../runtime/cancellation.ts';
import { PublicError } from '../../runtime/errors.ts';
import { Semaphore } from '../../runtime/semaphore.ts';
import type { WireRun } from '../resources/run.ts';
import type { RunCursor } from './cursor.ts';
import { LiveRun } from './live-run.ts';
import type { RunEvent } from './run-event.ts';
import { RunFollower } from './run-follower.ts';
import { MAX_SNAPSHOT_BYTES, RunReader, type ReaderAccess, type RunReaderOptions } from './run-reader.ts';
import { RunStream } from './run-stream.ts';

/** How long a run that this process started is kept without followers, in milliseconds. Most clients subscribe at once. */
const LINGER_MS = 30_000;
/** The maximum of streams from upstream at a time. Further runs are polled. */
const MAX_STREAMS = 1000;
/**
 * The maximum memory of the runs that are followed, in bytes, of which one tenant may take half. Beyond it, the runs of a tenant
 * that has others are polled, and only while they have followers.
 */
const MAX_BYTES = 64 * 1024 * 1024;

interface Entry {
  readonly key: string;
  readonly tenant: string;
  readonly live: LiveRun;
  readonly reader: RunReader;
  followers: number;
  /** How many of the streams that this process opened are read. */
  streams: number;
  /** Whether it is kept for a while without followers. */
  lingers: boolean;
  linger: NodeJS.Timeout | null;
}

interface RunHubOptions extends RunReaderOptions {
  readonly upstream: Pick<ReaderAccess, 'client' | 'isEmbedded'>;
}

export class RunHub {
  readonly #options: RunHubOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #cancellation = new CancellationToken();
  readonly #snapshotMemory = new Semaphore(2 * MAX_SNAPSHOT_BYTES, true);
  #streams = 0;

  constructor(options: RunHubOptions) {
    this.#options = options;
  }

  /** The number of runs that are followed, or were followed a moment ago. */
  get size(): number {
    return this.#entries.size;
  }

  /** The memory of these runs, in bytes. */
  get bytes(): number {
    return this.#bytesOf(() => true);
  }

  /** The run, if this process reads its stream; null otherwise. */
  findStreamed({ tenant }: UpstreamContext, threadId: string, runId: string): LiveRun | null {
    const entry = this.#entries.get(toKey(tenant, threadId, runId));
    return entry?.reader.isStreaming ? entry.live : null;
  }

  /** A stream for a call that starts a run; call {@link adopt} afterwards. Null at the maximum of streams or of memory. */
  createStream({ tenant }: UpstreamContext): RunStream | null {
    return this.#streams < MAX_STREAMS && this.#hasMemory(tenant) ? new RunStream(null, false) : null;
  }

  /**
   * A stream for a call that continues a waiting run; call {@link adopt} afterwards. Null at the maximum of streams, or if
   * the earlier states of the run cannot be read.
   */
  async continueStream(context: UpstreamContext, run: WireRun): Promise<RunStream | null> {
    if (this.#streams >= MAX_STREAMS) return null;
    const known = this.#entries.get(toKey(context.tenant, run.thread_id, run.id));
    const live = known?.live ?? new LiveRun(run);
    // The events that are already read continue after the tool outputs.
    if (known?.reader.isFollowingEvents) return null;
    if (known?.live.run.status === 'requires_action') return new RunStream(live, false);
    const reader = known?.reader ?? this.#createReader(context, live);
    return (await reader.readOnce()) ? new RunStream(live, false) : null;
  }

  /** Follows a run through the stream that was opened for it, if upstream responded with one. */
  adopt(context: UpstreamContext, run: WireRun, stream: RunStream | null): void {
    if (!stream?.live || !stream.hasBegun) return;
    if (this.#cancellation.isCancelled) {
      stream.cancel();
      return;
    }
    const isKnown = this.#entries.has(toKey(context.tenant, run.thread_id, run.id));
    const entry = isKnown || this.#hasMemory(context.tenant) ? this.#getOrCreate(context, run, stream.live) : null;
    if (stream.live !== entry?.live) {
      stream.cancel();
      return;
    }
    this.#keep(entry);
    entry.lingers = true;
    entry.streams += 1;
    this.#streams += 1;
    void entry.reader.readStream(stream).finally(() => {
      entry.streams -= 1;
      this.#streams -= 1;
      this.#continue(entry);
      this.#release(entry);
    });
  }

  /**
   * Follows a run that was just read with the credential of `context`. `after`: null for all events.
   * `onEvent` is called before each event. Rejects with a PublicError if the run cannot be read, or at the maximum of memory.
   */
  async follow(
    context: UpstreamContext,
    run: WireRun,
    after: RunCursor | null,
    onEvent: (event: RunEvent) => void,
  ): Promise<RunFollower> {
    const isKnown = this.#entries.has(toKey(context.tenant, run.thread_id, run.id));
    if (!isKnown && !this.#hasMemory(context.tenant)) throw OVERLOADED;
    const entry = this.#getOrCreate(context, run, null);
    this.#keep(entry);
    entry.followers += 1;
    const onEnd = () => {
      entry.followers -= 1;
      this.#release(entry);
    };
    // A cursor of another process is resumed by the states of the run.
    if (after && after.instance !== entry.live.instance) {
      if (this.#options.upstream.isEmbedded) this.#continue(entry);
      await entry.reader.catchUp().catch((error: unknown) => {
        onEnd();
        throw error;
      });
    }
    const follower = new RunFollower(entry.live, after, { onEvent, onEnd });
    this.#continue(entry);
    return follower;
  }

  /** Stops reading from upstream. Followers get no more events. */
  close(): void {
    this.#cancellation.cancel();
    for (const entry of this.#entries.values()) {
      entry.reader.stop();
      if (entry.linger) clearTimeout(entry.linger);
    }
    this.#entries.clear();
  }

  #getOrCreate(context: UpstreamContext, run: WireRun, live: LiveRun | null): Entry {
    const key = toKey(context.tenant, run.thread_id, run.id);
    const existing = this.#entries.get(key);
    if (existing) return existing;
    const created = live ?? new LiveRun(run);
    const reader = this.#createReader(context, created);
    const { tenant } = context;
    const entry: Entry = { key, tenant, live: created, reader, followers: 0, streams: 0, lingers: false, linger: null };
    this.#entries.set(key, entry);
    return entry;
  }

  #createReader({ credential, tenant, subject, requestId }: UpstreamContext, live: LiveRun): RunReader {
    const { upstream, ...options } = this.#options;
    // The reader outlives the request, so it must not retain it.
    const context: UpstreamContext = {
      credential,
      tenant,
      subject,
      requestId,
      cancel: this.#cancellation,
      deadlineAt: Infinity,
    };
    return new RunReader(live, { ...upstream, context, snapshotMemory: this.#snapshotMemory }, options);
  }

  /** Polls the run, unless its stream is read. */
  #continue(entry: Entry): void {
    if (entry.followers === 0 || this.#cancellation.isCancelled) return;
    void entry.reader.poll().finally(() => {
      // The next follower reads a failed run again.
      if (entry.live.failure) this.#delete(entry);
    });
  }

  #release(entry: Entry): void {
    if (entry.followers > 0 || entry.linger || this.#cancellation.isCancelled) return;
    if (!entry.lingers) {
      this.#forget(entry);
      return;
    }
    if (entry.streams > 0) return;
    entry.linger = setTimeout(() => this.#forget(entry), LINGER_MS);
    entry.linger.unref();
  }

  /** Ends its time without followers, in which it would be forgotten. */
  #keep(entry: Entry): void {
    if (entry.linger) clearTimeout(entry.linger);
    entry.linger = null;
  }

  #forget(entry: Entry): void {
    this.#keep(entry);
    entry.reader.stop();
    this.#delete(entry);
  }

  /**
   * Whether a tenant may have one more run in memory. Each may have one, whatever the others have. Runs that linger make way
   * for it.
   */
  #hasMemory(tenant: string): boolean {
    const own = this.#bytesOf((entry) => entry.tenant === tenant);
    if (own === 0 || (this.bytes < MAX_BYTES && own < MAX_BYTES / 2)) return true;
    return this.#forgetLingering(tenant) && this.#hasMemory(tenant);
  }

  #bytesOf(isCounted: (entry: Entry) => boolean): number {
    let bytes = 0;
    for (const entry of this.#entries.values()) if (isCounted(entry)) bytes += entry.live.bytes;
    return bytes;
  }

  /** False if the tenant has no run that lingers. */
  #forgetLingering(tenant: string): boolean {
    const lingering = [...this.#entries.values()].filter((entry) => entry.linger && entry.tenant === tenant);
    for (const entry of lingering) this.#forget(entry);
    return lingering.length > 0;
  }

  #delete(entry: Entry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
  }
}

const toKey = (tenant: string, threadId: string, runId: string): string => `${tenant} ${threadId} ${runId}`;

const OVERLOADED = new PublicError({
  code: 'OVERLOADED',
  message: 'The limit of memory for runs that are followed is reached: try again later.',
  retryable: true,
});
