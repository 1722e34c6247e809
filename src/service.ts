/** Builds the service from its parts: one call starts it, one ends it. */
import { createHash, randomUUID } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { AimlClient } from './aiml/client.ts';
import { SUNSET_MESSAGE } from './aiml/outcome.ts';
import { IdempotencyKeys } from './aiml/idempotency-keys.ts';
import { ModelList } from './aiml/model-list.ts';
import type { RateLimit } from './aiml/rate-limit.ts';
import { ReadThroughCache } from './aiml/cache/read-through.ts';
import { RunHub } from './aiml/runs/run-hub.ts';
import type { RunReaderOptions } from './aiml/runs/run-reader.ts';
import type { TransportOptions } from './aiml/transport.ts';
import { RedisResponseCache } from './aiml/cache/redis.ts';
import { createAuthenticator } from './auth/authenticator.ts';
import type { Config } from './config.ts';
import { errorCodes } from './graphql/errors/codes.ts';
import { createApqCache } from './graphql/server/apq-cache.ts';
import { createGraphQLServer } from './graphql/server/graphql-server.ts';
import { readSafelist } from './graphql/server/safelist.ts';
import { buildServiceSchema, toSdl } from './graphql/schema/schema.ts';
import { createApp, isAllowedOrigin } from './http/app.ts';
import { BodyMemory } from './http/body-memory.ts';
import { ConnectionTracker } from './runtime/connection-tracker.ts';
import type { OperationOptions } from './http/graphql-route.ts';
import { HostPolicy } from './http/host-policy.ts';
import { HttpServers } from './http/http-servers.ts';
import { drain, type Lifecycle } from './http/shutdown.ts';
import { WebSockets } from './http/websocket/websockets.ts';
import type { LocalAiml } from './local-aiml/server.ts';
import { createEventReporter } from './observability/event-reporter.ts';
import type { Logger } from './observability/logger.ts';
import { createMetrics, type Metrics } from './observability/metrics.ts';
import { toOperationName } from './observability/operation-record.ts';
import { createTracing } from './observability/tracing.ts';
import { closeAll, type Close } from './runtime/closers.ts';
import { FairShare } from './runtime/fair-share.ts';
import { Semaphore } from './runtime/semaphore.ts';
import type { RedisConnection } from './redis/connection.ts';
import { StreamLimits } from './graphql/server/stream-limits.ts';
import { VERSION } from './version.ts';

/** How long a request may take to arrive after shutdown has begun, in milliseconds. */
const ARRIVAL_TIMEOUT_WHILE_STOPPING_MS = 3000;
/** How long before the end of SHUTDOWN_TIMEOUT_MS operations are cancelled, so that clients get responses, in milliseconds. */
const CANCEL_BEFORE_MS = 200;
/** How long closing may take after the time for requests in flight, in milliseconds. */
const CLOSE_TIMEOUT_MS = 600;
/** The number of calls that one operation makes at a time. */
const MIN_RATE_LIMIT_WAITERS = 10;
/** In characters of base64url: 132 bits. */
const NAMESPACE_LENGTH = 22;

export interface Service {
  /** The base URL, without a trailing slash. */
  readonly url: string;
  /**
   * Checks once whether the account of the service's key still has assistants at the AIML API, and logs it if not. Does
   * nothing if clients send their own keys, or with the embedded API. Never rejects.
   */
  probe(): Promise<void>;
  /** Drains and closes the service. Further calls wait for the first. */
  stop(): Promise<void>;
}

export interface ServiceOptions extends RunReaderOptions, Pick<TransportOptions, 'streamIdleTimeoutMs'> {
  /** Returns the number of log entries dropped since the start; 0 by default. */
  readonly droppedLogEntries?: () => number;
  /** How long a client may read nothing of a response, in milliseconds; 30 s by default. */
  readonly stallTimeoutMs?: number;
  /** The interval of heartbeats in streams, in milliseconds; 12 s by default. */
  readonly heartbeatMs?: number;
}

/** Rejects with a ConfigError, a ListenError or a LocalAimlStartError if it cannot start; then everything is closed. */
export async function createService(config: Config, logger: Logger, options: ServiceOptions = {}): Promise<Service> {
  const closers: Close[] = [];
  try {
    return await startService(config, logger, options, closers);
  } catch (error) {
    await closeAll(closers, 0).catch(() => undefined);
    throw error;
  }
}

/** Adds each part that must be closed to `closers`, which close in reverse order. */
async function startService(
  config: Config,
  logger: Logger,
  options: ServiceOptions,
  closers: Close[],
): Promise<Service> {
  const { droppedLogEntries = () => 0, stallTimeoutMs, streamIdleTimeoutMs, firstPollMs, maxFailingMs } = options;
  const { heartbeatMs } = options;
  const { introspection, persistedOperations } = config;
  const isMultiTenant = config.auth.mode !== 'none';
  const schema = buildServiceSchema({ federation: config.federation });
  const safelist =
    persistedOperations &&
    (await readSafelist(persistedOperations.path, schema, (names) =>
      logger.manifestUnusable(names.map(toOperationName)),
    ));
  const isSafelistEnforced = persistedOperations?.mode === 'enforce';

  const tracing = await createTracing(
    config.tracing && {
      ...config.tracing,
      serviceVersion: VERSION,
      onDelivery: (isDelivered) => (isDelivered ? logger.tracesDelivered() : logger.tracesUndelivered()),
    },
  );
  closers.push(() => tracing.close());
  const localAiml =
    config.upstream.kind === 'local' ? await startLocalAiml(config.upstream.dataDir, config, logger) : null;
  closers.push(() => localAiml?.stop());
  const baseUrl = config.upstream.kind === 'local' ? new URL(localAiml?.url ?? '') : config.upstream.baseUrl;
  const redis = await createRedis(config, localAiml?.storeId ?? baseUrl.href.replace(/(?<!\/)\/+$/, ''), logger);
  closers.push(() => redis?.close());
  const isRedisUp = redis && (() => redis.isUp);

  const lifecycle: Lifecycle = { state: 'starting' };
  const hosts = new HostPolicy(config.allowedHosts);
  const operationSlots = new Semaphore(config.maxInFlight);
  const bodyMemory = new BodyMemory();
  const connections = new ConnectionTracker({
    stallTimeoutMs,
    onDisconnect: (reason, caller) => logger.clientDisconnected(reason, caller),
  });
  closers.push(() => connections.close());
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
    followedRunBytes: () => runHub.bytes,
    droppedLogEntries,
    isRedisUp,
  });
  const reporter = createEventReporter(logger, metrics, isSafelistEnforced);

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
    onFailure: reporter.attemptFailed,
    onBreaker: reporter.breakerChanged,
    onRateLimited: () => metrics.recordRateLimited(),
  });
  closers.push((timeoutMs) => client.close(timeoutMs));
  const reads = new ReadThroughCache(client, {
    cacheTtlMs: config.cacheTtlMs,
    shared: redis && new RedisResponseCache(redis, config.cacheTtlMs),
    onLookup: (result) => metrics.recordCacheLookup(result),
  });
  const isEmbedded = localAiml !== null;
  const runHub = new RunHub({ upstream: { client, isEmbedded }, firstPollMs, maxFailingMs });
  const streamLimits = new StreamLimits({ maxStreams: config.maxStreams, isMultiTenant });

  const { apollo, requestHandler } = createGraphQLServer({
    schema,
    introspection,
    safelist,
    isSafelistEnforced,
    documents: createApqCache(redis),
    authenticate: createAuthenticator({
      auth: config.auth,
      serviceKey: serviceKeyOf(config, localAiml),
      proxies: config.proxies,
      onKeysUnavailable: reporter.keysUnavailable,
    }),
    upstream: {
      client,
      reads,
      models: new ModelList(client),
      idempotencyKeys: new IdempotencyKeys(),
      isEmbedded,
      runHub,
    },
    slots: isMultiTenant ? new FairShare({ capacity: config.maxInFlight }) : null,
    streamLimits,
    deadlineMs: config.upstreamDeadlineMs,
    coalesceQueries: redis === null,
    logger: reporter.libraryLogger('Apollo Server'),
    onInternalError: logger.internalErrorMasked,
    onUnlisted: reporter.operationUnlisted,
    onTokenRejected: reporter.tokenRejected,
    onOperation: reporter.operationEnded,
  });
  closers.push(() => apollo.stop());
  closers.push(() => runHub.close());
  await apollo.start();
  await redis?.open();

  const execute: OperationOptions['execute'] = (request, info) => requestHandler.execute(request, info);
  const startTrace: OperationOptions['startTrace'] = (method, route, headers) =>
    tracing.startRequest(method, route, headers);
  const webSockets: WebSockets = new WebSockets({
    lifecycle,
    connections,
    operationSlots,
    hosts,
    isAllowedOrigin: (origin) => isAllowedOrigin(origin, config),
    startTrace,
    execute,
    onError: (error, caller) => logger.webSocketFailed(error, caller),
    onOperationRejected: (entry) => reporter.requestRejected({ ...entry, durationMs: 0 }),
    onRejected: reporter.webSocketRejected,
    heartbeatMs,
    stallTimeoutMs,
  });
  let isSunset = false;
  const servers = new HttpServers(connections, webSockets, {
    onErrorResponse: reporter.requestRejected,
    onOriginRejected: reporter.originRejected,
  });
  const app = await createApp({
    logger,
    servers,
    connections,
    bodyMemory,
    hosts,
    lifecycle,
    operationSlots,
    metrics,
    corsOrigins: config.corsOrigins,
    corsLoopback: config.corsLoopback,
    explorer: config.explorer,
    printSchema: introspection ? () => toSdl(schema) : null,
    notice: () => (isSunset ? SUNSET_MESSAGE : null),
    isRedisUp,
    startTrace,
    heartbeatMs,
    execute,
    onErrorResponse: reporter.requestRejected,
    onOriginRejected: reporter.originRejected,
  });
  closers.push(() => app.close());
  void client.preconnect();
  await app.ready();
  const port = await servers.listen({ host: config.host, port: config.port });
  lifecycle.state = 'ready';

  let stopped: Promise<void> | null = null;
  return {
    url: urlOf(config.host, port),
    probe,
    stop: () => (stopped ??= stop()),
  };

  async function probe(): Promise<void> {
    if (config.upstream.kind !== 'aiml' || config.upstream.apiKey === null) return;
    isSunset = !(await client.hasAssistants(config.upstream.apiKey, randomUUID()));
    if (isSunset) logger.assistantsUnavailable();
  }

  async function stop(): Promise<void> {
    const drainedAt = performance.now() + config.shutdownGraceMs + config.shutdownTimeoutMs;
    const leftMs = () => Math.max(0, drainedAt - performance.now());
    lifecycle.state = 'draining';
    streamLimits.close();
    const arrivals = setTimeout(
      () => servers.limitArrival(ARRIVAL_TIMEOUT_WHILE_STOPPING_MS),
      ARRIVAL_TIMEOUT_WHILE_STOPPING_MS,
    );
    const cancelBeforeMs = Math.min(CANCEL_BEFORE_MS, config.shutdownTimeoutMs / 2);
    const cancellation = setTimeout(() => {
      requestHandler.cancelAll();
      client.cancelWrites();
    }, leftMs() - cancelBeforeMs);
    const socketsClosed = webSockets.drain(leftMs());
    await sleep(config.shutdownGraceMs);
    await Promise.all([drain(servers.all, config.shutdownTimeoutMs), socketsClosed]);
    clearTimeout(arrivals);
    clearTimeout(cancellation);
    await Promise.race([closeAll(closers, leftMs()), sleep(leftMs() + CLOSE_TIMEOUT_MS, undefined, { ref: false })]);
  }
}

/** The embedded API is loaded on demand, because it includes a database. */
async function startLocalAiml(dataDir: string, { auth, runs }: Config, logger: Logger): Promise<LocalAiml> {
  const { createLocalAiml } = await import('./local-aiml/server.ts');
  return createLocalAiml({
    dataDir,
    host: '127.0.0.1',
    port: 0,
    callers: auth.mode === 'passthrough' ? 'anyone' : 'service',
    runs,
    // The client of the service reads a large response when it has memory for it.
    maxUnsentBytes: Infinity,
    // The service limits the bodies and the operations of its callers itself.
    limits: { largeBodies: Infinity, requestsOfAccount: Infinity },
    logger: logger.embeddedApi,
  });
}

/** `upstream` identifies the upstream whose data is shared. Null without REDIS_URL, and then the client is not loaded. */
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

/** Null without a limit. */
async function createRateLimit(
  { upstreamRateLimit }: Config,
  redis: RedisConnection | null,
): Promise<RateLimit | null> {
  if (upstreamRateLimit === null) return null;
  const { createRateLimit } = await import('./aiml/rate-limit.ts');
  return createRateLimit(upstreamRateLimit, redis);
}

/** The service's own key for upstream; null if each client sends its own. */
function serviceKeyOf({ auth, upstream }: Config, localAiml: LocalAiml | null): string | null {
  if (auth.mode === 'passthrough') return null;
  return upstream.kind === 'aiml' ? upstream.apiKey : (localAiml?.serviceKey ?? null);
}

function urlOf(host: string, port: number): string {
  const isAny = host === '0.0.0.0' || host === '::';
  const name = isAny ? 'localhost' : host.includes(':') ? `[${host}]` : host;
  return `http://${name}:${port}`;
}
