/** The stream of one subscription, as a transport sends it: it counts, and reports once how it ended. */
import type { FormattedExecutionResult } from 'graphql';
import type { SubscriptionResults } from './subscription.ts';
import { codesOf } from './operation.plugin.ts';

/** How a client receives the results of a subscription. */
export type StreamTransport = 'sse' | 'multipart' | 'websocket';

/**
 * completed: all results were sent. failed: it ended with an error result. disconnected: the client left. cut: the service
 * ended it, as it is stopping or as the client did not read.
 */
type StreamEnd = 'completed' | 'failed' | 'disconnected' | 'cut';

export interface StreamSummary {
  readonly end: StreamEnd;
  /** How many results were sent. */
  readonly events: number;
  /** The codes of the errors in them, each once. */
  readonly errorCodes: readonly string[];
}

export class OperationStream {
  readonly #results: SubscriptionResults;
  readonly #onEnd: (summary: StreamSummary) => void;
  readonly #errorCodes = new Set<string>();
  #events = 0;
  #hasEnded = false;

  constructor(results: SubscriptionResults, onEnd: (summary: StreamSummary) => void) {
    this.#results = results;
    this.#onEnd = onEnd;
  }

  /** Null at the end. Never rejects. */
  async next(): Promise<FormattedExecutionResult | null> {
    const result = await this.#results.next();
    if (result === null) {
      this.end(this.#results.hasFailed ? 'failed' : 'completed');
      return null;
    }
    if (this.#hasEnded) return null;
    this.#events += 1;
    for (const code of codesOf(result.errors)) this.#errorCodes.add(code);
    return result;
  }

  /** Ends the stream, if it has not ended. A pending `next` then resolves to null. */
  end(end: StreamEnd): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#results.end();
    this.#onEnd({ end, events: this.#events, errorCodes: [...this.#errorCodes] });
  }
}
