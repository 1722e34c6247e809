/** Owns the routes that kinds of objects have in common: list, get, modify and delete. */
import type { ListQuery, Owner, Reads, Writes } from '../store/store.ts';
import type { JsonValue } from '../wire/json.ts';
import { readId, readOwner, type IdName, type OwnerName } from './request-reader.ts';
import { toListJson } from './respond.ts';
import { ok, type ApiRequest, type Route } from './route.ts';

/** Where the objects of one kind are. */
export interface Resource {
  /** The path of their list, with the ids of their owners. */
  readonly path: string;
  readonly owners: readonly OwnerName[];
  /** The parameter for the id of one object. */
  readonly id: IdName;
}

const pathOf = ({ path, id }: Resource): string => `${path}/:${id}`;

export function listRoute<Q extends ListQuery>(
  { path, owners }: Resource,
  store: Reads<Q>,
  readQuery: (query: ApiRequest['query']) => Q,
): Route {
  return {
    method: 'GET',
    path,
    handle: async (request) => {
      const query = readQuery(request.query);
      return ok(toListJson(await store.list(readOwner(request, owners), query)));
    },
  };
}

export function getRoute(resource: Resource, store: Pick<Reads, 'get'>): Route {
  return {
    method: 'GET',
    path: pathOf(resource),
    handle: async (request) => ok(await store.get(readOwner(request, resource.owners), readId(request, resource.id))),
  };
}

export function modifyRoute<T, B>(
  resource: Resource,
  store: Writes<T>,
  readBody: (body: JsonValue) => B,
  change: (current: T, body: B) => T,
): Route {
  return {
    method: 'POST',
    path: pathOf(resource),
    handle: async (request) => {
      const id = readId(request, resource.id);
      const body = readBody(request.body);
      return ok(await store.modify(readOwner(request, resource.owners), id, (current) => change(current, body)));
    },
  };
}

/** `object` is what the response has as `object`, such as `thread.deleted`. */
export function deleteRoute(
  resource: Resource,
  object: string,
  remove: (owner: Owner, id: string) => Promise<void>,
): Route {
  return {
    method: 'DELETE',
    path: pathOf(resource),
    handle: async (request) => {
      const id = readId(request, resource.id);
      await remove(readOwner(request, resource.owners), id);
      return ok(JSON.stringify({ id, object, deleted: true }));
    },
  };
}
