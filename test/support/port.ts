// Ports for processes that cannot be given port 0, and ports on which nothing listens.
import { createServer } from 'node:net';

/** Below the ports that Linux chooses for port 0 and for clients, so that nobody else takes the port while it is free. */
const FIRST_PORT = 10_000;
const LAST_PORT = 32_000;

/** The worker of Jest has a part of the ports to itself. */
const PARTS = 16;
const PORTS = Math.floor((LAST_PORT - FIRST_PORT) / PARTS);
const first = FIRST_PORT + (Number(process.env['JEST_WORKER_ID'] ?? 0) % PARTS) * PORTS;

let next = Math.floor(Math.random() * PORTS);

/** Returns a free port of loopback. It stays free until the caller uses it, and no other call in this file returns it. */
export async function takePort(): Promise<number> {
  for (;;) {
    const port = first + (next++ % PORTS);
    if (await isFree(port)) return port;
  }
}

const isFree = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const server = createServer()
      .once('error', () => resolve(false))
      .listen(port, '127.0.0.1', () => server.close(() => resolve(true)));
  });
