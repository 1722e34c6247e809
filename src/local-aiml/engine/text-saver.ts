/**
 * Owns when text that is being written is saved: twice a second while there is any, and less often where the texts are so large
 * that it would take too much of the time. One transaction saves many small texts, or one large one.
 */
import type { Claim, WorkStore } from '../store/work-store.ts';
import type { LiveMessage } from './live-runs.ts';

const SAVE_INTERVAL_MS = 500;
const MAX_SAVE_INTERVAL_MS = 5_000;
/** Each save writes the whole texts, so the interval is at least this many times what the last one took. */
const INTERVAL_FACTOR = 10;
/** A transaction holds up everything else. */
const MAX_CHARS_OF_A_TRANSACTION = 256 * 1024;

interface Unsaved {
  readonly claim: Claim;
  readonly message: LiveMessage;
}

export class TextSaver {
  readonly #work: WorkStore;
  readonly #onLost: (runId: string) => void;
  readonly #onError: (error: unknown) => void;
  readonly #unsaved = new Map<string, Unsaved>();
  #timer: NodeJS.Timeout | undefined;

  /** `onLost` gets the runs that another worker may hold now. A save that fails is reported and made again. */
  constructor(work: WorkStore, onLost: (runId: string) => void, onError: (error: unknown) => void) {
    this.#work = work;
    this.#onLost = onLost;
    this.#onError = onError;
  }

  /** The message has grown. */
  mark(claim: Claim, message: LiveMessage): void {
    this.#unsaved.set(claim.runId, { claim, message });
    this.#timer ??= setTimeout(() => void this.#save(), SAVE_INTERVAL_MS);
  }

  /** The message is about to be saved whole, or its claim is lost. Another claim on the run keeps its message. */
  forget({ runId, attempt }: Claim): void {
    if (this.#unsaved.get(runId)?.claim.attempt === attempt) this.#unsaved.delete(runId);
  }

  /** Saves at once what there is. Does not reject. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#save();
  }

  async #save(): Promise<void> {
    const startedAt = performance.now();
    let batch: readonly Unsaved[] = [];
    try {
      for (let left = this.#unsaved.size; left > 0 && this.#unsaved.size > 0; left -= batch.length) {
        batch = this.#takeBatch();
        const lost = await this.#work.saveTexts(
          batch.map(({ claim, message }) => ({ claim, messageId: message.id, content: message.content })),
        );
        for (const runId of lost) this.#onLost(runId);
      }
    } catch (error) {
      this.#onError(error);
      for (const item of batch) if (!this.#unsaved.has(item.claim.runId)) this.#unsaved.set(item.claim.runId, item);
    }
    const intervalMs = Math.max(SAVE_INTERVAL_MS, INTERVAL_FACTOR * (performance.now() - startedAt));
    this.#timer =
      this.#unsaved.size > 0
        ? setTimeout(() => void this.#save(), Math.min(MAX_SAVE_INTERVAL_MS, intervalMs))
        : undefined;
  }

  /** Takes those that wait longest. */
  #takeBatch(): readonly Unsaved[] {
    const batch: Unsaved[] = [];
    let chars = 0;
    for (const item of this.#unsaved.values()) {
      chars += item.message.chars;
      if (batch.length > 0 && chars > MAX_CHARS_OF_A_TRANSACTION) break;
      batch.push(item);
      this.#unsaved.delete(item.claim.runId);
    }
    return batch;
  }
}
