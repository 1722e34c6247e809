/**
 * The runs that this process follows: one stream or one poll of upstream for each, however many followers it has.
 *
 * A run belongs to the tenant that follows it, and is never shown to another one. Where its stream ends before the run
 * does, the run is followed by its events, where upstream has them, and by polling otherwise.
 */
import type { UpstreamContext } from '../call.ts';
import { CancellationToken } from '../../runtime/cancellation.ts';
import type { WireRun } from '../resources/run.ts';
import type { RunCursor } from './cursor.ts';
import { LiveRun } from './live-run.ts';
import type { RunEvent } from './run-event.ts';
import { RunFollower } from './run-follower.ts';
import { RunReader, type ReaderAccess, type RunReaderOptions } from './run-reader.ts';
import { RunStream } from './run-stream.ts';

/** How long a run that was started here is kept without followers, in milliseconds: most clients subscribe at once. */
const LINGER_MS = 30_000;
/** How many runs are streamed from upstream at a time; further ones are followed by polling. */
const MAX_STREAMS = 1000;

interface Entry {
  readonly key: string;
  readonly live: LiveRun;
  readonly reader: RunReader;
  followers: number;
  /** Whether it is kept for a while without followers. */
  lingers: boolean;
  linger: NodeJS.Timeout | null;
}

interface RunHubOptions extends RunReaderOptions {
  readonly upstream: Omit<ReaderAccess, 'context'>;
}

export class RunHub {
  readonly #options: RunHubOptions;
  readonly #entries = new Map<string, Entry>();
  readonly #cancellation = new CancellationToken();
  #streams = 0;

  constructor(options: RunHubOptions) {
    this.#options = options;
  }

  /** How many runs are followed, or were a moment ago. */
  get size(): number {
    return this.#entries.size;
  }

  /** The run where its stream is read here; null otherwise. */
  findStreamed({ tenant }: UpstreamContext, threadId: string, runId: string): LiveRun | null {
    const entry = this.#entries.get(toKey(tenant, threadId, runId));
    return entry?.reader.isStreaming ? entry.live : null;
  }

  /** A stream for a call that starts a run; {@link adopt} follows. Null where enough runs are streamed. */
  createStream(): RunStream | null {
    return this.#streams < MAX_STREAMS ? new RunStream(null, false) : null;
  }

  /**
   * A stream for a call that lets a waiting run go on; {@link adopt} follows. Null where enough runs are streamed, or where
   * what the run did before cannot be read.
   */
  async continueStream(context: UpstreamContext, run: WireRun): Promise<RunStream | null> {
    if (this.#streams >= MAX_STREAMS) return null;
    const known = this.#entries.get(toKey(context.tenant, run.thread_id, run.id));
    const live = known?.live ?? new LiveRun(run);
    // The events that are read of the run already go on behind its outputs.
    if (known?.reader.isFollowingEvents) return null;
    if (known?.live.run.status === 'requires_action') return new RunStream(live, false);
    const reader = known?.reader ?? this.#createReader(context, live);
    return (await reader.readOnce()) ? new RunStream(live, false) : null;
  }

  /** Follows a run through the stream that was opened for it, where upstream gave one. */
  adopt(context: UpstreamContext, run: WireRun, stream: RunStream | null): void {
    if (!stream?.live || !stream.hasBegun) return;
    if (this.#cancellation.isCancelled) {
      stream.cancel();
      return;
    }
    const entry = this.#getOrCreate(context, run, stream.live);
    if (stream.live !== entry.live) {
      stream.cancel();
      return;
    }
    entry.lingers = true;
    this.#streams += 1;
    void entry.reader.readStream(stream).finally(() => {
      this.#streams -= 1;
      this.#continue(entry);
      this.#release(entry);
    });
    this.#release(entry);
  }

  /**
   * Follows a run that upstream has just been asked for with the credential of `caller`. `after`: null from the beginning.
   * `onEvent` is called before each event. Rejects with a PublicError where the run cannot be read.
   */
  async follow(
    context: UpstreamContext,
    run: WireRun,
    after: RunCursor | null,
    onEvent: (event: RunEvent) => void,
  ): Promise<RunFollower> {
    const entry = this.#getOrCreate(context, run, null);
    if (entry.linger) clearTimeout(entry.linger);
    entry.linger = null;
    entry.followers += 1;
    const onEnd = () => {
      entry.followers -= 1;
      this.#release(entry);
    };
    // What a cursor of another process has seen is found in what is known of the run.
    if (after && after.instance !== entry.live.instance)
      await entry.reader.readFirst().catch((error: unknown) => {
        onEnd();
        throw error;
      });
    const follower = new RunFollower(entry.live, after, { onEvent, onEnd });
    this.#continue(entry);
    return follower;
  }

  /** Ends all reading from upstream. Followers get nothing more. */
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
    const entry: Entry = { key, live: created, reader, followers: 0, lingers: false, linger: null };
    this.#entries.set(key, entry);
    return entry;
  }

  #createReader({ credential, tenant, subject, requestId }: UpstreamContext, live: LiveRun): RunReader {
    const { upstream, ...options } = this.#options;
    // Nothing of the request stays with what outlives it.
    const context: UpstreamContext = {
      credential,
      tenant,
      subject,
      requestId,
      cancel: this.#cancellation,
      deadlineAt: Infinity,
    };
    return new RunReader(live, { ...upstream, context }, options);
  }

  /** Reads on by other means where no stream is read. */
  #continue(entry: Entry): void {
    if (entry.followers === 0 || this.#cancellation.isCancelled) return;
    void entry.reader.poll().finally(() => {
      // One that failed is looked up anew by who comes next.
      if (entry.live.failure) this.#delete(entry);
    });
  }

  #release(entry: Entry): void {
    if (entry.followers > 0 || entry.linger || this.#cancellation.isCancelled) return;
    if (!entry.lingers) {
      entry.reader.stop();
      this.#delete(entry);
      return;
    }
    if (entry.reader.isStreaming) return;
    entry.linger = setTimeout(() => {
      entry.linger = null;
      if (entry.followers === 0) this.#delete(entry);
    }, LINGER_MS);
    entry.linger.unref();
  }

  #delete(entry: Entry): void {
    if (this.#entries.get(entry.key) === entry) this.#entries.delete(entry.key);
  }
}

const toKey = (tenant: string, threadId: string, runId: string): string => `${tenant} ${threadId} ${runId}`;
