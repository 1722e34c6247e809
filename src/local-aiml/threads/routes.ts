/** Owns the routes of threads. */
import { nowSeconds } from '../wire/unix-time.ts';
import type { RunEngine } from '../engine/engine.ts';
import { deleteRoute, getRoute, listRoute, modifyRoute } from '../api/entity-routes.ts';
import { readListQuery } from '../api/list-query.ts';
import { ok, route, type Route } from '../api/route.ts';
import { createMessage } from '../messages/model.ts';
import { ThreadBusyError } from '../store/errors.ts';
import type { NewThread, Owner, Store } from '../store/store.ts';
import { readCreateThreadBody, readModifyThreadBody, type CreateThreadBody } from './body.ts';
import { createThread, modifyThread } from './model.ts';

const PATH = '/threads';
const ITEM = `${PATH}/:thread_id`;

export function createThreadRoutes({ threads, runs }: Store, engine: RunEngine): readonly Route[] {
  /** Ends the live run first, so that its followers see the end before the thread is no more. */
  const deleteThread = async (owner: Owner, id: string): Promise<void> => {
    const cancelled = await runs.cancelLiveRun([...owner, id]);
    if (cancelled) await engine.ended(cancelled);
    try {
      await threads.delete(owner, id);
    } catch (error) {
      // Another request began a run in between.
      if (!(error instanceof ThreadBusyError)) throw error;
      await deleteThread(owner, id);
    }
  };

  return [
    route('POST', PATH, async ({ caller, body, idempotency }) => {
      const newThread = toNewThread(readCreateThreadBody(body), nowSeconds());
      return ok(await threads.create(caller.account, newThread, idempotency()));
    }),
    listRoute(PATH, threads, readListQuery),
    getRoute(ITEM, threads),
    modifyRoute(ITEM, threads, readModifyThreadBody, modifyThread),
    deleteRoute(ITEM, 'thread.deleted', deleteThread),
  ];
}

/** A thread of a body with everything that is made with it. `now` is Unix time in seconds. */
export function toNewThread(body: CreateThreadBody, now: number): NewThread {
  const { thread, vectorStores } = createThread(body, now);
  return {
    thread,
    vectorStores,
    messages: (body.messages ?? []).map((message) => createMessage(message, thread.id, now)),
  };
}
