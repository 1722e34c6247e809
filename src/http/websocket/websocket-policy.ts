/**
 * Which requests may become a WebSocket. A page of another site can open one with the browser's own cookies and network, and
 * without a preflight, so its origin is checked before the upgrade.
 */
import type { IncomingMessage } from 'node:http';
import { GRAPHQL_PATHS, type HttpErrorResponse } from '../error-response.ts';
import type { HostPolicy } from '../host-policy.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { pathOf } from '../request-target.ts';

export interface WebSocketPolicyOptions {
  readonly hosts: Pick<HostPolicy, 'check'>;
  readonly lifecycle: Pick<Lifecycle, 'state'>;
  /** Whether pages of the origin may call; the service's own origin is not asked about. */
  readonly isAllowedOrigin: (origin: string) => boolean;
}

/** The error response to a request for a WebSocket; null where it may become one. */
export function checkUpgrade(request: IncomingMessage, options: WebSocketPolicyOptions): HttpErrorResponse | null {
  const { hosts, lifecycle, isAllowedOrigin } = options;
  const { url = '', headers } = request;
  const rejection = hosts.check(request);
  if (rejection) return rejection;
  if (!GRAPHQL_PATHS.includes(pathOf(url))) return NO_WEBSOCKET_HERE;
  const { origin } = headers;
  if (origin !== undefined && !isOwn(origin, headers.host) && !isAllowedOrigin(origin)) return FOREIGN_ORIGIN;
  return lifecycle.state === 'draining' ? STOPPING : null;
}

const isOwn = (origin: string, host: string | undefined): boolean =>
  host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();

const NO_WEBSOCKET_HERE: HttpErrorResponse = {
  status: 404,
  code: 'BAD_REQUEST',
  message: 'There is no WebSocket here: it is at /graphql.',
};
const FOREIGN_ORIGIN: HttpErrorResponse = {
  status: 403,
  code: 'FORBIDDEN',
  message: 'Pages of this origin may not open a WebSocket: add it to CORS_ORIGINS.',
};
const STOPPING: HttpErrorResponse = {
  status: 503,
  code: 'OVERLOADED',
  message: 'The service is stopping: try again in a moment.',
};
