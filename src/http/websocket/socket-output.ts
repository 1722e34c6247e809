/** The unsent bytes of a WebSocket. Nothing more is read from a client that does not read what was sent to it. */
import type { WebSocket } from 'ws';
import type { QueueingSocket, UnsentObserver, UnsentSource } from '../connection.ts';

/** With more unsent bytes, messages of the client wait. */
const MAX_UNSENT_BYTES = 1024 * 1024;

export class SocketOutput implements UnsentSource {
  isCut = false;
  caller: string | null = null;
  readonly #socket: WebSocket;
  readonly #connection: QueueingSocket;
  readonly #observer: UnsentObserver;
  #unsentBytes = 0;
  #progressAt = 0;
  #queuedBytes = 0;
  #isPaused = false;
  #hasEnded = false;

  constructor(socket: WebSocket, connection: QueueingSocket, observer: UnsentObserver) {
    this.#socket = socket;
    this.#connection = connection;
    this.#observer = observer;
    const update = () => this.update();
    connection.on('drain', update);
    // The socket sends pongs by itself.
    socket.on('ping', update);
  }

  get unsentBytes(): number {
    return this.#unsentBytes;
  }

  get stalledSince(): number | null {
    return this.#unsentBytes > 0 ? this.#progressAt : null;
  }

  /** Whether messages of the client wait until it has read. */
  get isPaused(): boolean {
    return this.#isPaused;
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
    if (queuedBytes < this.#queuedBytes) this.#progressAt = performance.now();
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
    const isPaused = this.#unsentBytes > MAX_UNSENT_BYTES;
    // The observer may just have closed the connection.
    if (isPaused === this.#isPaused || this.#hasEnded) return;
    this.#isPaused = isPaused;
    if (isPaused) this.#socket.pause();
    else this.#socket.resume();
  }

  #set(bytes: number): void {
    const change = bytes - this.#unsentBytes;
    if (change === 0) return;
    if (change < 0 || this.#unsentBytes === 0) this.#progressAt = performance.now();
    this.#unsentBytes = bytes;
    this.#observer.unsentChanged(this, change);
  }
}
