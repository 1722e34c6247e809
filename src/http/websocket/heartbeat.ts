/** Sends pings, and closes a WebSocket whose client does not respond for too long. */
import type { WebSocket } from 'ws';

const CHECKS_PER_PING = 4;

interface HeartbeatOptions {
  readonly heartbeatMs: number;
  readonly stallTimeoutMs: number;
  /** Whether nothing is read from the client at the moment, so that no response can arrive. */
  readonly isPaused: () => boolean;
  readonly onCheck: () => void;
  /** Called before the socket is ended. */
  readonly onStall: () => void;
}

export class Heartbeat {
  readonly #timer: NodeJS.Timeout;
  #seenAt = performance.now();
  #pingedAt = performance.now();
  /** The `performance.now()` time of the first ping without a response; null if all have one. */
  #waitingSince: number | null = null;

  constructor(socket: WebSocket, { heartbeatMs, stallTimeoutMs, isPaused, onCheck, onStall }: HeartbeatOptions) {
    const onReceive = () => {
      this.#seenAt = performance.now();
      this.#waitingSince = null;
    };
    socket.on('pong', onReceive);
    socket.on('message', onReceive);
    this.#timer = setInterval(() => {
      onCheck();
      if (isPaused()) {
        onReceive();
        return;
      }
      const now = performance.now();
      if (this.#waitingSince !== null && now - this.#waitingSince >= stallTimeoutMs) {
        onStall();
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
