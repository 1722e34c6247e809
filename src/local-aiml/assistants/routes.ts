/** Owns the routes of assistants. */
import { deleteRoute, getRoute, listRoute, modifyRoute } from '../api/entity-routes.ts';
import { readListQuery } from '../api/list-query.ts';
import { created, route, type Route } from '../api/route.ts';
import { nowSeconds } from '../wire/unix-time.ts';
import type { AssistantStore } from '../store/store.ts';
import { readCreateBody, readModifyBody } from './body.ts';
import { createAssistant, modifyAssistant } from './model.ts';

const PATH = '/assistants';
const ITEM = `${PATH}/:assistant_id`;

export function createAssistantRoutes(store: AssistantStore): readonly Route[] {
  return [
    route('POST', PATH, async ({ caller, body, idempotency }) => {
      const { assistant, vectorStores } = createAssistant(readCreateBody(body), nowSeconds());
      return created(await store.create(caller.account, assistant, vectorStores, idempotency()));
    }),
    listRoute(PATH, store, readListQuery),
    getRoute(ITEM, store),
    modifyRoute(ITEM, store, readModifyBody, modifyAssistant),
    deleteRoute(ITEM, 'assistant.deleted', (owner, id) => store.delete(owner, id)),
  ];
}
