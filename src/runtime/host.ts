/** Hosts of URLs and of Host headers, and those that requests may name. */
import { isIP } from 'node:net';

export interface AllowedHosts {
  /** Names and addresses in lower case, IPv6 in brackets. An entry with a port allows only that port. */
  readonly hosts: readonly string[];
  /**
   * Whether health checks may use any IP address or `localhost`, as orchestrators do. DNS rebinding is not possible with an
   * address.
   */
  readonly probesByAddress: boolean;
}

/** The longest DNS name with a port. Longer headers are not parsed. */
const MAX_LENGTH = 300;

interface Host {
  /** In lower case, without the trailing dot of an absolute name; an IPv6 address is shortened and in brackets. */
  readonly name: string;
  /** Digits, or empty. */
  readonly port: string;
}

/** Reads `host`, `host:port` or `[address]:port`; null for anything else, user names and IPv6 zones included. */
export function parseHost(authority: string): Host | null {
  if (authority.length > MAX_LENGTH) return null;
  const [, given, port = ''] = /^(\[[0-9a-f:.]+\]|[a-z0-9_.-]+)(?::(\d{0,5}))?$/.exec(authority.toLowerCase()) ?? [];
  if (given === undefined) return null;
  if (given.startsWith('['))
    return isIP(given.slice(1, -1)) === 6 ? { name: new URL(`http://${given}`).hostname, port } : null;
  const name = given.endsWith('.') ? given.slice(0, -1) : given;
  return name === '' ? null : { name, port };
}

/** Whether a host of HOST or of a URL is a loopback address. */
export function isLoopback(host: string): boolean {
  const address = host.replace(/^\[|\]$/g, '').toLowerCase();
  if (address === 'localhost' || address === '::1') return true;
  return isIP(address) === 4 && address.startsWith('127.');
}
