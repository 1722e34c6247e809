/**
 * One stream of a run to one client. It writes the next event as long as the client reads. Unread events are not queued,
 * because they can be derived from the run at any time. The exchange knows what is unsent, and disconnects a client that stops
 * reading.
 */
import type { ServerResponse } from 'node:http';
import type { HttpExchange } from '../../../runtime/connection.ts';
import { HEARTBEAT, toErrorFrame, toFrame, type Position } from './cursor.ts';
import { isEnd } from './projection.ts';
import type { RunFeed } from './run-feed.ts';

export interface FollowerTimings {
  /** After so much silence a comment is sent, so that nothing on the way takes the connection for dead. */
  readonly heartbeatMs: number;
}

export interface Follower {
  /** There may be more to send. */
  onChange(): void;
  /** The run cannot be read. */
  onError(): void;
  /** Cuts the connection, so that the client does not take it for the end, and can resume. */
  cut(): void;
}

/** Sends what follows `start`. The head of the response was written, and its connection is open. */
export function follow(
  feed: RunFeed,
  response: ServerResponse,
  exchange: HttpExchange,
  start: Position,
  endsAtRequiresAction: boolean,
  { heartbeatMs }: FollowerTimings,
): Follower {
  let position = start;
  let isBlocked = false;
  let isDone = false;
  const heartbeat = setInterval(() => {
    if (!isBlocked) write(HEARTBEAT);
  }, heartbeatMs);

  const stop = (): void => {
    isDone = true;
    clearInterval(heartbeat);
    feed.delete(follower);
  };
  const follower: Follower = {
    onChange() {
      while (!isBlocked && !isDone) {
        const next = feed.next(position);
        if (!next) return;
        position = next.position;
        heartbeat.refresh();
        write(next.frame);
        const isWaiting = position.status === 'requires_action' && position.phase !== 0;
        if (isEnd(position.status) || (endsAtRequiresAction && isWaiting)) end(toFrame('done', position, '[DONE]'));
      }
    },
    onError: () => end(toErrorFrame('The run cannot be followed at the moment. It continues.')),
    cut() {
      stop();
      response.destroy();
    },
  };
  const write = (frame: Buffer | string, onSent?: () => void): void => {
    const bytes = Buffer.byteLength(frame);
    exchange.progress(-bytes);
    isBlocked = !response.write(frame, () => {
      exchange.progress(bytes);
      onSent?.();
    });
  };
  const end = (frame: string): void => {
    if (isDone) return;
    stop();
    write(frame, () => response.end());
  };

  response.on('close', stop);
  response.on('error', stop);
  response.on('drain', () => {
    if (isDone) return;
    isBlocked = false;
    follower.onChange();
  });
  exchange.beginStream();
  feed.add(follower);
  if (isEnd(position.status)) end(toFrame('done', position, '[DONE]'));
  else follower.onChange();
  return follower;
}
