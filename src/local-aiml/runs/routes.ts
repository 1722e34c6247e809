/** Owns the routes of runs and of their steps. */
import type { Assistant } from '../assistants/model.ts';
import { nowSeconds } from '../wire/unix-time.ts';
import type { EngineParts } from '../engine/engine.ts';
import type { StreamRequest } from '../engine/streams/run-streams.ts';
import { getRoute, listRoute, modifyRoute } from '../api/entity-routes.ts';
import { checkInclude, readListQuery, readText } from '../api/list-query.ts';
import { readObject } from '../api/request-reader.ts';
import { ok, route, type ApiResponse, type JsonResponse, type Route } from '../api/route.ts';
import { readModifyMetadataBody } from '../messages/body.ts';
import { createMessage, withMetadata } from '../messages/model.ts';
import type { Store } from '../store/store.ts';
import { toNewThread } from '../threads/routes.ts';
import { readCreateRunBody, readCreateThreadAndRunBody, readSubmitBody } from './body.ts';
import { createRun } from './create.ts';
import { isLive, type Run } from './model.ts';

const PATH = '/threads/:thread_id/runs';
const ITEM = `${PATH}/:run_id`;
const STEPS = `${ITEM}/steps`;

interface RunRouteOptions extends EngineParts {
  readonly store: Store;
  readonly runExpiresAfterSeconds: number;
}

export function createRunRoutes({ store, engine, streams, runExpiresAfterSeconds }: RunRouteOptions): readonly Route[] {
  const { assistants, threads, runs } = store;
  const times = () => ({ now: nowSeconds(), expiresAfterSeconds: runExpiresAfterSeconds });
  const readAssistant = async (account: string, id: string) =>
    JSON.parse(await assistants.get([account], id)) as Assistant;

  /** Has a run that is queued taken up, and sends it, or its events where the request has `stream: true`. */
  const respond = (run: Run, stream: Omit<StreamRequest, 'runId'> | null): ApiResponse => {
    if (run.status === 'queued') engine.notify();
    return stream
      ? { stream: (reply, exchange) => streams.open({ runId: run.id, ...stream }, reply, exchange) }
      : okRun(run);
  };

  return [
    route('POST', '/threads/runs', async (request) => {
      const body = readCreateThreadAndRunBody(request.body);
      const { account } = request.caller;
      const assistant = await readAssistant(account, body.assistant_id);
      const newThread = toNewThread(body.thread ?? {}, nowSeconds());
      const newRun = createRun(body, assistant, newThread.thread.id, times());
      const run = await runs.create(account, { run: newRun, newThread, messages: [] }, request.idempotency());
      if (!body.stream) return respond(run, null);
      const threadJson = await threads.get([account], run.thread_id);
      return respond(run, { from: 'created', threadJson });
    }),
    route('POST', PATH, async (request) => {
      const { id: threadId } = readObject(request);
      checkInclude(request.query);
      const body = readCreateRunBody(request.body);
      const { account } = request.caller;
      await threads.get([account], threadId);
      const run = createRun(body, await readAssistant(account, body.assistant_id), threadId, times());
      const messages = (body.additional_messages ?? []).map((item) => createMessage(item, threadId, run.created_at));
      const written = await runs.create(account, { run, newThread: null, messages }, request.idempotency());
      return respond(written, body.stream ? { from: 'created' } : null);
    }),
    listRoute(PATH, runs, readListQuery),
    getRoute(ITEM, runs, (json) => pollHeaders(JSON.parse(json) as Run)),
    modifyRoute(ITEM, runs, readModifyMetadataBody, withMetadata),
    route('POST', `${ITEM}/cancel`, async (request) => {
      const { owner, id } = readObject(request);
      const run = await runs.cancel(owner, id, request.idempotency());
      if (run.status === 'cancelling') engine.cancel(id);
      else void engine.ended(run);
      return okRun(run);
    }),
    route('POST', `${ITEM}/submit_tool_outputs`, async (request) => {
      const { owner, id } = readObject(request);
      const { tool_outputs, stream } = readSubmitBody(request.body);
      const written = await runs.submitToolOutputs(owner, id, tool_outputs, request.idempotency());
      return respond(written, stream ? { from: 'submitted' } : null);
    }),
    route('GET', `${ITEM}/events`, async (request) => {
      const { owner, id } = readObject(request);
      await runs.get(owner, id);
      // An empty Last-Event-ID is that of a client that has received no event (HTML, 9.2.4).
      const { 'last-event-id': lastEventId } = request.headers;
      const after = readText(request.query['after'] ?? (lastEventId === '' ? undefined : lastEventId), 'after');
      return { stream: (reply, exchange) => streams.open({ runId: id, from: 'joined', after }, reply, exchange) };
    }),
    checkingInclude(listRoute(STEPS, store.steps, readListQuery)),
    checkingInclude(getRoute(`${STEPS}/:step_id`, store.steps)),
  ];
}

/** The route, which checks the `include` of its query first. */
function checkingInclude({ method, path, handle }: Route): Route {
  return route(method, path, (request) => {
    checkInclude(request.query);
    return handle(request);
  });
}

function okRun(run: Run): JsonResponse {
  return ok(JSON.stringify(run), pollHeaders(run));
}

/** How long a client waits between two polls: little at first, when most runs end. */
function pollHeaders(run: Run): Readonly<Record<string, string>> {
  if (!isLive(run.status)) return {};
  const ageSeconds = nowSeconds() - (run.started_at ?? run.created_at);
  const afterMs = ageSeconds < 2 ? 100 : ageSeconds < 10 ? 250 : ageSeconds < 60 ? 1000 : 2500;
  return { 'openai-poll-after-ms': String(afterMs) };
}
