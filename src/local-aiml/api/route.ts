/** Owns the form of a route: what a handler gets of its request, and what it gives back. */
import type { FastifyReply } from 'fastify';
import type { Caller } from '../engine/scheduler.ts';
import type { JsonValue } from '../wire/json.ts';
import type { Idempotency, Page } from '../store/store.ts';

export interface Route {
  readonly method: 'GET' | 'POST' | 'DELETE';
  /** From the base of the API on, with parameters as `:name`. */
  readonly path: string;
  readonly handle: (request: ApiRequest) => Promise<ApiResponse>;
}

export const route = (method: Route['method'], path: string, handle: Route['handle']): Route => ({
  method,
  path,
  handle,
});

export interface ApiRequest {
  readonly caller: Caller;
  readonly params: Readonly<Record<string, string>>;
  readonly query: Readonly<Record<string, unknown>>;
  /** Parsed JSON; null if there is no body. */
  readonly body: JsonValue;
  readonly headers: Readonly<Record<string, string | string[] | undefined>>;
  /** Throws ApiError if the `Idempotency-Key` is not valid. */
  readonly idempotency: () => Idempotency;
}

export type ApiResponse = JsonResponse | ListResponse | StreamedResponse;

export interface JsonResponse {
  readonly statusCode: 200 | 201;
  readonly json: string;
  /** What `json` is the text of, if that is at hand: the service, in the same process, need not parse it. */
  readonly value?: unknown;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A page is read when there is memory for it. */
export interface ListResponse {
  readonly readPage: () => Promise<Page>;
}

/** A response that takes over the connection. */
interface StreamedResponse {
  readonly stream: (reply: FastifyReply) => Promise<void>;
}

export const ok = (json: string, headers?: JsonResponse['headers'], value?: unknown): JsonResponse => ({
  statusCode: 200,
  json,
  headers,
  value,
});

/** The response to a create of `made`. An earlier request with the same key may have made another object. */
export const toCreated = (statusCode: 200 | 201, json: string, made: { readonly id: string }): JsonResponse => ({
  statusCode,
  json,
  // Texts begin with the id, and that of a new object is not that of another.
  value: json.startsWith(`{"id":"${made.id}"`) ? made : undefined,
});

/** The request target without the base of the API, which is `/v1`, `/openai`, `/openai/v1` or nothing. */
export const withoutBase = (target: string): string =>
  target.replace(/^(?:https?:\/\/[^/?]+)?(?:\/openai)?(?:\/v1)?(?=\/)/, '');

/** The path of a URL, without a trailing slash. */
export const toPath = (url: string): string => (url.split('?', 1)[0] ?? '').replace(/\/$/, '');

export interface FoundRoute extends Route {
  readonly params: ApiRequest['params'];
}

export interface RouteLookup {
  /** Undefined if the API does not have the method at the path, which is without a base and a query. */
  find(method: string, path: string): FoundRoute | undefined;
  /** The methods that the API has at the path of a URL. */
  methodsAt(url: string): readonly string[];
}

const METHODS = ['GET', 'HEAD', 'POST', 'DELETE'];

export function createRouteLookup(routes: readonly Route[]): RouteLookup {
  // A path without parameters is meant before one that it would also fit: /threads/runs is no thread.
  const patterns = routes
    .toSorted((left, right) => Number(left.path.includes(':')) - Number(right.path.includes(':')))
    .map((item) => ({ item, pattern: new RegExp(`^${item.path.replace(/:([a-z_]+)/g, '(?<$1>[^/]+)')}$`) }));
  return {
    find(method, path) {
      const found = patterns.find(({ item, pattern }) => item.method === method && pattern.test(path));
      return found && { ...found.item, params: { ...found.pattern.exec(path)?.groups } };
    },
    methodsAt(url) {
      const path = toPath(url);
      const first = patterns.find(({ pattern }) => pattern.test(path))?.item.path;
      const found = routes.flatMap((item) => (item.path === first ? [item.method] : []));
      return METHODS.filter((method) => found.some((name) => name === (method === 'HEAD' ? 'GET' : method)));
    },
  };
}
