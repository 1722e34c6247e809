/** HTTP proxies for outgoing calls. undici decides which proxy a call uses. */
import { EnvHttpProxyAgent, type Agent } from 'undici';

export interface ProxySettings {
  /** The proxy for http URLs, with user and password if it needs them; null for none. */
  readonly http: URL | null;
  /** The proxy for https URLs; null to use that for http URLs. */
  readonly https: URL | null;
  /** Comma-separated hosts that are called directly, as in NO_PROXY. Subdomains are included; `*` means all hosts. */
  readonly noProxy: string;
}

/** A dispatcher that calls each URL through its proxy, or directly. It does not read the environment. */
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
