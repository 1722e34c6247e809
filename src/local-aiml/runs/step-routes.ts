/** Owns the routes of run steps. */
import { checkInclude, readListQuery } from '../api/list-query.ts';
import { readId, readOwner } from '../api/request-reader.ts';
import { toListJson } from '../api/respond.ts';
import { ok, type Route } from '../api/route.ts';
import type { StepStore } from '../store/store.ts';

export function createStepRoutes(steps: StepStore): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/threads/:thread_id/runs/:run_id/steps',
      handle: async (request) => {
        checkInclude(request.query);
        const query = readListQuery(request.query);
        return ok(toListJson(await steps.list(readOwner(request, 'thread_id', 'run_id'), query)));
      },
    },
    {
      method: 'GET',
      path: '/threads/:thread_id/runs/:run_id/steps/:step_id',
      handle: async (request) => {
        checkInclude(request.query);
        return ok(await steps.get(readOwner(request, 'thread_id', 'run_id'), readId(request, 'step_id')));
      },
    },
  ];
}
