// Following a run: what docs/clients.md shows of it. The tests beside this folder run every line.
import { ApolloClient, ApolloLink, HttpLink, InMemoryCache } from '@apollo/client';
import type { BaseHttpLink } from '@apollo/client/link/http';
import { GraphQLWsLink } from '@apollo/client/link/subscriptions';
import { Client as UrqlClient, fetchExchange, subscriptionExchange } from '@urql/core';
import type { Client as WebSocketClient } from 'graphql-ws';
import { OperationTypeNode } from 'graphql';
import { Observable, type GraphQLResponse, type SubscribeFunction } from 'relay-runtime';
import { defer, retry, tap } from 'rxjs';

interface Result {
  readonly data?: unknown;
}
interface Sink<R> {
  next(result: R): void;
  error(error: unknown): void;
  complete(): void;
}
interface Payload {
  readonly variables?: Record<string, unknown> | null | undefined;
}

/** After a lost connection, clients send the same payload again: it then has the cursor of the last event. */
export function resumable<P extends Payload, R extends Result>(payload: P, sink: Sink<R>): [P, Sink<R>] {
  const variables = { ...payload.variables };
  const next = (result: R) => {
    const { runEvents } = (result.data ?? {}) as { runEvents?: { cursor?: string } };
    if (runEvents?.cursor !== undefined) variables['after'] = runEvents.cursor;
    sink.next(result);
  };
  return [
    { ...payload, variables },
    { next, error: (error) => sink.error(error), complete: () => sink.complete() },
  ];
}

const resumeLink = new ApolloLink((operation, forward) => {
  // A mutation is not sent twice.
  if (operation.operationType !== OperationTypeNode.SUBSCRIPTION) return forward(operation);
  return defer(() => forward(operation)).pipe(
    tap(({ data }) => {
      const { runEvents } = (data ?? {}) as { runEvents?: { cursor?: string } };
      if (runEvents?.cursor !== undefined) operation.variables = { ...operation.variables, after: runEvents.cursor };
    }),
    retry({ count: 10, delay: 300, resetOnSuccess: true }),
  );
});

export const createStreamingApolloClient = (uri: string | BaseHttpLink.UriFunction, cache = new InMemoryCache()) =>
  new ApolloClient({ link: ApolloLink.from([resumeLink, new HttpLink({ uri })]), cache }); // multipart

export const createWebSocketApolloClient = (client: WebSocketClient) =>
  new ApolloClient({
    link: new GraphQLWsLink({
      ...client,
      subscribe: (payload, sink) => client.subscribe(...resumable(payload, sink)),
    }),
    cache: new InMemoryCache(),
  });

export const createStreamingUrqlClient = (url: string) =>
  new UrqlClient({ url, preferGetMethod: false, fetchSubscriptions: true, exchanges: [fetchExchange] });

/** The client of graphql-ws, or of graphql-sse. */
export interface StreamClient {
  subscribe(payload: { query: string; variables: Record<string, unknown> }, sink: Sink<Result>): () => void;
}

export const createStreamExchange = (client: StreamClient) =>
  subscriptionExchange({
    forwardSubscription: ({ query = '', variables }) => ({
      subscribe: (sink) => ({
        unsubscribe: client.subscribe(
          ...resumable({ query, variables: variables as Record<string, unknown> }, sink as Sink<Result>),
        ),
      }),
    }),
  });

export const createWebSocketUrqlClient = (url: string, client: StreamClient) =>
  new UrqlClient({ url, preferGetMethod: false, exchanges: [fetchExchange, createStreamExchange(client)] });

/** The second argument of `Network.create`. */
export const createRelaySubscribe =
  (client: StreamClient): SubscribeFunction =>
  ({ text }, variables) =>
    Observable.create<GraphQLResponse>((sink) =>
      client.subscribe(...resumable({ query: text ?? '', variables }, sink as Sink<Result>)),
    );
