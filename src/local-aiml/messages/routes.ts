/** Owns the routes of messages. */
import { nowSeconds } from '../wire/unix-time.ts';
import { readListQuery, readText } from '../api/list-query.ts';
import { readId, readOwner } from '../api/request-reader.ts';
import { toListJson } from '../api/respond.ts';
import { ok, type Route } from '../api/route.ts';
import type { MessageStore } from '../store/store.ts';
import { readCreateMessageBody, readModifyMetadataBody } from './body.ts';
import { createMessage, withMetadata } from './model.ts';

export function createMessageRoutes(messages: MessageStore): readonly Route[] {
  return [
    {
      method: 'POST',
      path: '/threads/:thread_id/messages',
      handle: async (request) => {
        const owner = readOwner(request, 'thread_id');
        const message = createMessage(readCreateMessageBody(request.body), readId(request, 'thread_id'), nowSeconds());
        return ok(await messages.create(owner, message, request.repetition()));
      },
    },
    {
      method: 'GET',
      path: '/threads/:thread_id/messages',
      handle: async (request) => {
        const query = { ...readListQuery(request.query), runId: readText(request.query['run_id'], 'run_id') };
        return ok(toListJson(await messages.list(readOwner(request, 'thread_id'), query)));
      },
    },
    {
      method: 'GET',
      path: '/threads/:thread_id/messages/:message_id',
      handle: async (request) => ok(await messages.get(readOwner(request, 'thread_id'), readId(request, 'message_id'))),
    },
    {
      method: 'POST',
      path: '/threads/:thread_id/messages/:message_id',
      handle: async (request) => {
        const body = readModifyMetadataBody(request.body ?? {});
        return ok(
          await messages.modify(readOwner(request, 'thread_id'), readId(request, 'message_id'), (message) =>
            withMetadata(message, body),
          ),
        );
      },
    },
    {
      method: 'DELETE',
      path: '/threads/:thread_id/messages/:message_id',
      action: 'delete message',
      handle: async (request) => {
        const id = readId(request, 'message_id');
        await messages.delete(readOwner(request, 'thread_id'), id);
        return ok(JSON.stringify({ id, object: 'thread.message.deleted', deleted: true }));
      },
    },
  ];
}
