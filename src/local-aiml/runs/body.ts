/** Owns the rules for the bodies of runs. */
import { z } from 'zod';
import { reasoningEffort, responseFormat, sampling, tool } from '../assistants/body.ts';
import { messageBodies } from '../messages/body.ts';
import { threadBody } from '../threads/body.ts';
import { toolResourcesOfModify } from '../wire/tool-resources.ts';
import {
  createBodyReader,
  expectation,
  identifier,
  metadata,
  nonEmptyText,
  text,
  withoutNestedNulls,
} from '../api/validation.ts';

const truncationStrategy = z
  .strictObject({ type: z.enum(['auto', 'last_messages']), last_messages: z.int().min(1).nullish() })
  .check((context) => {
    const { type, last_messages } = context.value;
    if (type === 'last_messages' && typeof last_messages !== 'number')
      context.issues.push({ ...expectation('a number of messages', last_messages), path: ['last_messages'] });
  });

const toolChoice = z.union([
  z.enum(['none', 'auto', 'required']),
  z.discriminatedUnion('type', [
    z.strictObject({ type: z.literal('function'), function: z.strictObject({ name: identifier }) }),
    z.strictObject({ type: z.literal('file_search') }),
    z.strictObject({ type: z.literal('code_interpreter') }),
  ]),
]);

/** The fewest tokens that a budget may have. */
const MIN_TOKENS = 256;

const settings = {
  assistant_id: nonEmptyText,
  model: nonEmptyText.nullish(),
  instructions: text(256_000).nullish(),
  tools: z.array(tool).max(20).nullish(),
  metadata: metadata.nullish(),
  ...sampling,
  stream: z.boolean().nullish(),
  max_prompt_tokens: z.int().min(MIN_TOKENS).nullish(),
  max_completion_tokens: z.int().min(MIN_TOKENS).nullish(),
  truncation_strategy: truncationStrategy.nullish(),
  tool_choice: toolChoice.nullish(),
  parallel_tool_calls: z.boolean().nullish(),
  response_format: responseFormat.nullish(),
};

const createRun = z.strictObject({
  ...settings,
  reasoning_effort: reasoningEffort.nullish(),
  additional_instructions: text(256_000).nullish(),
  additional_messages: messageBodies.nullish(),
});

const createThreadAndRun = z.strictObject({
  ...settings,
  thread: threadBody.nullish(),
  tool_resources: toolResourcesOfModify.nullish(),
});

/** As many as one response of a model can have. */
const MAX_OUTPUTS = 128;

const submit = z.strictObject({
  tool_outputs: z
    .array(z.strictObject({ tool_call_id: z.string(), output: z.string() }))
    .min(1)
    .max(MAX_OUTPUTS),
  stream: z.boolean().nullish(),
});

export type CreateRunBody = z.infer<typeof createRun>;
export type CreateThreadAndRunBody = z.infer<typeof createThreadAndRun>;

export const readCreateRunBody = createBodyReader(createRun, null, withoutNestedNulls);
export const readCreateThreadAndRunBody = createBodyReader(createThreadAndRun, null, withoutNestedNulls);
export const readSubmitBody = createBodyReader(submit);
