/** Maps the inputs of runs to request bodies. The input has passed its validation. */
import type { WireRunBody, WireRunSettings, WireThreadRunBody } from '../../aiml/resources/run.ts';
import { toResponseFormatBody, toToolBody, toToolResourcesBody } from '../assistant/tool.body.ts';
import { toMessageBody } from '../message/message.body.ts';
import { toThreadCreateBody } from '../thread/thread.body.ts';
import { unlessEmpty, withoutEmpty } from '../schema/wire-body.ts';
import type { CreateRunInput, CreateThreadAndRunInput, RunSettings, ToolChoiceInput } from './run.input.ts';

export const toRunBody = (input: CreateRunInput): WireRunBody => ({
  ...toSettings(input),
  ...withoutEmpty({
    additional_instructions: input.additionalInstructions,
    additional_messages: input.additionalMessages?.map(toMessageBody),
    reasoning_effort: input.reasoningEffort,
  }),
});

export const toThreadRunBody = (input: CreateThreadAndRunInput): WireThreadRunBody => ({
  ...toSettings(input),
  ...withoutEmpty({
    thread: input.thread && toThreadCreateBody(input.thread),
    tool_resources: input.toolResources && unlessEmpty(toToolResourcesBody(input.toolResources)),
  }),
});

/** Null is the same as an omitted field: the setting of the assistant applies. */
const toSettings = (input: RunSettings): WireRunSettings => ({
  assistant_id: input.assistantId,
  ...withoutEmpty({
    model: input.model,
    instructions: input.instructions,
    tools: input.tools?.map(toToolBody),
    metadata: input.metadata,
    temperature: input.temperature,
    top_p: input.topP,
    max_prompt_tokens: input.maxPromptTokens,
    max_completion_tokens: input.maxCompletionTokens,
    truncation_strategy: input.truncation && toTruncationBody(input.truncation),
    tool_choice: input.toolChoice && toToolChoiceBody(input.toolChoice),
    parallel_tool_calls: input.parallelToolCalls,
    response_format: input.responseFormat && toResponseFormatBody(input.responseFormat),
  } satisfies Record<Exclude<keyof WireRunSettings, 'assistant_id'>, unknown>),
});

const toTruncationBody = ({
  lastMessages,
}: NonNullable<RunSettings['truncation']>): NonNullable<WireRunSettings['truncation_strategy']> =>
  lastMessages === undefined ? { type: 'auto' } : { type: 'last_messages', last_messages: lastMessages };

/** Exactly one field is set: `@oneOf` enforces it. */
function toToolChoiceBody(choice: ToolChoiceInput): NonNullable<WireRunSettings['tool_choice']> {
  if (choice.function !== undefined) return { type: 'function', function: { name: choice.function } };
  if (choice.codeInterpreter) return { type: 'code_interpreter' };
  if (choice.fileSearch) return { type: 'file_search' };
  if (choice.required) return 'required';
  return choice.none ? 'none' : 'auto';
}
