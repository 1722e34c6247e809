/**
 * The assistant: what a create and a modify make of it. Pure: bodies are checked before.
 *
 * A member that a body leaves out takes its default on create and stays as it is on modify. Both keep a null as null, for
 * `temperature`, `top_p` and `response_format` too: the API's description makes them nullable in the response, and "cleared"
 * would otherwise look like "set to the default". Only `metadata` then reads back as an empty object. `tool_resources` is
 * null unless it was given, because its description names no default. A modify replaces `tools`, `tool_resources` and
 * `metadata` as a whole.
 */
import { createId } from '../wire/ids.ts';
import { createVectorStores, toToolResources, type ToolResources, type VectorStore } from '../wire/tool-resources.ts';
import { defaultSettings, type AssistantSettings, type CreateAssistantBody, type ModifyAssistantBody } from './body.ts';

/** Reads back exactly as it was written. */
export interface Assistant extends AssistantSettings {
  readonly id: string;
  readonly object: 'assistant';
  /** Unix time in seconds. */
  readonly created_at: number;
  readonly model: string;
  readonly tool_resources: ToolResources | null;
  readonly metadata: Readonly<Record<string, string>>;
}

export type ResponseFormat = NonNullable<CreateAssistantBody['response_format']>;

export type AssistantTool = NonNullable<CreateAssistantBody['tools']>[number];

/** A new assistant, and the vector stores that have to be kept with it. `now` is Unix time in seconds. */
export function createAssistant(
  body: CreateAssistantBody,
  now: number,
): { readonly assistant: Assistant; readonly vectorStores: readonly VectorStore[] } {
  const vectorStores = createVectorStores(body.tool_resources, now);
  const fresh: Assistant = {
    id: createId('asst'),
    object: 'assistant',
    created_at: now,
    model: body.model,
    ...defaultSettings,
    tool_resources: null,
    metadata: {},
  };
  return { assistant: withBody(fresh, body, vectorStores), vectorStores };
}

/** The assistant after a modify. */
export function modifyAssistant(assistant: Assistant, body: ModifyAssistantBody): Assistant {
  return withBody(assistant, body, []);
}

function withBody(
  assistant: Assistant,
  body: CreateAssistantBody | ModifyAssistantBody,
  vectorStores: readonly VectorStore[],
): Assistant {
  const { metadata, tool_resources, ...others } = body;
  return {
    ...assistant,
    // JSON has no undefined: what the body leaves out is not in it.
    ...(others as Partial<Assistant>),
    ...(metadata === undefined ? {} : { metadata: metadata ?? {} }),
    ...(tool_resources === undefined
      ? {}
      : { tool_resources: tool_resources && toToolResources(tool_resources, vectorStores) }),
  };
}
