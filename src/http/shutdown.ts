/**
 * Graceful shutdown: requests in flight finish, and idle keep-alive connections stay open for a while because a request may
 * be on its way.
 */
import { Server as NetServer } from 'node:net';
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Server as HttpServer } from 'node:http';

export interface Lifecycle {
  state: 'starting' | 'ready' | 'draining';
}

/**
 * How long idle connections stay open, in milliseconds since the drain began. Requests that arrive on them get a response
 * that closes the connection.
 */
const LINGER_MS = 1000;
const CHECK_EVERY_MS = 20;
/** The wait for forced closes, in milliseconds. */
const FORCED_CLOSE_MS = 200;
/** How long connections are still accepted at most, in milliseconds. */
const ACCEPT_MS = 3000;

/**
 * Accepts the connections that wait, and stops listening. Resolves when all connections are closed, which is forced after
 * `timeoutMs`.
 */
export async function drain(servers: readonly HttpServer[], timeoutMs: number): Promise<void> {
  await Promise.all(servers.map((server) => drainOne(server, timeoutMs)));
}

async function drainOne(server: HttpServer, timeoutMs: number): Promise<void> {
  const startedAt = performance.now();
  const isPast = (ms: number) => performance.now() - startedAt >= ms;
  await acceptWaiting(server, () => isPast(Math.min(ACCEPT_MS, timeoutMs)));
  const listener = { isClosed: false };
  // http.Server.close also closes idle connections, which would lose a request just sent on one of them.
  NetServer.prototype.close.call(server, () => {
    listener.isClosed = true;
  });
  while (!listener.isClosed && !isPast(timeoutMs + FORCED_CLOSE_MS)) {
    await sleep(CHECK_EVERY_MS);
    if (isPast(Math.min(LINGER_MS, timeoutMs))) server.closeIdleConnections();
    if (isPast(timeoutMs)) server.closeAllConnections();
  }
}

/**
 * The kernel resets the connections that wait to be accepted when the listening socket is closed, with the requests on them.
 * Node.js accepts one in each turn of the event loop. The first turn may be one whose polling has ended.
 */
async function acceptWaiting(server: HttpServer, isTooLate: () => boolean): Promise<void> {
  let idleTurns = 0;
  const onConnection = () => {
    idleTurns = 0;
  };
  server.on('connection', onConnection);
  while (idleTurns < 2 && !isTooLate()) {
    idleTurns += 1;
    await nextTurn();
  }
  server.off('connection', onConnection);
}
