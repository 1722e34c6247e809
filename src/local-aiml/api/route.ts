/** Owns the form of a route: what a handler gets of its request, and what it gives back. */
import type { FastifyReply } from 'fastify';
import type { HttpExchange } from '../../runtime/connection.ts';
import type { Caller } from '../engine/scheduler.ts';
import type { JsonValue } from '../wire/json.ts';
import type { Idempotency } from '../store/store.ts';

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

export type ApiResponse = JsonResponse | StreamedResponse;

export interface JsonResponse {
  readonly statusCode: 200 | 201;
  readonly json: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
}

/** A response that takes over the connection. */
interface StreamedResponse {
  readonly stream: (reply: FastifyReply, exchange: HttpExchange) => Promise<void>;
}

export const ok = (json: string, headers?: JsonResponse['headers']): JsonResponse => ({
  statusCode: 200,
  json,
  headers,
});

export const created = (json: string): JsonResponse => ({ statusCode: 201, json });

/** The request target without the base of the API, which is `/v1`, `/openai`, `/openai/v1` or nothing. */
export const withoutBase = (target: string): string =>
  target.replace(/^(?:https?:\/\/[^/?]+)?(?:\/openai)?(?:\/v1)?(?=\/)/, '');

/** The path of a URL, without a trailing slash. */
export const toPath = (url: string): string => (url.split('?', 1)[0] ?? '').replace(/\/$/, '');

const METHODS = ['GET', 'HEAD', 'POST', 'DELETE'];

/** Finds out which methods the API has at a path. */
export function createMethodLookup(routes: readonly Route[]): (url: string) => readonly string[] {
  const patterns = new Map<string, { readonly pattern: RegExp; readonly methods: string[] }>();
  for (const { method, path } of routes) {
    const known = patterns.get(path) ?? {
      pattern: new RegExp(`^${path.replace(/:[a-z_]+/g, '[^/]+')}$`),
      methods: [],
    };
    patterns.set(path, known);
    known.methods.push(...(method === 'GET' ? ['GET', 'HEAD'] : [method]));
  }
  return (url) => {
    const path = toPath(url);
    // A path without parameters is meant before one that it would also fit: /threads/runs is no thread.
    const exact = patterns.get(path);
    const found = exact ?? [...patterns.values()].find(({ pattern }) => pattern.test(path));
    return METHODS.filter((method) => found?.methods.includes(method));
  };
}
