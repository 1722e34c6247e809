/**
 * The WebSockets of the service (graphql-transport-ws on `/graphql`), from the upgrade to the close. It closes sockets whose
 * clients do not read or respond, and drains all of them at shutdown.
 */
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';
import { handleProtocols, type Server } from 'graphql-ws';
import { WebSocketServer, type WebSocket } from 'ws';
import type { CancellationToken } from '../../runtime/cancellation.ts';
import { clientError, GRAPHQL_PATHS, overloaded, type HttpErrorResponse } from '../error-response.ts';
import type { HostPolicy } from '../host-policy.ts';
import { pathOf } from '../request-target.ts';
import { ORIGIN_NOT_ALLOWED } from '../unmatched-requests.ts';
import type { UnsentObserver } from '../../runtime/connection.ts';
import { startHeartbeat } from './heartbeat.ts';
import { largeResults } from './large-results.ts';
import { createMessageMemory, nothingHeld, SocketInput } from './socket-input.ts';
import { SocketOutput } from './socket-output.ts';
import { createOperationsServer, type SocketState, type WebSocketOperationsOptions } from './websocket-operations.ts';

const MAX_MESSAGE_BYTES = 1024 * 1024;
const HEARTBEAT_MS = 12_000;
/** How long a client may leave a ping without a response, in milliseconds. */
const STALL_TIMEOUT_MS = 30_000;
/** RFC 6455, 7.4.1. */
const NORMAL = 1000;
const GOING_AWAY = 1001;
const PROTOCOL_ERROR = 1002;
const NO_CLOSE_FRAME = 1006;
const TOO_LARGE = 1009;
const INTERNAL_ERROR = 1011;
/** Of graphql-transport-ws. Clients connect again with the credential that they have then. */
const FORBIDDEN = 4403;
/** Of graphql-transport-ws. */
const BAD_REQUEST = 4400;
const ID_IN_USE = 4409;
/** graphql-ws would send the id, which may be longer than the 123 bytes of a reason. */
const ID_IN_USE_REASON = 'An operation with this id is in flight.';
const CHECK_INTERVAL_MS = 20;
/** How long a client that exceeded a limit has to read why it is closed, in milliseconds. */
const VIOLATION_LINGER_MS = 300;
/** The wait for the closing handshake, in milliseconds. */
const CLOSE_TIMEOUT_MS = 200;

interface WebSocketsOptions extends WebSocketOperationsOptions {
  readonly hosts: Pick<HostPolicy, 'check'>;
  /** Whether pages of another origin may call the service. */
  readonly isAllowedOrigin: (origin: string) => boolean;
  /** Is informed of unsent bytes, and closes sockets whose clients do not read. */
  readonly connections: UnsentObserver;
  /** Called on a fault in the handling of a message. `caller` is the subject of the socket's caller; null until it is known. */
  readonly onError: (error: unknown, caller: string | null) => void;
  /** Called with the close code of every socket that is closed for what its client did, or did not do. */
  readonly onRejected: (socket: { readonly closeCode: number; readonly caller: string | null }) => void;
  readonly stallTimeoutMs?: number | undefined;
}

interface OpenSocket {
  readonly operations: ReadonlySet<CancellationToken>;
  readonly output: SocketOutput;
}

export class WebSockets {
  readonly #options: WebSocketsOptions;
  readonly #server: WebSocketServer;
  readonly #operations: Server<SocketState>;
  readonly #open = new Map<WebSocket, OpenSocket>();
  readonly #messageMemory = createMessageMemory();
  #isDraining = false;

  constructor(options: WebSocketsOptions) {
    this.#options = options;
    this.#operations = createOperationsServer(options);
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      clientTracking: false,
      handleProtocols: (protocols) => handleProtocols(protocols),
    });
  }

  get count(): number {
    return this.#open.size;
  }

  /** Upgrades the request's socket. Returns the error response if the upgrade is rejected, otherwise null. */
  accept(request: IncomingMessage, socket: Duplex, head: Buffer): HttpErrorResponse | null {
    const rejection = checkUpgrade(request, this.#options);
    if (rejection) return rejection;
    this.#server.handleUpgrade(request, socket, head, (webSocket) => this.#serve(webSocket, request));
    return null;
  }

  /** Closes each socket when it has no operation, and the remaining ones after `timeoutMs`. */
  async drain(timeoutMs: number): Promise<void> {
    this.#isDraining = true;
    for (const [socket, { operations }] of this.#open) if (operations.size === 0) socket.close(GOING_AWAY);
    const until = performance.now() + timeoutMs;
    while (this.#open.size > 0 && performance.now() < until) await sleep(CHECK_INTERVAL_MS);
    for (const [socket, { output }] of this.#open) {
      output.isCut = true;
      socket.close(GOING_AWAY);
    }
    const closedBy = performance.now() + CLOSE_TIMEOUT_MS;
    while (this.#open.size > 0 && performance.now() < closedBy) await sleep(CHECK_INTERVAL_MS);
    for (const socket of this.#open.keys()) socket.terminate();
  }

  #serve(socket: WebSocket, request: IncomingMessage): void {
    const operations = new Set<CancellationToken>();
    const { heartbeatMs = HEARTBEAT_MS, stallTimeoutMs = STALL_TIMEOUT_MS, connections } = this.#options;
    const connection = request.socket;
    const output = new SocketOutput(socket, connection, connections);
    const close = (code: number, reason?: string) => {
      if (socket.readyState === socket.OPEN) this.#report(code, output);
      socket.close(code, code === ID_IN_USE ? ID_IN_USE_REASON : reason);
    };
    const input = new SocketInput({
      memory: this.#messageMemory,
      isAcknowledged: () => state.isAcknowledged,
      onViolation: (code, reason) => {
        close(code, reason);
        socket.pause();
        setTimeout(() => socket.terminate(), VIOLATION_LINGER_MS).unref();
      },
    });
    // Before the listener of the WebSocket, which emits the messages.
    connection.prependListener('data', (chunk: Buffer) => input.receive(chunk.length));
    const stopHeartbeat = startHeartbeat(socket, {
      heartbeatMs,
      stallTimeoutMs,
      isPaused: () => output.isPaused,
      onCheck: () => input.checkArrival(stallTimeoutMs),
      onStall: () => {
        output.isCut = true;
        this.#report(NO_CLOSE_FRAME, output);
      },
    });
    this.#open.set(socket, { operations, output });
    let wasAccepted = false;
    let hasExpired = false;
    const state: SocketState = {
      request,
      operations,
      onOperationEnd: () => {
        // After the last message has been sent.
        if (operations.size > 0 || (!this.#isDraining && !hasExpired)) return;
        const code = this.#isDraining ? GOING_AWAY : FORBIDDEN;
        setImmediate(() => close(code));
      },
      onCredential: (isAccepted) => {
        hasExpired = wasAccepted && !isAccepted;
        wasAccepted ||= isAccepted;
      },
      isAcknowledged: false,
      releaseMessage: nothingHeld,
      output,
    };
    const closed = this.#operations.opened(
      {
        protocol: socket.protocol,
        // Resolves when the result has reached the operating system, which limits buffering to one result.
        send: (text) =>
          new Promise((resolve) => {
            if (socket.readyState !== socket.OPEN) {
              resolve();
              return;
            }
            socket.send(largeResults.fill(text), { binary: false }, () => {
              output.update();
              resolve();
            });
            output.update();
          }),
        close,
        onMessage: (listener) =>
          socket.on('message', (data) => {
            const message = toBuffer(data);
            const release = input.complete(message);
            if (!release) return;
            state.releaseMessage = release;
            listener(message.toString()).then(release, (error: unknown) => {
              release();
              if (isOfServers(error)) {
                close(BAD_REQUEST, 'The type of the message is for servers only.');
                return;
              }
              this.#options.onError(error, output.caller);
              close(INTERNAL_ERROR);
            });
          }),
      },
      state,
    );
    // A frame that breaks the protocol, or is too large. The WebSocket closes itself.
    socket.on('error', (error) => this.#report(isTooLarge(error) ? TOO_LARGE : PROTOCOL_ERROR, output));
    socket.once('close', (code, reason) => {
      stopHeartbeat();
      input.end();
      output.end();
      this.#open.delete(socket);
      for (const cancellation of [...operations]) cancellation.cancel();
      closed(code, reason.toString()).catch((error: unknown) => this.#options.onError(error, output.caller));
    });
  }

  #report(closeCode: number, { caller }: SocketOutput): void {
    if (closeCode !== NORMAL && closeCode !== GOING_AWAY) this.#options.onRejected({ closeCode, caller });
  }
}

/** Whether graphql-ws threw it for a message that only servers send, such as `next`. */
const isOfServers = (error: unknown): boolean =>
  error instanceof Error && error.message.startsWith('Unexpected message of type ');

const isTooLarge = (error: Error): boolean => 'code' in error && error.code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH';

function toBuffer(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

/**
 * The error response to an upgrade request; null if it is allowed. Pages of other sites can open WebSockets without a
 * preflight, so the origin is checked before the upgrade.
 */
function checkUpgrade(request: IncomingMessage, options: WebSocketsOptions): HttpErrorResponse | null {
  const { hosts, lifecycle, isAllowedOrigin } = options;
  const { url = '', headers } = request;
  const rejection = hosts.check(request);
  if (rejection) return rejection;
  if (!GRAPHQL_PATHS.includes(pathOf(url))) return WRONG_PATH;
  const { origin } = headers;
  if (origin !== undefined && !isOwn(origin, headers.host) && !isAllowedOrigin(origin)) return ORIGIN_NOT_ALLOWED;
  return lifecycle.state === 'draining' ? STOPPING : null;
}

const isOwn = (origin: string, host: string | undefined): boolean =>
  host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();

const WRONG_PATH = clientError(404, 'WebSockets are only available at /graphql.');
const STOPPING = overloaded('The service is stopping: try again in a moment.');
