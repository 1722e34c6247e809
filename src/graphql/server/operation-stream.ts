/** The stream of one subscription, as a transport sends it. It counts the results, and reports once how it ended. */
import { setImmediate as nextTick } from 'node:timers/promises';
import {
  locatedError,
  type ExecutionResult,
  type FormattedExecutionResult,
  type GraphQLError,
  type GraphQLFormattedError,
} from 'graphql';
import type { Release } from '../../runtime/semaphore.ts';
import { codesOf } from '../errors/codes.ts';

/** How a client receives the results of a subscription. */
export type StreamTransport = 'sse' | 'multipart' | 'websocket';

/**
 * completed: all results were sent. failed: it ended with an error result. disconnected: the client left. cut: the service
 * ended it, as it is stopping or as the client did not read.
 */
type StreamEnd = 'completed' | 'failed' | 'disconnected' | 'cut';

interface StreamSummary {
  readonly end: StreamEnd;
  readonly events: number;
  /** The codes of the errors in them, each once. */
  readonly errorCodes: readonly string[];
}

export class OperationStream {
  /** Called once, when the stream has ended. */
  onEnd: ((summary: StreamSummary) => void) | null = null;
  readonly #source: AsyncIterator<ExecutionResult>;
  readonly #formatErrors: (errors: readonly GraphQLError[]) => readonly GraphQLFormattedError[];
  readonly #release: Release;
  readonly #errorCodes = new Set<string>();
  #events = 0;
  #isSourceOpen = true;
  #hasFailed = false;
  #hasEnded = false;

  /** `formatErrors` makes of errors what callers may see. `release` is called when the source has ended. */
  constructor(
    source: AsyncIterator<ExecutionResult>,
    formatErrors: (errors: readonly GraphQLError[]) => readonly GraphQLFormattedError[],
    release: Release,
  ) {
    this.#source = source;
    this.#formatErrors = formatErrors;
    this.#release = release;
  }

  /** Null at the end. Never rejects: what the source throws is its last result. */
  async next(): Promise<FormattedExecutionResult | null> {
    const result = this.#isSourceOpen ? await this.#read() : null;
    if (result === null) {
      this.end(this.#hasFailed ? 'failed' : 'completed');
      // The entry of the end is logged in this turn, before the client can know of it.
      await nextTick();
    }
    if (result === null || this.#hasEnded) return null;
    this.#events += 1;
    for (const code of codesOf(result.errors)) this.#errorCodes.add(code);
    return result;
  }

  /** Ends the stream, if it has not ended. A pending `next` then resolves to null. */
  end(end: StreamEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#close();
    this.onEnd?.({ end, events: this.#events, errorCodes: [...this.#errorCodes] });
  }

  async #read(): Promise<FormattedExecutionResult | null> {
    try {
      const next: IteratorResult<ExecutionResult, unknown> = await this.#source.next();
      if (next.done !== true) return this.#format(next.value);
      this.#isSourceOpen = false;
      this.#release();
      return null;
    } catch (error) {
      this.#hasFailed = true;
      this.#close();
      return this.#format({ errors: [locatedError(error, undefined)] });
    }
  }

  #close(): void {
    if (!this.#isSourceOpen) return;
    this.#isSourceOpen = false;
    this.#release();
    void this.#source.return?.();
  }

  #format({ data, errors }: ExecutionResult): FormattedExecutionResult {
    return {
      ...(data !== undefined && { data }),
      ...(errors && { errors: this.#formatErrors(errors) }),
    };
  }
}
