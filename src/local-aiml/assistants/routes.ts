/** Owns the routes of assistants: what each reads from its request, calls in the store and sends. */
import { readListQuery } from '../api/list-query.ts';
import { toListJson } from '../api/respond.ts';
import { created, ok, type ApiRequest, type Route } from '../api/route.ts';
import { nowSeconds } from '../wire/unix-time.ts';
import type { AssistantStore } from '../store/store.ts';
import { readCreateBody, readModifyBody } from './body.ts';
import { createAssistant, modifyAssistant } from './model.ts';

const idOf = ({ params }: ApiRequest) => params['assistant_id'] ?? '';

export function createAssistantRoutes(store: AssistantStore): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/assistants',
      handle: async ({ caller, body, repetition }) => {
        const { assistant, vectorStores } = createAssistant(readCreateBody(body), nowSeconds());
        return created(await store.create(caller.account, assistant, vectorStores, repetition()));
      },
    },
    {
      method: 'GET',
      path: '/assistants',
      handle: async ({ caller, query }) => ok(toListJson(await store.list([caller.account], readListQuery(query)))),
    },
    {
      method: 'GET',
      path: '/assistants/:assistant_id',
      handle: async (request) => ok(await store.get([request.caller.account], idOf(request))),
    },
    {
      method: 'POST',
      path: '/assistants/:assistant_id',
      handle: async (request) => {
        const body = readModifyBody(request.body);
        return ok(
          await store.modify([request.caller.account], idOf(request), (assistant) => modifyAssistant(assistant, body)),
        );
      },
    },
    {
      method: 'DELETE',
      path: '/assistants/:assistant_id',
      handle: async (request) => {
        const id = idOf(request);
        await store.delete([request.caller.account], id);
        return ok(JSON.stringify({ id, object: 'assistant.deleted', deleted: true }));
      },
    },
  ];
}
