import type { AddressInfo, Server, Socket } from 'node:net';
import { cleanUpLater } from './cleanup.ts';

/** Listens on loopback until the test or the file has ended, on a free port unless one is given; returns the port. */
export async function listen(server: Server, port = 0): Promise<number> {
  const sockets = new Set<Socket>();
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
  });
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, '127.0.0.1', resolve);
  });
  cleanUpLater(() => {
    for (const socket of sockets) socket.destroy();
    return close(server);
  });
  return (server.address() as AddressInfo).port;
}

/** Stops listening, and resolves when the last connection has ended. */
export const close = (server: Server): Promise<void> => new Promise((resolve) => server.close(() => resolve()));
