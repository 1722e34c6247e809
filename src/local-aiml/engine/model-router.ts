/** Chooses the model of a run, and lists the models. The built-in model runs if it is named or no model API is configured. */
import { BUILT_IN_LISTING, BuiltInModel } from './built-in/built-in-model.ts';
import { isLoopback } from '../../runtime/host.ts';
import type { RunSettings } from '../settings.ts';
import type { ModelApi, ModelListing } from './model/model-api.ts';
import { OpenAIModelApi } from './model/openai-model-api.ts';

export class ModelRouter {
  readonly #builtIn = new BuiltInModel();
  readonly #usesCallerKeys: boolean;
  /** Null if the built-in model takes every call. */
  readonly api: OpenAIModelApi | null;

  constructor({ modelApi, modelAliases }: RunSettings) {
    this.#usesCallerKeys = modelApi?.usesCallerKeys ?? false;
    this.api =
      modelApi &&
      new OpenAIModelApi({
        ...modelApi,
        proxies: isLoopback(new URL(modelApi.baseUrl).hostname) ? null : (modelApi.proxies ?? null),
        aliases: modelAliases,
      });
  }

  of(model: string): ModelApi {
    return this.api === null || model === BUILT_IN_LISTING.id ? this.#builtIn : this.api;
  }

  isBuiltIn(model: string): boolean {
    return this.of(model) === this.#builtIn;
  }

  /** The models of the model API, and the built-in model. `key` is the caller's. Rejects with a ModelError. */
  async list(key: string): Promise<readonly ModelListing[]> {
    const options = { signal: new AbortController().signal, key: this.#usesCallerKeys ? key : undefined };
    return [...((await this.api?.listModels(options)) ?? []), BUILT_IN_LISTING];
  }

  async close(): Promise<void> {
    await this.api?.close();
  }
}
