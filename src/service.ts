/** Puts the parts together: one call makes a service that listens, one ends it. */
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AimlClient } from './aiml/client.ts';
import { AssistantsDataSource } from './aiml/data-source.ts';
import { AimlError } from './aiml/errors.ts';
import { AssistantLoader } from './aiml/loaders.ts';
import { isBearerToken, type Config } from './config.ts';
import { errorCode } from './error-code.ts';
import { createApollo } from './graphql/apollo.ts';
import type { RequestContext } from './graphql/context.ts';
import { createApp } from './http/app.ts';
import { drain } from './http/drain.ts';
import type { RequestInfo } from './http/graphql-route.ts';
import { Lifecycle } from './http/lifecycle.ts';
import { createLocalAiml, type LocalAiml } from './local-aiml/server.ts';
import type { Logger } from './observability/logger.ts';

/** The account of the embedded AIML API that callers share where they bring no keys of their own. It guards nothing. */
const LOCAL_ACCOUNT_KEY = 'local';

export interface Service {
  /** Where it listens, without a trailing slash. */
  readonly url: string;
  /** Drains as the contract says; resolves once everything is closed. A second call waits for the first. */
  stop(): Promise<void>;
}

/** Rejects with an error whose message is one line for people where it cannot start. */
export async function createService(config: Config, logger: Logger): Promise<Service> {
  const localAiml = config.upstream.kind === 'local' ? await startLocalAiml(config.upstream.dataDir, logger) : null;
  const baseUrl = config.upstream.kind === 'local' ? new URL(localAiml?.url ?? '') : config.upstream.baseUrl;
  const client = new AimlClient({
    baseUrl,
    connections: config.upstreamConnections,
    attemptTimeoutMs: config.upstreamAttemptTimeoutMs,
  });
  const apollo = createApollo({ introspection: config.introspection, logger });
  await apollo.start();
  const lifecycle = new Lifecycle(config.maxInFlight);
  const app = await createApp({
    logger,
    lifecycle,
    corsOrigins: config.corsOrigins,
    corsLoopback: config.corsLoopback,
    createContext: (info) => createContext(info, config, client),
    execute: (httpGraphQLRequest, context) =>
      apollo.executeHTTPGraphQLRequest({ httpGraphQLRequest, context: () => Promise.resolve(context) }),
  });

  const close = async () => {
    await app.close();
    await apollo.stop();
    await client.close();
    await localAiml?.stop();
  };
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    await close();
    throw new Error(describeListenError(error));
  }
  lifecycle.markReady();
  let stopped: Promise<void> | null = null;
  return {
    url: urlOf(config.host, (app.server.address() as AddressInfo).port),
    stop: () => (stopped ??= stop()),
  };

  async function stop(): Promise<void> {
    lifecycle.markDraining();
    await sleep(config.shutdownGraceMs);
    await drain(app.server, { timeoutMs: config.shutdownTimeoutMs });
    await close();
  }
}

function startLocalAiml(dataDir: string, logger: Logger): Promise<LocalAiml> {
  return createLocalAiml({ dataDir, host: '127.0.0.1', port: 0, logger });
}

function createContext(info: RequestInfo, config: Config, client: AimlClient): RequestContext {
  const credential = credentialOf(config, info.authorization);
  let assistants: AssistantLoader | null = null;
  return {
    requestId: info.requestId,
    get assistants() {
      if (credential === null) throw UNAUTHENTICATED;
      return (assistants ??= new AssistantLoader(
        new AssistantsDataSource(client, {
          credential,
          requestId: info.requestId,
          signal: info.signal,
          deadlineAt: performance.now() + config.upstreamDeadlineMs,
        }),
      ));
    },
  };
}

const UNAUTHENTICATED = new AimlError({
  code: 'UNAUTHENTICATED',
  message: 'Send your AIML API key in the header "Authorization: Bearer …".',
  retryable: false,
});

/** The key that upstream is called with for this request; null where the caller had to bring one and did not. */
function credentialOf({ auth, upstream }: Config, authorization: string | undefined): string | null {
  if (auth.mode !== 'passthrough') return upstream.kind === 'aiml' ? upstream.apiKey : LOCAL_ACCOUNT_KEY;
  const token = /^Bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
  return token !== undefined && isBearerToken(token) ? token : null;
}

function urlOf(host: string, port: number): string {
  const isAny = host === '0.0.0.0' || host === '::';
  const name = isAny ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}

function describeListenError(error: unknown): string {
  const code = errorCode(error);
  if (code === 'EADDRINUSE') return 'PORT is in use by another process: stop it, or set PORT to another port';
  if (code === 'EACCES') return 'PORT may not be opened by this user: set PORT to 1024 or above';
  if (code === 'EADDRNOTAVAIL' || code === 'ENOTFOUND' || code === 'EAI_AGAIN')
    return 'HOST is not an address of this machine';
  return 'HOST and PORT could not be opened';
}
