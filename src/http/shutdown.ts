/** How the HTTP server ends: nobody who is being served, or is about to send on a connection he holds, is cut off. */
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server as HttpServer } from 'node:http';

/**
 * How long connections that are idle when listening ends are kept, in milliseconds. Their owners may have a request on
 * the way, and can see on them that the service is draining.
 */
const LINGER_MS = 1000;
const CHECK_EVERY_MS = 20;
/** How long connections may take to close when they are forced to, in milliseconds. */
const FORCED_CLOSE_MS = 200;

export interface DrainOptions {
  /** The longest that requests in flight may take after listening ended, in milliseconds. */
  readonly timeoutMs: number;
}

/** Stops listening at once; resolves when the last connection is closed, which is forced after `timeoutMs`. */
export async function drain(servers: readonly HttpServer[], options: DrainOptions): Promise<void> {
  await Promise.all(servers.map((server) => drainOne(server, options)));
}

async function drainOne(server: HttpServer, { timeoutMs }: DrainOptions): Promise<void> {
  const listener = { isClosed: false };
  // http.Server's own close also closes idle connections, and a request just sent on one of them would be lost.
  NetServer.prototype.close.call(server, () => {
    listener.isClosed = true;
  });
  const startedAt = performance.now();
  const isPast = (ms: number) => performance.now() - startedAt >= ms;
  while (!listener.isClosed && !isPast(timeoutMs + FORCED_CLOSE_MS)) {
    await sleep(CHECK_EVERY_MS);
    if (isPast(Math.min(LINGER_MS, timeoutMs))) server.closeIdleConnections();
    if (isPast(timeoutMs)) server.closeAllConnections();
  }
}

/** The address could not be opened. The message is one line for people and holds no value of a setting. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}
