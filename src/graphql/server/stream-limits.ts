/** Limits the number of open streams, in total and of each caller. */
import { Semaphore, type Release } from '../../runtime/semaphore.ts';

const MAX_STREAMS_PER_CALLER = 20;

interface StreamLimitsOptions {
  readonly maxStreams: number;
  /** Whether callers can be distinguished. */
  readonly isMultiTenant: boolean;
}

export class StreamLimits {
  readonly #streams: Semaphore;
  readonly #maxPerCaller: number;
  readonly #byCaller = new Map<string, number>();
  #isClosed = false;

  constructor({ maxStreams, isMultiTenant }: StreamLimitsOptions) {
    this.#streams = new Semaphore(maxStreams);
    this.#maxPerCaller = isMultiTenant ? MAX_STREAMS_PER_CALLER : maxStreams;
  }

  /** Admits no further streams, because the service is stopping. */
  close(): void {
    this.#isClosed = true;
  }

  /** Null if a limit is reached, or after {@link close}. */
  tryAcquire(subject: string): Release | null {
    if (this.#isClosed) return null;
    const held = this.#byCaller.get(subject) ?? 0;
    if (held >= this.#maxPerCaller) return null;
    const release = this.#streams.tryAcquire();
    if (!release) return null;
    this.#byCaller.set(subject, held + 1);
    let isHeld = true;
    return () => {
      if (!isHeld) return;
      isHeld = false;
      release();
      const left = (this.#byCaller.get(subject) ?? 0) - 1;
      if (left > 0) this.#byCaller.set(subject, left);
      else this.#byCaller.delete(subject);
    };
  }
}
