/** Owns `GET /models`: what the model API lists, and the built-in model. */
import { ApiError } from '../api/api-error.ts';
import type { Caller, Model, ModelList } from './engine.ts';
import { ModelError } from './model/model-error.ts';
import type { ModelRouter } from './model-router.ts';

export function createModelList(models: ModelRouter, usesCallerKeys: boolean): ModelList {
  return {
    async list({ key }: Caller): Promise<readonly Model[]> {
      const options = { signal: new AbortController().signal, key: usesCallerKeys ? key : undefined };
      const builtIn = await models.builtIn.listModels(options);
      try {
        return [...((await models.api?.listModels(options)) ?? []), ...builtIn];
      } catch (error) {
        if (error instanceof ModelError) throw new ApiError(502, error.message);
        throw error;
      }
    },
  };
}
