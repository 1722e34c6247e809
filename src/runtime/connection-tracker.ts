/**
 * Tracks the connections of all clients. It limits unread responses in bytes and in time, and decides whether a connection
 * that receives invalid data gets an error response or is closed.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Connection, HttpExchange, type UnsentObserver, type UnsentSource } from './connection.ts';

/** How long a client may read nothing of a pending response, in milliseconds. */
const STALL_TIMEOUT_MS = 30_000;
/**
 * The limit of unsent bytes of all responses. Above it, the connections that have stalled longest are closed: delaying
 * responses that exist already would save no memory.
 */
const MAX_UNSENT_BYTES = 64 * 1024 * 1024;
/** The number of checks for stalled clients per time-out. */
const CHECKS_PER_TIMEOUT = 30;

type DisconnectReason = 'STALLED' | 'TOO_MUCH_UNSENT';

interface ConnectionTrackerOptions {
  /** How long a client may read nothing of a response, in milliseconds; 30 s by default. */
  readonly stallTimeoutMs?: number | undefined;
  /** The limit of unsent bytes of all responses; 64 MiB by default. */
  readonly maxUnsentBytes?: number | undefined;
  /** Called when a client was disconnected because it did not read its responses. `caller` as in {@link UnsentSource}. */
  readonly onDisconnect: (reason: DisconnectReason, caller: string | null) => void;
}

export class ConnectionTracker implements UnsentObserver {
  readonly #bySocket = new WeakMap<Duplex, Connection>();
  readonly #unread = new Set<UnsentSource>();
  readonly #stallTimeoutMs: number;
  readonly #maxUnsentBytes: number;
  readonly #onDisconnect: ConnectionTrackerOptions['onDisconnect'];
  readonly #timer: NodeJS.Timeout;
  #unsentBytes = 0;

  constructor(options: ConnectionTrackerOptions) {
    const { stallTimeoutMs = STALL_TIMEOUT_MS, maxUnsentBytes = MAX_UNSENT_BYTES, onDisconnect } = options;
    this.#stallTimeoutMs = stallTimeoutMs;
    this.#maxUnsentBytes = maxUnsentBytes;
    this.#onDisconnect = onDisconnect;
    this.#timer = setInterval(() => this.#disconnectStalled(), stallTimeoutMs / CHECKS_PER_TIMEOUT).unref();
  }

  /** The bytes of all responses that have not reached the operating system. */
  get unsentBytes(): number {
    this.#refresh();
    return this.#unsentBytes;
  }

  /** Call it for each request when its headers have arrived. */
  begin(request: IncomingMessage, response: ServerResponse): HttpExchange {
    const { socket } = request;
    let connection = this.#bySocket.get(socket);
    if (!connection) this.#bySocket.set(socket, (connection = new Connection(socket, this)));
    return new HttpExchange(connection, request, response);
  }

  /**
   * Whether an error response may be written to a socket that received invalid data, or timed out (`isTimeout`). If the
   * client would match it with another request, the connection is closed instead: at once, or after a time-out when the
   * requests in flight have their responses.
   */
  maySendError(socket: Duplex, isTimeout: boolean): boolean {
    const connection = this.#bySocket.get(socket);
    if (!connection || connection.isAwaitingResponse) return true;
    const inFlight = isTimeout ? connection.lastInFlight : null;
    if (inFlight) inFlight.onEnded(() => connection.destroy());
    else connection.destroy();
    return false;
  }

  /** Calls `listener` when the requests that have arrived on the socket have their responses; at once if there are none. */
  whenFinished(socket: Duplex, listener: () => void): void {
    const last = this.#bySocket.get(socket)?.lastUnfinished;
    if (last) last.onEnded(listener);
    else listener();
  }

  unsentChanged(connection: UnsentSource, bytes: number): void {
    this.#unsentBytes += bytes;
    if (connection.unsentBytes > 0) this.#unread.add(connection);
    else this.#unread.delete(connection);
    if (bytes > 0 && this.#unsentBytes > this.#maxUnsentBytes) this.#disconnectSlowest();
  }

  /** Call it when no more requests arrive. */
  close(): void {
    clearInterval(this.#timer);
  }

  #refresh(): void {
    for (const connection of this.#unread) connection.refresh();
  }

  #disconnectStalled(): void {
    this.#refresh();
    const now = performance.now();
    for (const connection of this.#unread) {
      const { stalledSince } = connection;
      if (stalledSince !== null && now - stalledSince >= this.#stallTimeoutMs) this.#disconnect(connection, 'STALLED');
    }
  }

  #disconnectSlowest(): void {
    this.#refresh();
    const stalled = [...this.#unread].flatMap((connection) => {
      const { stalledSince } = connection;
      return stalledSince === null ? [] : [{ connection, stalledSince }];
    });
    stalled.sort((left, right) => left.stalledSince - right.stalledSince);
    for (const { connection } of stalled) {
      if (this.#unsentBytes <= this.#maxUnsentBytes) return;
      this.#disconnect(connection, 'TOO_MUCH_UNSENT');
    }
  }

  #disconnect(connection: UnsentSource, reason: DisconnectReason): void {
    connection.isCut = true;
    connection.destroy();
    this.#onDisconnect(reason, connection.caller);
  }
}
