/** Owns the routes of messages. */
import { nowSeconds } from '../wire/unix-time.ts';
import { deleteRoute, getRoute, listRoute, modifyRoute } from '../api/entity-routes.ts';
import { readListQuery, readText } from '../api/list-query.ts';
import { readObject } from '../api/request-reader.ts';
import { ok, route, type Route } from '../api/route.ts';
import type { MessageStore } from '../store/store.ts';
import { readCreateMessageBody, readModifyMetadataBody } from './body.ts';
import { createMessage, withMetadata } from './model.ts';

const PATH = '/threads/:thread_id/messages';
const ITEM = `${PATH}/:message_id`;

export function createMessageRoutes(messages: MessageStore): readonly Route[] {
  return [
    route('POST', PATH, async (request) => {
      const { id: threadId } = readObject(request);
      const message = createMessage(readCreateMessageBody(request.body), threadId, nowSeconds());
      return ok(await messages.create([request.caller.account, threadId], message, request.idempotency()));
    }),
    listRoute(PATH, messages, (query) => ({
      ...readListQuery(query),
      runId: readText(query['run_id'], 'run_id'),
    })),
    getRoute(ITEM, messages),
    modifyRoute(ITEM, messages, readModifyMetadataBody, withMetadata),
    deleteRoute(ITEM, 'thread.message.deleted', (owner, id) => messages.delete(owner, id)),
  ];
}
