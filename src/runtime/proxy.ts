/** Calls through an HTTP proxy, where the environment names one. Which calls go through it is undici's own decision. */
import { EnvHttpProxyAgent, type Agent } from 'undici';

export interface ProxySettings {
  /** For http URLs; it may hold a user and a password. Null where there is none. */
  readonly http: URL | null;
  /** For https URLs; where it is null, that for http URLs is used. */
  readonly https: URL | null;
  /** Comma-separated hosts that are called directly, as in NO_PROXY: subdomains are included, `*` is all. */
  readonly noProxy: string;
}

/** A dispatcher that calls each URL through its proxy, or directly. It reads nothing of the environment. */
export function createProxyAgent(
  { http, https, noProxy }: ProxySettings,
  options: Agent.Options = {},
): EnvHttpProxyAgent {
  return new EnvHttpProxyAgent({
    ...options,
    httpProxy: http?.href ?? '',
    httpsProxy: https?.href ?? '',
    noProxy,
  });
}
