/**
 * Reads and validates the environment into a typed, frozen configuration. Nothing else reads `process.env`. An empty value
 * counts as absent, because container platforms pass unset variables that way.
 */
import { isIP } from 'node:net';
import { readRunSettings, type ModelApiDefaults } from './local-aiml/settings.ts';
import { ConfigError, type Environment } from './runtime/environment.ts';
import { isBearerToken, type AuthConfig } from './auth/credential.ts';
import { isLoopback, parseHost, type AllowedHosts } from './runtime/host.ts';
import { parseUrl, Settings } from './runtime/settings.ts';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

type UpstreamConfig =
  | { readonly kind: 'local'; readonly dataDir: string }
  /** `apiKey` is null only under `passthrough`, where each client sends its own. */
  | { readonly kind: 'aiml'; readonly baseUrl: URL; readonly apiKey: string | null };

/** Frozen. */
export type Config = ReturnType<typeof readConfig>;

const DEFAULT_BASE_URL = 'https://api.aimlapi.com';
const SANDBOX_ORIGIN = 'https://studio.apollographql.com';

/** Throws a {@link ConfigError} that names every setting that is missing or wrong. */
export function readConfig(environment: Environment) {
  const settings = new Settings(environment);
  const isProduction = settings.text('NODE_ENV') === 'production';
  const host = settings.text('HOST') ?? '127.0.0.1';
  const auth = readAuth(settings);
  const upstream = readUpstream(settings, auth);
  const isOpenToNetwork = auth.mode === 'none' && !isLoopback(host);
  const allowsAnonymous = settings.boolean('ALLOW_ANONYMOUS', false);
  const heldKey = nameOfHeldKey(settings, upstream);
  if (heldKey !== null && isOpenToNetwork && !allowsAnonymous && !settings.hasProblem('AUTH_MODE', 'ALLOW_ANONYMOUS'))
    settings.addProblem(
      'HOST',
      `reaches beyond this machine and AUTH_MODE is none, so anyone on the network could use ${heldKey}: ` +
        'set AUTH_MODE to passthrough or jwt, HOST to 127.0.0.1, or ALLOW_ANONYMOUS to true',
    );
  const config = {
    host,
    /** 0 for any free port. */
    port: settings.integer('PORT', 4000, 0, 65_535),
    isProduction,
    allowedHosts: readAllowedHosts(settings, host, auth),
    upstream,
    auth,
    /** How the embedded AIML API executes runs. Not used with another upstream. */
    runs: readRunSettings(settings, readModelDefaults(settings, auth)),
    upstreamDeadlineMs: settings.integer('UPSTREAM_DEADLINE_MS', 30_000, 1, 600_000),
    upstreamAttemptTimeoutMs: settings.integer('UPSTREAM_ATTEMPT_TIMEOUT_MS', 10_000, 1, 600_000),
    upstreamConnections: settings.integer('UPSTREAM_CONNECTIONS', 64, 1, 10_000),
    /** For calls to the AIML API and to the identity provider; null for no proxy. */
    proxies: upstream.kind === 'aiml' || auth.mode === 'jwt' ? settings.proxies() : null,
    maxInFlight: settings.integer('MAX_IN_FLIGHT', 1000, 1, 1_000_000),
    maxStreams: settings.integer('MAX_STREAMS', 1000, 1, 1_000_000),
    /** Origins that browsers may call from. */
    corsOrigins: settings.origins('CORS_ORIGINS') ?? (isProduction ? [] : [SANDBOX_ORIGIN]),
    /** Whether pages from loopback addresses of this machine may call, with any port. */
    corsLoopback: settings.text('CORS_ORIGINS') === null && !isProduction,
    introspection: settings.boolean('INTROSPECTION', !isProduction),
    explorer: settings.boolean('EXPLORER', !isProduction),
    /** Whether the service is a subgraph of Apollo Federation 2. */
    federation: settings.boolean('FEDERATION', false),
    /** How long a cached read is fresh, in milliseconds; 0 for no cache. */
    cacheTtlMs: settings.integer('CACHE_TTL_SECONDS', 0, 0, 86_400) * 1000,
    redisUrl: readRedisUrl(settings),
    upstreamRateLimit: readRateLimit(settings),
    persistedOperations: readPersistedOperations(settings),
    shutdownGraceMs: settings.integer('SHUTDOWN_GRACE_MS', 0, 0, 600_000),
    shutdownTimeoutMs: settings.integer('SHUTDOWN_TIMEOUT_MS', 25_000, 0, 600_000),
    logLevel: settings.oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'info',
    tracing: readTracing(settings),
  };
  if (settings.problems !== null) throw new ConfigError(settings.problems);
  return Object.freeze(config);
}

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/**
 * The hosts that requests may name; null for any. Without authentication on loopback, only local names are allowed, which
 * prevents DNS rebinding.
 */
function readAllowedHosts(settings: Settings, host: string, auth: AuthConfig): AllowedHosts | null {
  const listed = settings.hosts('ALLOWED_HOSTS');
  if (auth.mode !== 'none' || !isLoopback(host)) return listed && { hosts: listed, probesByAddress: true };
  const own = parseHost(isIP(host) === 6 ? `[${host}]` : host)?.name ?? [];
  return { hosts: [...LOOPBACK_HOSTS, own, listed ?? []].flat(), probesByAddress: false };
}

function readAuth(settings: Settings): AuthConfig {
  const mode = settings.oneOf('AUTH_MODE', ['none', 'passthrough', 'jwt']) ?? 'none';
  if (mode !== 'jwt') return { mode };
  const because = 'AUTH_MODE is jwt';
  const issuer = settings.required('JWT_ISSUER', because);
  const audience = settings.required('JWT_AUDIENCE', because);
  settings.required('JWKS_URL', because);
  const jwksUrl = settings.url('JWKS_URL') ?? PLACEHOLDER_URL;
  if (jwksUrl.username !== '' || jwksUrl.password !== '')
    settings.addProblem('JWKS_URL', 'must have no user and no password');
  else if (jwksUrl.protocol !== 'https:' && !isLoopback(jwksUrl.hostname))
    settings.addProblem('JWKS_URL', 'must be an https URL, or http on loopback');
  return { mode, issuer, audience, jwksUrl };
}

/** The default model API is the AIML API, if the service or each client has a key for it. */
function readModelDefaults(settings: Settings, { mode }: AuthConfig): ModelApiDefaults {
  const key = settings.text('AIML_API_KEY');
  const hasCallerKeys = mode === 'passthrough';
  const aimlUrl = (settings.text('AIML_API_BASE_URL') ?? DEFAULT_BASE_URL).replace(/(?<!\/)\/+$/, '');
  return { baseUrl: key !== null || hasCallerKeys ? `${aimlUrl}/v1` : null, key, hasCallerKeys };
}

function readUpstream(settings: Settings, auth: AuthConfig): UpstreamConfig {
  const apiKey = settings.text('AIML_API_KEY');
  if (apiKey !== null && !isBearerToken(apiKey))
    settings.addProblem(
      'AIML_API_KEY',
      'must be a bearer token: at most 512 letters, digits and -._~+/ with = at the end',
    );
  const baseUrl = settings.url('AIML_API_BASE_URL') ?? new URL(DEFAULT_BASE_URL);
  if (baseUrl.username !== '' || baseUrl.password !== '' || baseUrl.search !== '' || baseUrl.hash !== '')
    settings.addProblem('AIML_API_BASE_URL', 'must have no user, password, query or fragment');
  const kind =
    settings.oneOf('UPSTREAM', ['aiml', 'local']) ??
    (apiKey !== null || auth.mode === 'passthrough' ? 'aiml' : 'local');
  if (kind === 'local') return { kind, dataDir: settings.text('DATA_DIR') ?? '.data' };
  if (auth.mode === 'passthrough') return { kind, baseUrl, apiKey: null };
  return { kind, baseUrl, apiKey: settings.required('AIML_API_KEY', 'UPSTREAM is aiml') };
}

/** The setting of the key that requests spend: that of the AIML API, or of the model of embedded runs. Null for none. */
function nameOfHeldKey(settings: Settings, { kind }: UpstreamConfig): string | null {
  if (kind === 'aiml') return 'AIML_API_KEY';
  return ['MODEL_API_KEY', 'AIML_API_KEY'].find((name) => settings.text(name) !== null) ?? null;
}

/** Redis or Valkey, which replicas share; with user and password if it needs them. Null for none. */
function readRedisUrl(settings: Settings): URL | null {
  const text = settings.text('REDIS_URL');
  if (text === null) return null;
  const url = parseUrl(text);
  const isRedis = url?.protocol === 'redis:' || url?.protocol === 'rediss:';
  if (!isRedis || url.hostname === '' || url.search !== '' || url.hash !== '' || !/^\/?\d{0,5}$/.test(url.pathname)) {
    settings.addProblem('REDIS_URL', 'must be redis://host:port or rediss://host:port, with /number for a database');
    return null;
  }
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    settings.addProblem('REDIS_URL', 'must have its user and password percent-encoded');
  }
  return url;
}

const SECONDS = { s: 1, min: 60, h: 3600 } as const;

/** The limit of upstream requests per credential; null for no limit. */
function readRateLimit(settings: Settings) {
  const text = settings.text('UPSTREAM_RATE_LIMIT');
  if (text === null) return null;
  const [, requests, unit] = /^([1-9]\d{0,8})\/(s|min|h)$/.exec(text) ?? [];
  if (requests === undefined) {
    settings.addProblem('UPSTREAM_RATE_LIMIT', 'must be a number of requests for each s, min or h, such as 100/min');
    return null;
  }
  return { requests: Number(requests), perSeconds: SECONDS[unit as keyof typeof SECONDS] };
}

/** The manifest of operations. `enforce` runs no other operation; `log` runs and logs them. Null for none. */
function readPersistedOperations(settings: Settings) {
  const path = settings.text('PERSISTED_OPERATIONS');
  const mode = settings.oneOf('PERSISTED_OPERATIONS_MODE', ['log', 'enforce']) ?? 'enforce';
  return path === null ? null : { path, mode };
}

/**
 * The OTLP/HTTP collector for traces; null if tracing is off. The names are OpenTelemetry's
 * (https://opentelemetry.io/docs/specs/otel/protocol/exporter/).
 */
function readTracing(settings: Settings) {
  const endpoint = settings.url('OTEL_EXPORTER_OTLP_ENDPOINT');
  return endpoint && { endpoint, serviceName: settings.text('OTEL_SERVICE_NAME') ?? undefined };
}

/** Replaces a missing URL until the configuration is rejected. */
const PLACEHOLDER_URL = new URL('https://placeholder.invalid');
