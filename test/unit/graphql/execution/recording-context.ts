// A context with a few assistants. It records every call, reads and writes, and fails for some ids.
import { PublicError } from '../../../../src/runtime/errors.ts';
import type { ListQuery } from '../../../../src/aiml/resource.ts';
import { readAssistant, type WireAssistant } from '../../../../src/aiml/resources/assistant.ts';
import type { RequestContext } from '../../../../src/graphql/server/request-context.ts';
import { wireAssistant } from '../../../support/scripted-upstream.ts';
import { upstreamOf } from '../in-memory-assistants.ts';

/**
 * `none` does not exist, `broken` fails, `odd` has a value that its scalar rejects, `holed` has null in a non-null
 * field.
 */
export const ids = ['a', 'b', 'c', 'none', 'broken', 'odd', 'holed', 'not an id'] as const;

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

/** Rejects if no assistant has this id. */
async function find(id: string): Promise<WireAssistant> {
  await Promise.resolve();
  if (id === 'none') throw notFound();
  if (id === 'broken') throw failure();
  const found = assistantWithId(id);
  if (id === 'odd') return { ...found, created_at: NaN };
  // A wrong type on purpose: the result must be the same as with graphql-js.
  return id === 'holed' ? { ...found, model: null as unknown as string } : found;
}

export function recordingContext(calls: string[]): RequestContext {
  const record = (...call: unknown[]): void => void calls.push(JSON.stringify(call));
  return {
    requestId: 'r',
    authorize: () => undefined,
    upstream: upstreamOf({
      load: (id: string) => {
        record('load', id);
        return find(id).catch((error: unknown) => {
          if (error instanceof PublicError && error.code === 'NOT_FOUND') return null;
          throw error;
        });
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
    }),
  };
}
