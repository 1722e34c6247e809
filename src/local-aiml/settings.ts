/** Owns the settings of the embedded AIML API: their names, defaults and what they may be. */
import type { EngineSettings, ModelApiSettings } from './engine/engine.ts';
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

/** Reads the settings. One that is empty is not set. Throws {@link LocalAimlStartError}, which shows no value. */
export function readSettings(environment: Environment): Settings {
  return {
    port: readInteger(environment, 'PORT', 4000, 0, 65_535),
    host: readHost(textOf(environment, 'HOST') ?? '127.0.0.1'),
    dataDir: textOf(environment, 'DATA_DIR') ?? '.data',
  };
}

/** Reads how the stand-alone process executes runs. Throws {@link LocalAimlStartError}, which shows no value. */
export function readStandaloneRunSettings(environment: Environment): RunSettings {
  const key = textOf(environment, 'AIML_API_KEY');
  return readRunSettings(environment, {
    baseUrl: key === null ? null : AIML_MODEL_API,
    key,
    hasCallerKeys: false,
  });
}

/** Reads the settings of runs and models. Throws {@link LocalAimlStartError}, which shows no value. */
export function readRunSettings(environment: Environment, defaults: ModelApiDefaults): RunSettings {
  return {
    modelApi: readModelApi(environment, defaults),
    modelAliases: readAliases(textOf(environment, 'MODEL_ALIASES')),
    runConcurrency: readInteger(environment, 'RUN_CONCURRENCY', DEFAULT_RUN_SETTINGS.runConcurrency, 1, 10_000),
    runExpiresAfterSeconds: readInteger(
      environment,
      'RUN_EXPIRES_AFTER_SECONDS',
      DEFAULT_RUN_SETTINGS.runExpiresAfterSeconds,
      1,
      31_536_000,
    ),
  };
}

function readModelApi(environment: Environment, defaults: ModelApiDefaults): ModelApiSettings | null {
  const timeouts = {
    firstTokenTimeoutMs: readInteger(environment, 'MODEL_API_FIRST_TOKEN_TIMEOUT_MS', 300_000, 1, 86_400_000),
    timeoutMs: readInteger(environment, 'MODEL_API_TIMEOUT_MS', 60_000, 1, 86_400_000),
  };
  const key = textOf(environment, 'MODEL_API_KEY');
  if (key !== null && !/^[\x21-\x7e]{1,1024}$/.test(key))
    throw new LocalAimlStartError('MODEL_API_KEY has to be one word of at most 1024 ASCII characters.');
  const text = textOf(environment, 'MODEL_API_BASE_URL');
  const baseUrl = text === null ? defaults.baseUrl : readBaseUrl(text);
  if (baseUrl === null) {
    if (key !== null) throw new LocalAimlStartError('MODEL_API_KEY needs MODEL_API_BASE_URL, which is not set.');
    return null;
  }
  return {
    baseUrl,
    key: key ?? (defaults.hasCallerKeys ? null : defaults.key),
    usesCallerKeys: key === null && defaults.hasCallerKeys,
    ...timeouts,
  };
}

function readBaseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text) : null;
  const isBase =
    (url?.protocol === 'http:' || url?.protocol === 'https:') &&
    url.username + url.password + url.search + url.hash === '';
  if (!url || !isBase)
    throw new LocalAimlStartError(
      'MODEL_API_BASE_URL has to be an http or https URL without a user, a password, a query or a fragment.',
    );
  return url.href.replace(/\/+$/, '');
}

function readAliases(text: string | null): ReadonlyMap<string, string> {
  const pairs = (text ?? '')
    .split(',')
    .map((pair) => pair.trim())
    .filter((pair) => pair !== '')
    .map((pair): readonly [string, string] => {
      const [name = '', other = '', ...rest] = pair.split('=').map((part) => part.trim());
      if (name === '' || other === '' || rest.length > 0)
        throw new LocalAimlStartError('MODEL_ALIASES has to be pairs such as gpt-4=gpt-4.1, separated by commas.');
      return [name, other];
    });
  return new Map(pairs);
}

function textOf(environment: Environment, name: string): string | null {
  const value = environment[name]?.trim() ?? '';
  return value === '' ? null : value;
}

function readInteger(environment: Environment, name: string, byDefault: number, min: number, max: number): number {
  const text = textOf(environment, name);
  if (text === null) return byDefault;
  const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
  if (!(value >= min && value <= max))
    throw new LocalAimlStartError(
      `${name} has to be a whole number from ${min} to ${max}${name === 'PORT' ? ' (0 takes a free one)' : ''}.`,
    );
  return value;
}

function readHost(text: string): string {
  if (!/^[A-Za-z0-9.:%_-]{1,253}$/.test(text))
    throw new LocalAimlStartError('HOST has to be a host name or an address, without a scheme, a port or white space.');
  return text;
}
