// A TCP proxy on loopback that passes everything through until a test cuts or silences its connections.
import { connect, createServer, type Socket } from 'node:net';
import { listen } from './listen.ts';

export interface TcpProxy {
  readonly url: string;
  /** Ends every connection that is open. */
  readonly cut: () => void;
  /** From now on nothing arrives on the connections that carry a stream of events. They stay open. */
  readonly silence: () => void;
}

export async function startTcpProxy(target: string): Promise<TcpProxy> {
  const sockets = new Set<Socket>();
  const streams = new Set<Socket>();
  const server = createServer((client) => {
    const upstream = connect(Number(new URL(target).port), '127.0.0.1');
    upstream.on('data', (chunk: Buffer) => {
      if (chunk.includes('text/event-stream')) streams.add(upstream);
    });
    for (const [from, to] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      sockets.add(from);
      from.pipe(to);
      from.on('error', () => undefined);
      from.on('close', () => {
        sockets.delete(from);
        streams.delete(from);
        to.destroy();
      });
    }
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    cut: () => {
      for (const socket of sockets) socket.destroy();
    },
    silence: () => {
      for (const stream of streams) stream.unpipe().pause();
    },
  };
}
