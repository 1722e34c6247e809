/**
 * The HTTP servers of the service, one per address. All have the same time-outs and the same handling of connections that
 * send no valid request.
 */
import { randomUUID } from 'node:crypto';
import dns, { type LookupAddress } from 'node:dns';
import { once } from 'node:events';
import {
  createServer,
  STATUS_CODES,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Duplex } from 'node:stream';
import { errorCode } from '../runtime/error-code.ts';
import { KEEP_ALIVE_TIMEOUT_MS } from '../runtime/keep-alive.ts';
import type { ConnectionTracker } from '../runtime/connection-tracker.ts';
import {
  clientError,
  errorHeaders,
  toErrorBody,
  type ErrorResponseRecord,
  type HttpErrorResponse,
} from './error-response.ts';
import { ORIGIN_NOT_ALLOWED } from './unmatched-requests.ts';
import type { WebSockets } from './websocket/websockets.ts';

/** The longest a client may take to send its headers, in milliseconds. */
const HEADERS_TIMEOUT_MS = 15_000;
/** The longest a client may take to send a whole request, in milliseconds. */
const REQUEST_TIMEOUT_MS = 30_000;
/** The interval at which Node checks the time-outs, in milliseconds. */
const CHECK_INTERVAL_MS = 500;
/** How long a rejected connection stays open for its client to read the response, in milliseconds. */
const LINGER_MS = 2000;
const LINGER_WHILE_STOPPING_MS = 200;
/** How many free ports are tried to find one that is free on every address. */
const MAX_PORTS_TRIED = 10;

interface ListenOptions {
  /** `localhost` listens on all of its addresses. */
  readonly host: string;
  /** 0 for any free port. */
  readonly port: number;
}

interface UpgradeListeners {
  /** Called with every rejected upgrade to a WebSocket. */
  readonly onErrorResponse: (record: ErrorResponseRecord) => void;
  /** Called with the request id of every upgrade of an origin that is not allowed. */
  readonly onOriginRejected: (requestId: string) => void;
}

/** The address could not be opened. The message is one line that names the setting at fault, without its value. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

export class HttpServers {
  readonly #connections: Pick<ConnectionTracker, 'maySendError' | 'whenFinished'>;
  readonly #webSockets: Pick<WebSockets, 'accept'>;
  readonly #listeners: UpgradeListeners;
  readonly #servers: Server[] = [];
  #handler: RequestListener | null = null;
  #lingerMs = LINGER_MS;

  constructor(
    connections: Pick<ConnectionTracker, 'maySendError' | 'whenFinished'>,
    webSockets: Pick<WebSockets, 'accept'>,
    listeners: UpgradeListeners,
  ) {
    this.#connections = connections;
    this.#webSockets = webSockets;
    this.#listeners = listeners;
  }

  /** All servers, whether they listen or not. */
  get all(): readonly Server[] {
    return this.#servers;
  }

  /** Creates the first server. The servers of further addresses use the same handler. */
  create(handler: RequestListener): Server {
    this.#handler = handler;
    const server = createServer(
      {
        headersTimeout: HEADERS_TIMEOUT_MS,
        requestTimeout: REQUEST_TIMEOUT_MS,
        keepAliveTimeout: KEEP_ALIVE_TIMEOUT_MS,
        connectionsCheckingInterval: CHECK_INTERVAL_MS,
        // HostPolicy checks it, because Node's response has no body.
        requireHostHeader: false,
      },
      handler,
    );
    server.on('clientError', (error, socket) => this.#onClientError(error, socket));
    server.on('checkExpectation', (request, response) => send(request, response, EXPECTATION_FAILED));
    server.on('connect', (_request, socket) => {
      if (this.#connections.maySendError(socket, false))
        this.#reject(socket, CONNECT_NOT_SUPPORTED, NO_REQUEST, ALLOWED_METHODS);
    });
    server.on('upgrade', (request: IncomingMessage, socket: Duplex, head: Buffer) => {
      if (isWebSocket(request)) this.#upgrade(request, socket, head);
      // A response in flight belongs to the state that Node keeps of the connection until it is parsed again.
      else this.#connections.whenFinished(socket, () => ignoreUpgrade(server, request, socket, head));
    });
    this.#servers.push(server);
    return server;
  }

  /**
   * Resolves to the port, which is the same on all addresses. Rejects with a {@link ListenError} if no address can be opened
   * or another process has the port on one of them; then nothing listens.
   */
  async listen({ host, port }: ListenOptions): Promise<number> {
    for (let tried = 1; ; tried += 1) {
      try {
        const addresses = host.toLowerCase() === 'localhost' ? await addressesOf(host) : [host];
        return await this.#listenOn(addresses, port);
      } catch (error) {
        await this.close();
        if (port !== 0 || errorCode(error) !== 'EADDRINUSE' || tried === MAX_PORTS_TRIED)
          throw new ListenError(describeListenError(error));
      }
    }
  }

  /** From now on, closes connections whose requests take longer than `timeoutMs` to arrive. */
  limitArrival(timeoutMs: number): void {
    this.#lingerMs = LINGER_WHILE_STOPPING_MS;
    for (const server of this.#servers) {
      server.headersTimeout = timeoutMs;
      server.requestTimeout = timeoutMs;
    }
  }

  /** Stops listening and ends idle connections; resolves when all connections have ended. */
  async close(): Promise<void> {
    await Promise.all(
      this.#servers
        .filter((server) => server.listening)
        .map(async (server) => {
          const closed = once(server, 'close');
          server.close();
          await closed;
        }),
    );
  }

  async #listenOn(addresses: readonly string[], port: number): Promise<number> {
    let bound: number | null = null;
    let failure: unknown = null;
    for (const address of addresses) {
      const server = this.#takeIdle();
      try {
        server.listen({ host: address, port: bound ?? port });
        await once(server, 'listening');
        bound ??= (server.address() as AddressInfo).port;
      } catch (error) {
        // A machine without IPv6 may still list ::1 for localhost.
        if (!isUnavailable(error)) throw error;
        failure = error;
      }
    }
    if (bound === null) throw failure;
    return bound;
  }

  #upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void {
    if (!this.#connections.maySendError(socket, false)) return;
    const rejection = this.#webSockets.accept(request, socket, head);
    if (!rejection) return;
    const requestId = this.#reject(socket, rejection, request);
    const { status, code } = rejection;
    this.#listeners.onErrorResponse({ requestId, status, code, durationMs: 0 });
    if (rejection === ORIGIN_NOT_ALLOWED) this.#listeners.onOriginRejected(requestId);
  }

  #onClientError(error: NodeJS.ErrnoException, socket: Duplex): void {
    if (rejected.has(socket)) return;
    const isTimeout = error.code === 'ERR_HTTP_REQUEST_TIMEOUT';
    if (error.code === 'ECONNRESET' || !socket.writable) socket.destroy();
    else if (this.#connections.maySendError(socket, isTimeout))
      this.#reject(socket, clientErrors.get(error.code) ?? INVALID_HTTP, NO_REQUEST);
  }

  /** Returns the request id of the response. */
  #reject(
    socket: Duplex,
    rejection: HttpErrorResponse,
    request: RequestHead,
    headers: Readonly<Record<string, string>> = {},
  ): string {
    const requestId = randomUUID();
    sendRaw(socket, rejection, { ...errorHeaders(rejection.status, request), ...headers }, requestId);
    endWithin(socket, this.#lingerMs);
    return requestId;
  }

  #takeIdle(): Server {
    const idle = this.#servers.find((server) => !server.listening);
    if (idle) return idle;
    if (!this.#handler) throw new TypeError('call create() before listen()');
    return this.create(this.#handler);
  }
}

function describeListenError(error: unknown): string {
  const code = errorCode(error);
  if (code === 'EADDRINUSE') return 'PORT is in use by another process: stop it, or set PORT to another port';
  if (code === 'EACCES') return 'PORT may not be opened by this user: set PORT to 1024 or above';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return 'HOST is not an address of this machine';
  return 'HOST and PORT could not be opened';
}

async function addressesOf(host: string): Promise<readonly string[]> {
  const found = await new Promise<LookupAddress[]>((resolve, reject) => {
    dns.lookup(host, { all: true }, (error, addresses) => (error ? reject(error) : resolve(addresses)));
  });
  return [...new Set(found.map(({ address }) => address))];
}

const isUnavailable = (error: unknown): boolean => ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(errorCode(error) ?? '');

const EXPECTATION_FAILED = clientError(417, 'The service supports no expectation other than 100-continue.');
const ALLOWED_METHODS = { allow: 'GET, HEAD, OPTIONS, POST' };
const CONNECT_NOT_SUPPORTED = clientError(405, 'The service does not support CONNECT.');
const HEADERS_TOO_LARGE = clientError(431, 'The request headers are too large.');
const TOO_SLOW = clientError(408, 'The request took too long to arrive.');
const INVALID_HTTP = clientError(400, 'The request is not valid HTTP.');

const clientErrors: ReadonlyMap<string | undefined, HttpErrorResponse> = new Map([
  ['HPE_HEADER_OVERFLOW', HEADERS_TOO_LARGE],
  ['ERR_HTTP_REQUEST_TIMEOUT', TOO_SLOW],
]);

/** Sockets that got an error response. Further errors on them are ignored. */
const rejected = new WeakSet<Duplex>();

type RequestHead = Pick<IncomingMessage, 'url' | 'headers'>;

/** For a connection that sent no valid request. */
const NO_REQUEST: RequestHead = { url: '', headers: {} };

function send(request: RequestHead, response: ServerResponse, errorResponse: HttpErrorResponse): void {
  const requestId = randomUUID();
  const body = toErrorBody(errorResponse, requestId);
  response.writeHead(errorResponse.status, {
    ...errorHeaders(errorResponse.status, request),
    ...connectionHeaders(body, requestId),
  });
  response.end(body);
}

const connectionHeaders = (body: string, requestId: string): Readonly<Record<string, string>> => ({
  'x-request-id': requestId,
  'x-content-type-options': 'nosniff',
  'content-length': String(Buffer.byteLength(body)),
  connection: 'close',
});

/** Sends a response on a socket without a ServerResponse, and ends the socket. */
function sendRaw(
  socket: Duplex,
  errorResponse: HttpErrorResponse,
  headers: Readonly<Record<string, string>>,
  requestId: string,
): void {
  const { status } = errorResponse;
  const body = toErrorBody(errorResponse, requestId);
  const head = [`HTTP/1.1 ${status} ${STATUS_CODES[status] ?? ''}`];
  for (const [name, value] of Object.entries({ ...headers, ...connectionHeaders(body, requestId) }))
    head.push(`${name}: ${value}`);
  rejected.add(socket);
  socket.on('error', () => socket.destroy());
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`);
}

/**
 * Reads until the client closes the connection, or closes it after the time-out. Closing a socket with unread bytes would
 * reset the connection, and the client would lose the response.
 */
function endWithin(socket: Duplex, timeoutMs: number): void {
  const timer = setTimeout(() => socket.destroy(), timeoutMs).unref();
  socket.once('close', () => clearTimeout(timer));
  socket.once('end', () => socket.destroy());
  socket.resume();
}

const isWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket';

/**
 * Lets the server parse the request again without its upgrade headers: other protocols than WebSockets are ignored, as RFC
 * 9110 (7.8) allows and as Node does without an upgrade listener. Some clients offer h2c with ordinary requests. `head`
 * contains the bytes after the headers.
 */
function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  if (socket.destroyed) return;
  const { method = 'GET', url = '/', httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = withoutUpgrade(name, rawHeaders[index + 1] ?? '');
    if (value !== null) lines.push(`${name}: ${value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

/** Null for a header that is removed. */
function withoutUpgrade(name: string, value: string): string | null {
  switch (name.toLowerCase()) {
    case 'upgrade':
    case 'http2-settings':
      return null;
    case 'connection': {
      const options = value
        .split(',')
        .map((option) => option.trim())
        .filter((option) => !['upgrade', 'http2-settings'].includes(option.toLowerCase()));
      return options.length === 0 ? null : options.join(', ');
    }
    default:
      return value;
  }
}
