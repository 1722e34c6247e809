/** Reads settings from the environment by their forms, and collects what is wrong with them. */
import { isIP } from 'node:net';
import type { Environment } from './environment.ts';
import { parseHost } from './host.ts';
import type { ProxySettings } from './proxy.ts';

/** Reads settings and collects their problems, so that all can be reported together. */
export class Settings {
  readonly #environment: Environment;
  readonly #problems = new Map<string, string>();

  constructor(environment: Environment) {
    this.#environment = environment;
  }

  /** The reported line is the name followed by `problem`. Only the first problem of a setting is reported. */
  addProblem(name: string, problem: string): void {
    if (!this.#problems.has(name)) this.#problems.set(name, problem);
  }

  hasProblem(...names: readonly string[]): boolean {
    return names.some((name) => this.#problems.has(name));
  }

  /** One line for each setting with a problem; null if there is none. */
  get problems(): string | null {
    const lines = [...this.#problems].map(([name, problem]) => `${name} ${problem}`);
    return lines.length > 0 ? lines.join('\n') : null;
  }

  /** Empty if the setting is missing, which adds a problem. */
  required(name: string, because: string): string {
    const text = this.text(name);
    if (text === null) this.addProblem(name, `must be set if ${because}`);
    return text ?? '';
  }

  text(name: string): string | null {
    const value = this.#environment[name]?.trim() ?? '';
    return value === '' ? null : value;
  }

  integer(name: string, fallback: number, min: number, max: number): number {
    const text = this.text(name);
    if (text === null) return fallback;
    const value = /^\d{1,9}$/.test(text) ? Number(text) : NaN;
    if (value >= min && value <= max) return value;
    this.addProblem(name, `must be a whole number from ${min} to ${max}`);
    return fallback;
  }

  boolean(name: string, fallback: boolean): boolean {
    const value = this.oneOf(name, ['true', 'false']);
    return value === null ? fallback : value === 'true';
  }

  oneOf<T extends string>(name: string, values: readonly T[]): T | null {
    const text = this.text(name);
    if (text === null) return null;
    const value = values.find((allowed) => allowed === text);
    if (value === undefined) this.addProblem(name, `must be one of: ${values.join(', ')}`);
    return value ?? null;
  }

  url(name: string): URL | null {
    return this.#httpUrl(name, this.text(name), 'must be an http or https URL');
  }

  /** The names are curl's; lower-case names take precedence. Null if there is no proxy. */
  proxies(): ProxySettings | null {
    const http = this.#proxy('HTTP_PROXY');
    const https = this.#proxy('HTTPS_PROXY');
    const noProxy = this.text('no_proxy') ?? this.text('NO_PROXY') ?? '';
    return http || https ? { http, https, noProxy } : null;
  }

  origins(name: string): readonly string[] | null {
    const origins = this.#list(name);
    // No browser sends an origin with a wildcard, so one would allow nothing.
    if (origins && !origins.every((origin) => parseUrl(origin)?.origin === origin && !origin.includes('*')))
      this.addProblem(name, 'must be a comma-separated list of origins such as https://app.example.com');
    return origins;
  }

  /** Hosts in the form of {@link AllowedHosts}. */
  hosts(name: string): readonly string[] | null {
    const hosts = this.#list(name)?.map((item) => parseHost(isIP(item) === 6 ? `[${item}]` : item));
    if (hosts?.includes(null))
      this.addProblem(name, 'must be a comma-separated list of hosts such as graphql.example.com');
    const names = hosts?.flatMap((host) => (host ? [host.port === '' ? host.name : `${host.name}:${host.port}`] : []));
    return names && names.length > 0 ? names : null;
  }

  /** `host:port` counts as an http URL. */
  #proxy(name: string): URL | null {
    const text = this.text(name.toLowerCase()) ?? this.text(name);
    const url = text === null || text.includes('://') ? text : `http://${text}`;
    return this.#httpUrl(name, url, 'must be the http or https URL of a proxy');
  }

  #httpUrl(name: string, text: string | null, problem: string): URL | null {
    if (text === null) return null;
    const url = parseUrl(text);
    if (url?.protocol === 'http:' || url?.protocol === 'https:') return url;
    this.addProblem(name, problem);
    return null;
  }

  #list(name: string): readonly string[] | null {
    const items = this.text(name)?.split(',');
    return items?.map((item) => item.trim()).filter((item) => item !== '') ?? null;
  }
}

/** Null if the text is not a URL. */
export function parseUrl(text: string): URL | null {
  return URL.canParse(text) ? new URL(text) : null;
}
