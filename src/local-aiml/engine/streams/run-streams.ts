/** Owns the streams of runs in this process: the followers of each run, and how a stream begins and is cut. */
import type { OutgoingHttpHeaders } from 'node:http';
import type { FastifyReply } from 'fastify';
import type { HttpExchange } from '../../../runtime/connection.ts';
import { ApiError, invalid } from '../../api/api-error.ts';
import type { RunSnapshot, WorkStore } from '../../store/work-store.ts';
import type { LiveRuns } from '../live-runs.ts';
import { parseCursor, START, toFrame, type Position } from './cursor.ts';
import { follow, type Follower, type FollowerTimings } from './follower.ts';
import { isPositionOf, positionOfSubmit } from './projection.ts';
import { RunFeed, type FeedParts } from './run-feed.ts';
import { NotificationQueue } from './notification-queue.ts';

export interface StreamRequest {
  readonly runId: string;
  /**
   * `created`: from `thread.run.created` on, after `thread.created` if there is a `threadJson`. `submitted`: from the completed
   * tool step on. `joined`: from the objects as they are now.
   */
  readonly from: 'created' | 'submitted' | 'joined';
  /** The thread that was made with the run, as it is sent in `thread.created`. */
  readonly threadJson?: string;
  /** The id of the last event that the client has, where it resumes. */
  readonly after?: string | undefined;
}

export class RunStreams {
  readonly #parts: FeedParts;
  readonly #timings: FollowerTimings;
  readonly #feeds = new Map<string, RunFeed>();
  readonly #followers = new Set<Follower>();
  #isStopping = false;

  constructor(work: WorkStore, liveRuns: LiveRuns, timings: FollowerTimings = { heartbeatMs: 10_000 }) {
    this.#parts = { work, liveRuns, queue: new NotificationQueue() };
    this.#timings = timings;
  }

  /**
   * Sends server-sent events until the run ends, the client disconnects or, unless `joined`, the run waits for outputs. Takes
   * over the response, headers included. Rejects with an ApiError, before anything is sent, for an unknown `after`.
   */
  async open(request: StreamRequest, reply: FastifyReply, exchange: HttpExchange): Promise<void> {
    const feed = this.#feedOf(request.runId);
    const release = feed.hold();
    try {
      // The outputs that were just submitted may not be in what is watched yet.
      if (!feed.isWatched || request.from === 'submitted') await feed.refresh();
      // Checked here: what begins after `stop` would not be cut.
      if (this.#isStopping) throw new ApiError(503, 'The server is stopping. Try again.');
      this.#begin(feed, request, reply, exchange);
    } finally {
      release();
    }
  }

  /** Throws an ApiError, before anything is sent, for an unknown `after`. */
  #begin(feed: RunFeed, request: StreamRequest, reply: FastifyReply, exchange: HttpExchange): void {
    const position = toPosition(request, feed.view);
    reply.hijack();
    const { raw } = reply;
    // Its 'close' may have been emitted, and nothing else would end the follower.
    if (raw.destroyed) return;
    raw.writeHead(200, {
      ...(reply.getHeaders() as OutgoingHttpHeaders),
      'content-type': 'text/event-stream; charset=utf-8',
      'cache-control': 'no-store, no-transform',
      'x-accel-buffering': 'no',
    });
    if (request.threadJson !== undefined) raw.write(toFrame('thread.created', position, request.threadJson));
    const follower = follow(feed, raw, exchange, position, request.from !== 'joined', this.#timings);
    this.#followers.add(follower);
    raw.on('close', () => this.#followers.delete(follower));
  }

  /** Resolves once the followers of the run have its state as it is stored now. Does not reject. */
  async refresh(runId: string): Promise<void> {
    const feed = this.#feeds.get(runId);
    await feed?.refresh().catch(() => undefined);
  }

  /** Cuts all streams. */
  stop(): void {
    this.#isStopping = true;
    for (const follower of [...this.#followers]) follower.cut();
  }

  #feedOf(runId: string): RunFeed {
    const known = this.#feeds.get(runId);
    if (known) return known;
    const feed = new RunFeed(runId, this.#parts, () => this.#feeds.delete(runId));
    this.#feeds.set(runId, feed);
    return feed;
  }
}

/** Throws an ApiError for a cursor that is none of this run. */
function toPosition({ after, from }: StreamRequest, view: RunSnapshot | undefined): Position {
  if (!view) throw new ApiError(404, 'The run was deleted.');
  if (after !== undefined) {
    const position = parseCursor(after);
    if (!position || !isPositionOf(view, position)) throw invalid('after', 'the id of an event of this run');
    return position;
  }
  return (from === 'submitted' ? positionOfSubmit(view) : undefined) ?? START;
}
