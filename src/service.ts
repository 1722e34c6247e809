/** Puts the parts together: one call makes a service that listens, one ends it. */
import { createHash, randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import type { GraphQLSchema } from 'graphql';
import { hasAssistants } from './aiml/assistants-probe.ts';
import { AimlClient } from './aiml/client.ts';
import { SUNSET_MESSAGE } from './aiml/outcome.ts';
import { IdempotencyKeys } from './aiml/idempotency-keys.ts';
import { ModelList } from './aiml/model-list.ts';
import type { RateLimit } from './aiml/rate-limit.ts';
import { ReadThroughCache } from './aiml/cache/read-through.ts';
import { RunHub } from './aiml/runs/run-hub.ts';
import { RedisResponseCache } from './aiml/cache/redis.ts';
import { createAuthenticator } from './auth/authenticator.ts';
import type { Config } from './config.ts';
import { ConfigError } from './runtime/environment.ts';
import { errorCode } from './runtime/error-code.ts';
import { createApollo } from './graphql/server/apollo.ts';
import { errorCodes } from './graphql/errors/codes.ts';
import { createExecutor } from './graphql/server/executor.ts';
import { OperationCache } from './graphql/server/operation-cache.ts';
import { createApqCache } from './graphql/server/apq-cache.ts';
import { createSafelistPlugin, requestParam, Safelist } from './graphql/server/safelist.ts';
import { findUnusable, ManifestError, parseManifest } from './graphql/server/manifest.ts';
import { buildServiceSchema } from './graphql/schema/schema.ts';
import { createApp, isAllowedOrigin } from './http/app.ts';
import { BodyMemory } from './http/body-memory.ts';
import { ConnectionTracker } from './http/connection-tracker.ts';
import { drain, ListenError } from './http/shutdown.ts';
import type { GraphQLRouteOptions } from './http/graphql-route.ts';
import { HostPolicy } from './http/host-policy.ts';
import { HttpServers } from './http/http-servers.ts';
import { Lifecycle } from './http/lifecycle.ts';
import { WebSockets } from './http/websocket/websockets.ts';
import type { LocalAiml } from './local-aiml/server.ts';
import type { LibraryLevel, Logger } from './observability/logger.ts';
import { LogSampler } from './observability/log-sampler.ts';
import { createMetrics, type Metrics } from './observability/metrics.ts';
import { toOperationName, toTenantLabel } from './observability/operation-record.ts';
import { createOperationPlugin } from './graphql/server/operation.plugin.ts';
import { createTracing } from './observability/tracing.ts';
import { GraphQLRequestHandler } from './graphql/server/request-handler.ts';
import { FairShare } from './runtime/fair-share.ts';
import { Semaphore } from './runtime/semaphore.ts';
import type { RedisConnection } from './redis/connection.ts';
import { decodeUtf8 } from './runtime/utf8.ts';
import type { ServiceContext } from './graphql/server/request-context.ts';
import { StreamLimits } from './graphql/server/stream-limits.ts';
import { VERSION } from './version.ts';

/** How long a request may take to arrive once the service stops, in milliseconds. */
const ARRIVAL_TIMEOUT_WHILE_STOPPING_MS = 3000;
/** How long it may take to close what is left when the time for requests in flight is over, in milliseconds. */
const CLOSE_TIMEOUT_MS = 600;
/** As many calls as one operation makes at a time. */
const MIN_RATE_LIMIT_WAITERS = 10;
/** Characters of base64url: 132 bits. */
const NAMESPACE_LENGTH = 22;

export interface Service {
  /** Where it listens, without a trailing slash. */
  readonly url: string;
  /**
   * Asks the AIML API once whether the account of the service's own key still has assistants, and logs it if not. Does
   * nothing if callers bring their keys, or on the embedded API. Never rejects.
   */
  probe(): Promise<void>;
  /** Drains as the contract says; resolves once everything is closed. A second call waits for the first. */
  stop(): Promise<void>;
}

export interface ServiceOptions {
  /** How many entries the log has lost; 0 where it is left out. */
  readonly droppedLogEntries?: () => number;
  /** How long a client may read nothing of a response, in milliseconds; 30 s where it is left out. */
  readonly stallTimeoutMs?: number;
  /** How long a stream from upstream may bring nothing, in milliseconds; a minute where it is left out. */
  readonly streamIdleTimeoutMs?: number;
  /** The first wait between two polls of a run, in milliseconds; half a second where it is left out. */
  readonly firstPollMs?: number;
  /** How long upstream may fail before those who follow a run get an error, in milliseconds; 20 s where it is left out. */
  readonly maxFailingMs?: number;
  /** How long nothing may be sent in a stream, in milliseconds; 12 s where it is left out. */
  readonly heartbeatMs?: number;
}

/** Rejects with a ConfigError, a ListenError or a LocalAimlStartError where it cannot start. */
export async function createService(
  config: Config,
  logger: Logger,
  {
    droppedLogEntries = () => 0,
    stallTimeoutMs,
    streamIdleTimeoutMs,
    firstPollMs,
    maxFailingMs,
    heartbeatMs,
  }: ServiceOptions = {},
): Promise<Service> {
  const schema = buildServiceSchema({ federation: config.federation });
  const safelist = await readSafelist(config, schema, logger);
  const isEnforced = config.persistedOperations?.mode === 'enforce';
  const localAiml =
    config.upstream.kind === 'local' ? await startLocalAiml(config.upstream.dataDir, config, logger) : null;
  const baseUrl = config.upstream.kind === 'local' ? new URL(localAiml?.url ?? '') : config.upstream.baseUrl;
  let isSunset = false;
  const lifecycle = new Lifecycle();
  const operationSlots = new Semaphore(config.maxInFlight);
  const bodyMemory = new BodyMemory();
  const connections = new ConnectionTracker({
    stallTimeoutMs,
    onDisconnect: (reason) => logger.clientDisconnected(reason),
  });
  const redis = await createRedis(config, localAiml?.storeId ?? baseUrl.href.replace(/(?<!\/)\/+$/, ''), logger);
  const isRedisUp = redis && (() => redis.isUp);
  const authenticator = createAuthenticator({
    auth: config.auth,
    serviceKey: serviceKeyOf(config, localAiml),
    proxies: config.proxies,
    sharedTenants: redis !== null,
    onKeysUnavailable: sampled((suppressed, reason: string) => logger.jwksUnavailable(reason, suppressed)),
  });
  const tracing = await createTracing(
    config.tracing && {
      ...config.tracing,
      serviceVersion: VERSION,
      onDelivery: (isDelivered) => (isDelivered ? logger.tracesDelivered() : logger.tracesUndelivered()),
    },
  );
  const metrics: Metrics = createMetrics({
    hasCache: config.cacheTtlMs > 0,
    version: VERSION,
    errorCodes: Object.keys(errorCodes),
    inFlight: () => operationSlots.acquired,
    requestBodyBytes: () => bodyMemory.reservedBytes,
    unsentResponseBytes: () => connections.unsentBytes,
    isBreakerOpen: () => client.isBreakerOpen,
    openStreams: () => requestHandler.openStreams,
    openWebSockets: () => webSockets.count,
    runsFollowed: () => runHub.size,
    droppedLogEntries,
    isRedisUp,
  });
  const isMultiTenant = config.auth.mode !== 'none';
  const client = new AimlClient({
    baseUrl,
    connections: config.upstreamConnections,
    attemptTimeoutMs: config.upstreamAttemptTimeoutMs,
    // The embedded AIML API is in this process.
    proxies: localAiml ? null : config.proxies,
    rateLimit: await createRateLimit(config, redis),
    isMultiTenant,
    streamIdleTimeoutMs,
    ...(isMultiTenant && { maxRateLimitWaiters: Math.max(MIN_RATE_LIMIT_WAITERS, Math.floor(config.maxInFlight / 8)) }),
    onAttempt: (report) => metrics.recordAttempt(report),
    onFailure: sampled((suppressed, { subject, kind, status, upstreamRequestId, durationMs, ...report }) =>
      logger.upstreamCallFailed(
        {
          requestId: report.requestId,
          call: report.call,
          cause: report.cause,
          status: status ?? undefined,
          upstreamRequestId: upstreamRequestId ?? undefined,
          attempt: report.attempt,
          outcome: kind,
          durationMs: Math.round(durationMs),
          tenant: toTenantLabel(subject),
        },
        suppressed,
      ),
    ),
    onBreaker: (scope, isOpen) => (isOpen ? logger.breakerOpened(scope) : logger.breakerClosed(scope)),
    onRateLimited: () => metrics.recordRateLimited(),
  });
  const reads = new ReadThroughCache(client, {
    cacheTtlMs: config.cacheTtlMs,
    shared: redis && new RedisResponseCache(redis, config.cacheTtlMs),
    onLookup: (result) => metrics.recordCacheLookup(result),
  });
  const isEmbedded = localAiml !== null;
  const runHub = new RunHub({ upstream: { client, isEmbedded }, firstPollMs, maxFailingMs });
  const streamLimits = new StreamLimits({ maxStreams: config.maxStreams, isMultiTenant });
  const cache = new OperationCache(createExecutor(schema));
  const reportUnlisted = (requestId: string, operationName: string | null) => {
    metrics.recordUnlisted();
    logger.operationUnlisted({ requestId, operationName, refused: isEnforced });
  };
  const documents = createApqCache(redis);
  const apollo = createApollo<ServiceContext>({
    schema,
    requestHandler: cache,
    introspection: config.introspection,
    persistedDocuments: safelist ? safelist.asPersistedQueryCache(isEnforced ? null : documents) : documents,
    logger: toLibraryLogger(logger, 'Apollo Server'),
    onInternalError: (error, requestId) => logger.internalErrorMasked(error, requestId),
    plugins: [
      createOperationPlugin<ServiceContext>({
        onStart: ({ scope }) => scope.start(),
        onEnd: (record, { scope }, valid) => requestHandler.recordEnd(record, scope, valid),
      }),
      ...(safelist && !isEnforced
        ? [createSafelistPlugin<ServiceContext>(safelist, ({ scope }) => (scope.isUnlisted = true))]
        : []),
    ],
  });
  const requestHandler: GraphQLRequestHandler = new GraphQLRequestHandler({
    apollo,
    cache,
    authenticator,
    upstream: {
      client,
      reads,
      models: new ModelList(client),
      idempotencyKeys: new IdempotencyKeys(),
      isEmbedded,
      runHub,
    },
    slots: new FairShare({ capacity: config.maxInFlight, isMultiTenant }),
    streamLimits,
    deadlineMs: config.upstreamDeadlineMs,
    coalesceQueries: redis === null,
    introspection: config.introspection,
    safelist: isEnforced ? safelist : null,
    onUnlisted: (request, { requestId }) =>
      reportUnlisted(requestId, toOperationName(requestParam(request, 'operationName'))),
    onTokenRejected: sampled((suppressed, entry: { readonly requestId: string; readonly reason: string }) =>
      logger.tokenRejected(entry, suppressed),
    ),
    onOperation: (record, context) => {
      const { info, upstreamCalls, isShared, isUnlisted, stream, tenant, writtenIds } = context;
      const { requestId, callerRequestId, trace } = info;
      trace?.endOperation(record);
      // The answer goes first: nobody has to wait for his line in the log.
      setImmediate(() => {
        metrics.recordOperation(record);
        if (stream) metrics.recordStream(stream);
        if (isUnlisted) reportUnlisted(requestId, record.operationName);
        logger.operationEnded({
          requestId,
          operationName: record.operationName,
          kind: record.kind,
          outcome: record.outcome,
          errorCodes: record.errorCodes,
          durationMs: stream?.durationMs ?? record.durationMs,
          upstreamCalls,
          callerRequestId: callerRequestId ?? undefined,
          isShared: isShared || undefined,
          traceId: trace?.traceId,
          tenant,
          writtenIds,
          transport: stream?.transport,
          end: stream?.end,
          events: stream?.events,
        });
      });
    },
  });
  await apollo.start();
  await redis?.open();
  const execute: GraphQLRouteOptions['execute'] = (request, info) => requestHandler.execute(request, info);
  const webSockets: WebSockets = new WebSockets({
    lifecycle,
    operationSlots,
    hosts: new HostPolicy(config.allowedHosts),
    isAllowedOrigin: (origin) => isAllowedOrigin(origin, config),
    execute,
    onError: (error) => logger.webSocketFailed(error),
    heartbeatMs,
    stallTimeoutMs,
  });
  const servers = new HttpServers(connections, webSockets);
  const app = await createApp({
    logger,
    servers,
    connections,
    bodyMemory,
    allowedHosts: config.allowedHosts,
    lifecycle,
    operationSlots,
    metrics,
    corsOrigins: config.corsOrigins,
    corsLoopback: config.corsLoopback,
    explorer: config.explorer,
    notice: () => (isSunset ? SUNSET_MESSAGE : null),
    isRedisUp,
    startTrace: (method, route, headers) => tracing.startRequest(method, route, headers),
    heartbeatMs,
    execute,
    onErrorResponse: ({ requestId, status, code, durationMs }) => {
      metrics.recordOperation({ kind: 'unknown', outcome: 'error', errorCodes: [code], durationMs });
      logger.requestRejected({ requestId, status, errorCodes: [code], durationMs });
    },
  });

  /** Calls that are in flight upstream get `timeoutMs` to end. */
  const close = async (timeoutMs: number) => {
    await app.close();
    connections.close();
    runHub.close();
    await apollo.stop();
    await client.close(timeoutMs);
    redis?.close();
    await localAiml?.stop();
    await tracing.close();
  };
  void client.preconnect();
  await app.ready();
  const port = await servers.listen({ host: config.host, port: config.port }).catch(async (error: unknown) => {
    await close(0);
    throw new ListenError(describeListenError(error));
  });
  lifecycle.markReady();
  let stopped: Promise<void> | null = null;
  return {
    url: urlOf(config.host, port),
    probe,
    stop: () => (stopped ??= stop()),
  };

  async function probe(): Promise<void> {
    if (config.upstream.kind !== 'aiml' || config.upstream.apiKey === null) return;
    isSunset = !(await hasAssistants(client, {
      credential: config.upstream.apiKey,
      requestId: randomUUID(),
      timeoutMs: config.upstreamAttemptTimeoutMs,
    }));
    if (isSunset) logger.assistantsUnavailable();
  }

  async function stop(): Promise<void> {
    const drainedAt = performance.now() + config.shutdownGraceMs + config.shutdownTimeoutMs;
    const leftMs = () => Math.max(0, drainedAt - performance.now());
    lifecycle.markDraining();
    streamLimits.close();
    const arrivals = setTimeout(
      () => servers.limitArrival(ARRIVAL_TIMEOUT_WHILE_STOPPING_MS),
      ARRIVAL_TIMEOUT_WHILE_STOPPING_MS,
    );
    const socketsClosed = webSockets.drain(leftMs());
    await sleep(config.shutdownGraceMs);
    await Promise.all([drain(servers.all, { timeoutMs: config.shutdownTimeoutMs }), socketsClosed]);
    clearTimeout(arrivals);
    await Promise.race([close(leftMs()), sleep(leftMs() + CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
  }
}

/** Entries of one kind in a second. */
const MAX_ENTRIES_PER_SECOND = 10;

/** Calls `log` at most so often; `suppressed` is how many calls were left out before. */
function sampled<T>(log: (suppressed: number, event: T) => void): (event: T) => void {
  const sampler = new LogSampler(MAX_ENTRIES_PER_SECOND, 1000);
  return (event) => {
    const suppressed = sampler.take();
    if (suppressed !== null) log(suppressed, event);
  };
}

/** A logger for a library, which logs that the library logged something, and not what. */
const toLibraryLogger = (logger: Logger, library: string): Readonly<Record<LibraryLevel, () => void>> => ({
  debug: () => logger.libraryLogged(library, 'debug'),
  info: () => logger.libraryLogged(library, 'info'),
  warn: () => logger.libraryLogged(library, 'warn'),
  error: () => logger.libraryLogged(library, 'error'),
});

/** Loaded where it is needed alone: it brings a database with it. */
async function startLocalAiml(dataDir: string, { auth, runs }: Config, logger: Logger): Promise<LocalAiml> {
  const { createLocalAiml } = await import('./local-aiml/server.ts');
  // Its requests are this service's calls, which leave a line already.
  return createLocalAiml({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    callers: auth.mode === 'passthrough' ? 'anyone' : 'service',
    runs,
    logger: logger.embeddedApi,
  });
}

/** Null where operations are not listed. */
async function readSafelist(
  { persistedOperations }: Config,
  schema: GraphQLSchema,
  logger: Logger,
): Promise<Safelist | null> {
  if (!persistedOperations) return null;
  const bytes = await readFile(persistedOperations.path).catch(() => {
    throw new ConfigError('PERSISTED_OPERATIONS names a file that cannot be read');
  });
  const json = decodeUtf8(bytes);
  if (json === null) throw new ConfigError('PERSISTED_OPERATIONS names a file that is not UTF-8 text');
  try {
    const operations = parseManifest(json);
    const unusable = findUnusable(operations, schema).map(({ name }) => toOperationName(name));
    if (unusable.length > 0) logger.manifestUnusable(unusable);
    return new Safelist(operations);
  } catch (error) {
    if (!(error instanceof ManifestError)) throw error;
    throw new ConfigError(`PERSISTED_OPERATIONS names a file that ${error.message}`);
  }
}

/** `upstream` is what tells its data from any other's. Null where there is no Redis, and then nothing is loaded for it. */
async function createRedis({ redisUrl }: Config, upstream: string, logger: Logger): Promise<RedisConnection | null> {
  if (redisUrl === null) return null;
  const { RedisConnection } = await import('./redis/connection.ts');
  return new RedisConnection({
    url: redisUrl,
    namespace: createHash('sha256').update(upstream).digest('base64url').slice(0, NAMESPACE_LENGTH),
    onChange: (reason) => {
      if (reason === null) logger.redisAvailable();
      else logger.redisUnavailable(reason);
    },
  });
}

/** Null where requests are not limited. */
async function createRateLimit(
  { upstreamRateLimit }: Config,
  redis: RedisConnection | null,
): Promise<RateLimit | null> {
  if (upstreamRateLimit === null) return null;
  const { createRateLimit } = await import('./aiml/rate-limit.ts');
  return createRateLimit(upstreamRateLimit, redis);
}

/** The key that upstream is called with for everyone; null where each caller brings his own. */
function serviceKeyOf({ auth, upstream }: Config, localAiml: LocalAiml | null): string | null {
  if (auth.mode === 'passthrough') return null;
  return upstream.kind === 'aiml' ? upstream.apiKey : (localAiml?.serviceKey ?? null);
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
