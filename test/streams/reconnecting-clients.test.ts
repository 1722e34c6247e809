// The clients that frontends use, each through a proxy that cuts its connection every few chunks. Each follows one run
// with its exact text and without duplicates.
import { beforeAll, expect, test } from '@jest/globals';
import { gql } from '@apollo/client';
import { createClient as createSseClient, type Client as SseClient } from 'graphql-sse';
import { createClient as createWebSocketClient, type Client as WebSocketClient } from 'graphql-ws';
import {
  createOperationDescriptor,
  Environment,
  Network,
  RecordSource,
  requestSubscription,
  Store,
  type ConcreteRequest,
} from 'relay-runtime';
import { WebSocket } from 'ws';
import {
  createRelaySubscribe,
  createStreamingApolloClient,
  createStreamingUrqlClient,
  createWebSocketApolloClient,
  createWebSocketUrqlClient,
  resumable,
} from '../clients/snippets/streaming.ts';
import { createRelayFrontend } from '../clients/support/relay-frontend.ts';
import { startGateway } from '../federation/gateway.ts';
import { cleanUpLater } from '../support/cleanup.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { startRun, storedTexts, textsOf, type RunEvent, type RunReference } from '../support/run-events.ts';
import { startService, type TestService } from '../support/service.ts';
import { casesOf, slowTest } from '../support/slow.ts';

const SEED = Number(process.env['STREAM_SEED'] ?? Date.now() % 1_000_000);
const MESSAGE = '/slow 25\n/words 70';
const FOLLOW = `subscription Follow($threadId: ID!, $runId: ID!, $after: String) {
  runEvents(threadId: $threadId, runId: $runId, after: $after) {
    __typename cursor event
    ... on RunStateEvent { run { id status hasEnded } }
    ... on MessageTextEvent { messageId offset text }
  }
}`;

let service: TestService;
beforeAll(async () => {
  service = await startService({ UPSTREAM: 'local', FEDERATION: 'true' });
});

/** Follows a run to its end through `url`. */
type Follow = (
  url: string,
  run: RunReference & { after?: string },
  onEvent: (event: RunEvent) => void,
) => Promise<unknown>;

interface FollowResult {
  readonly data?: unknown;
  readonly errors?: readonly unknown[] | undefined;
}
const eventOf = ({ data, errors }: FollowResult): RunEvent => {
  const { runEvents } = (data ?? {}) as { runEvents?: RunEvent };
  if (!runEvents) throw new Error(`an event was expected, got ${JSON.stringify(errors)}`);
  return runEvents;
};

const toError = (error: unknown): Error => (error instanceof Error ? error : new Error(String(error)));

const RETRY_ATTEMPTS = 50;
const waitBeforeRetry = () => new Promise<void>((resolve) => setTimeout(resolve, 20));

function connect(url: string): WebSocketClient {
  const client = createWebSocketClient({
    url: `${url.replace('http', 'ws')}/graphql`,
    webSocketImpl: WebSocket,
    retryAttempts: RETRY_ATTEMPTS,
    retryWait: waitBeforeRetry,
    shouldRetry: () => true,
  });
  cleanUpLater(() => client.dispose());
  return client;
}

function connectSse(url: string): SseClient {
  const client = createSseClient({ url: `${url}/graphql`, retryAttempts: RETRY_ATTEMPTS, retry: waitBeforeRetry });
  cleanUpLater(() => client.dispose());
  return client;
}

/** Subscribes with a sink. Resolves when the subscription completes. */
const toSink = (
  subscribe: (sink: { next(result: FollowResult): void; error(error: unknown): void; complete(): void }) => unknown,
  onEvent: (event: RunEvent) => void,
): Promise<void> =>
  new Promise((resolve, reject) => {
    subscribe({
      next: (result) => {
        try {
          onEvent(eventOf(result));
        } catch (error) {
          reject(toError(error));
        }
      },
      error: reject,
      complete: resolve,
    });
  });

const clients: Readonly<Record<string, Follow>> = {
  'Apollo Client over multipart': (url, variables, onEvent) => {
    const client = createStreamingApolloClient(`${url}/graphql`);
    cleanUpLater(() => client.stop());
    return toSink(
      (sink) => client.subscribe({ query: gql(FOLLOW), variables, fetchPolicy: 'no-cache' }).subscribe(sink),
      onEvent,
    );
  },
  'Apollo Client over a WebSocket': (url, variables, onEvent) => {
    const client = createWebSocketApolloClient(connect(url));
    cleanUpLater(() => client.stop());
    return toSink(
      (sink) => client.subscribe({ query: gql(FOLLOW), variables, fetchPolicy: 'no-cache' }).subscribe(sink),
      onEvent,
    );
  },
  'urql over server-sent events': async (url, run, onEvent) => {
    const client = createStreamingUrqlClient(`${url}/graphql`);
    let after = run.after;
    const isOver = { value: false };
    while (!isOver.value) {
      await new Promise<void>((resolve) => {
        const subscription = client.subscription(FOLLOW, { ...run, after }).subscribe(({ data, error, hasNext }) => {
          const { runEvents } = (data ?? {}) as { runEvents?: RunEvent };
          // The last result is repeated at the end of the stream, and with the error that ended it.
          if (runEvents && runEvents.cursor !== after) {
            after = runEvents.cursor;
            // The error that ends a stream may arrive without the result before it.
            isOver.value ||= runEvents.run?.hasEnded === true;
            onEvent(runEvents);
          }
          if (!error && hasNext) return;
          resolve();
          setImmediate(() => subscription.unsubscribe());
        });
      });
    }
  },
  'urql over a WebSocket': (url, variables, onEvent) =>
    new Promise<void>((resolve, reject) => {
      const client = createWebSocketUrqlClient(`${url}/graphql`, connect(url));
      let last = '';
      client.subscription(FOLLOW, variables).subscribe(({ data, error, hasNext }) => {
        const { runEvents } = (data ?? {}) as { runEvents?: RunEvent };
        if (runEvents && runEvents.cursor !== last) onEvent(runEvents);
        last = runEvents?.cursor ?? last;
        if (error) reject(error);
        else if (!hasNext) resolve();
      });
    }),
  'the client of graphql-sse': (url, variables, onEvent) => {
    const client = connectSse(url);
    return toSink(
      (sink) => client.subscribe(...resumable({ query: FOLLOW, variables: { ...variables } }, sink)),
      onEvent,
    );
  },
  'the client of graphql-ws': (url, variables, onEvent) => {
    const client = connect(url);
    return toSink(
      (sink) => client.subscribe(...resumable({ query: FOLLOW, variables: { ...variables } }, sink)),
      onEvent,
    );
  },
};

async function expectFollowed(follow: Follow, url: string): Promise<void> {
  const run = await startRun(service, MESSAGE);
  const events: RunEvent[] = [];
  await follow(url, run, (event) => events.push(event));
  expect(events.at(-1)?.run).toMatchObject({ status: 'COMPLETED', hasEnded: true });
  expect(textsOf(events)).toEqual(await storedTexts(service, run));
  // Each text event starts at the end of the one before it.
  const pieces = events.map(({ text = '' }) => text.length).reduce((sum, length) => sum + length, 0);
  expect(pieces).toBe([...textsOf(events).values()].join('').length);
  const states = events.filter(({ text }) => text === undefined).map(({ event }) => event);
  expect(new Set(states).size).toBe(states.length);
  const { data } = await service.query('query ($id: ID!) { thread(id: $id) { runs { nodes { id } } } }', {
    id: run.threadId,
  });
  expect(data).toEqual({ thread: { runs: { nodes: [{ id: run.runId }] } } });
}

test.each(casesOf(3, Object.entries(clients)))(
  `%s follows a run although its connections are cut (seed ${SEED})`,
  async (_name, follow) => {
    const proxy = await startCuttingProxy(service.url, SEED);
    // How often a connection is cut during one run depends on the speed of the machine.
    do await expectFollowed(follow, proxy.url);
    while (proxy.cuts() < 3);
  },
);

slowTest(
  `Relay follows a run although its connections are cut, and its store contains the text (seed ${SEED})`,
  async () => {
    const frontend = await createRelayFrontend();
    cleanUpLater(() => frontend.remove());
    const { code, output } = frontend.compiled;
    expect([code, output]).toEqual([0, expect.stringContaining('Compilation completed')]);
    const followMessage = await frontend.artifact<ConcreteRequest>('FollowMessageSubscription');
    // Over a WebSocket, and over server-sent events.
    for (const connectClient of [connect, connectSse]) {
      const proxy = await startCuttingProxy(service.url, SEED);
      let shown: unknown = null;
      const follow: Follow = async (url, variables, onEvent) => {
        const store = new Store(new RecordSource());
        const network = Network.create(
          () => {
            throw new Error('no query was expected');
          },
          createRelaySubscribe(connectClient(url)),
        );
        const environment = new Environment({ network, store });
        environment.retain(createOperationDescriptor(followMessage, variables));
        await new Promise<void>((resolve, reject) => {
          requestSubscription(environment, {
            subscription: followMessage,
            variables,
            onNext: (data) => {
              const event = eventOf({ data });
              onEvent(event);
              const record = event.messageId === undefined ? null : store.getSource().get(event.messageId);
              if (record) shown = record['text'];
            },
            onError: reject,
            onCompleted: () => resolve(),
          });
        });
        expect(shown).toBe([...(await storedTexts(service, variables)).values()][0]);
      };
      do await expectFollowed(follow, proxy.url);
      while (proxy.cuts() < 3);
    }
  },
);

slowTest(
  `a client behind Hive Gateway follows a run although the connections of the gateway are cut (seed ${SEED})`,
  async () => {
    const { data } = await service.query('{ _service { sdl } }');
    const { _service } = data as { _service: { sdl: string } };
    const proxy = await startCuttingProxy(service.url, SEED);
    const gateway = await startGateway([{ name: 'assistants', url: `${proxy.url}/graphql`, sdl: _service.sdl }]);
    const follow: Follow = async (url, variables, onEvent) => {
      let after = variables.after;
      const isOver = { value: false };
      for (let attempt = 0; attempt < 200 && !isOver.value; attempt += 1) {
        const client = createSseClient({ url: `${url}/graphql`, retryAttempts: 0 });
        await toSink(
          (sink) => client.subscribe({ query: FOLLOW, variables: { ...variables, after } }, sink),
          (event) => {
            after = event.cursor;
            isOver.value = event.run?.hasEnded === true;
            onEvent(event);
          },
        ).catch(() => undefined);
        client.dispose();
      }
    };
    do await expectFollowed(follow, gateway.url);
    while (proxy.cuts() < 1);
  },
);
