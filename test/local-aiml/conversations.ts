// Shared by the tests of threads, messages and runs: a server, and access to its store, so that the test acts as the
// worker.
import { nowSeconds } from '../../src/local-aiml/wire/unix-time.ts';
import { createId } from '../../src/local-aiml/wire/ids.ts';
import { createRunMessage } from '../../src/local-aiml/messages/model.ts';
import type { RequiredToolCall, Tally } from '../../src/local-aiml/runs/model.ts';
import { createStep } from '../../src/local-aiml/runs/step.ts';
import { DEFAULT_RUN_SETTINGS } from '../../src/local-aiml/settings.ts';
import type { LocalAimlOptions } from '../../src/local-aiml/server.ts';
import { openStore } from '../../src/local-aiml/store/sqlite/sqlite-store.ts';
import type { Store } from '../../src/local-aiml/store/store.ts';
import type { ClaimedRun, WorkStore } from '../../src/local-aiml/store/work-store.ts';
import { cleanUpLater } from '../support/cleanup.ts';
import { call, create, createFolder, startHere, type Reply, type CallOptions } from './support.ts';

export const LEASE_MS = 60_000;

/** The server executes no runs, because the test is the worker. */
export const IDLE = { runConcurrency: 0 };
export const TALLY: Tally = {
  modelCalls: 1,
  usage: { prompt_tokens: 3, completion_tokens: 2, total_tokens: 5 },
  costUsd: 0.25,
};

export interface Conversation {
  readonly url: string;
  readonly dataDir: string;
  /** A second connection to the server's store, as another process has it. */
  readonly store: Store;
  readonly work: WorkStore;
}

export async function startConversation(options: Partial<LocalAimlOptions> = {}): Promise<Conversation> {
  const dataDir = options.dataDir ?? (await createFolder());
  const runs = { ...(options.runs ?? DEFAULT_RUN_SETTINGS), ...IDLE };
  const { url } = await startHere({ ...options, runs, dataDir });
  const store = await openStore(dataDir);
  cleanUpLater(() => store.close());
  return { url, dataDir, store, work: store.work };
}

/** Sends a request and returns its body. Throws unless it succeeds. */
export async function send(url: string, request: string, body?: unknown, options: CallOptions = {}) {
  const reply = await call(url, request, { ...options, ...(body === undefined ? {} : { body }) });
  if (reply.status !== 200 && reply.status !== 201) throw new Error(`${request}: ${reply.status} ${reply.text}`);
  return reply.body;
}

export async function createThread(url: string, body: object = {}, options: CallOptions = {}): Promise<string> {
  return String((await send(url, 'POST /threads', body, options))['id']);
}

export const functionTool = (name: string) => ({ type: 'function', function: { name, parameters: {} } });

/** An assistant, a thread with one message, and a run on it. */
export async function createRun(url: string, body: object = {}, options: CallOptions = {}) {
  const assistantId = await create(url, { tools: [functionTool('f')] }, options);
  const threadId = await createThread(url, { messages: [{ role: 'user', content: 'Hello' }] }, options);
  const run = await send(url, `POST /threads/${threadId}/runs`, { assistant_id: assistantId, ...body }, options);
  return {
    assistantId,
    threadId,
    runId: String(run['id']),
    path: `/threads/${threadId}/runs/${String(run['id'])}`,
    run,
  };
}

/** Claims the one queued run: the conversation must have no runs of earlier tests. */
export async function claim(work: WorkStore): Promise<ClaimedRun> {
  const claimed = await work.claimRun({ leaseMs: LEASE_MS });
  if (!claimed) throw new Error('no run is queued');
  return claimed;
}

export async function startMessage(work: WorkStore, { claim: held, run }: ClaimedRun): Promise<string> {
  const id = createId('msg');
  const step = createStep(
    createId('step'),
    run,
    { type: 'message_creation', message_creation: { message_id: id } },
    nowSeconds(),
  );
  await work.startMessage(held, createRunMessage(id, run, nowSeconds()), step);
  return id;
}

export const textOf = (value: string) => [{ type: 'text', text: { value, annotations: [] } }] as const;

/** Makes the run require outputs of these calls of the function f. */
export async function requireOutputs(work: WorkStore, { claim: held, run }: ClaimedRun, callIds: readonly string[]) {
  const calls = callIds.map((id): RequiredToolCall => ({
    id,
    type: 'function',
    function: { name: 'f', arguments: '{"a":1}' },
  }));
  const tool_calls = calls.map((item) => ({ ...item, function: { ...item.function, output: null } }));
  const step = createStep(createId('step'), run, { type: 'tool_calls', tool_calls }, nowSeconds());
  return work.requireAction(held, step, calls, TALLY.usage, TALLY);
}

export const complete = (work: WorkStore, { claim: held }: ClaimedRun) =>
  work.endRun(held, { status: 'completed' }, { modelCalls: 0, usage: null, costUsd: null });

/** Status, message, param and code of an error response. */
export function errorOf({ status, body }: Reply) {
  const { message, param, code } = body['error'] as { message: string; param: string | null; code: string | null };
  return { status, message, param, code };
}
