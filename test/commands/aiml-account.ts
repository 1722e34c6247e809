// An account at the AIML API that keeps its assistants. Threads cannot be listed there.
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';

type WireAssistant = ReturnType<typeof wireAssistant>;

export interface AimlAccount {
  readonly upstream: ScriptedUpstream;
  /** In the order of their creation. */
  readonly assistants: WireAssistant[];
}

export async function startAimlAccount(given: readonly WireAssistant[]): Promise<AimlAccount> {
  const assistants = [...given];
  const upstream = await startScriptedUpstream(({ method, path, body }, response) => {
    const { pathname, searchParams } = new URL(path, 'http://upstream');
    if (pathname !== '/assistants') {
      sendJson(response, 404, { error: { message: 'Not found.' } });
      return;
    }
    if (method === 'POST') {
      const created = wireAssistant(`asst_${assistants.length + 100}`, body as Record<string, unknown>);
      assistants.push(created);
      sendJson(response, 200, created);
      return;
    }
    const listed = searchParams.get('order') === 'asc' ? assistants : assistants.toReversed();
    const start = listed.findIndex(({ id }) => id === searchParams.get('after')) + 1;
    const end = start + Number(searchParams.get('limit') ?? 20);
    const data = listed.slice(start, end);
    const ids = { first_id: data[0]?.id ?? null, last_id: data.at(-1)?.id ?? null };
    sendJson(response, 200, { object: 'list', data, ...ids, has_more: end < listed.length });
  });
  return { upstream, assistants };
}

const SCHEMA = { type: 'object', properties: { a: { default: null, enum: [null, 1] } }, required: [] };

/** Assistants with every field, with none, with each form of a field, and more of them than a page holds. */
export const ASSISTANTS: readonly WireAssistant[] = [
  wireAssistant('asst_all', {
    name: 'Ünïcode "quotes"\n\u2028 😀',
    description: 'All there is',
    instructions: 'x'.repeat(20_000),
    tools: [
      { type: 'code_interpreter' },
      {
        type: 'file_search',
        file_search: { max_num_results: 5, ranking_options: { ranker: 'auto', score_threshold: 0.5 } },
      },
      { type: 'function', function: { name: 'f', description: 'function', parameters: SCHEMA, strict: true } },
      { type: 'function', function: { name: 'bare' } },
    ],
    tool_resources: {
      code_interpreter: { file_ids: ['file_1', 'file_2'] },
      file_search: { vector_store_ids: ['vs_1'] },
    },
    metadata: { team: 'support', empty: '', emoji: '😀' },
    temperature: 0,
    top_p: 0.1,
    reasoning_effort: 'low',
    response_format: {
      type: 'json_schema',
      json_schema: { name: 's', description: 'schema', schema: SCHEMA, strict: true },
    },
  }),
  wireAssistant('asst_none'),
  wireAssistant('asst_json', { response_format: { type: 'json_object' }, tools: [{ type: 'file_search' }] }),
  wireAssistant('asst_text', { response_format: { type: 'text' } }),
  wireAssistant('asst_resource', { tool_resources: { file_search: { vector_store_ids: [] } } }),
  wireAssistant('asst_pairs', {
    metadata: Object.fromEntries(Array.from({ length: 14 }, (_item, index) => [`key ${index}`, `value ${index}`])),
  }),
  ...Array.from({ length: 60 }, (_item, index) => wireAssistant(`asst_${index}`, { name: `Assistant ${index}` })),
];

export const WITH_UNKNOWN_TOOL = wireAssistant('asst_unknown', {
  name: 'With a browser',
  tools: [{ type: 'code_interpreter' }, { type: 'browser', version: 2 }],
});
