/** Owns how long the contexts of models are, as far as the list of the model API says so. */
import { objectOf } from '../../wire/json.ts';
import type { ModelListing } from '../model/model-api.ts';
import type { OpenAIModelApi } from '../model/openai-model-api.ts';
import type { ModelRouter } from '../model-router.ts';

/** A run does not wait longer for the list; it then takes the default. */
const MAX_WAIT_MS = 3_000;
const FRESH_MS = 60 * 60 * 1_000;
/** After a list that failed. */
const RETRY_MS = 5 * 60 * 1_000;

export class ContextLengths {
  readonly #models: ModelRouter;
  #byModel: ReadonlyMap<string, number> = new Map();
  #freshUntil = 0;
  #reading: Promise<void> | undefined;

  constructor(models: ModelRouter) {
    this.#models = models;
  }

  /** In tokens of the model, prompt and completion together; undefined if unknown. Does not reject. */
  async of(model: string, key: string | undefined): Promise<number | undefined> {
    const { api } = this.#models;
    if (!api || this.#models.isBuiltIn(model)) return undefined;
    if (this.#freshUntil <= performance.now())
      await (this.#reading ??= this.#read(api, key).finally(() => {
        this.#reading = undefined;
      }));
    return this.#byModel.get(api.nameOf(model));
  }

  async #read(api: OpenAIModelApi, key: string | undefined): Promise<void> {
    try {
      const listings = await api.listModels({ signal: AbortSignal.timeout(MAX_WAIT_MS), key });
      const lengths = listings.map((listing): [string, number | undefined] => [listing.id, lengthOf(listing)]);
      this.#byModel = new Map(lengths.filter((entry): entry is [string, number] => entry[1] !== undefined));
      this.#freshUntil = performance.now() + FRESH_MS;
    } catch {
      this.#freshUntil = performance.now() + RETRY_MS;
    }
  }
}

/** The names of AIML, vLLM, OpenRouter, Groq and llama.cpp. */
function lengthOf(listing: ModelListing): number | undefined {
  const candidates = [
    objectOf(listing['info'])?.['contextLength'],
    listing['max_model_len'],
    listing['context_length'],
    listing['context_window'],
    objectOf(listing['meta'])?.['n_ctx_train'],
  ];
  return candidates.find((value): value is number => typeof value === 'number' && Number.isInteger(value) && value > 0);
}
