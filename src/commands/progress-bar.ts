/** Shows how far a command is: a bar on a terminal, and one line at the end of each part elsewhere. */
import type { WriteStream } from 'node:tty';

const WIDTH = 30;
const REDRAW_MS = 100;

export class ProgressBar {
  readonly #stream: WriteStream;
  readonly #noun: string;
  /** Null while it is not known how many there are. */
  readonly #total: number | null;
  #done = 0;
  #drawnAt = 0;

  constructor(stream: WriteStream, noun: string, total: number | null) {
    this.#stream = stream;
    this.#noun = noun;
    this.#total = total;
  }

  advance(by = 1): void {
    this.#done += by;
    const now = Date.now();
    if (!this.#stream.isTTY || now - this.#drawnAt < REDRAW_MS) return;
    this.#drawnAt = now;
    this.#stream.write(`\r\x1b[K${this.#text()}`);
  }

  end(): void {
    this.#stream.write(`${this.#stream.isTTY ? '\r\x1b[K' : ''}${this.#text()}\n`);
  }

  #text(): string {
    if (this.#total === null) return `${this.#noun}: ${this.#done}`;
    const filled = this.#total === 0 ? WIDTH : Math.round((this.#done / this.#total) * WIDTH);
    return `${this.#noun}: [${'#'.repeat(filled)}${'-'.repeat(WIDTH - filled)}] ${this.#done}/${this.#total}`;
  }
}
