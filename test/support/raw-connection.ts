// A raw connection that records everything it receives, for tests that write bytes at chosen moments.
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { cleanUpLater } from './cleanup.ts';

export interface RawConnection {
  readonly socket: Socket;
  /** The text received so far. */
  readonly received: () => string;
  /** Resolves to everything received when the connection is closed, also by an error. */
  readonly closed: Promise<string>;
}

/** Connects to the host and port of `url` and sends `bytes`. It is destroyed with the test or the file. */
export async function openConnection(url: string, bytes = ''): Promise<RawConnection> {
  const { hostname, port } = new URL(url);
  const socket = connect(Number(port), hostname);
  cleanUpLater(() => socket.destroy());
  let text = '';
  socket
    .setEncoding('utf8')
    .on('data', (part: string) => (text += part))
    .on('error', () => undefined);
  const closed = new Promise<string>((resolve) => socket.once('close', () => resolve(text)));
  await once(socket, 'connect');
  if (bytes !== '') socket.write(bytes);
  return { socket, received: () => text, closed };
}
