/** Owns the five methods of the API: what each reads from its request, asks of the store and answers. */
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { answer } from '../answer.ts';
import { ApiError, noSuchAssistant } from '../api-error.ts';
import { readCreateBody, readModifyBody } from './body.ts';
import { createAssistant, modifyAssistant, type Assistant } from './model.ts';
import { readBearerToken } from '../credential.ts';
import type { JsonValue } from '../json.ts';
import { readListQuery, unknownCursor } from '../list-request.ts';
import { UnknownCursorError, type AssistantStore, type Page } from '../store.ts';

/** Also what one assistant may grow to by modifies that each are small enough. */
export const MAX_BODY_BYTES = 8 * 1024 * 1024;

const METHODS = [
  { path: /^\/assistants\/?$/, allowed: ['GET', 'HEAD', 'POST'] },
  { path: /^\/assistants\/[^/]+\/?$/, allowed: ['GET', 'HEAD', 'POST', 'DELETE'] },
];

/** The methods of the API at a path; empty where it has none. */
export function methodsAt(path: string): readonly string[] {
  return METHODS.find((method) => method.path.test(path))?.allowed ?? [];
}

/** Adds the five methods, behind the check of the key. The body, where there is one, is parsed JSON. */
export function addAssistantRoutes(app: FastifyInstance, store: AssistantStore): void {
  app.decorateRequest('account', '');
  app.addHook('onRequest', (request, _reply, done) => {
    request.setDecorator('account', store.accountOf(readBearerToken(request.headers.authorization)));
    done();
  });

  app.post('/assistants', (request, reply) => {
    const { assistant, vectorStores } = createAssistant(readCreateBody(bodyOf(request)), nowSeconds());
    const json = toJson(assistant);
    store.create(
      accountOf(request),
      { id: assistant.id, json },
      assistant.created_at,
      vectorStores.map((vectorStore) => ({ id: vectorStore.id, json: JSON.stringify(vectorStore) })),
    );
    return answer(reply, 201, json);
  });

  app.get<{ Querystring: Record<string, unknown> }>('/assistants', (request, reply) => {
    const query = readListQuery(request.query);
    return answer(reply, 200, toListJson(listOrRefuse(() => store.list(accountOf(request), query))));
  });

  app.get<{ Params: { id: string } }>('/assistants/:id', (request, reply) =>
    answer(reply, 200, found(store.find(accountOf(request), request.params.id))),
  );

  app.post<{ Params: { id: string } }>('/assistants/:id', (request, reply) => {
    const { id } = request.params;
    const body = readModifyBody(bodyOf(request));
    const json = store.modify(accountOf(request), id, (current) =>
      toJson(modifyAssistant(JSON.parse(current) as Assistant, body)),
    );
    return answer(reply, 200, found(json));
  });

  app.delete<{ Params: { id: string } }>('/assistants/:id', (request, reply) => {
    const { id } = request.params;
    if (!store.delete(accountOf(request), id)) throw noSuchAssistant();
    return answer(reply, 200, JSON.stringify({ id, object: 'assistant.deleted', deleted: true }));
  });
}

function accountOf(request: Pick<FastifyRequest, 'getDecorator'>): string {
  return request.getDecorator<string>('account');
}

/** No body at all is refused as a body of null is: neither is an object. */
function bodyOf(request: { readonly body: unknown }): JsonValue {
  return (request.body ?? null) as JsonValue;
}

function found(json: string | undefined): string {
  if (json === undefined) throw noSuchAssistant();
  return json;
}

function listOrRefuse(list: () => Page): Page {
  try {
    return list();
  } catch (error) {
    throw error instanceof UnknownCursorError ? unknownCursor(error.cursor) : error;
  }
}

function toJson(assistant: Assistant): string {
  const json = JSON.stringify(assistant);
  if (Buffer.byteLength(json) > MAX_BODY_BYTES) throw new ApiError(413, 'The assistant would be larger than 8 MiB.');
  return json;
}

/** The texts of the assistants go out as they are kept, without being parsed and written again. */
function toListJson({ items, hasMore }: Page): string {
  const firstId = JSON.stringify(items.at(0)?.id ?? null);
  const lastId = JSON.stringify(items.at(-1)?.id ?? null);
  const data = items.map((item) => item.json).join(',');
  return `{"object":"list","data":[${data}],"first_id":${firstId},"last_id":${lastId},"has_more":${hasMore}}`;
}

function nowSeconds(): number {
  return Math.floor(Date.now() / 1000);
}
