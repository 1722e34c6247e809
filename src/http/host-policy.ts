/**
 * Rejects requests for other hosts, which prevents DNS rebinding: a site can let its name resolve to a loopback address
 * and call the service as its own origin, but the Host header still names the site.
 */
import type { IncomingMessage } from 'node:http';
import { isIP } from 'node:net';
import { clientError, type HttpErrorResponse } from './error-response.ts';
import { parseHost, type AllowedHosts } from '../runtime/host.ts';
import { authorityOf, pathOf } from './request-target.ts';

const PROBED_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

const MISDIRECTED = clientError(
  421,
  'The service does not serve the host that this request names: add it to ALLOWED_HOSTS.',
);
const NO_HOST = clientError(400, 'The request must have a Host header.');
const SEVERAL_HOSTS = clientError(400, 'The request has several Host headers.');

export class HostPolicy {
  readonly #allowed: ReadonlySet<string> | null;
  readonly #probesByAddress: boolean;
  /** The last Host header that every path may be requested with: clients send the same one again and again. */
  #lastAllowed: string | null = null;

  /** `allowed` is null if every host is allowed. */
  constructor(allowed: AllowedHosts | null) {
    this.#allowed = allowed && new Set(allowed.hosts);
    this.#probesByAddress = allowed?.probesByAddress ?? false;
  }

  /** The error response for a request or an upgrade; null if the host is allowed. */
  check({ url = '', headers, rawHeaders, httpVersion }: IncomingMessage): HttpErrorResponse | null {
    const { host } = headers;
    // RFC 9112, 3.2 requires 400 for both.
    if (host === undefined && httpVersion === '1.1') return NO_HOST;
    if (hasSeveralHosts(rawHeaders)) return SEVERAL_HOSTS;
    if (!this.#allowed || (host === this.#lastAllowed && url.startsWith('/'))) return null;
    const isProbe = PROBED_PATHS.has(pathOf(url));
    const authority = authorityOf(url);
    if (authority !== null && !this.#allows(authority, isProbe)) return MISDIRECTED;
    // Browsers always send a Host header; the health checks of balancers that speak HTTP/1.0 may send none.
    const isAllowed = host === undefined ? isProbe : this.#allows(host, isProbe);
    if (!isAllowed) return MISDIRECTED;
    if (host !== undefined && !isProbe) this.#lastAllowed = host;
    return null;
  }

  #allows(authority: string, isProbe: boolean): boolean {
    const host = parseHost(authority);
    if (!host || !this.#allowed) return false;
    const { name, port } = host;
    if (this.#allowed.has(name) || this.#allowed.has(`${name}:${port}`)) return true;
    return isProbe && this.#probesByAddress && (name === 'localhost' || isAddress(name));
  }
}

const isAddress = (name: string): boolean => name.startsWith('[') || isIP(name) === 4;

function hasSeveralHosts(rawHeaders: readonly string[]): boolean {
  let count = 0;
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index];
    if (name?.length === 4 && name.toLowerCase() === 'host') count += 1;
  }
  return count > 1;
}
