/** Owns the settings of the embedded AIML API: their names, defaults and what they may be. */
import type { EngineSettings, ModelApiSettings } from './engine/engine.ts';
import type { ProxySettings } from '../runtime/proxy.ts';
import { LocalAimlStartError } from './start-error.ts';

/** How runs are executed and when they expire. */
export interface RunSettings extends EngineSettings {
  readonly runExpiresAfterSeconds: number;
}

/** Where the stand-alone process listens, and where its store is. */
export interface Settings {
  readonly port: number;
  readonly host: string;
  readonly dataDir: string;
}

export type Environment = Readonly<Record<string, string | null | undefined>>;

/** What the service knows of the model API where no setting says otherwise. */
export interface ModelApiDefaults {
  /** Null where there is none: then the built-in model takes every call. */
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

/** All settings of the stand-alone process. */
export interface StandaloneSettings extends Settings {
  readonly runs: RunSettings;
}

/** Reads where to listen. Throws a {@link LocalAimlStartError} with a line for each wrong setting, without its value. */
export const readSettings = (environment: Environment): Settings => readAll(environment, readListenSettings);

/** The same for all settings of the stand-alone process. */
export const readStandaloneSettings = (environment: Environment): StandaloneSettings =>
  readAll(environment, (reader) => {
    const key = reader.text('AIML_API_KEY');
    const defaults = { baseUrl: key === null ? null : AIML_MODEL_API, key, hasCallerKeys: false };
    return { ...readListenSettings(reader), runs: readRuns(reader, defaults) };
  });

/** The same for the settings of runs and models. */
export const readRunSettings = (environment: Environment, defaults: ModelApiDefaults): RunSettings =>
  readAll(environment, (reader) => readRuns(reader, defaults));

function readAll<T>(environment: Environment, read: (reader: SettingsReader) => T): T {
  const reader = new SettingsReader(environment);
  const settings = read(reader);
  if (reader.problems.length > 0) throw new LocalAimlStartError(reader.problems.join('\n'));
  return settings;
}

const readListenSettings = (reader: SettingsReader): Settings => ({
  port: reader.integer('PORT', 4000, 0, 65_535),
  host: reader.host('HOST') ?? '127.0.0.1',
  dataDir: reader.text('DATA_DIR') ?? '.data',
});

const readRuns = (reader: SettingsReader, defaults: ModelApiDefaults): RunSettings => ({
  modelApi: readModelApi(reader, defaults),
  modelAliases: readAliases(reader),
  runConcurrency: reader.integer('RUN_CONCURRENCY', DEFAULT_RUN_SETTINGS.runConcurrency, 1, 10_000),
  runExpiresAfterSeconds: reader.integer(
    'RUN_EXPIRES_AFTER_SECONDS',
    DEFAULT_RUN_SETTINGS.runExpiresAfterSeconds,
    1,
    31_536_000,
  ),
});

function readModelApi(reader: SettingsReader, defaults: ModelApiDefaults): ModelApiSettings | null {
  const timeouts = {
    firstTokenTimeoutMs: reader.integer('MODEL_API_FIRST_TOKEN_TIMEOUT_MS', 300_000, 1, 86_400_000),
    timeoutMs: reader.integer('MODEL_API_TIMEOUT_MS', 60_000, 1, 86_400_000),
  };
  const key = reader.text('MODEL_API_KEY');
  if (key !== null && !/^[\x21-\x7e]{1,1024}$/.test(key))
    reader.problems.push('MODEL_API_KEY has to be one word of at most 1024 ASCII characters.');
  const text = reader.text('MODEL_API_BASE_URL');
  const baseUrl = text === null ? defaults.baseUrl : readBaseUrl(reader, text);
  if (baseUrl === null) {
    if (key !== null && text === null)
      reader.problems.push('MODEL_API_KEY needs MODEL_API_BASE_URL, which is not set.');
    return null;
  }
  return {
    baseUrl,
    key: key ?? (defaults.hasCallerKeys ? null : defaults.key),
    usesCallerKeys: key === null && defaults.hasCallerKeys,
    proxies: readProxies(reader),
    ...timeouts,
  };
}

function readProxies(reader: SettingsReader): ProxySettings | null {
  const http = reader.proxy('HTTP_PROXY');
  const https = reader.proxy('HTTPS_PROXY');
  const noProxy = reader.text('no_proxy') ?? reader.text('NO_PROXY') ?? '';
  return http || https ? { http, https, noProxy } : null;
}

function readBaseUrl(reader: SettingsReader, text: string): string | null {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isBase =
    (url?.protocol === 'http:' || url?.protocol === 'https:') &&
    url.username + url.password + url.search + url.hash === '';
  if (url && isBase) return url.href.replace(/(?<!\/)\/+$/, '');
  reader.problems.push(
    'MODEL_API_BASE_URL has to be an http or https URL without a user, a password, a query or a fragment.',
  );
  return null;
}

function readAliases(reader: SettingsReader): ReadonlyMap<string, string> {
  const pairs = (reader.text('MODEL_ALIASES') ?? '')
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair) => pair.split('=').map((part) => part.trim()));
  if (pairs.some((parts) => parts.length !== 2 || parts.includes('')))
    reader.problems.push('MODEL_ALIASES has to be pairs such as gpt-4=gpt-4.1, separated by commas.');
  return new Map(pairs.map(([name = '', other = '']) => [name, other]));
}

/** Reads settings one by one, and collects a line for each that is wrong. A setting that is empty is not set. */
class SettingsReader {
  readonly problems: string[] = [];
  readonly #environment: Environment;

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** In lower case, or else in upper case, as curl has it. `host:port` alone is an http URL. */
  proxy(name: string): URL | null {
    const text = this.text(name.toLowerCase()) ?? this.text(name);
    if (text === null) return null;
    const url = text.includes('://') ? text : `http://${text}`;
    if (URL.canParse(url) && /^https?:$/.test(new URL(url).protocol)) return new URL(url);
    this.problems.push(`${name} has to be the http or https URL of a proxy.`);
    return null;
  }

  text(name: string): string | null {
    const value = this.#environment[name]?.trim() ?? '';
    return value === '' ? null : value;
  }

  integer(name: string, byDefault: number, min: number, max: number): number {
    const text = this.text(name);
    if (text === null) return byDefault;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    const hint = name === 'PORT' ? ' (0 takes a free one)' : '';
    this.problems.push(`${name} has to be a whole number from ${min} to ${max}${hint}.`);
    return byDefault;
  }

  host(name: string): string | null {
    const text = this.text(name);
    if (text !== null && !/^[A-Za-z0-9.:%_-]{1,253}$/.test(text))
      this.problems.push(`${name} has to be a host name or an address, without a scheme, a port or white space.`);
    return text;
  }
}
