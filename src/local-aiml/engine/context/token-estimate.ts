/** Owns how tokens are estimated from characters, and corrected per model by the usage that comes back. */
import { LRUCache } from 'lru-cache';

const MAX_MODELS = 1_000;
/** Where no limit of the model is known: most models take this much, and a longer thread is truncated. */
const DEFAULT_CONTEXT_TOKENS = 100_000;
/** How much of the difference is taken over from each response. */
const LEARNING_RATE = 0.3;
const MIN_FACTOR = 0.25;
const MAX_FACTOR = 4;

export const TOKENS_OF_A_MESSAGE = 4;
export const TOKENS_OF_AN_IMAGE = 1_000;

/** Of the context of a model, for its completion. */
const COMPLETION_TOKENS = 4_096;

interface KnownModel {
  readonly factor: number;
  /** The maximum of a prompt; undefined if it is not known. */
  readonly contextTokens: number | undefined;
}

/** Four characters of ASCII are about one token; other scripts take about one token for a character. */
export function estimateTokens(text: string): number {
  let others = 0;
  for (let index = 0; index < text.length; index++) if (text.charCodeAt(index) > 0x7f) others++;
  return Math.ceil((text.length - others) / 4 + others * 0.8);
}

export class TokenEstimates {
  readonly #models = new LRUCache<string, KnownModel>({ max: MAX_MODELS });

  /** How many estimated tokens fit the model's context. */
  contextTokens(model: string): number {
    const { contextTokens = DEFAULT_CONTEXT_TOKENS, factor } = this.#of(model);
    return Math.floor(contextTokens / factor);
  }

  /** An amount of the model's tokens, such as a budget, as estimated tokens. */
  toEstimated(model: string, tokens: number): number {
    return Math.floor(tokens / this.#of(model).factor);
  }

  /** A prompt that was estimated at `estimated` was reported as `actual` tokens. */
  correct(model: string, estimated: number, actual: number): void {
    if (estimated < 50 || actual <= 0) return;
    const known = this.#of(model);
    const factor = known.factor + (actual / estimated - known.factor) * LEARNING_RATE;
    this.#models.set(model, { ...known, factor: Math.min(MAX_FACTOR, Math.max(MIN_FACTOR, factor)) });
  }

  knowsLimit(model: string): boolean {
    return this.#of(model).contextTokens !== undefined;
  }

  /** The model API says how many tokens the model's context has, prompt and completion together. */
  setContextLength(model: string, tokens: number): void {
    const contextTokens = tokens - Math.min(COMPLETION_TOKENS, Math.floor(tokens / 4));
    this.#models.set(model, { ...this.#of(model), contextTokens });
  }

  /** A prompt that was estimated at `estimated` did not fit. */
  learnLimit(model: string, estimated: number): void {
    const known = this.#of(model);
    this.#models.set(model, { ...known, contextTokens: Math.floor(estimated * known.factor * 0.7) });
  }

  #of(model: string): KnownModel {
    return this.#models.get(model) ?? { factor: 1, contextTokens: undefined };
  }
}
