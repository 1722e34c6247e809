/** Owns which model writes: the built-in model where it is named or nothing else is configured, otherwise the model API. */
import { BUILT_IN_MODEL_ID, BuiltInModel } from './built-in/built-in-model.ts';
import type { EngineSettings } from './engine.ts';
import type { ModelApi } from './model/model-api.ts';
import { OpenAIModelApi } from './model/openai-model-api.ts';

export class ModelRouter {
  readonly builtIn: ModelApi = new BuiltInModel();
  /** Null if the built-in model takes every call. */
  readonly api: OpenAIModelApi | null;

  constructor({ modelApi, modelAliases }: EngineSettings) {
    this.api =
      modelApi &&
      new OpenAIModelApi({
        baseUrl: modelApi.baseUrl,
        key: modelApi.key ?? undefined,
        aliases: modelAliases,
        firstTokenTimeoutMs: modelApi.firstTokenTimeoutMs,
        idleTimeoutMs: modelApi.timeoutMs,
        proxies: isOnThisMachine(modelApi.baseUrl) ? null : modelApi.proxies,
      });
  }

  of(model: string): ModelApi {
    return this.api === null || model === BUILT_IN_MODEL_ID ? this.builtIn : this.api;
  }

  isBuiltIn(model: string): boolean {
    return this.of(model) === this.builtIn;
  }

  async close(): Promise<void> {
    await this.api?.close();
  }
}

function isOnThisMachine(url: string): boolean {
  const { hostname } = new URL(url);
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}
