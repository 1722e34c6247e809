/**
 * Requests with an Upgrade header. Only WebSockets are upgraded. Other protocols are ignored, as RFC 9110 (7.8) allows and
 * as Node does without an upgrade listener: some clients offer h2c with ordinary requests.
 */
import type { IncomingMessage, Server } from 'node:http';
import type { Duplex } from 'node:stream';

export const isWebSocket = ({ headers }: IncomingMessage): boolean => headers.upgrade?.toLowerCase() === 'websocket';

/** Lets the server parse the request again without its upgrade headers. `head` contains the bytes after the headers. */
export function ignoreUpgrade(server: Server, request: IncomingMessage, socket: Duplex, head: Buffer): void {
  const { method = 'GET', url = '/', httpVersion, rawHeaders } = request;
  const lines = [`${method} ${url} HTTP/${httpVersion}`];
  for (let index = 0; index < rawHeaders.length; index += 2) {
    const name = rawHeaders[index] ?? '';
    const value = withoutUpgrade(name, rawHeaders[index + 1] ?? '');
    if (value !== null) lines.push(`${name}: ${value}`);
  }
  socket.unshift(Buffer.concat([Buffer.from(`${lines.join('\r\n')}\r\n\r\n`, 'latin1'), head]));
  server.emit('connection', socket);
}

/** Null for a header that is removed. */
function withoutUpgrade(name: string, value: string): string | null {
  switch (name.toLowerCase()) {
    case 'upgrade':
    case 'http2-settings':
      return null;
    case 'connection': {
      const options = value
        .split(',')
        .map((option) => option.trim())
        .filter((option) => !['upgrade', 'http2-settings'].includes(option.toLowerCase()));
      return options.length === 0 ? null : options.join(', ');
    }
    default:
      return value;
  }
}
