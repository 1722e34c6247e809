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

/** Returns a function that stops it. */
export function startHeartbeat(
  socket: WebSocket,
  { heartbeatMs, stallTimeoutMs, isPaused, onCheck, onStall }: HeartbeatOptions,
): () => void {
  let seenAt = performance.now();
  let pingedAt = seenAt;
  /** The `performance.now()` time of the first ping without a response; null if all have one. */
  let waitingSince: number | null = null;
  const onReceive = () => {
    seenAt = performance.now();
    waitingSince = null;
  };
  socket.on('pong', onReceive);
  socket.on('message', onReceive);
  const timer = setInterval(() => {
    onCheck();
    if (isPaused()) {
      onReceive();
      return;
    }
    const now = performance.now();
    if (waitingSince !== null && now - waitingSince >= stallTimeoutMs) {
      onStall();
      socket.terminate();
      return;
    }
    if (now - Math.max(seenAt, pingedAt) < heartbeatMs || socket.readyState !== socket.OPEN) return;
    pingedAt = now;
    waitingSince ??= now;
    socket.ping();
  }, heartbeatMs / CHECKS_PER_PING);
  return () => clearInterval(timer);
}
