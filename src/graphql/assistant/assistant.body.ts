/**
 * Maps the input of a mutation to the request body. A field is sent only if the client set it. JSON objects and metadata
 * are passed by reference: their keys are never assigned. The input has passed `assistant.validation.ts`.
 */
import type { WireAssistantCreateBody, WireAssistantModifyBody } from '../../aiml/resources/assistant.ts';
import { unlessEmpty, withoutEmpty, withoutUndefined } from '../schema/wire-body.ts';
import type { AssistantSettings, CreateAssistantInput, UpdateAssistantInput } from './assistant.input.ts';
import { toResponseFormatBody, toToolBody, toToolResourcesBody } from './tool.body.ts';

/** On a create, null is the same as an omitted field. */
export function toCreateBody(input: CreateAssistantInput): WireAssistantCreateBody {
  const settings = toSettings(input);
  return {
    model: input.model,
    ...withoutEmpty({ ...settings, tool_resources: settings.tool_resources && unlessEmpty(settings.tool_resources) }),
  };
}

/** On an update, null clears: null on the wire, an empty list for tools. An empty body changes nothing. */
export const toModifyBody = (input: UpdateAssistantInput): WireAssistantModifyBody => ({
  ...withoutEmpty({ model: input.model }),
  ...withoutUndefined({ ...toSettings(input), ...(input.tools === null && { tools: [] }) }),
});

/** `satisfies` fails if a setting of the wire is missing here, or the wire does not have it. */
const toSettings = (input: AssistantSettings) =>
  ({
    name: input.name,
    description: input.description,
    instructions: input.instructions,
    tools: input.tools?.map(toToolBody),
    tool_resources: input.toolResources && toToolResourcesBody(input.toolResources),
    metadata: input.metadata,
    temperature: input.temperature,
    top_p: input.topP,
    reasoning_effort: input.reasoningEffort,
    response_format: input.responseFormat && toResponseFormatBody(input.responseFormat),
  }) satisfies Record<Exclude<keyof WireAssistantModifyBody, 'model'>, unknown>;
