/** Owns when text that is being written is saved: that of all runs in one transaction, twice a second while there is any. */
import type { Claim, MessageProgress, WorkStore } from '../store/work-store.ts';
import type { LiveMessage } from './live-runs.ts';

const SAVE_INTERVAL_MS = 500;

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

  /** The message is about to be saved whole, or its claim is lost. */
  forget({ runId }: Claim): void {
    this.#unsaved.delete(runId);
  }

  /** Saves at once what there is. Does not reject. */
  async flush(): Promise<void> {
    clearTimeout(this.#timer);
    await this.#save();
  }

  async #save(): Promise<void> {
    const unsaved = [...this.#unsaved.values()];
    this.#unsaved.clear();
    const progress = unsaved.map(({ claim, message }): MessageProgress => ({
      claim,
      messageId: message.id,
      content: message.content,
    }));
    try {
      const lost = progress.length === 0 ? [] : await this.#work.saveTexts(progress);
      for (const runId of lost) this.#onLost(runId);
    } catch (error) {
      this.#onError(error);
      for (const item of unsaved) if (!this.#unsaved.has(item.claim.runId)) this.#unsaved.set(item.claim.runId, item);
    }
    this.#timer = undefined;
    if (this.#unsaved.size > 0) this.#timer = setTimeout(() => void this.#save(), SAVE_INTERVAL_MS);
  }
}
