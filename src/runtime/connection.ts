/**
 * A client's connection and its HTTP exchanges. An exchange ends when its response was sent or its connection was closed,
 * whichever comes first; everything that a request holds is released by that one notification.
 *
 * Node emits no 'close' on a response that is queued behind another one when the connection closes, so the 'close' of the
 * socket is handled as well.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

/**
 * A pipelined request is executed when the requests before it have their responses and at most this many bytes of those
 * are unsent. Until then Node stops reading from the connection.
 */
const MAX_UNSENT_AHEAD_BYTES = 8 * 1024 * 1024;

/** The approximate size of response headers, in bytes, so that responses without a body count as well. */
const RESPONSE_HEAD_BYTES = 512;

/** `writeQueueSize`: bytes written to the socket that the system has not accepted. Node's socket time-out uses it, too. */
export type QueueingSocket = Socket & { readonly _handle?: { readonly writeQueueSize?: number } | null };

export interface UnsentObserver {
  /** Called when the unsent bytes of a connection have changed by `bytes`. */
  unsentChanged(connection: UnsentSource, bytes: number): void;
}

/** A connection with bytes that have not reached the operating system. */
export abstract class UnsentSource {
  /** Whether the service closes it, because the client does not read or the service is stopping. */
  isCut = false;
  /** The subject of the caller of its last operation; null if none was authenticated. */
  caller: string | null = null;
  /** The bytes that had not reached the operating system at the last {@link refresh}. */
  unsentBytes = 0;
  /** The last `performance.now()` time at which the client had read. */
  protected progressAt = 0;
  readonly #observer: UnsentObserver;

  constructor(observer: UnsentObserver) {
    this.#observer = observer;
  }

  /** The `performance.now()` time since which the client has read nothing; null if nothing is pending. */
  abstract get stalledSince(): number | null;
  abstract refresh(): void;
  abstract destroy(): void;

  /** `now` is a `performance.now()` time. */
  changeUnsent(bytes: number, now: number): void {
    // A client that had read everything was not stalled until now.
    if (bytes < 0 || this.unsentBytes === 0) this.progressAt = now;
    this.unsentBytes += bytes;
    if (bytes !== 0) this.#observer.unsentChanged(this, bytes);
  }
}

export class Connection extends UnsentSource {
  /** The number of exchanges that wait for their turn. */
  waiting = 0;
  readonly #socket: QueueingSocket;
  /** In the order of the requests, which is also that of their responses. */
  readonly #exchanges = new Set<HttpExchange>();

  constructor(socket: QueueingSocket, observer: UnsentObserver) {
    super(observer);
    this.#socket = socket;
    socket.once('close', () => this.#endAll());
  }

  get stalledSince(): number | null {
    const [current] = this.#exchanges;
    const respondedAt = current?.respondedAt ?? null;
    return respondedAt === null ? null : Math.max(respondedAt, this.progressAt);
  }

  get hasOneRequest(): boolean {
    return this.#exchanges.size === 1;
  }

  /** The last request that will get a response; null if there is none. */
  get lastInFlight(): HttpExchange | null {
    return [...this.#exchanges].reverse().find(({ isInFlight }) => isInFlight) ?? null;
  }

  /** The last request whose response was not sent yet; null if there is none. */
  get lastUnfinished(): HttpExchange | null {
    return [...this.#exchanges].at(-1) ?? null;
  }

  /** Whether the client would match a response written to the socket now with the data that is arriving. */
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
    this.progressAt = now;
    this.changeUnsent(-exchange.unsentBytes, now);
  }

  override changeUnsent(bytes: number, now: number): void {
    super.changeUnsent(bytes, now);
    this.grantNextTurn();
  }

  /** Updates how much of the current response has reached the operating system. */
  refresh(): void {
    const [current] = this.#exchanges;
    if (!current?.isWritten) return;
    const sentBytes = current.unsentBytes - (this.#socket._handle?.writeQueueSize ?? 0);
    if (sentBytes > 0) current.progress(sentBytes);
  }

  /** Starts the first request without a response if it waits for its turn. */
  grantNextTurn(): void {
    if (this.waiting === 0 || this.unsentBytes > MAX_UNSENT_AHEAD_BYTES) return;
    for (const exchange of this.#exchanges)
      if (exchange.respondedAt === null) {
        exchange.grantTurn();
        return;
      }
  }

  #endAll(): void {
    for (const exchange of this.#exchanges) exchange.end();
  }

  /** Closes the connection and ends its exchanges. */
  destroy(): void {
    this.#socket.destroy();
    this.#endAll();
  }
}

/** One request and its response. */
export class HttpExchange {
  /** The bytes of the response that have not reached the operating system; 0 until there is a response. */
  unsentBytes = 0;
  isExecuted = false;
  /** The `performance.now()` time at which the response was ready; null until then. */
  respondedAt: number | null = null;
  readonly connection: Connection;
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #hasEnded = false;
  #onEnded: (() => void)[] = [];
  #onTurn: (() => void) | null = null;

  constructor(connection: Connection, request: IncomingMessage, response: ServerResponse) {
    this.connection = connection;
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

  /** Whether the request has arrived completely, or is executed before its body has. */
  get isInFlight(): boolean {
    return this.isExecuted || this.#request.complete;
  }

  get isWritten(): boolean {
    return this.#response.writableEnded;
  }

  get hasResponse(): boolean {
    return this.respondedAt !== null || this.#response.headersSent;
  }

  /** The status of the response; null if the connection was closed before the response was sent. */
  get sentStatus(): number | null {
    return this.#response.writableFinished ? this.#response.statusCode : null;
  }

  /** Calls `listener` when the exchange has ended, at once if it already has. */
  onEnded(listener: () => void): void {
    if (this.#hasEnded) listener();
    else this.#onEnded.push(listener);
  }

  offEnded(listener: () => void): void {
    const index = this.#onEnded.indexOf(listener);
    if (index !== -1) this.#onEnded.splice(index, 1);
  }

  /**
   * Resolves when the earlier requests of the connection have their responses, or when the connection is closed. Null if
   * there is nothing to wait for.
   */
  waitForTurn(): Promise<void> | null {
    if (this.#hasEnded || this.connection.hasOneRequest) return null;
    return new Promise((resolve) => {
      this.#onTurn = resolve;
      this.connection.waiting += 1;
      this.connection.grantNextTurn();
    });
  }

  grantTurn(): void {
    const onTurn = this.#onTurn;
    if (!onTurn) return;
    this.#onTurn = null;
    this.connection.waiting -= 1;
    onTurn();
  }

  /** Call it when the response is ready to be sent. */
  respond(bodyBytes: number): void {
    if (this.#hasEnded || this.respondedAt !== null) return;
    const now = performance.now();
    this.respondedAt = now;
    this.unsentBytes = RESPONSE_HEAD_BYTES + bodyBytes;
    this.connection.changeUnsent(this.unsentBytes, now);
  }

  /** Call it when the response is a stream. Each write is then reported to {@link progress} with a negative number. */
  beginStream(): void {
    this.respondedAt ??= performance.now();
  }

  /** Call it when bytes of the response have reached the operating system. */
  progress(bytes: number): void {
    if (this.#hasEnded) return;
    this.unsentBytes -= bytes;
    this.connection.changeUnsent(-bytes, performance.now());
  }

  /** Called when the response was sent or the connection was closed; further calls do nothing. */
  end(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.connection.remove(this);
    this.grantTurn();
    const listeners = this.#onEnded;
    this.#onEnded = [];
    for (const listener of listeners) listener();
  }
}
