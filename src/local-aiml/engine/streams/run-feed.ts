/** Owns the state of one run that has followers in this process: it is read once for all of them, however many there are. */
import { nowSeconds } from '../../wire/unix-time.ts';
import type { RunSnapshot, WorkStore } from '../../store/work-store.ts';
import type { LiveRuns } from '../live-runs.ts';
import { toCursor, toFrame, type Position } from './cursor.ts';
import { nextEvent } from './projection.ts';
import type { Follower } from './follower.ts';
import { asDeleted, withLive, withSeenText } from './run-view.ts';
import type { NotificationQueue } from './notification-queue.ts';

/** What all feeds share. */
export interface FeedParts {
  readonly work: WorkStore;
  readonly liveRuns: LiveRuns;
  readonly queue: NotificationQueue;
}

/** A frame, and where a follower stands once it has it. */
interface SharedEvent {
  /** Encoded once: its followers share the bytes as long as they are unsent. */
  readonly frame: Buffer;
  readonly position: Position;
}

/** Late followers replay; what they share is not kept beyond this. */
const MAX_SHARED_EVENTS = 64;
const READ_ATTEMPTS = 5;
const READ_RETRY_MS = 500;

export class RunFeed {
  readonly #runId: string;
  readonly #parts: FeedParts;
  readonly #onIdle: () => void;
  readonly #followers = new Set<Follower>();
  #stopWatching: (() => void) | undefined;
  #stored: RunSnapshot | undefined;
  #shown: RunSnapshot | undefined;
  /** The last view that followers may have seen. Its text may be newer than what is stored. */
  #seen: RunSnapshot | undefined;
  #isStale = true;
  #isScheduled = false;
  /** The last read that has begun. */
  #reading: Promise<void> = Promise.resolve();
  /** The read that begins when that one has ended. */
  #next: Promise<void> | undefined;
  /** How many streams are being opened. */
  #holders = 0;
  /** Of the view that is shown now. */
  readonly #events = new Map<string, SharedEvent | undefined>();

  /** `onIdle` is called when it has neither followers nor streams that are being opened. */
  constructor(runId: string, parts: FeedParts, onIdle: () => void) {
    this.#runId = runId;
    this.#parts = parts;
    this.#onIdle = onIdle;
  }

  /** Undefined before the run was read, and where there is no such run. */
  get view(): RunSnapshot | undefined {
    if (!this.#shown && this.#stored) {
      const view = withLive(this.#stored, this.#parts.liveRuns.get(this.#runId));
      this.#seen = this.#shown = withSeenText(view, this.#seen);
    }
    return this.#shown;
  }

  /** Whether it has followers, which are notified of every change. */
  get isWatched(): boolean {
    return this.#followers.size > 0;
  }

  add(follower: Follower): void {
    this.#followers.add(follower);
    if (this.#stopWatching) return;
    this.#stopWatching = this.#parts.work.watch(this.#runId, () => {
      this.#isStale = true;
      this.#schedule();
    });
    this.#parts.liveRuns.listen(this.#runId, () => this.#schedule());
    // What was read before the watch began may have changed since.
    this.#isStale = true;
    this.#schedule();
  }

  delete(follower: Follower): void {
    if (!this.#followers.delete(follower) || this.#followers.size > 0) return;
    this.#stopWatching?.();
    this.#stopWatching = undefined;
    this.#parts.liveRuns.unlisten(this.#runId);
    this.#checkIdle();
  }

  /** Keeps it while a stream is being opened. Returns a function that ends that. */
  hold(): () => void {
    this.#holders++;
    return () => {
      this.#holders--;
      this.#checkIdle();
    };
  }

  #checkIdle(): void {
    if (this.#followers.size === 0 && this.#holders === 0) this.#onIdle();
  }

  /** Reads what is stored now. Rejects if it cannot be read. */
  refresh(): Promise<void> {
    this.#isStale = true;
    return this.#read();
  }

  /** The event behind `from` as it is sent, and where it leads. Followers at the same position share it. */
  next(from: Position): SharedEvent | undefined {
    const { view } = this;
    if (!view) return undefined;
    const key = toCursor(from);
    if (this.#events.has(key)) return this.#events.get(key);
    const event = nextEvent(view, from);
    const shared = event && {
      frame: Buffer.from(toFrame(event.event, event.position, JSON.stringify(event.data))),
      position: event.position,
    };
    if (this.#events.size < MAX_SHARED_EVENTS) this.#events.set(key, shared);
    return shared;
  }

  /** Changes of one turn of the event loop are one notification. */
  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    this.#parts.queue.add(() => {
      this.#isScheduled = false;
      if (!this.isWatched) return;
      void this.#notify();
    });
  }

  async #notify(): Promise<void> {
    this.#shown = undefined;
    this.#events.clear();
    try {
      await this.#read();
    } catch {
      for (const follower of [...this.#followers]) follower.onError();
      return;
    }
    for (const follower of [...this.#followers]) follower.onChange();
  }

  /**
   * Resolves once a read has ended that began after the last change. Later changes are not waited for: they may come faster
   * than reads end.
   */
  #read(): Promise<void> {
    if (!this.#isStale) return this.#reading;
    return (this.#next ??= this.#reading
      .catch(() => undefined)
      .then(() => {
        this.#next = undefined;
        return (this.#reading = this.#readStored());
      }));
  }

  async #readStored(): Promise<void> {
    for (let attempt = 1; ; attempt++) {
      this.#isStale = false;
      try {
        const snapshot = await this.#parts.work.snapshot(this.#runId);
        if (snapshot) this.#stored = snapshot;
        else if (this.#stored) this.#stored = asDeleted(this.#seen ?? this.#stored, nowSeconds());
        this.#shown = undefined;
        this.#events.clear();
        return;
      } catch (error) {
        this.#isStale = true;
        if (!this.isWatched || attempt === READ_ATTEMPTS) throw error;
        await new Promise((resolve) => setTimeout(resolve, READ_RETRY_MS));
      }
    }
  }
}
