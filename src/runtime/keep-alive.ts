/**
 * Keep-alive of the HTTP servers. Clients are advised to close an idle connection before the server does, because a request
 * that is sent at the same time as the server closes is lost.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';

/** How long the server keeps an idle connection open, in milliseconds. Proxies close theirs within a minute. */
export const KEEP_ALIVE_TIMEOUT_MS = 65_000;

/** The headers of a response on a connection that stays open. By default, Node advises the time-out of the server. */
export const KEEP_ALIVE_HEADERS = { connection: 'keep-alive', 'keep-alive': 'timeout=55' } as const;

/** Whether the connection stays open after the response. In HTTP/1.0, Node decides. */
export const isKeptAlive = ({ httpVersion }: IncomingMessage, { shouldKeepAlive }: ServerResponse): boolean =>
  httpVersion === '1.1' && shouldKeepAlive;
