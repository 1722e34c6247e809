/** Owns the route of models. */
import { ApiError } from '../api/api-error.ts';
import { ok, type Route } from '../api/route.ts';
import type { ModelRouter } from '../engine/model-router.ts';
import { ModelError } from '../engine/model/model-error.ts';

export function createModelRoutes(models: ModelRouter): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/models',
      handle: async ({ caller }) => {
        const data = await models.list(caller.key).catch((error: unknown) => {
          throw error instanceof ModelError ? new ApiError(502, error.message) : error;
        });
        return ok(JSON.stringify({ object: 'list', data }));
      },
    },
  ];
}
