// A TCP proxy that cuts its connections after a few chunks, in the middle of a chunk and in both directions.
import { connect, createServer } from 'node:net';
import { listen } from './listen.ts';
import { createRandom } from './random.ts';

export interface CuttingProxy {
  /** The URL of the server behind the proxy, with the proxy's host and port. */
  readonly url: string;
  /** The number of connections that were cut. */
  readonly cuts: () => number;
  /** From now on no connection is cut. */
  heal(): void;
}

/**
 * Cuts each connection after 2 to `mostChunks` chunks from the server to the client. The seed makes it reproducible.
 */
export async function startCuttingProxy(to: string, seed: number, mostChunks = 6): Promise<CuttingProxy> {
  const random = createRandom(seed);
  const { hostname, port } = new URL(to);
  let cuts = 0;
  let isHealed = false;
  const server = createServer((client) => {
    const upstream = connect(Number(port), hostname);
    const destroy = () => {
      client.destroy();
      upstream.destroy();
    };
    for (const socket of [client, upstream]) socket.on('error', destroy).on('close', destroy);
    let left = 2 + random.below(mostChunks - 1);
    client.pipe(upstream);
    upstream.on('data', (chunk: Buffer) => {
      left -= 1;
      if (left > 0 || isHealed) {
        client.write(chunk);
        return;
      }
      cuts += 1;
      client.write(chunk.subarray(0, random.below(chunk.length)), destroy);
    });
    upstream.on('end', () => client.end());
  });
  return {
    url: `http://127.0.0.1:${await listen(server)}`,
    cuts: () => cuts,
    heal: () => void (isHealed = true),
  };
}
