/** The unsent bytes of a WebSocket. Nothing more is read from a client that does not read what was sent to it. */
import type { WebSocket } from 'ws';
import { UnsentSource, type QueueingSocket, type UnsentObserver } from '../../runtime/connection.ts';

/** With more unsent bytes, messages of the client wait. */
const MAX_UNSENT_BYTES = 1024 * 1024;

export class SocketOutput extends UnsentSource {
  /** Whether messages of the client wait until it has read. */
  isPaused = false;
  readonly #socket: WebSocket;
  readonly #connection: QueueingSocket;
  #queuedBytes = 0;
  #hasEnded = false;

  constructor(socket: WebSocket, connection: QueueingSocket, observer: UnsentObserver) {
    super(observer);
    this.#socket = socket;
    this.#connection = connection;
    const update = () => this.update();
    connection.on('drain', update);
    // The socket sends pongs by itself.
    socket.on('ping', update);
  }

  get stalledSince(): number | null {
    return this.unsentBytes > 0 ? this.progressAt : null;
  }

  /** Call it when something was written, or has reached the operating system. */
  update(): void {
    if (this.#hasEnded) return;
    this.#set(this.#connection.writableLength);
    this.#pauseOrResume();
  }

  /** Notices parts of a write that have reached the operating system. */
  refresh(): void {
    const queuedBytes = this.#connection._handle?.writeQueueSize ?? 0;
    if (queuedBytes < this.#queuedBytes) this.progressAt = performance.now();
    this.#queuedBytes = queuedBytes;
    this.update();
  }

  destroy(): void {
    this.end();
    this.#socket.terminate();
  }

  /** Call it when the socket is closed. */
  end(): void {
    this.#hasEnded = true;
    this.#set(0);
  }

  #pauseOrResume(): void {
    const isPaused = this.unsentBytes > MAX_UNSENT_BYTES;
    // The observer may just have closed the connection.
    if (isPaused === this.isPaused || this.#hasEnded) return;
    this.isPaused = isPaused;
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  #set(bytes: number): void {
    if (bytes !== this.unsentBytes) this.changeUnsent(bytes - this.unsentBytes, performance.now());
  }
}
