/** Sends pings, and ends a WebSocket whose client responds to nothing for too long: it reads nothing, or is not there. */
import type { WebSocket } from 'ws';

/** How often it is looked at the socket within the time between two pings. */
const CHECKS_PER_PING = 4;

export interface HeartbeatOptions {
  readonly heartbeatMs: number;
  readonly stallTimeoutMs: number;
}

export class Heartbeat {
  readonly #timer: NodeJS.Timeout;
  #seenAt = performance.now();
  #pingedAt = performance.now();
  /** When the first ping was sent that has no response yet, on `performance.now()`; null where all have. */
  #waitingSince: number | null = null;

  constructor(socket: WebSocket, { heartbeatMs, stallTimeoutMs }: HeartbeatOptions) {
    const onSign = () => {
      this.#seenAt = performance.now();
      this.#waitingSince = null;
    };
    socket.on('pong', onSign);
    socket.on('message', onSign);
    this.#timer = setInterval(() => {
      const now = performance.now();
      if (this.#waitingSince !== null && now - this.#waitingSince >= stallTimeoutMs) {
        socket.terminate();
        return;
      }
      if (now - Math.max(this.#seenAt, this.#pingedAt) < heartbeatMs || socket.readyState !== socket.OPEN) return;
      this.#pingedAt = now;
      this.#waitingSince ??= now;
      socket.ping();
    }, heartbeatMs / CHECKS_PER_PING);
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
