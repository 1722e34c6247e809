// An upstream on bare sockets, for faults that no HTTP server can stage. It parses requests and lets each test control
// the connection. It counts the requests by method and path.
import { once } from 'node:events';
import { connect, createServer as createTcpServer, type AddressInfo, type Server, type Socket } from 'node:net';
import { createServer as createTlsServer } from 'node:tls';
import { cleanUpLater } from './cleanup.ts';
import { createSelfSignedCertificate } from './self-signed-certificate.ts';

export interface RawRequest {
  readonly method: string;
  /** Without the query. */
  readonly path: string;
  /** The raw target, with the query. */
  readonly target: string;
  readonly body: string;
  /** The number of requests before this one. */
  readonly index: number;
  /** The `performance.now()` time of its arrival. */
  readonly at: number;
  /** Whether its connection is still open. */
  readonly isOpen: () => boolean;
}

/** Handles one request on its socket. */
export type RawResponse = (socket: Socket, request: RawRequest) => void;

export interface RawUpstreamOptions {
  readonly response: RawResponse;
  /** `accepting` handles every new connection instead of reading requests. */
  readonly onConnection?: (socket: Socket) => void;
  /** `self-signed`: https with an untrusted certificate. */
  readonly tls?: 'self-signed';
  /** The port to listen on; any free one by default. */
  readonly port?: number;
}

export interface RawUpstream {
  readonly url: string;
  readonly port: number;
  readonly requests: readonly RawRequest[];
  /** The connections that are open. */
  readonly sockets: ReadonlySet<Socket>;
  /** The number of connections opened so far. */
  readonly connections: () => number;
  /** The number of requests of this method, for all paths or one. */
  readonly count: (method: string, path?: string) => number;
  /** The bytes of responses that the sockets accepted. */
  readonly bytesSent: () => number;
  /** Closes every connection and stops listening. */
  stop(): Promise<void>;
}

/** Starts listening on loopback. */
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
 * A loopback port without a listener. A connection to `upstream` reserves it, so that no other process gets it before
 * `upstream` stops.
 */
export async function takeClosedPort(upstream: RawUpstream): Promise<number> {
  const socket = connect(upstream.port, '127.0.0.1').on('error', () => undefined);
  await once(socket, 'connect');
  return socket.localPort ?? 0;
}

/** Parses the requests of a keep-alive connection; bodies have a Content-Length. */
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
