/**
 * The body of an event stream: decoded as it arrives, limited in bytes, and ended after an idle time-out.
 */
import type { Transform } from 'node:stream';
import { createDecoder, type ContentCoding } from '../runtime/content-coding.ts';

/** The maximum size of a stream, in bytes, after decompression. */
const MAX_STREAM_BYTES = 64 * 1024 * 1024;

/** Receives an event stream. */
export interface StreamReceiver {
  /** A stream begins; the data of an earlier attempt is void. `cancel` ends the stream. */
  begin(cancel: () => void): void;
  /** Returns false to end the stream. */
  push(chunk: Buffer): boolean;
  /** Returns the JSON that stands for the response body, once. Null until it has arrived. */
  takeBody(): Buffer | null;
  /** The stream has ended, completely or not. */
  end(): void;
}

interface StreamBodyOptions {
  readonly receiver: StreamReceiver;
  /** Null for an unsupported coding. */
  readonly coding: ContentCoding | null;
  /** The idle time-out, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Called once, when the receiver has a body. */
  readonly onBody: (body: Buffer) => void;
  /** Called once, when the stream has ended and its connection can be closed. */
  readonly onEnd: () => void;
}

export class StreamBody {
  readonly #options: StreamBodyOptions;
  readonly #decoder: Transform | null;
  readonly #timer: NodeJS.Timeout;
  #bytes = 0;
  #hasBody = false;
  #hasEnded = false;

  constructor(options: StreamBodyOptions) {
    this.#options = options;
    this.#timer = setTimeout(() => this.#finish(), options.idleTimeoutMs);
    this.#decoder = options.coding === null ? null : createDecoder(options.coding);
    this.#decoder?.on('data', (chunk: Buffer) => this.#take(chunk));
    this.#decoder?.on('error', () => this.#finish());
    this.#decoder?.on('end', () => this.#finish());
    options.receiver.begin(() => this.#finish());
    if (options.coding === null) this.#finish();
    else this.#reportBody();
  }

  push(chunk: Buffer): void {
    if (this.#hasEnded) return;
    this.#timer.refresh();
    if (this.#decoder) this.#decoder.write(chunk);
    else this.#take(chunk);
  }

  /** Upstream has ended the stream, or its connection was closed. */
  end(): void {
    if (this.#decoder && !this.#hasEnded) this.#decoder.end();
    else this.#finish();
  }

  #take(chunk: Buffer): void {
    if (this.#hasEnded) return;
    this.#bytes += chunk.length;
    const wantsMore = this.#bytes <= MAX_STREAM_BYTES && this.#options.receiver.push(chunk);
    this.#reportBody();
    if (!wantsMore) this.#finish();
  }

  #reportBody(): void {
    const { receiver, onBody } = this.#options;
    if (this.#hasBody) return;
    const body = receiver.takeBody();
    if (!body) return;
    this.#hasBody = true;
    onBody(body);
  }

  #finish(): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    clearTimeout(this.#timer);
    this.#decoder?.destroy();
    this.#options.onEnd();
    this.#options.receiver.end();
  }
}
