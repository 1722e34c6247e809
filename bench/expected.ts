/** The correct response to every request, computed from the data of the upstream and not from what a server returns. */
import { assistantOf, listOf, PAGE_SIZE, type WireAssistant, type WireTool } from './upstream/assistants.ts';
import type { WireAssistantList } from './upstream/assistants.ts';
import type { Workload } from './workloads.ts';

type Json = Readonly<Record<string, unknown>>;

/** `data` of the response to request `n`. The data of a create depends on the id that upstream assigned. */
export function expectedData({ name, variables, numbers, rest }: Workload, n: number, createdId: string): Json {
  switch (name) {
    case 'W1': {
      const page = listOf(n, PAGE_SIZE);
      return {
        assistants: {
          nodes: page.data.map(fieldsOf),
          pageInfo: { hasNextPage: page.has_more, endCursor: page.last_id },
        },
      };
    }
    case 'W2':
      return { assistant: fieldsOf(assistantOf(n)) };
    case 'W3':
      return Object.fromEntries(
        Array.from({ length: 20 }, (_, index) => {
          const { id, name: assistantName, model } = assistantOf(n + (index % numbers));
          return [`a${index}`, { id, name: assistantName, model }];
        }),
      );
    case 'W4':
      return { __typename: 'Query' };
    case 'W5': {
      const { input } = variables(n) as { input: WireAssistant };
      const { tools } = rest(n).body as WireAssistant;
      return {
        createAssistant: {
          assistant: {
            name: input.name,
            id: createdId,
            createdAt: instantOf(1_763_800_000),
            model: input.model,
            description: input.description,
            tools: tools?.map(({ type }) => ({ type })),
            metadata: input.metadata,
          },
          userErrors: [],
        },
      };
    }
  }
}

/** The body of the plain proxy's response to request `n`. */
export function expectedBody(
  { name, numbers, rest }: Workload,
  n: number,
  createdId: string,
): Json | WireAssistantList | WireAssistant | readonly WireAssistant[] {
  switch (name) {
    case 'W1':
      return listOf(n, PAGE_SIZE);
    case 'W2':
      return assistantOf(n);
    case 'W3':
      return Array.from({ length: numbers }, (_, index) => assistantOf(n + index));
    case 'W4':
      return { data: { __typename: 'Query' } };
    case 'W5':
      return { id: createdId, object: 'assistant', created_at: 1_763_800_000, ...(rest(n).body as Json) };
  }
}

const instantOf = (seconds: number): string => new Date(seconds * 1000).toISOString();

function fieldsOf(wire: WireAssistant): Json {
  const vectorStoreIds = wire.tool_resources?.file_search?.vector_store_ids;
  return {
    id: wire.id,
    createdAt: instantOf(wire.created_at),
    model: wire.model,
    name: wire.name,
    description: wire.description,
    instructions: wire.instructions,
    tools: wire.tools?.map(toolFieldsOf),
    toolResources: { codeInterpreter: null, fileSearch: { vectorStoreIds } },
    metadata: wire.metadata,
    temperature: wire.temperature,
    topP: wire.top_p,
    reasoningEffort: wire.reasoning_effort,
    responseFormat: { type: 'AUTO' },
  };
}

function toolFieldsOf(tool: WireTool): Json {
  switch (tool.type) {
    case 'function':
      return { type: tool.type, ...tool.function };
    case 'file_search':
      return { type: tool.type, maxNumResults: tool.file_search?.max_num_results };
    case 'code_interpreter':
      return { type: tool.type };
  }
}
