/** Owns the settings of the embedded AIML API: their names, defaults and what they may be. */
import type { Environment } from '../runtime/environment.ts';
import type { ProxySettings } from '../runtime/proxy.ts';
import { parseUrl, Settings } from '../runtime/settings.ts';
import { LocalAimlStartError } from './start-error.ts';

/** How runs are executed and when they expire. */
export interface RunSettings {
  /** Null: the built-in model takes every call. */
  readonly modelApi: ModelApiSettings | null;
  /** Names of models that are requested under another name. */
  readonly modelAliases: ReadonlyMap<string, string>;
  /** Runs at a time in this process; 0 leaves them to other processes. */
  readonly runConcurrency: number;
  readonly runExpiresAfterSeconds: number;
  /** How long a run is held without a sign of life of its process, in milliseconds; 13.5 s where it is left out. */
  readonly leaseMs?: number;
  /** What runs in progress may come to together, as JSON in bytes; 16 MiB where it is left out. */
  readonly bytesInProgress?: number;
}

export interface ModelApiSettings {
  /** What stands before `/chat/completions`. */
  readonly baseUrl: string;
  /** Null: none is sent, unless `usesCallerKeys`. */
  readonly key: string | null;
  /** Whether each run calls the model with the bearer token of its caller. */
  readonly usesCallerKeys: boolean;
  /** The longest silence until the first chunk, and between chunks. */
  readonly firstTokenTimeoutMs: number;
  readonly timeoutMs: number;
  /** Null or absent: the model API is called directly. One on this machine always is. */
  readonly proxies?: ProxySettings | null;
}

/** The model API that is used if no setting names another. */
export interface ModelApiDefaults {
  /** Null if there is none: then the built-in model takes every call. */
  readonly baseUrl: string | null;
  readonly key: string | null;
  /** Whether each caller brings a key of its own. */
  readonly hasCallerKeys: boolean;
}

const AIML_MODEL_API = 'https://api.aimlapi.com/v1';

export const DEFAULT_RUN_SETTINGS: RunSettings = {
  modelApi: null,
  modelAliases: new Map(),
  runConcurrency: 64,
  runExpiresAfterSeconds: 600,
};

/**
 * All settings of the stand-alone process: where it listens, where its store is, and how runs are executed. Throws a
 * {@link LocalAimlStartError} with a line for each wrong setting, without its value.
 */
export function readStandaloneSettings(environment: Environment) {
  const settings = new Settings(environment);
  const key = settings.text('AIML_API_KEY');
  const read = {
    port: settings.integer('PORT', 4000, 0, 65_535),
    host: readHost(settings),
    dataDir: settings.text('DATA_DIR') ?? '.data',
    runs: readRunSettings(settings, { baseUrl: key === null ? null : AIML_MODEL_API, key, hasCallerKeys: false }),
  };
  if (settings.problems !== null) throw new LocalAimlStartError(settings.problems);
  return read;
}

/** Adds the problems of the settings of runs and models to those of `settings`. */
export const readRunSettings = (settings: Settings, defaults: ModelApiDefaults): RunSettings => ({
  modelApi: readModelApi(settings, defaults),
  modelAliases: readAliases(settings),
  runConcurrency: settings.integer('RUN_CONCURRENCY', DEFAULT_RUN_SETTINGS.runConcurrency, 1, 10_000),
  runExpiresAfterSeconds: settings.integer(
    'RUN_EXPIRES_AFTER_SECONDS',
    DEFAULT_RUN_SETTINGS.runExpiresAfterSeconds,
    1,
    31_536_000,
  ),
});

function readHost(settings: Settings): string {
  const host = settings.text('HOST') ?? '127.0.0.1';
  if (!/^[A-Za-z0-9.:%_-]{1,253}$/.test(host))
    settings.addProblem('HOST', 'must be a host name or an address, without a scheme, a port or white space');
  return host;
}

function readModelApi(settings: Settings, defaults: ModelApiDefaults): ModelApiSettings | null {
  const timeouts = {
    firstTokenTimeoutMs: settings.integer('MODEL_API_FIRST_TOKEN_TIMEOUT_MS', 300_000, 1, 86_400_000),
    timeoutMs: settings.integer('MODEL_API_TIMEOUT_MS', 60_000, 1, 86_400_000),
  };
  const key = settings.text('MODEL_API_KEY');
  if (key !== null && !/^[\x21-\x7e]{1,1024}$/.test(key))
    settings.addProblem('MODEL_API_KEY', 'must be one word of at most 1024 ASCII characters');
  const text = settings.text('MODEL_API_BASE_URL');
  const baseUrl = text === null ? defaults.baseUrl : readBaseUrl(settings, text);
  if (baseUrl === null) {
    if (key !== null && text === null)
      settings.addProblem('MODEL_API_KEY', 'needs MODEL_API_BASE_URL, which is not set');
    return null;
  }
  return {
    baseUrl,
    key: key ?? (defaults.hasCallerKeys ? null : defaults.key),
    usesCallerKeys: key === null && defaults.hasCallerKeys,
    proxies: settings.proxies(),
    ...timeouts,
  };
}

function readBaseUrl(settings: Settings, text: string): string | null {
  const url = parseUrl(text);
  const isBase =
    (url?.protocol === 'http:' || url?.protocol === 'https:') &&
    url.username + url.password + url.search + url.hash === '';
  if (url && isBase) return url.href.replace(/(?<!\/)\/+$/, '');
  settings.addProblem(
    'MODEL_API_BASE_URL',
    'must be an http or https URL without a user, a password, a query or a fragment',
  );
  return null;
}

function readAliases(settings: Settings): ReadonlyMap<string, string> {
  const pairs = (settings.text('MODEL_ALIASES') ?? '')
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => pair.split('=').map((part) => part.trim()));
  if (pairs.some((parts) => parts.length !== 2 || parts.includes('')))
    settings.addProblem('MODEL_ALIASES', 'must be pairs such as gpt-4=gpt-4.1, separated by commas');
  return new Map(pairs.map(([name = '', other = '']) => [name, other]));
}

/** Completes "runs are executed by …". It names no host, because it is in the log. */
export function describeModel({ modelApi }: RunSettings): string {
  return modelApi === null ? 'the built-in model, which is no AI' : 'the model API that the settings name';
}
