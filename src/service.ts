/** Puts the parts together: one call makes a service that listens, one ends it. */
import type { AddressInfo } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { AimlClient } from './aiml/client.ts';
import { Reads } from './aiml/reads.ts';
import { createAuthenticator } from './auth/authenticator.ts';
import type { Config } from './config.ts';
import { errorCode } from './error-code.ts';
import { createApollo } from './graphql/apollo.ts';
import { errorCodes } from './graphql/errors.ts';
import { createExecutor } from './graphql/execution/executor.ts';
import { buildServiceSchema } from './graphql/schema.ts';
import { createApp } from './http/app.ts';
import { drain } from './http/drain.ts';
import { Lifecycle } from './http/lifecycle.ts';
import type { LocalAiml } from './local-aiml/server.ts';
import { createLibraryLogger, type Logger } from './observability/logger.ts';
import { createMetrics, type Metrics } from './observability/metrics.ts';
import { createOperationPlugin } from './observability/operation.plugin.ts';
import { createTracing } from './observability/tracing.ts';
import { Operations } from './operations.ts';
import type { ServiceContext } from './request-scope.ts';
import { VERSION } from './version.ts';

/** The account of the embedded AIML API that callers share where they bring no keys of their own. It guards nothing. */
const LOCAL_ACCOUNT_KEY = 'local';

export interface Service {
  /** Where it listens, without a trailing slash. */
  readonly url: string;
  /** Drains as the contract says; resolves once everything is closed. A second call waits for the first. */
  stop(): Promise<void>;
}

/** The address could not be opened. The message is one line for people and holds no value of a setting. */
export class ListenError extends Error {
  override readonly name = 'ListenError';
}

/** Rejects with a ListenError or a LocalAimlStartError where it cannot start. */
export async function createService(config: Config, logger: Logger): Promise<Service> {
  const localAiml = config.upstream.kind === 'local' ? await startLocalAiml(config.upstream.dataDir, logger) : null;
  const baseUrl = config.upstream.kind === 'local' ? new URL(localAiml?.url ?? '') : config.upstream.baseUrl;
  const lifecycle = new Lifecycle(config.maxInFlight);
  const authenticator = createAuthenticator({ auth: config.auth, heldKey: heldKeyOf(config) });
  const tracing = await createTracing(config.tracing && { ...config.tracing, serviceVersion: VERSION });
  const metrics: Metrics = createMetrics({
    version: VERSION,
    errorCodes: Object.keys(errorCodes),
    inFlight: () => lifecycle.inFlight,
    isBreakerOpen: () => client.isBreakerOpen,
  });
  const client = new AimlClient({
    baseUrl,
    connections: config.upstreamConnections,
    attemptTimeoutMs: config.upstreamAttemptTimeoutMs,
    onAttempt: (report) => metrics.recordAttempt(report),
  });
  const reads = new Reads(client, { cacheTtlMs: config.cacheTtlMs });
  const schema = buildServiceSchema({ federation: config.federation });
  const executor = createExecutor(schema);
  const apollo = createApollo<ServiceContext>({
    schema,
    executor,
    introspection: config.introspection,
    logger: createLibraryLogger(logger, 'Apollo Server'),
    onInternalError: (err, requestId) => logger.error({ err, requestId }, 'an internal error was masked'),
    plugins: [
      createOperationPlugin<ServiceContext>({
        onStart: ({ scope }) => scope.start(),
        onEnd: (record, { scope }, valid) => operations.end(record, scope, valid),
      }),
    ],
  });
  const operations: Operations = new Operations({
    apollo,
    executor,
    authenticator,
    client,
    reads,
    deadlineMs: config.upstreamDeadlineMs,
    onOperation: (record, { info: { requestId, callerRequestId, trace }, upstreamCalls, isShared }) => {
      metrics.recordOperation(record);
      trace?.endOperation(record);
      const more = { ...(callerRequestId !== null && { callerRequestId }), ...(isShared && { isShared }) };
      logger.info({ requestId, ...record, upstreamCalls, ...more, traceId: trace?.traceId }, 'operation');
    },
  });
  await apollo.start();
  const app = await createApp({
    logger,
    lifecycle,
    metrics,
    corsOrigins: config.corsOrigins,
    corsLoopback: config.corsLoopback,
    explorer: config.explorer,
    startTrace: (method, route, headers) => tracing.startRequest(method, route, headers),
    execute: (request, info) => operations.execute(request, info),
    onRefusal: ({ requestId, status, code, durationMs }) => {
      metrics.recordOperation({ kind: 'unknown', outcome: 'error', errorCodes: [code], durationMs });
      logger.info({ requestId, status, errorCodes: [code], durationMs }, 'refused');
    },
  });

  const close = async () => {
    await app.close();
    await apollo.stop();
    await client.close();
    await localAiml?.stop();
    await tracing.close();
  };
  try {
    await app.listen({ host: config.host, port: config.port });
  } catch (error) {
    await close();
    throw new ListenError(describeListenError(error));
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

/** Loaded where it is needed alone: it brings a database with it. */
async function startLocalAiml(dataDir: string, logger: Logger): Promise<LocalAiml> {
  const { createLocalAiml } = await import('./local-aiml/server.ts');
  // Its requests are this service's calls, which leave a line already.
  return createLocalAiml({ dataDir, host: '127.0.0.1', port: 0, logger: logger.child({}, { level: 'warn' }) });
}

/** The key that upstream is called with for everyone; null where each caller brings his own. */
function heldKeyOf({ auth, upstream }: Config): string | null {
  if (auth.mode === 'passthrough') return null;
  return upstream.kind === 'aiml' ? upstream.apiKey : LOCAL_ACCOUNT_KEY;
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
