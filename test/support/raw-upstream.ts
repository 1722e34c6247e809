// An upstream on bare sockets, for what no HTTP server can be made to do: it reads requests properly and lets each test
// do to the connection whatever it likes. It counts the requests that arrived, by method and path.
import { connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { cleanUpLater } from './cleanup.ts';
import { createSelfSignedCertificate } from './self-signed-certificate.ts';

export interface RawRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** As it came, with the query. */
  readonly target: string;
  readonly body: string;
  /** How many requests had arrived before this one. */
  readonly index: number;
  /** When it arrived, on `performance.now()`. */
  readonly at: number;
  /** Whether the connection that it came in on is still open. */
  readonly isOpen: () => boolean;
}

/** What is done with one request, on the bare socket that it came in on. */
export type RawResponse = (socket: Socket, request: RawRequest) => void;

export interface RawUpstreamOptions {
  readonly response: RawResponse;
  /** `accepting`: instead of reading requests, this is done with every new connection. */
  readonly onConnection?: (socket: Socket) => void;
  /** `self-signed`: https with a certificate that nobody trusts. */
  readonly tls?: 'self-signed';
  /** The port to listen on again; a free one where it is left out. */
  readonly port?: number;
}

export interface RawUpstream {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly RawRequest[];
  /** The connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  /** How many connections were opened so far. */
  readonly connections: () => number;
  /** How many requests of this method arrived, for this path where one is given. */
  readonly count: (method: string, path?: string) => number;
  /** How many bytes of answers the sockets took. */
  readonly bytesSent: () => number;
  /** Cuts every connection and stops to listen. */
  stop(): Promise<void>;
}

/** Starts to listen on loopback. */
export async function startRawUpstream(options: RawUpstreamOptions): Promise<RawUpstream> {
  const requests: RawRequest[] = [];
  const sockets = new Set<Socket>();
  let connections = 0;
  let closedBytes = 0;
  const accept = (socket: Socket): void => {
    connections += 1;
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => {
      sockets.delete(socket);
      closedBytes += socket.bytesWritten;
    });
    if (options.onConnection) options.onConnection(socket);
    else
      readRequests(socket, (request) => {
        const received = {
          ...request,
          index: requests.length,
          at: performance.now(),
          isOpen: () => sockets.has(socket),
        };
        requests.push(received);
        options.response(socket, received);
      });
  };
  const server: Server = options.tls
    ? createTlsServer(createSelfSignedCertificate(), accept)
    : createTcpServer({ pauseOnConnect: options.onConnection !== undefined }, accept);
  server.on('connection', (socket: Socket) => socket.on('error', () => undefined));
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(options.port ?? 0, '127.0.0.1', resolve);
  });
  const { port } = server.address() as AddressInfo;
  const stop = async (): Promise<void> => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  };
  cleanUpLater(stop);
  return {
    url: `${options.tls ? 'https' : 'http'}://127.0.0.1:${port}`,
    port,
    requests,
    sockets,
    connections: () => connections,
    count: (method, path) =>
      requests.filter((request) => request.method === method && (path === undefined || request.path === path)).length,
    bytesSent: () => closedBytes + [...sockets].reduce((sum, socket) => sum + socket.bytesWritten, 0),
    stop,
  };
}

/**
 * A port of loopback on which nobody listens. A connection to `upstream` holds it, so that nobody else gets it before
 * `upstream` stops.
 */
export async function takeClosedPort(upstream: RawUpstream): Promise<number> {
  const socket = connect(upstream.port, '127.0.0.1');
  socket.on('error', () => undefined);
  await new Promise((resolve) => socket.once('connect', resolve));
  return socket.localPort ?? 0;
}

/** Reads request after request of a kept-alive connection; bodies come with a Content-Length. */
function readRequests(
  socket: Socket,
  onRequest: (request: Pick<RawRequest, 'method' | 'path' | 'target' | 'body'>) => void,
): void {
  let received = Buffer.alloc(0);
  socket.on('data', (chunk: Buffer) => {
    received = Buffer.concat([received, chunk]);
    for (;;) {
      const headEnd = received.indexOf('\r\n\r\n');
      if (headEnd === -1) return;
      const head = received.toString('latin1', 0, headEnd);
      const length = Number(/^content-length: *(\d+)/im.exec(head)?.[1] ?? 0);
      const end = headEnd + 4 + length;
      if (received.length < end) return;
      const body = received.toString('utf8', headEnd + 4, end);
      received = received.subarray(end);
      const [method = '', target = ''] = head.split(' ', 2);
      onRequest({ method, target, path: target.replace(/\?.*$/s, ''), body });
    }
  });
}
