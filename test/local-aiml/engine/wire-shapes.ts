// The shapes of the Assistants API's objects and events, as in its OpenAPI description. Every member is required.
import { z } from 'zod';

const id = (prefix: string) => z.string().regex(new RegExp(`^${prefix}_[A-Za-z0-9]{24}$`));
const time = z.int().positive();
const metadata = z.record(z.string(), z.string());
const usage = z.strictObject({
  prompt_tokens: z.int().min(0),
  completion_tokens: z.int().min(0),
  total_tokens: z.int().min(0),
});
const callId = z.string().min(1);
const toolCall = z.strictObject({
  id: callId,
  type: z.literal('function'),
  function: z.strictObject({ name: z.string().min(1), arguments: z.string(), output: z.string().nullable() }),
});
const requiredCall = toolCall.extend({
  function: z.strictObject({ name: z.string().min(1), arguments: z.string() }),
});

export const thread = z.strictObject({
  id: id('thread'),
  object: z.literal('thread'),
  created_at: time,
  tool_resources: z.object({}).nullable(),
  metadata,
});

const content = z.discriminatedUnion('type', [
  z.strictObject({
    type: z.literal('text'),
    text: z.strictObject({ value: z.string(), annotations: z.array(z.never()) }),
  }),
  z.strictObject({ type: z.literal('refusal'), refusal: z.string() }),
  z.strictObject({ type: z.literal('image_url'), image_url: z.strictObject({ url: z.string(), detail: z.string() }) }),
  z.strictObject({
    type: z.literal('image_file'),
    image_file: z.strictObject({ file_id: z.string(), detail: z.string() }),
  }),
]);

export const message = z
  .strictObject({
    id: id('msg'),
    object: z.literal('thread.message'),
    created_at: time,
    thread_id: id('thread'),
    status: z.enum(['in_progress', 'incomplete', 'completed']),
    incomplete_details: z
      .strictObject({ reason: z.enum(['content_filter', 'max_tokens', 'run_cancelled', 'run_expired', 'run_failed']) })
      .nullable(),
    completed_at: time.nullable(),
    incomplete_at: time.nullable(),
    role: z.enum(['user', 'assistant']),
    content: z.array(content),
    assistant_id: id('asst').nullable(),
    run_id: id('run').nullable(),
    attachments: z.array(z.object({})),
    metadata,
  })
  .refine((item) => (item.status === 'incomplete') === (item.incomplete_details !== null), 'incomplete_details')
  .refine((item) => (item.status === 'completed') === (item.completed_at !== null), 'completed_at')
  .refine((item) => (item.status === 'incomplete') === (item.incomplete_at !== null), 'incomplete_at');

const statuses = [
  'queued',
  'in_progress',
  'requires_action',
  'cancelling',
  'cancelled',
  'failed',
  'completed',
  'incomplete',
  'expired',
] as const;
const ends: readonly string[] = ['cancelled', 'failed', 'completed', 'incomplete', 'expired'];

export const run = z
  .strictObject({
    id: id('run'),
    object: z.literal('thread.run'),
    created_at: time,
    thread_id: id('thread'),
    assistant_id: id('asst'),
    status: z.enum(statuses),
    started_at: time.nullable(),
    expires_at: time.nullable(),
    cancelled_at: time.nullable(),
    failed_at: time.nullable(),
    completed_at: time.nullable(),
    required_action: z
      .strictObject({
        type: z.literal('submit_tool_outputs'),
        submit_tool_outputs: z.strictObject({ tool_calls: z.array(requiredCall).min(1) }),
      })
      .nullable(),
    last_error: z
      .strictObject({
        code: z.enum(['server_error', 'rate_limit_exceeded', 'invalid_prompt']),
        message: z.string().min(1),
      })
      .nullable(),
    incomplete_details: z
      .strictObject({ reason: z.enum(['max_completion_tokens', 'max_prompt_tokens', 'content_filter']) })
      .nullable(),
    model: z.string(),
    instructions: z.string(),
    tools: z.array(z.object({ type: z.string() })),
    tool_resources: z.object({}),
    metadata,
    temperature: z.number().nullable(),
    top_p: z.number().nullable(),
    reasoning_effort: z.string().nullable(),
    max_prompt_tokens: z.int().nullable(),
    max_completion_tokens: z.int().nullable(),
    truncation_strategy: z.strictObject({ type: z.string(), last_messages: z.int().nullable() }),
    tool_choice: z.union([z.string(), z.object({ type: z.string() })]),
    parallel_tool_calls: z.boolean(),
    response_format: z.union([z.literal('auto'), z.object({ type: z.string() })]),
    usage: usage.nullable(),
    cost: z.strictObject({ usd: z.number() }).nullable(),
  })
  .refine((item) => (item.status === 'requires_action') === (item.required_action !== null), 'required_action')
  .refine((item) => (item.status === 'failed') === (item.last_error !== null), 'last_error')
  .refine((item) => (item.status === 'incomplete') === (item.incomplete_details !== null), 'incomplete_details')
  .refine((item) => (item.status === 'completed') === (item.completed_at !== null), 'completed_at')
  .refine((item) => (item.status === 'cancelled') === (item.cancelled_at !== null), 'cancelled_at')
  .refine((item) => (item.status === 'failed') === (item.failed_at !== null), 'failed_at')
  .refine((item) => ends.includes(item.status) === (item.usage !== null), 'usage')
  .refine((item) => item.status === 'queued' || ends.includes(item.status) || item.started_at !== null, 'started_at');

export const step = z
  .strictObject({
    id: id('step'),
    object: z.literal('thread.run.step'),
    created_at: time,
    run_id: id('run'),
    assistant_id: id('asst'),
    thread_id: id('thread'),
    type: z.enum(['message_creation', 'tool_calls']),
    status: z.enum(['in_progress', 'completed', 'failed', 'cancelled', 'expired']),
    cancelled_at: time.nullable(),
    completed_at: time.nullable(),
    expired_at: time.nullable(),
    failed_at: time.nullable(),
    last_error: z
      .strictObject({ code: z.enum(['server_error', 'rate_limit_exceeded']), message: z.string() })
      .nullable(),
    step_details: z.discriminatedUnion('type', [
      z.strictObject({
        type: z.literal('message_creation'),
        message_creation: z.strictObject({ message_id: id('msg') }),
      }),
      z.strictObject({ type: z.literal('tool_calls'), tool_calls: z.array(toolCall) }),
    ]),
    metadata,
    usage: usage.nullable(),
  })
  .refine((item) => item.type === item.step_details.type, 'type')
  .refine((item) => (item.status === 'in_progress') === (item.usage === null), 'usage');

const messageDelta = z.strictObject({
  id: id('msg'),
  object: z.literal('thread.message.delta'),
  delta: z.strictObject({
    content: z
      .array(
        z.discriminatedUnion('type', [
          z.strictObject({
            index: z.int(),
            type: z.literal('text'),
            text: z.strictObject({ value: z.string(), annotations: z.array(z.never()).optional() }),
          }),
          z.strictObject({ index: z.int(), type: z.literal('refusal'), refusal: z.string() }),
        ]),
      )
      .length(1),
  }),
});

const stepDelta = z.strictObject({
  id: id('step'),
  object: z.literal('thread.run.step.delta'),
  delta: z.strictObject({
    step_details: z.strictObject({
      type: z.literal('tool_calls'),
      tool_calls: z
        .array(
          z.strictObject({
            index: z.int(),
            id: callId.optional(),
            type: z.literal('function'),
            function: z.strictObject({
              name: z.string().optional(),
              arguments: z.string(),
              output: z.null().optional(),
            }),
          }),
        )
        .length(1),
    }),
  }),
});

/** The shape of the data of an event, by its name; undefined for an unknown name. */
export function shapeOf(event: string): z.ZodType | undefined {
  if (event === 'thread.created') return thread;
  if (event === 'thread.message.delta') return messageDelta;
  if (event === 'thread.run.step.delta') return stepDelta;
  const [, name = '', state = ''] = /^thread\.(run\.step|run|message)\.([a-z_]+)$/.exec(event) ?? [];
  const status = state === 'created' ? (name === 'run' ? 'queued' : 'in_progress') : state;
  const hasStatus = (item: { readonly status: string }) => item.status === status;
  const error = `the status is not ${status}`;
  if (name === 'run') return run.refine(hasStatus, error);
  if (name === 'run.step') return step.refine(hasStatus, error);
  return name === 'message' ? message.refine(hasStatus, error) : undefined;
}
