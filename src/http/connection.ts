/**
 * One connection of a client and its requests in flight. It owns the one notification that everything of a request is
 * released by: a request has ended when its response was sent or its connection was closed, whichever comes first.
 *
 * Node emits no 'close' on a response that is queued behind another one when their connection closes, so the socket's
 * own 'close' is listened to as well.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * A pipelined request is read and executed when the ones before it have their responses, and when no more than this of
 * these responses is unsent, in bytes. Until then the rest stays with the client, as Node stops reading the connection.
 */
const MAX_UNSENT_AHEAD_BYTES = 8 * 1024 * 1024;

/** About what the headers of a response take, in bytes. It keeps responses without a body from being free. */
const RESPONSE_HEAD_BYTES = 512;

/** Node's own time-out of sockets looks at the same number: what of the writes to a socket the system has not taken yet. */
type QueueingSocket = Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null };

export interface UnsentObserver {
  /** The unsent bytes of a connection have changed by `bytes`. */
  unsentChanged(connection: Connection, bytes: number): void;
}

export class Connection {
  readonly #socket: QueueingSocket;
  readonly #observer: UnsentObserver;
  /** In the order of the requests, which is that of their responses. */
  readonly #exchanges = new Set<HttpExchange>();
  #progressAt = 0;
  #unsentBytes = 0;
  /** How many exchanges wait for their turn. */
  #waiting = 0;

  constructor(socket: QueueingSocket, observer: UnsentObserver) {
    this.#socket = socket;
    this.#observer = observer;
    socket.once('close', () => this.#endAll());
  }

  /** How much of its responses had not reached the operating system at the last {@link refresh}, in bytes. */
  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  /**
   * Since when the client has been reading nothing of a response that waits for it, on `performance.now()`; null where
   * the next response is not made yet.
   */
  get stalledSince(): number | null {
    const [current] = this.#exchanges;
    const respondedAt = current?.respondedAt ?? null;
    return respondedAt === null ? null : Math.max(respondedAt, this.#progressAt);
  }

  /** Whether it has one request in flight and no more. */
  get hasOneRequest(): boolean {
    return this.#exchanges.size === 1;
  }

  /** The last request that will get a response of its own; null where there is none. */
  get lastInFlight(): HttpExchange | null {
    return [...this.#exchanges].reverse().find(({ isInFlight }) => isInFlight) ?? null;
  }

  /** Whether a client takes a response that is written to the socket now for the one to what arrives at present. */
  get isAwaitingResponse(): boolean {
    const [current, ...others] = this.#exchanges;
    return !current || (others.length === 0 && !current.isInFlight && !current.hasResponse);
  }

  add(exchange: HttpExchange): void {
    this.#exchanges.add(exchange);
  }

  /** Called once for each exchange that was added. */
  remove(exchange: HttpExchange): void {
    this.#exchanges.delete(exchange);
    const now = performance.now();
    this.#progressAt = now;
    this.changeUnsent(-exchange.unsentBytes, now);
  }

  /** `now` is on `performance.now()`. */
  changeUnsent(bytes: number, now: number): void {
    // A client that had read everything has not been reading nothing since then.
    if (bytes < 0 || this.#unsentBytes === 0) this.#progressAt = now;
    this.#unsentBytes += bytes;
    if (bytes !== 0) this.#observer.unsentChanged(this, bytes);
    this.grantNextTurn();
  }

  /** Looks at how much of the current response has reached the operating system. */
  refresh(): void {
    const [current] = this.#exchanges;
    if (!current?.isWritten) return;
    const sentBytes = current.unsentBytes - (this.#socket._handle?.writeQueueSize ?? 0);
    if (sentBytes > 0) current.progress(sentBytes);
  }

  /** Lets the first request that has no response yet be worked on, if it waits for that and may. */
  grantNextTurn(): void {
    if (this.#waiting === 0 || this.#unsentBytes > MAX_UNSENT_AHEAD_BYTES) return;
    for (const exchange of this.#exchanges)
      if (exchange.respondedAt === null) {
        exchange.grantTurn();
        return;
      }
  }

  waiterAdded(): void {
    this.#waiting += 1;
  }

  waiterRemoved(): void {
    this.#waiting -= 1;
  }

  #endAll(): void {
    for (const exchange of this.#exchanges) exchange.end();
  }

  /** Closes the connection; its requests have ended when this returns. */
  destroy(): void {
    this.#socket.destroy();
    this.#endAll();
  }
}

/** One request and its response. */
export class HttpExchange {
  /** How much of the response has not reached the operating system, in bytes; 0 until there is one. */
  unsentBytes = 0;
  /** Whether its operation has begun. */
  isExecuted = false;
  /** When the response was handed over to be sent, on `performance.now()`; null until then. */
  respondedAt: number | null = null;
  readonly #connection: Connection;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #hasEnded = false;
  #onEnded: (() => void)[] = [];
  #onTurn: (() => void) | null = null;

  constructor(connection: Connection, request: IncomingMessage, response: ServerResponse) {
    this.#connection = connection;
    this.#request = request;
    this.#response = response;
    connection.add(this);
    response.once('close', () => this.end());
    if (request.socket.destroyed) this.end();
  }

  /** Whether the response was sent or the connection was closed. */
  get hasEnded(): boolean {
    return this.#hasEnded;
  }

  /** Whether the request has arrived whole, or is executed though its body has not. */
  get isInFlight(): boolean {
    return this.isExecuted || this.#request.complete;
  }

  /** Whether all of the response has been written, and what of it is unsent is a matter of the socket. */
  get isWritten(): boolean {
    return this.#response.writableEnded;
  }

  get hasResponse(): boolean {
    return this.respondedAt !== null || this.#response.headersSent;
  }

  /** The status of the response; null where the connection was closed before all of it was sent. */
  get sentStatus(): number | null {
    return this.#response.writableFinished ? this.#response.statusCode : null;
  }

  /** Calls `listener` once the request has ended: at once where it has ended already. */
  onEnded(listener: () => void): void {
    if (this.#hasEnded) listener();
    else this.#onEnded.push(listener);
  }

  /** Ends {@link onEnded}. */
  ignoreEnd(listener: () => void): void {
    const index = this.#onEnded.indexOf(listener);
    if (index !== -1) this.#onEnded.splice(index, 1);
  }

  /**
   * Resolves when the requests before this one on its connection have their responses, or when the connection is
   * closed. Null where there is nothing to wait for.
   */
  waitForTurn(): Promise<void> | null {
    if (this.#hasEnded || this.#connection.hasOneRequest) return null;
    return new Promise((resolve) => {
      this.#onTurn = resolve;
      this.#connection.waiterAdded();
      this.#connection.grantNextTurn();
    });
  }

  /** Ends {@link waitForTurn}. */
  grantTurn(): void {
    const onTurn = this.#onTurn;
    if (!onTurn) return;
    this.#onTurn = null;
    this.#connection.waiterRemoved();
    onTurn();
  }

  /** The response is handed over to be sent; its body has so many bytes. */
  respond(bodyBytes: number): void {
    if (this.#hasEnded || this.respondedAt !== null) return;
    const now = performance.now();
    this.respondedAt = now;
    this.unsentBytes = RESPONSE_HEAD_BYTES + bodyBytes;
    this.#connection.changeUnsent(this.unsentBytes, now);
  }

  /** The response is a stream: what is written of it is reported by {@link progress}, with negative numbers. */
  beginStream(): void {
    this.respondedAt ??= performance.now();
  }

  /** So many bytes of the response have reached the operating system. */
  progress(bytes: number): void {
    if (this.#hasEnded) return;
    this.unsentBytes -= bytes;
    this.#connection.changeUnsent(-bytes, performance.now());
  }

  /** Called when the response was sent or the connection was closed; further calls do nothing. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#connection.remove(this);
    this.grantTurn();
    const listeners = this.#onEnded;
    this.#onEnded = [];
    for (const listener of listeners) listener();
  }
}
