/** Owns the routes of messages. */
import { nowSeconds } from '../wire/unix-time.ts';
import { deleteRoute, getRoute, listRoute, modifyRoute, type Resource } from '../api/entity-routes.ts';
import { readListQuery, readText } from '../api/list-query.ts';
import { readId, readOwner } from '../api/request-reader.ts';
import { ok, type Route } from '../api/route.ts';
import type { MessageStore } from '../store/store.ts';
import { readCreateMessageBody, readModifyMetadataBody } from './body.ts';
import { createMessage, withMetadata } from './model.ts';

const resource: Resource = { path: '/threads/:thread_id/messages', owners: ['thread_id'], id: 'message_id' };

export function createMessageRoutes(messages: MessageStore): readonly Route[] {
  return [
    {
      method: 'POST',
      path: resource.path,
      handle: async (request) => {
        const owner = readOwner(request, resource.owners);
        const message = createMessage(readCreateMessageBody(request.body), readId(request, 'thread_id'), nowSeconds());
        return ok(await messages.create(owner, message, request.idempotency()));
      },
    },
    listRoute(resource, messages, (query) => ({
      ...readListQuery(query),
      runId: readText(query['run_id'], 'run_id'),
    })),
    getRoute(resource, messages),
    modifyRoute(resource, messages, readModifyMetadataBody, withMetadata),
    {
      ...deleteRoute(resource, 'thread.message.deleted', (owner, id) => messages.delete(owner, id)),
      action: 'delete message',
    },
  ];
}
