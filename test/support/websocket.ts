// A WebSocket that records its messages and how it was closed.
import { createClient, type Client } from 'graphql-ws';
import { WebSocket } from 'ws';
import { cleanUpLater } from './cleanup.ts';
import { until } from './until.ts';

export interface SocketMessage {
  readonly type: string;
  readonly id?: string;
  readonly payload?: unknown;
}

export interface OpenSocketOptions {
  readonly protocol?: string;
  readonly origin?: string;
  readonly headers?: Readonly<Record<string, string>>;
  /** Null sends no `connection_init`. */
  readonly connectionParams?: object | null;
}

/** Opens a socket. If the server accepts it, sends `connection_init`. */
export async function openSocket(
  { url }: { readonly url: string },
  { protocol = 'graphql-transport-ws', connectionParams = {}, ...options }: OpenSocketOptions = {},
) {
  const socket = new WebSocket(socketUrl({ url }), protocol, options);
  cleanUpLater(() => socket.terminate());
  const messages: SocketMessage[] = [];
  const state: { closedWith: number | null; status: number | null; pings: number } = {
    closedWith: null,
    status: null,
    pings: 0,
  };
  socket.on('message', (data) => messages.push(JSON.parse((data as Buffer).toString()) as SocketMessage));
  socket.on('ping', () => (state.pings += 1));
  socket.on('close', (code) => (state.closedWith = code));
  socket.on('unexpected-response', (_request, response) => (state.status = response.statusCode ?? null));
  socket.on('error', () => undefined);
  await until(() => socket.readyState === WebSocket.OPEN || state.closedWith !== null || state.status !== null);
  const send = (message: object) => socket.send(JSON.stringify(message));
  const of = (id: string) => messages.filter((message) => message.id === id);
  if (connectionParams !== null && state.closedWith === null && state.status === null) {
    send({ type: 'connection_init', payload: connectionParams });
    await until(() => messages.length > 0 || state.closedWith !== null);
  }
  return {
    socket,
    state,
    messages,
    send,
    of,
    subscribe: (id: string, query: string, variables: object = {}) =>
      send({ type: 'subscribe', id, payload: { query, variables } }),
  };
}

export const socketUrl = ({ url }: { readonly url: string }): string => `${url.replace('http', 'ws')}/graphql`;

/** A client of graphql-ws. Closes with the test. */
export function connect(service: { readonly url: string }, connectionParams?: Record<string, unknown>): Client {
  const client = createClient({
    url: socketUrl(service),
    webSocketImpl: WebSocket,
    retryAttempts: 0,
    ...(connectionParams && { connectionParams }),
  });
  cleanUpLater(() => client.dispose());
  return client;
}
