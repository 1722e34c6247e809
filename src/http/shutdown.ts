/**
 * Graceful shutdown: requests in flight finish, and idle keep-alive connections stay open for a while because a request may
 * be on its way.
 */
import { Server as NetServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Server as HttpServer } from 'node:http';

/**
 * How long idle connections stay open after listening ends, in milliseconds. Requests that arrive on them get a response
 * that closes the connection.
 */
const LINGER_MS = 1000;
const CHECK_EVERY_MS = 20;
/** The wait for forced closes, in milliseconds. */
const FORCED_CLOSE_MS = 200;

interface DrainOptions {
  /** How long requests in flight may take after listening ends, in milliseconds. */
  readonly timeoutMs: number;
}

/** Stops listening at once. Resolves when all connections are closed, which is forced after `timeoutMs`. */
export async function drain(servers: readonly HttpServer[], options: DrainOptions): Promise<void> {
  await Promise.all(servers.map((server) => drainOne(server, options)));
}

async function drainOne(server: HttpServer, { timeoutMs }: DrainOptions): Promise<void> {
  const listener = { isClosed: false };
  // http.Server.close also closes idle connections, which would lose a request just sent on one of them.
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
