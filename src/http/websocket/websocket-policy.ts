/**
 * Decides which requests may become a WebSocket. Pages of other sites can open WebSockets without a preflight, so the
 * origin is checked before the upgrade.
 */
import type { IncomingMessage } from 'node:http';
import { clientError, GRAPHQL_PATHS, type HttpErrorResponse } from '../error-response.ts';
import type { HostPolicy } from '../host-policy.ts';
import type { Lifecycle } from '../lifecycle.ts';
import { pathOf } from '../request-target.ts';
import { ORIGIN_NOT_ALLOWED } from '../unmatched-requests.ts';

export interface WebSocketPolicyOptions {
  readonly hosts: Pick<HostPolicy, 'check'>;
  readonly lifecycle: Pick<Lifecycle, 'state'>;
  /** Whether pages of another origin may call the service. */
  readonly isAllowedOrigin: (origin: string) => boolean;
}

/** The error response to an upgrade request; null if it is allowed. */
export function checkUpgrade(request: IncomingMessage, options: WebSocketPolicyOptions): HttpErrorResponse | null {
  const { hosts, lifecycle, isAllowedOrigin } = options;
  const { url = '', headers } = request;
  const rejection = hosts.check(request);
  if (rejection) return rejection;
  if (!GRAPHQL_PATHS.includes(pathOf(url))) return WRONG_PATH;
  const { origin } = headers;
  if (origin !== undefined && !isOwn(origin, headers.host) && !isAllowedOrigin(origin)) return ORIGIN_NOT_ALLOWED;
  return lifecycle.state === 'draining' ? STOPPING : null;
}

const isOwn = (origin: string, host: string | undefined): boolean =>
  host !== undefined && URL.canParse(origin) && new URL(origin).host === host.toLowerCase();

const WRONG_PATH = clientError(404, 'WebSockets are only available at /graphql.');
const STOPPING: HttpErrorResponse = {
  status: 503,
  code: 'OVERLOADED',
  message: 'The service is stopping: try again in a moment.',
};
