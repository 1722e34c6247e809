// Raw HTTP on a new connection, for bytes that no client library sends.
import { connect } from 'node:net';

export interface RawResponse {
  readonly status: number;
  /** Names in lower case. */
  readonly headers: ReadonlyMap<string, string>;
  readonly body: string;
}

/**
 * Sends the bytes and resolves to the response when the server closes the connection. The request must contain
 * `Connection: close`.
 */
export async function sendRaw(url: string, bytes: string | Buffer): Promise<RawResponse> {
  const { hostname, port } = new URL(url);
  const chunks: Buffer[] = [];
  await new Promise<void>((resolve, reject) => {
    const socket = connect({ host: hostname.replace(/^\[|\]$/g, ''), port: Number(port) });
    socket.on('data', (chunk) => chunks.push(chunk));
    socket.once('close', () => resolve()).once('error', reject);
    socket.write(bytes);
  });
  const text = Buffer.concat(chunks).toString('utf8');
  const [head = '', ...rest] = text.split('\r\n\r\n');
  const [statusLine = '', ...lines] = head.split('\r\n');
  const headers = new Map(
    lines.map((line) => {
      const colon = line.indexOf(':');
      return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
    }),
  );
  return { status: Number(statusLine.split(' ')[1]), headers, body: rest.join('\r\n\r\n') };
}

/** A request without a body, with `Connection: close`. With `host` null it has no Host header. */
export function rawRequest(
  line: string,
  { host = 'localhost', headers = [] }: { host?: string | null; headers?: readonly string[] } = {},
): string {
  const lines = [line, ...(host === null ? [] : [`Host: ${host}`]), ...headers, 'Connection: close'];
  return `${lines.join('\r\n')}\r\n\r\n`;
}
