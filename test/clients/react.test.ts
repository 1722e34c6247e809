// The components of docs/clients.md, each rendered against the running service: a list, a form, and a streamed reply
// that continues after lost connections.
import './support/browser.ts';
import './support/apollo-development.ts';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { createClient as createSseClient } from 'graphql-sse';
import { getIntrospectionQuery, type IntrospectionQuery } from 'graphql';
import { createElement, Suspense, useState, type ComponentType, type ReactNode } from 'react';
import { RelayEnvironmentProvider } from 'react-relay';
import { cleanUpLater } from '../support/cleanup.ts';
import { startCuttingProxy } from '../support/cutting-proxy.ts';
import { startService, type TestService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { App as ApolloApp } from './snippets/apollo-hooks.tsx';
import { createApolloCache } from './snippets/apollo.ts';
import { createRelayEnvironment } from './snippets/relay-environment.ts';
import { createRelaySubscribe, createStreamingApolloClient } from './snippets/streaming.ts';
import { App as UrqlApp, createReactClient } from './snippets/urql-hooks.tsx';
import { restoreAssistants } from './support/assistants.ts';
import { createRelayFrontend, type RelayFrontend } from './support/relay-frontend.ts';
import { render, type Screen } from './support/screen.ts';

const SEED = Number(process.env['STREAM_SEED'] ?? Date.now() % 1_000_000);
const QUESTION = '/slow 10\n/words 40';

let service: TestService;
let frontend: RelayFrontend;
let schema: IntrospectionQuery;
/** Newest first. */
let ids: readonly string[] = [];

beforeAll(async () => {
  service = await startService({ UPSTREAM: 'local' });
  frontend = await createRelayFrontend();
  const { data } = await service.query(getIntrospectionQuery());
  schema = data as unknown as IntrospectionQuery;
});
afterAll(() => frontend.remove());
beforeEach(async () => {
  ids = await restoreAssistants(service, ids, 12);
});

const createStreams = (url: string) => {
  const client = createSseClient({
    url: `${url}/graphql`,
    retryAttempts: 50,
    retry: () => new Promise((resolve) => setTimeout(resolve, 20)),
  });
  cleanUpLater(() => client.dispose());
  return client;
};

interface RelayModules {
  readonly AssistantList: ComponentType<{ open: (id: string) => void }>;
  readonly CreateForm: ComponentType;
  readonly Conversation: ComponentType<{ assistantId: string }>;
}

/** Each client's app, whose streams go through `url`. */
const apps: Readonly<Record<string, (url: string) => ReactNode | Promise<ReactNode>>> = {
  'Apollo Client': (url) => {
    const uri = ({ operationType }: { operationType: string }) =>
      `${operationType === 'subscription' ? url : service.url}/graphql`;
    const client = createStreamingApolloClient(uri, createApolloCache());
    cleanUpLater(() => client.stop());
    return createElement(ApolloApp, { client });
  },
  urql: (url) => {
    const client = createReactClient(`${service.url}/graphql`, schema, createStreams(url));
    return createElement(UrqlApp, { client });
  },
  Relay: async (url) => {
    const modules = {
      ...((await frontend.load('src/AssistantList.tsx')) as object),
      ...((await frontend.load('src/FollowRun.tsx')) as object),
    } as RelayModules;
    const environment = createRelayEnvironment(`${service.url}/graphql`, createRelaySubscribe(createStreams(url)));
    const App = () => {
      const [assistantId, open] = useState<string | null>(null);
      return [
        createElement(modules.AssistantList, { key: 'list', open }),
        createElement(modules.CreateForm, { key: 'form' }),
        assistantId === null ? null : createElement(modules.Conversation, { key: assistantId, assistantId }),
      ];
    };
    const children = createElement(Suspense, { fallback: 'Loading…' }, createElement(App));
    return createElement(RelayEnvironmentProvider, { environment, children });
  },
};

describe.each(Object.entries(apps))('the React components of %s', (client, createApp) => {
  const names = (screen: Screen) => screen.texts('li');

  test('show the assistants page by page, a new one first, and the errors of the input', async () => {
    const screen = render(await createApp(service.url));
    await until(() => names(screen).length === 10);
    await screen.submit('Create', `new in ${client}`);
    await until(() => names(screen)[0] === `new in ${client}`);
    expect(names(screen)).toHaveLength(11);
    await screen.click('More');
    await until(() => names(screen).at(-1) === 'number 0');
    await screen.submit('Create', 'x'.repeat(257));
    await until(() => screen.texts('[role=alert]').length > 0);
    expect(screen.texts('[role=alert]')).toEqual([expect.stringContaining('256')]);
    expect(new Set(names(screen)).size).toBe(names(screen).length);
  });

  test(`stream a reply although the connections are cut (seed ${SEED})`, async () => {
    const proxy = await startCuttingProxy(service.url, SEED);
    const screen = render(await createApp(proxy.url));
    await screen.click('number 11');
    await screen.submit('Send', QUESTION);
    const reply = () => screen.texts('article[aria-busy=false] p');
    await until(() => reply().length > 0);
    expect(proxy.cuts()).toBeGreaterThanOrEqual(1);
    expect(reply()).toEqual([expect.stringMatching(/^(\S+ ?){40}$/)]);
  });
});
