/** Owns the routes of assistants. */
import { deleteRoute, getRoute, listRoute, modifyRoute, type Resource } from '../api/entity-routes.ts';
import { readListQuery } from '../api/list-query.ts';
import { created, type Route } from '../api/route.ts';
import { nowSeconds } from '../wire/unix-time.ts';
import type { AssistantStore } from '../store/store.ts';
import { readCreateBody, readModifyBody } from './body.ts';
import { createAssistant, modifyAssistant } from './model.ts';

const resource: Resource = { path: '/assistants', owners: [], id: 'assistant_id' };

export function createAssistantRoutes(store: AssistantStore): readonly Route[] {
  return [
    {
      method: 'POST',
      path: resource.path,
      handle: async ({ caller, body, idempotency }) => {
        const { assistant, vectorStores } = createAssistant(readCreateBody(body), nowSeconds());
        return created(await store.create(caller.account, assistant, vectorStores, idempotency()));
      },
    },
    listRoute(resource, store, readListQuery),
    getRoute(resource, store),
    modifyRoute(resource, store, readModifyBody, modifyAssistant),
    deleteRoute(resource, 'assistant.deleted', (owner, id) => store.delete(owner, id)),
  ];
}
