/**
 * One stream of a run to one client. It writes the next event as long as the client reads. Unread events are not queued,
 * because they can be derived from the run at any time. A client that stops reading is disconnected after a while.
 */
import type { ServerResponse } from 'node:http';
import type { Position } from './cursor.ts';
import { HEARTBEAT, toDoneFrame, toErrorFrame } from './frames.ts';
import { isEnd } from './projection.ts';
import type { RunFeed } from './run-feed.ts';

export interface FollowerTimings {
  /** After so much silence a comment is sent, so that nothing on the way takes the connection for dead. */
  readonly heartbeatMs: number;
  /** A client that has taken nothing for so long is disconnected. */
  readonly stallMs: number;
}

export const DEFAULT_TIMINGS: FollowerTimings = { heartbeatMs: 10_000, stallMs: 30_000 };

export class Follower {
  readonly #feed: RunFeed;
  readonly #response: ServerResponse;
  readonly #endsAtRequiresAction: boolean;
  readonly #timings: FollowerTimings;
  #position: Position;
  #isBlocked = false;
  #isDone = false;
  #heartbeat: NodeJS.Timeout | undefined;
  #stall: NodeJS.Timeout | undefined;

  constructor(
    feed: RunFeed,
    response: ServerResponse,
    position: Position,
    endsAtRequiresAction: boolean,
    timings: FollowerTimings,
  ) {
    this.#feed = feed;
    this.#response = response;
    this.#position = position;
    this.#endsAtRequiresAction = endsAtRequiresAction;
    this.#timings = timings;
  }

  /** The head of the response was written. */
  start(): void {
    this.#response.on('drain', () => this.#onDrain());
    this.#response.on('close', () => this.stop());
    this.#response.on('error', () => this.stop());
    if (this.#response.destroyed) {
      this.stop();
      return;
    }
    this.#feed.add(this);
    this.#heartbeat = setInterval(() => {
      if (!this.#isBlocked) this.#write(HEARTBEAT);
    }, this.#timings.heartbeatMs);
    if (isEnd(this.#position.status)) this.#end(toDoneFrame(this.#position));
    else this.onChange();
  }

  /** There may be more to send. */
  onChange(): void {
    while (!this.#isBlocked && !this.#isDone) {
      const next = this.#feed.next(this.#position);
      if (!next) return;
      this.#position = next.position;
      this.#heartbeat?.refresh();
      this.#write(next.frame);
      if (this.#isAtEnd()) this.#end(toDoneFrame(this.#position));
    }
  }

  /** The run cannot be read. */
  onError(): void {
    this.#end(toErrorFrame('The run cannot be followed at the moment. It continues.'));
  }

  /** Cuts the connection, so that the client does not take it for the end, and can resume. */
  cut(): void {
    this.stop();
    this.#response.destroy();
  }

  stop(): void {
    this.#isDone = true;
    clearInterval(this.#heartbeat);
    clearTimeout(this.#stall);
    this.#feed.delete(this);
  }

  #isAtEnd(): boolean {
    const { status } = this.#position;
    return isEnd(status) || (this.#endsAtRequiresAction && status === 'requires_action' && this.#position.phase !== 0);
  }

  #end(frame: string): void {
    if (this.#isDone) return;
    this.#isDone = true;
    clearInterval(this.#heartbeat);
    this.#feed.delete(this);
    this.#response.end(frame);
    // What is left is in the socket; a client that does not take it is cut as well.
    clearTimeout(this.#stall);
    this.#stall = setTimeout(() => this.#response.destroy(), this.#timings.stallMs);
    this.#response.on('close', () => clearTimeout(this.#stall));
  }

  #write(frame: string): void {
    if (this.#response.write(frame)) return;
    this.#isBlocked = true;
    this.#stall = setTimeout(() => this.cut(), this.#timings.stallMs);
  }

  #onDrain(): void {
    this.#isBlocked = false;
    clearTimeout(this.#stall);
    this.onChange();
  }
}
