/** Owns the routes that kinds of objects have in common: list, get, modify and delete. */
import type { ListQuery, Owner, Reads, Writes } from '../store/store.ts';
import type { JsonValue } from '../wire/json.ts';
import { readObject, readOwner } from './request-reader.ts';
import { toListJson } from './respond.ts';
import { ok, route, type ApiRequest, type JsonResponse, type Route } from './route.ts';

export function listRoute<Q extends ListQuery>(
  path: string,
  store: Reads<Q>,
  readQuery: (query: ApiRequest['query']) => Q,
): Route {
  return route('GET', path, async (request) => {
    const query = readQuery(request.query);
    return ok(toListJson(await store.list(readOwner(request), query)));
  });
}

/** `toHeaders` gets the object as JSON. */
export function getRoute(
  path: string,
  store: Pick<Reads, 'get'>,
  toHeaders?: (json: string) => JsonResponse['headers'],
): Route {
  return route('GET', path, async (request) => {
    const { owner, id } = readObject(request);
    const json = await store.get(owner, id);
    return ok(json, toHeaders?.(json));
  });
}

export function modifyRoute<T, B>(
  path: string,
  store: Writes<T>,
  readBody: (body: JsonValue) => B,
  change: (current: T, body: B) => T,
): Route {
  return route('POST', path, async (request) => {
    const { owner, id } = readObject(request);
    const body = readBody(request.body);
    return ok(await store.modify(owner, id, (current) => change(current, body)));
  });
}

/** `object` is what the response has as `object`, such as `thread.deleted`. */
export function deleteRoute(path: string, object: string, remove: (owner: Owner, id: string) => Promise<void>): Route {
  return route('DELETE', path, async (request) => {
    const { owner, id } = readObject(request);
    await remove(owner, id);
    return ok(JSON.stringify({ id, object, deleted: true }));
  });
}
