// The upstream of a fault case: a listener on bare sockets, or an address without a listener.
import dns from 'node:dns';
import { jest } from '@jest/globals';
import { startRawUpstream, takeClosedPort, type RawResponse, type RawUpstream } from './raw-upstream.ts';

export interface FaultyPath {
  readonly address?: string;
  readonly onConnection?: RawResponse;
  readonly response: RawResponse;
}

const NO_REQUEST = { method: '', path: '', target: '', body: '', index: 0, at: 0, isOpen: () => true };

/** `url` is the base URL of the client; `upstream` counts the requests. */
export async function startFaultUpstream({ address, onConnection, response }: FaultyPath) {
  const upstream = await startRawUpstream({
    response,
    ...(address === 'untrusted certificate' && { tls: 'self-signed' as const }),
    // A plain HTTP server responds to a TLS handshake as to a bad request.
    ...(address === 'plain HTTP for TLS' && {
      onConnection: (socket) => {
        socket.resume();
        socket.end('HTTP/1.1 400 Bad Request\r\n\r\n');
      },
    }),
    ...(onConnection && { onConnection: (socket) => onConnection(socket, NO_REQUEST) }),
  });
  return { upstream, url: new URL(await urlOf(address, upstream)) };
}

async function urlOf(address: string | undefined, upstream: RawUpstream): Promise<string> {
  switch (address) {
    case 'closed port':
      return `http://127.0.0.1:${await takeClosedPort(upstream)}`;
    case 'unresolvable host':
      return 'http://upstream.invalid';
    case 'silent TLS':
    case 'plain HTTP for TLS':
      return `https://127.0.0.1:${upstream.port}`;
    default:
      return upstream.url;
  }
}

/**
 * Makes the lookup of `.invalid` names fail as a resolver does, so that tests behave the same with and without a
 * network.
 * The resolver is restored after every test, so call it in the `beforeAll` that runs the cases.
 */
export function resolveNothingInvalid(): void {
  const lookup = dns.lookup as (...args: unknown[]) => void;
  jest.spyOn(dns, 'lookup').mockImplementation((hostname: string, ...rest: unknown[]) => {
    const callback = rest.at(-1) as (error: Error) => void;
    if (hostname.endsWith('.invalid'))
      setImmediate(callback, Object.assign(new Error(`getaddrinfo ENOTFOUND ${hostname}`), { code: 'ENOTFOUND' }));
    else lookup(hostname, ...rest);
  });
}
