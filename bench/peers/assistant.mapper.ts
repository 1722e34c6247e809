/** Maps assistants between the wire and the schema as plain objects. Both GraphQL peers use it. */
import type { WireAssistant, WireTool } from '../upstream/assistants.ts';

export interface Tool {
  readonly type: string;
  readonly name?: string;
  readonly description?: string | null;
  readonly parameters?: Readonly<Record<string, unknown>> | null;
  readonly strict?: boolean | null;
  readonly maxNumResults?: number | null;
}

export interface Assistant {
  readonly id: string;
  readonly createdAt: Date;
  readonly model: string;
  readonly name: string | null;
  readonly description: string | null;
  readonly instructions: string | null;
  readonly tools: readonly Tool[];
  readonly toolResources: {
    readonly codeInterpreter: { readonly fileIds: readonly string[] } | null;
    readonly fileSearch: { readonly vectorStoreIds: readonly string[] } | null;
  } | null;
  readonly metadata: Readonly<Record<string, string>>;
  readonly temperature: number | null;
  readonly topP: number | null;
  readonly reasoningEffort: string | null;
  readonly responseFormat: { readonly type: string } | null;
}

export interface ToolInput {
  readonly codeInterpreter?: boolean | null;
  readonly function?: {
    readonly name: string;
    readonly description?: string | null;
    readonly parameters?: Readonly<Record<string, unknown>> | null;
    readonly strict?: boolean | null;
  } | null;
}

export interface CreateAssistantInput {
  readonly model: string;
  readonly name?: string | null;
  readonly description?: string | null;
  readonly instructions?: string | null;
  readonly tools?: readonly ToolInput[] | null;
  readonly metadata?: Readonly<Record<string, string>> | null;
  readonly temperature?: number | null;
}

export function toAssistant(wire: WireAssistant): Assistant {
  const codeInterpreter = wire.tool_resources?.code_interpreter;
  const fileSearch = wire.tool_resources?.file_search;
  return {
    id: wire.id,
    createdAt: new Date(wire.created_at * 1000),
    model: wire.model,
    name: wire.name ?? null,
    description: wire.description ?? null,
    instructions: wire.instructions ?? null,
    tools: (wire.tools ?? []).map(toTool),
    toolResources: wire.tool_resources
      ? {
          codeInterpreter: codeInterpreter ? { fileIds: codeInterpreter.file_ids } : null,
          fileSearch: fileSearch ? { vectorStoreIds: fileSearch.vector_store_ids } : null,
        }
      : null,
    metadata: wire.metadata ?? {},
    temperature: wire.temperature ?? null,
    topP: wire.top_p ?? null,
    reasoningEffort: wire.reasoning_effort ?? null,
    responseFormat: wire.response_format ? { type: 'AUTO' } : null,
  };
}

function toTool(tool: WireTool): Tool {
  switch (tool.type) {
    case 'function': {
      const { name, description, parameters, strict } = tool.function;
      return {
        type: tool.type,
        name,
        description: description ?? null,
        parameters: parameters ?? null,
        strict: strict ?? null,
      };
    }
    case 'file_search':
      return { type: tool.type, maxNumResults: tool.file_search?.max_num_results ?? null };
    case 'code_interpreter':
      return { type: tool.type };
  }
}

/** Undefined values are omitted from the JSON. */
export function toCreateBody(input: CreateAssistantInput): Record<string, unknown> {
  return {
    model: input.model,
    name: input.name ?? undefined,
    description: input.description ?? undefined,
    instructions: input.instructions ?? undefined,
    tools: input.tools?.map((tool) =>
      tool.function ? { type: 'function', function: tool.function } : { type: 'code_interpreter' },
    ),
    metadata: input.metadata ?? undefined,
    temperature: input.temperature ?? undefined,
  };
}

/** The name of a tool's object type. */
export function typeNameOf(tool: Tool): string {
  switch (tool.type) {
    case 'code_interpreter':
      return 'CodeInterpreterTool';
    case 'file_search':
      return 'FileSearchTool';
    default:
      return 'FunctionTool';
  }
}
