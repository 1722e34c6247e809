// A context with a few assistants, threads, messages, runs and steps. It records every call, reads and writes, and fails for some ids.
import { PublicError } from '../../../../src/runtime/errors.ts';
import type { ListQuery } from '../../../../src/aiml/resource.ts';
import { readAssistant, type WireAssistant } from '../../../../src/aiml/resources/assistant.ts';
import { messages } from '../../../../src/aiml/resources/message.ts';
import { runs } from '../../../../src/aiml/resources/run.ts';
import { runSteps } from '../../../../src/aiml/resources/run-step.ts';
import { threads } from '../../../../src/aiml/resources/thread.ts';
import type { RequestContext } from '../../../../src/graphql/server/request-context.ts';
import { wireThread } from '../../../support/routed-upstream.ts';
import { wireAssistant } from '../../../support/scripted-upstream.ts';
import { wireMessage, wireRun, wireStep } from '../../../support/stream-upstream.ts';
import { upstreamOf } from '../in-memory-assistants.ts';

/**
 * `none` does not exist, `broken` fails, `odd` has a value that its scalar rejects, `holed` has null in a non-null
 * field.
 */
export const ids = ['a', 'b', 'c', 'none', 'broken', 'odd', 'holed', 'not an id', 'thread_a'] as const;

const tools = [
  { type: 'code_interpreter' },
  { type: 'function', function: { name: 'f', parameters: { type: 'object', then: 1 }, strict: null } },
  {
    type: 'file_search',
    file_search: { max_num_results: 5, ranking_options: { ranker: 'auto', score_threshold: 0.5 } },
  },
  { type: 'new', detail: [1, { then: null }] },
];

export const assistantWithId = (id: string): WireAssistant =>
  readAssistant(
    wireAssistant(id, {
      name: `name of ${id}`,
      tools: id === 'b' ? [] : tools,
      metadata: { a: 'b', then: 'c' },
      response_format: { type: 'json_schema', json_schema: { name: 'n', schema: { a: null } } },
      tool_resources: { code_interpreter: { file_ids: ['f1', 'f2'] } },
    }),
  );

const failure = (): PublicError => new PublicError({ code: 'UPSTREAM_TIMEOUT', message: 'late', retryable: true });
const notFound = (): PublicError => new PublicError({ code: 'NOT_FOUND', message: 'none', retryable: false });

/** Rejects if nothing has this id. */
async function findWithId<T extends { readonly created_at: number }>(id: string, read: () => T): Promise<T> {
  await Promise.resolve();
  if (id === 'none') throw notFound();
  if (id === 'broken') throw failure();
  return id === 'odd' ? { ...read(), created_at: NaN } : read();
}

async function find(id: string): Promise<WireAssistant> {
  const found = await findWithId(id, () => assistantWithId(id));
  // A wrong type on purpose: the result must be the same as with graphql-js.
  return id === 'holed' ? { ...found, model: null as unknown as string } : found;
}

const content = [
  { type: 'text', text: { value: 'Hello', annotations: [] } },
  { type: 'refusal', refusal: 'No.' },
  { type: 'image_file', image_file: { file_id: 'f1' } },
];
/** Of the runs and assistants of messages and steps: some do not exist, some fail. */
const references = (id: string) => ({ run_id: id, assistant_id: id === 'c' ? null : id });

const conversationReaders = {
  threads: (id: string) => threads.read({ ...wireThread({ a: 'b' }), id }),
  messages: (id: string) => messages.read({ ...wireMessage('completed', ''), ...references(id), content, id }),
  runs: (id: string) => runs.read({ ...wireRun('completed', { assistant_id: id }), thread_id: id, id }),
  steps: (id: string) => ({ ...runSteps.read({ ...wireStep('completed'), ...references(id), id }) }),
};

/** Records a read and makes it, unless it was made before: equal reads of a request share a call. */
type ShareRead = <T>(call: readonly unknown[], read: () => Promise<T>) => Promise<T>;

/** Finds an object by any id, and has one list. A list of a thread that does not exist is rejected. */
function loaderOf(
  name: keyof typeof conversationReaders,
  parents: readonly string[],
  record: (...call: unknown[]) => void,
  shareRead: ShareRead,
) {
  const read = (id: string) => findWithId<{ readonly created_at: number }>(id, () => conversationReaders[name](id));
  const list = (query: ListQuery) =>
    shareRead(['list', name, parents, query], () => {
      if (parents.includes('none')) return Promise.reject(notFound());
      const listed = ['a', 'c', 'odd', 'none', 'broken', 'holed'].slice(0, query.limit > 50 ? 6 : 2);
      const data = listed.map((id) => conversationReaders[name](id));
      return Promise.resolve({ data: data.slice(0, query.limit), hasMore: false });
    });
  return {
    load: (id: string) => shareRead(['load', name, parents, id], () => read(id).catch(nullIfNotFound)),
    list,
    prefetch: list,
    create: (body: object) => {
      record('create', name, parents, body);
      return read('a');
    },
  };
}

function nullIfNotFound(error: unknown): null {
  if (error instanceof PublicError && error.code === 'NOT_FOUND') return null;
  throw error;
}

export function recordingContext(calls: string[]): RequestContext {
  const record = (...call: unknown[]): void => void calls.push(JSON.stringify(call));
  const reads = new Map<string, Promise<unknown>>();
  const shareRead: ShareRead = (call, read) => {
    const key = JSON.stringify(call);
    const made = (reads.get(key) ?? read()) as ReturnType<typeof read>;
    if (!reads.has(key)) record(...call);
    reads.set(key, made);
    return made;
  };
  const assistants = {
    load: (id: string) => {
      record('load', id);
      return find(id).catch(nullIfNotFound);
    },
    list: async (query: ListQuery) => {
      record('list', query);
      const data = await Promise.all(['a', 'b', ...(query.limit > 50 ? ['holed'] : [])].map(find));
      return { data: data.slice(0, query.limit), hasMore: false };
    },
    create: async (body: object) => {
      record('create', body);
      return find(JSON.stringify(body).includes('holed') ? 'holed' : 'a');
    },
    modify: async (id: string, body: object) => {
      record('modify', id, body);
      return find(id);
    },
    delete: async (id: string) => {
      record('delete', id);
      await find(id);
    },
    act: () => Promise.reject(new Error('assistants have no actions')),
    reload: (id: string) => find(id),
    remember: () => undefined,
    prefetch: () => Promise.reject(new Error('assistants are in no object')),
  };
  return {
    requestId: 'r',
    authorize: () => undefined,
    upstream: upstreamOf(assistants, {
      threads: loaderOf('threads', [], record, shareRead),
      messages: (thread: string) => loaderOf('messages', [thread], record, shareRead),
      runs: (thread: string) => loaderOf('runs', [thread], record, shareRead),
      steps: (thread: string, run: string) => loaderOf('steps', [thread, run], record, shareRead),
      requireThreadList: () => undefined,
    }),
  };
}
