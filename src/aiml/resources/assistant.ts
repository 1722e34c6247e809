/** The AIML API's assistants: how they are read, what is sent, and how a lost modify is verified. */
import type { ResourceDefinition } from '../resource.ts';
import {
  optionalNumber,
  optionalString,
  readMetadata,
  requireId,
  requireObject,
  requireString,
  requireTime,
  type WireMetadata,
} from '../wire.ts';
import { matchesRequest } from './matches-request.ts';
import { readResponseFormat, type WireResponseFormatBody } from './response-format.ts';
import { readToolResources, readTools, type WireToolBody, type WireToolResourcesBody } from './tool.ts';

/** What a create and a modify have in common. */
interface WireAssistantSettings {
  readonly name: string;
  readonly description: string;
  readonly instructions: string;
  readonly tools: readonly WireToolBody[];
  readonly tool_resources: WireToolResourcesBody;
  readonly metadata: WireMetadata;
  readonly temperature: number;
  readonly top_p: number;
  readonly reasoning_effort: string;
  readonly response_format: WireResponseFormatBody;
}

/** The body of a create. A field that is left out takes upstream's default. */
export type WireAssistantCreateBody = { readonly model: string } & Partial<WireAssistantSettings>;

/** The body of a modify. A field that is left out stays as it is; null clears it. */
export type WireAssistantModifyBody = { readonly model?: string } & {
  readonly [Name in keyof WireAssistantSettings]?: WireAssistantSettings[Name] | null;
};

/** An assistant as it was read: every field present, null where upstream sent null or nothing. */
export type WireAssistant = Readonly<ReturnType<typeof readAssistant>>;

/** Throws {@link MalformedResponseError}. */
export function readAssistant(value: unknown) {
  const fields = requireObject(value, 'assistant');
  return {
    id: requireId(fields),
    created_at: requireTime(fields, 'created_at'),
    model: requireString(fields, 'model'),
    name: optionalString(fields, 'name'),
    description: optionalString(fields, 'description'),
    instructions: optionalString(fields, 'instructions'),
    tools: readTools(fields),
    tool_resources: readToolResources(fields),
    metadata: readMetadata(fields),
    temperature: optionalNumber(fields, 'temperature'),
    top_p: optionalNumber(fields, 'top_p'),
    reasoning_effort: optionalString(fields, 'reasoning_effort'),
    response_format: readResponseFormat(fields),
  };
}

const isAsRequested = (body: WireAssistantModifyBody, assistant: WireAssistant): boolean =>
  matchesRequest(body, assistant, (sent) => readAssistant({ id: assistant.id, created_at: 0, model: '', ...sent }));

export const assistants: ResourceDefinition<WireAssistant, WireAssistantCreateBody, WireAssistantModifyBody> = {
  name: 'assistants',
  segments: ['assistants'],
  noun: 'assistant',
  read: readAssistant,
  isCacheable: true,
  isCreatedFrom: isAsRequested,
  isModified: isAsRequested,
};
