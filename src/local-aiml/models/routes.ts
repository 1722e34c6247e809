/** Owns the route of models. */
import type { ModelList } from '../engine/engine.ts';
import { ok, type Route } from '../api/route.ts';

export function createModelRoutes(models: ModelList): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/models',
      handle: async ({ caller }) => ok(JSON.stringify({ object: 'list', data: await models.list(caller) })),
    },
  ];
}
