/** Owns how a run is made: a snapshot of its assistant, with what the request overrides. Pure. */
import type { Assistant } from '../assistants/model.ts';
import { invalid, parameterError } from '../api/api-error.ts';
import { createId } from '../wire/ids.ts';
import { toToolResources } from '../wire/tool-resources.ts';
import type { CreateRunBody, CreateThreadAndRunBody } from './body.ts';
import { NOT_ENDED, type Run, type ToolChoice } from './model.ts';

interface RunTimes {
  /** Unix time in seconds. */
  readonly now: number;
  readonly expiresAfterSeconds: number;
}

/** A member that the body leaves out, or has as null, is the assistant's. Throws ApiError of 400. */
export function createRun(
  body: CreateRunBody | CreateThreadAndRunBody,
  assistant: Assistant,
  threadId: string,
  { now, expiresAfterSeconds }: RunTimes,
): Run {
  const tools = body.tools ?? assistant.tools;
  const resources = 'tool_resources' in body && body.tool_resources ? toToolResources(body.tool_resources, []) : null;
  return {
    id: createId('run'),
    object: 'thread.run',
    created_at: now,
    thread_id: threadId,
    assistant_id: assistant.id,
    status: 'queued',
    started_at: null,
    expires_at: now + expiresAfterSeconds,
    ...NOT_ENDED,
    model: body.model ?? assistant.model,
    instructions: toInstructions(body, assistant),
    tools,
    tool_resources: resources ?? assistant.tool_resources ?? {},
    metadata: body.metadata ?? {},
    temperature: body.temperature ?? assistant.temperature ?? 1,
    top_p: body.top_p ?? assistant.top_p ?? 1,
    reasoning_effort: ('reasoning_effort' in body ? body.reasoning_effort : null) ?? assistant.reasoning_effort,
    max_prompt_tokens: body.max_prompt_tokens ?? null,
    max_completion_tokens: body.max_completion_tokens ?? null,
    truncation_strategy: toTruncationStrategy(body.truncation_strategy),
    tool_choice: toToolChoice(body.tool_choice, tools),
    parallel_tool_calls: body.parallel_tool_calls ?? true,
    response_format: body.response_format ?? assistant.response_format ?? 'auto',
    usage: null,
    cost: null,
  };
}

function toInstructions(body: CreateRunBody | CreateThreadAndRunBody, assistant: Assistant): string {
  const additional = 'additional_instructions' in body ? body.additional_instructions : null;
  return [body.instructions ?? assistant.instructions, additional].filter((text) => text).join('\n\n');
}

function toTruncationStrategy(strategy: CreateRunBody['truncation_strategy']): Run['truncation_strategy'] {
  if (strategy?.type !== 'last_messages') return { type: 'auto', last_messages: null };
  return { type: 'last_messages', last_messages: strategy.last_messages ?? null };
}

/** Functions alone are called here, so a choice that cannot lead to a call of one is rejected rather than ignored. */
function toToolChoice(choice: CreateRunBody['tool_choice'], tools: Assistant['tools']): ToolChoice {
  if (choice === null || choice === undefined) return 'auto';
  const functions = tools.flatMap((tool) => (tool.type === 'function' ? [tool.function.name] : []));
  if (choice === 'required' && functions.length === 0)
    throw invalid('tool_choice', "another choice than 'required': the run has no function to call");
  if (typeof choice === 'string') return choice;
  if (choice.type !== 'function')
    throw parameterError(
      'tool_choice',
      `Invalid 'tool_choice': ${choice.type} does not run in the embedded AIML API yet; functions do.`,
    );
  if (!functions.includes(choice.function.name))
    throw invalid('tool_choice.function.name', 'the name of a function among the tools of the run');
  return choice;
}
