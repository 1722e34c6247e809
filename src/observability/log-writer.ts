/**
 * Writes log entries to a file descriptor. A failing write never stops the process or blocks its event loop: the entries
 * are dropped and counted, and later entries are tried again.
 */
import { write, writeSync } from 'node:fs';
import { setTimeout as sleep } from 'node:timers/promises';
import { errorCode } from '../runtime/error-code.ts';

/** Entries are buffered up to this many characters, or for {@link FLUSH_AFTER_MS}. */
const FLUSH_LENGTH = 16_384;
const FLUSH_AFTER_MS = 50;
/** The most characters that are buffered while the reader of a pipe is slow. Further entries are dropped. */
const MAX_WAITING_LENGTH = 1024 * 1024;
/** How long the last entries may take when the process ends, in milliseconds. */
export const LAST_FLUSH_MS = 300;
/** The interval of retries on a full pipe when the process ends, in milliseconds. */
const FINAL_RETRY_MS = 5;

/** Standard output and standard error. */
type StandardFd = 1 | 2;

interface LogWriterOptions {
  /** Writes each entry at once, for a terminal. */
  readonly immediate?: boolean;
}

export class LogWriter {
  readonly #fd: StandardFd;
  readonly #flushLength: number;
  #waiting: string[] = [];
  #waitingLength = 0;
  #batch: Batch | null = null;
  /** The rest of an entry that was partly written when a write failed. It is written first. */
  #begun: Buffer = Buffer.alloc(0);
  #isWriting = false;
  #timer: NodeJS.Timeout | null = null;
  #droppedEntries = 0;

  constructor(fd: StandardFd, { immediate = false }: LogWriterOptions = {}) {
    // Node makes a pipe non-blocking when it opens the stream; without that, writing to a full pipe would block a thread.
    const stream = fd === 1 ? process.stdout : process.stderr;
    // Other code may write to the stream, and an error event without a listener would end the process.
    stream.on('error', () => undefined);
    this.#fd = fd;
    this.#flushLength = immediate ? 1 : FLUSH_LENGTH;
  }

  /** How many entries were dropped since the start. */
  get droppedEntries(): number {
    return this.#droppedEntries;
  }

  /** Takes one entry, its line feed included. Never blocks and never throws. */
  write(entry: string): void {
    if (this.#waitingLength + entry.length > MAX_WAITING_LENGTH) {
      this.#droppedEntries += 1;
      return;
    }
    this.#waiting.push(entry);
    this.#waitingLength += entry.length;
    this.#schedule();
  }

  /** Resolves when every entry has been written or dropped, at the latest after `timeoutMs`. */
  async flush(timeoutMs: number): Promise<void> {
    const giveUpAt = performance.now() + timeoutMs;
    while (this.#isPending() && performance.now() < giveUpAt) {
      if (!this.#isWriting) this.#writeBatch();
      await sleep(FINAL_RETRY_MS);
    }
  }

  /** The synchronous form of {@link flush}, for a process that crashed. */
  flushSync(timeoutMs: number): void {
    const giveUpAt = performance.now() + timeoutMs;
    // A write in flight is completed by its thread before the process ends.
    if (this.#isWriting) this.#batch = null;
    for (let batch = this.#takeBatch(); batch !== null; batch = this.#takeBatch()) {
      try {
        batch.written += writeSync(this.#fd, batch.bytes, batch.written);
        if (batch.isWritten) this.#batch = null;
      } catch (error) {
        if (errorCode(error) !== 'EAGAIN' || performance.now() >= giveUpAt) return;
        Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, FINAL_RETRY_MS);
      }
    }
  }

  #isPending(): boolean {
    return this.#batch !== null || this.#waiting.length > 0;
  }

  #schedule(): void {
    if (this.#isWriting) return;
    if (this.#batch === null && this.#waitingLength >= this.#flushLength) this.#writeBatch();
    else this.#timer ??= setTimeout(() => this.#writeBatch(), FLUSH_AFTER_MS).unref();
  }

  #writeBatch(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
    const batch = this.#takeBatch();
    if (batch === null) return;
    this.#isWriting = true;
    write(this.#fd, batch.bytes, batch.written, null, null, (error, written) => {
      this.#isWriting = false;
      if (error === null) batch.written += written;
      else if (errorCode(error) !== 'EAGAIN') this.#drop(batch);
      if (error === null && batch.isWritten) this.#batch = null;
      if (error === null && !batch.isWritten) this.#writeBatch();
      else if (this.#isPending()) this.#schedule();
    });
  }

  /** The unfinished batch, otherwise a new one of all buffered entries; null if there is nothing to write. */
  #takeBatch(): Batch | null {
    if (this.#batch !== null || this.#waiting.length === 0) return this.#batch;
    this.#batch = new Batch(this.#begun, this.#waiting);
    this.#begun = Buffer.alloc(0);
    this.#waiting = [];
    this.#waitingLength = 0;
    return this.#batch;
  }

  #drop(batch: Batch): void {
    const { begun, entries } = batch.unwritten();
    this.#begun = begun;
    this.#droppedEntries += entries;
    this.#batch = null;
  }
}

/** Writes a final text before the process exits. Never blocks and never throws. */
export function writeToStderr(text: string): void {
  try {
    // Reading `fd` opens the stream, which makes a pipe non-blocking.
    writeSync(process.stderr.fd, text);
  } catch {
    // There is nowhere left to report it.
  }
}

/** Entries that are written together. */
class Batch {
  readonly bytes: Buffer;
  /** How many bytes have been written. */
  written = 0;
  readonly #begun: Buffer;
  readonly #entries: readonly string[];

  /** `begun` is the rest of a partly written entry, or empty. */
  constructor(begun: Buffer, entries: readonly string[]) {
    this.#begun = begun;
    this.#entries = entries;
    const text = Buffer.from(entries.join(''));
    this.bytes = begun.length === 0 ? text : Buffer.concat([begun, text]);
  }

  get isWritten(): boolean {
    return this.written === this.bytes.length;
  }

  /** The rest of the partly written entry, and the number of entries of which nothing was written. */
  unwritten(): { readonly begun: Buffer; readonly entries: number } {
    let end = this.#begun.length;
    if (this.written < end) return { begun: this.#begun.subarray(this.written), entries: this.#entries.length };
    for (const [index, entry] of this.#entries.entries()) {
      const start = end;
      end += Buffer.byteLength(entry);
      if (this.written === start) return { begun: Buffer.alloc(0), entries: this.#entries.length - index };
      if (this.written < end)
        return { begun: this.bytes.subarray(this.written, end), entries: this.#entries.length - index - 1 };
    }
    return { begun: Buffer.alloc(0), entries: 0 };
  }
}
