/**
 * The body of a response that is a stream of events: decoded as it arrives, bounded in bytes, and ended where nothing comes
 * for too long.
 */
import type { Transform } from 'node:stream';
import { constants, createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import type { ContentCoding } from '../runtime/content-coding.ts';

/** The most that is read of one stream, in bytes, after decompression. */
const MAX_STREAM_BYTES = 64 * 1024 * 1024;

/** Gets what a stream brings. */
export interface StreamReceiver {
  /** A stream begins; what an attempt before it brought is void. `cancel` ends it. */
  begin(cancel: () => void): void;
  /** Takes a chunk. False where no more is wanted. */
  push(chunk: Buffer): boolean;
  /** What the response is taken for, as JSON; null until it is known. */
  readonly body: Buffer | null;
  /** The stream has ended, however. */
  end(): void;
}

interface StreamBodyOptions {
  readonly receiver: StreamReceiver;
  /** Null for a coding that is not known. */
  readonly coding: ContentCoding | null;
  /** How long nothing may come, in milliseconds. */
  readonly idleTimeoutMs: number;
  /** Called once, where the receiver has a body. */
  readonly onBody: (body: Buffer) => void;
  /** Called once, when the stream has ended: its connection is not needed any more. */
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
    if (this.#hasBody || !receiver.body) return;
    this.#hasBody = true;
    onBody(receiver.body);
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

/** What was flushed comes out at once, and a stream that is cut has what came before. Null where nothing is coded. */
function createDecoder(coding: ContentCoding): Transform | null {
  const options = { flush: constants.Z_SYNC_FLUSH, finishFlush: constants.Z_SYNC_FLUSH };
  switch (coding) {
    case 'identity':
      return null;
    case 'gzip':
      return createGunzip(options);
    case 'deflate':
      return createInflate(options);
    case 'br':
      return createBrotliDecompress({
        flush: constants.BROTLI_OPERATION_FLUSH,
        finishFlush: constants.BROTLI_OPERATION_FLUSH,
      });
  }
}
