/**
 * The environment, read once and checked: what comes out of here is typed, frozen and fit to run with. Nothing else reads
 * `process.env`. An empty value counts as absent, as container platforms pass unset variables that way.
 */
import { isIP } from 'node:net';
import { parseHost, type AllowedHosts } from './http/host-policy.ts';

/** A setting is wrong. The message is one line that names it and says what it takes, never what it holds. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;
export type LogLevel = (typeof LOG_LEVELS)[number];

export type UpstreamConfig =
  | { readonly kind: 'local'; readonly dataDir: string }
  /** `apiKey` is null under `passthrough` only, where each caller brings one. */
  | { readonly kind: 'aiml'; readonly baseUrl: URL; readonly apiKey: string | null };

export type AuthConfig =
  | { readonly mode: 'none' | 'passthrough' }
  | { readonly mode: 'jwt'; readonly issuer: string; readonly audience: string; readonly jwksUrl: URL };

export interface Config {
  readonly host: string;
  /** 0 takes a free one. */
  readonly port: number;
  readonly isProduction: boolean;
  /** The hosts that requests may name; null where they may name any. */
  readonly allowedHosts: AllowedHosts | null;
  readonly upstream: UpstreamConfig;
  readonly auth: AuthConfig;
  readonly upstreamDeadlineMs: number;
  readonly upstreamAttemptTimeoutMs: number;
  readonly upstreamConnections: number;
  readonly maxInFlight: number;
  /** Origins that browsers may call from. */
  readonly corsOrigins: readonly string[];
  /** Whether pages served from this machine's own loopback addresses may call, whatever their port. */
  readonly corsLoopback: boolean;
  readonly introspection: boolean;
  readonly explorer: boolean;
  /** Whether it serves as a subgraph of Apollo Federation 2. */
  readonly federation: boolean;
  /** How long a read may be answered from the cache without asking upstream; 0 for no cache. */
  readonly cacheTtlMs: number;
  /** Redis or Valkey, for what replicas share; it may hold a user and a password. Null where there is none. */
  readonly redisUrl: URL | null;
  /** How many requests to upstream each credential may cause; null where that is not limited. */
  readonly upstreamRateLimit: { readonly requests: number; readonly perSeconds: number } | null;
  /** A manifest of the operations that may run (`enforce`), or that are expected to (`log`); null where there is none. */
  readonly persistedOperations: { readonly path: string; readonly mode: 'log' | 'enforce' } | null;
  readonly shutdownGraceMs: number;
  readonly shutdownTimeoutMs: number;
  readonly logLevel: LogLevel;
  /** Where traces go (OTLP over HTTP); null where tracing is off. */
  readonly tracing: { readonly endpoint: URL; readonly serviceName: string | undefined } | null;
}

export type Environment = Readonly<Record<string, string | undefined>>;

const DEFAULT_BASE_URL = 'https://api.aimlapi.com';
const SANDBOX_ORIGIN = 'https://studio.apollographql.com';
/** RFC 6750, 2.1: the b64token that may follow `Bearer `. */
const BEARER_TOKEN = /^[A-Za-z0-9\-._~+/]+=*$/;
const MAX_TOKEN_LENGTH = 512;

/** Whether a text can be sent as a bearer token (RFC 6750, at most 512 characters). */
export const isBearerToken = (token: string): boolean => token.length <= MAX_TOKEN_LENGTH && BEARER_TOKEN.test(token);

/** Throws {@link ConfigError}. */
export function readConfig(environment: Environment): Config {
  const settings = new Settings(environment);
  const isProduction = settings.text('NODE_ENV') === 'production';
  const host = settings.text('HOST') ?? '127.0.0.1';
  const auth = readAuth(settings);
  const upstream = readUpstream(settings, auth);
  if (
    upstream.kind === 'aiml' &&
    auth.mode === 'none' &&
    !isLoopback(host) &&
    !settings.boolean('ALLOW_ANONYMOUS', false)
  )
    throw new ConfigError(
      'HOST reaches beyond this machine and AUTH_MODE is none, so anyone on the network could use AIML_API_KEY: ' +
        'set AUTH_MODE to passthrough or jwt, HOST to 127.0.0.1, or ALLOW_ANONYMOUS to true',
    );
  return Object.freeze({
    host,
    port: settings.integer('PORT', 4000, 0, 65_535),
    isProduction,
    allowedHosts: readAllowedHosts(settings, host, auth),
    upstream,
    auth,
    upstreamDeadlineMs: settings.integer('UPSTREAM_DEADLINE_MS', 30_000, 1, 600_000),
    upstreamAttemptTimeoutMs: settings.integer('UPSTREAM_ATTEMPT_TIMEOUT_MS', 10_000, 1, 600_000),
    upstreamConnections: settings.integer('UPSTREAM_CONNECTIONS', 64, 1, 10_000),
    maxInFlight: settings.integer('MAX_IN_FLIGHT', 1000, 1, 1_000_000),
    corsOrigins: settings.origins('CORS_ORIGINS') ?? (isProduction ? [] : [SANDBOX_ORIGIN]),
    corsLoopback: settings.text('CORS_ORIGINS') === null && !isProduction,
    introspection: settings.boolean('INTROSPECTION', !isProduction),
    explorer: settings.boolean('EXPLORER', !isProduction),
    federation: settings.boolean('FEDERATION', false),
    cacheTtlMs: settings.integer('CACHE_TTL_SECONDS', 0, 0, 86_400) * 1000,
    redisUrl: readRedisUrl(settings),
    upstreamRateLimit: readRateLimit(settings),
    persistedOperations: readPersistedOperations(settings),
    shutdownGraceMs: settings.integer('SHUTDOWN_GRACE_MS', 0, 0, 600_000),
    shutdownTimeoutMs: settings.integer('SHUTDOWN_TIMEOUT_MS', 25_000, 0, 600_000),
    logLevel: settings.oneOf('LOG_LEVEL', LOG_LEVELS) ?? 'info',
    tracing: readTracing(settings),
  });
}

const LOOPBACK_HOSTS = ['localhost', '127.0.0.1', '[::1]'];

/** Without authentication on loopback, only pages of this machine may call: a host that is allowed cannot be rebound. */
function readAllowedHosts(settings: Settings, host: string, auth: AuthConfig): AllowedHosts | null {
  const listed = settings.hosts('ALLOWED_HOSTS');
  if (auth.mode !== 'none' || !isLoopback(host)) return listed && { hosts: listed, probesByAddress: true };
  const own = parseHost(isIP(host) === 6 ? `[${host}]` : host)?.name ?? [];
  return { hosts: [...LOOPBACK_HOSTS, own, listed ?? []].flat(), probesByAddress: false };
}

function readAuth(settings: Settings): AuthConfig {
  const mode = settings.oneOf('AUTH_MODE', ['none', 'passthrough', 'jwt']) ?? 'none';
  if (mode !== 'jwt') return { mode };
  const jwksUrl = settings.url('JWKS_URL') ?? settings.missing('JWKS_URL', 'AUTH_MODE is jwt');
  if (jwksUrl.username !== '' || jwksUrl.password !== '')
    throw new ConfigError('JWKS_URL must have no user and no password');
  if (jwksUrl.protocol !== 'https:' && !isLoopback(jwksUrl.hostname))
    throw new ConfigError('JWKS_URL must be an https URL, or http on loopback');
  return {
    mode,
    issuer: settings.text('JWT_ISSUER') ?? settings.missing('JWT_ISSUER', 'AUTH_MODE is jwt'),
    audience: settings.text('JWT_AUDIENCE') ?? settings.missing('JWT_AUDIENCE', 'AUTH_MODE is jwt'),
    jwksUrl,
  };
}

function readUpstream(settings: Settings, auth: AuthConfig): UpstreamConfig {
  const apiKey = settings.text('AIML_API_KEY');
  if (apiKey !== null && !isBearerToken(apiKey))
    throw new ConfigError(
      'AIML_API_KEY must be a bearer token: at most 512 letters, digits and -._~+/ with = at the end',
    );
  const baseUrl = settings.url('AIML_API_BASE_URL') ?? new URL(DEFAULT_BASE_URL);
  if (baseUrl.username !== '' || baseUrl.password !== '' || baseUrl.search !== '' || baseUrl.hash !== '')
    throw new ConfigError('AIML_API_BASE_URL must have no user, password, query or fragment');
  const kind =
    settings.oneOf('UPSTREAM', ['aiml', 'local']) ??
    (apiKey !== null || auth.mode === 'passthrough' ? 'aiml' : 'local');
  if (kind === 'local') return { kind, dataDir: settings.text('DATA_DIR') ?? '.data' };
  if (auth.mode === 'passthrough') return { kind, baseUrl, apiKey: null };
  return { kind, baseUrl, apiKey: apiKey ?? settings.missing('AIML_API_KEY', 'UPSTREAM is aiml') };
}

function readRedisUrl(settings: Settings): URL | null {
  const text = settings.text('REDIS_URL');
  if (text === null) return null;
  const url = parseUrl(text);
  const isRedis = url?.protocol === 'redis:' || url?.protocol === 'rediss:';
  if (!isRedis || url.hostname === '' || url.search !== '' || url.hash !== '' || !/^\/?\d{0,5}$/.test(url.pathname))
    throw new ConfigError('REDIS_URL must be redis://host:port or rediss://host:port, with /number for a database');
  try {
    decodeURIComponent(url.username + url.password);
  } catch {
    throw new ConfigError('REDIS_URL must have its user and password percent-encoded');
  }
  return url;
}

const SECONDS = { s: 1, min: 60, h: 3600 } as const;

function readRateLimit(settings: Settings): Config['upstreamRateLimit'] {
  const text = settings.text('UPSTREAM_RATE_LIMIT');
  if (text === null) return null;
  const [, requests, unit] = /^([1-9]\d{0,8})\/(s|min|h)$/.exec(text) ?? [];
  if (requests === undefined)
    throw new ConfigError('UPSTREAM_RATE_LIMIT must be a number of requests for each s, min or h, such as 100/min');
  return { requests: Number(requests), perSeconds: SECONDS[unit as keyof typeof SECONDS] };
}

function readPersistedOperations(settings: Settings): Config['persistedOperations'] {
  const path = settings.text('PERSISTED_OPERATIONS');
  const mode = settings.oneOf('PERSISTED_OPERATIONS_MODE', ['log', 'enforce']) ?? 'enforce';
  return path === null ? null : { path, mode };
}

/** The names are OpenTelemetry's own (https://opentelemetry.io/docs/specs/otel/protocol/exporter/). */
function readTracing(settings: Settings): Config['tracing'] {
  const endpoint = settings.url('OTEL_EXPORTER_OTLP_ENDPOINT');
  return endpoint && { endpoint, serviceName: settings.text('OTEL_SERVICE_NAME') ?? undefined };
}

/** Whether a host, as it stands in HOST or in a URL, is this machine alone. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (address === 'localhost' || address === '::1') return true;
  return isIP(address) === 4 && address.startsWith('127.');
}

class Settings {
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  text(name: string): string | null {
    const value = this.#environment[name]?.trim() ?? '';
    return value === '' ? null : value;
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const text = this.text(name);
    if (text === null) return fallback;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (!(value >= min && value <= max)) throw new ConfigError(`${name} must be a whole number from ${min} to ${max}`);
    return value;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.oneOf(name, ['true', 'false']);
    return value === null ? fallback : value === 'true';
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | null {
    const text = this.text(name);
    if (text === null) return null;
    const value = values.find((known) => known === text);
    if (value === undefined) throw new ConfigError(`${name} must be one of: ${values.join(', ')}`);
    return value;
  }

  url(name: string): URL | null {
    const text = this.text(name);
    if (text === null) return null;
    const url = parseUrl(text);
    if (url?.protocol !== 'http:' && url?.protocol !== 'https:')
      throw new ConfigError(`${name} must be an http or https URL`);
    return url;
  }

  origins(name: string): readonly string[] | null {
    return (
      this.text(name)
        ?.split(',')
        .map((item) => item.trim())
        .filter((item) => item !== '')
        .map((item) => {
          if (parseUrl(item)?.origin !== item)
            throw new ConfigError(`${name} must be a comma-separated list of origins such as https://app.example.com`);
          return item;
        }) ?? null
    );
  }

  /** Hosts as {@link AllowedHosts} has them. */
  hosts(name: string): readonly string[] | null {
    const hosts = this.text(name)
      ?.split(',')
      .map((item) => item.trim())
      .filter((item) => item !== '')
      .map((item) => {
        const host = parseHost(isIP(item) === 6 ? `[${item}]` : item);
        if (!host) throw new ConfigError(`${name} must be a comma-separated list of hosts such as graphql.example.com`);
        return host.port === '' ? host.name : `${host.name}:${host.port}`;
      });
    return hosts && hosts.length > 0 ? hosts : null;
  }

  missing(name: string, because: string): never {
    throw new ConfigError(`${name} must be set where ${because}`);
  }
}

function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
