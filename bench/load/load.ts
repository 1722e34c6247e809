/**
 * The load: a number of connections, each of which sends its next request when it has received the last response.
 *
 * Every response is checked as it arrives: its status, its length (all responses of a workload have the same length)
 * and that it belongs to its request. The first wrong response ends the run.
 */
import { connect, type Socket } from 'node:net';
import { MessageReader } from '../message-reader.ts';
import type { LoadRequest } from './requests.ts';
import { percentile } from './statistics.ts';

export interface LoadOptions {
  readonly url: URL;
  readonly connections: number;
  /** Responses in these first seconds are not counted. */
  readonly rampSeconds: number;
  readonly seconds: number;
  readonly status: number;
  readonly next: () => LoadRequest;
}

export interface LoadResult {
  /** Responses per second in the time that is counted. */
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** All responses, including those outside of the time that is counted. */
  readonly responses: number;
}

const STUCK_AFTER_MS = 10_000;

/** Resolves when every request has its response. Rejects with the first wrong response. */
export async function runLoad(options: LoadOptions): Promise<LoadResult> {
  const run = new Run(options);
  const connections = Array.from({ length: options.connections }, () => new Connection(run, options));
  const stuck = setTimeout(
    () => run.fail(new Error('no response arrived for too long')),
    (options.rampSeconds + options.seconds) * 1000 + STUCK_AFTER_MS,
  );
  try {
    await run.finished(connections);
    return run.result();
  } finally {
    clearTimeout(stuck);
    for (const connection of connections) connection.close();
  }
}

class Run {
  readonly #from: number;
  readonly #to: number;
  readonly #latencies: number[] = [];
  readonly #failed: Promise<never>;
  #responses = 0;
  #length: number | null = null;
  fail: (error: Error) => void = () => undefined;

  constructor({ rampSeconds, seconds }: LoadOptions) {
    this.#from = performance.now() + rampSeconds * 1000;
    this.#to = this.#from + seconds * 1000;
    this.#failed = new Promise((_, reject) => (this.fail = reject));
    this.#failed.catch(() => undefined);
  }

  get isOver(): boolean {
    return performance.now() >= this.#to;
  }

  async finished(connections: readonly Connection[]): Promise<void> {
    await Promise.race([Promise.all(connections.map(({ drained }) => drained)), this.#failed]);
  }

  /** The first response sets the length of all responses of a run. */
  isExpectedLength(length: number): boolean {
    this.#length ??= length;
    return this.#length === length;
  }

  count(sentAt: number): void {
    const now = performance.now();
    this.#responses += 1;
    if (now >= this.#from && now < this.#to) this.#latencies.push(now - sentAt);
  }

  result(): LoadResult {
    const sorted = Float64Array.from(this.#latencies).sort();
    return {
      perSecond: (sorted.length * 1000) / (this.#to - this.#from),
      p50Ms: percentile(sorted, 0.5),
      p99Ms: percentile(sorted, 0.99),
      responses: this.#responses,
    };
  }
}

class Connection {
  readonly drained: Promise<void>;
  readonly #run: Run;
  readonly #options: LoadOptions;
  readonly #socket: Socket;
  readonly #reader = new MessageReader((head, body) => this.#receive(head, body));
  #mark = '';
  #sentAt = 0;
  #drain: () => void = () => undefined;

  constructor(run: Run, options: LoadOptions) {
    this.#run = run;
    this.#options = options;
    this.drained = new Promise((resolve) => (this.#drain = resolve));
    this.#socket = connect({ host: options.url.hostname, port: Number(options.url.port), noDelay: true });
    this.#socket.on('connect', () => this.#send());
    this.#socket.on('data', (chunk: Buffer) => {
      try {
        this.#reader.push(chunk);
      } catch (error) {
        run.fail(error as Error);
      }
    });
    this.#socket.on('error', (error) => run.fail(error));
    this.#socket.on('close', () => run.fail(new Error('a connection was closed')));
  }

  close(): void {
    this.#socket.destroy();
  }

  #send(): void {
    const { bytes, mark } = this.#options.next();
    this.#mark = mark;
    this.#sentAt = performance.now();
    this.#socket.write(bytes);
  }

  #receive(head: string, body: Buffer): void {
    const status = Number(head.slice('HTTP/1.1 '.length, 'HTTP/1.1 200'.length));
    if (status !== this.#options.status || !this.#run.isExpectedLength(body.length) || !body.includes(this.#mark)) {
      this.#run.fail(new Error(`a wrong response, status ${status}: ${body.toString('utf8', 0, 300)}`));
      return;
    }
    this.#run.count(this.#sentAt);
    if (this.#run.isOver) this.#drain();
    else this.#send();
  }
}
