// Objects of the AIML API in which every property that the service reads is set. Times differ from one another.
import { wireAssistant } from './scripted-upstream.ts';
import { wireMessage, wireRun, wireStep } from './stream-upstream.ts';

const SCHEMA = { type: 'object', properties: { city: { type: 'string' } } };
const TIME = 1_700_000_000;

const tools = [
  { type: 'code_interpreter' },
  {
    type: 'file_search',
    file_search: { max_num_results: 5, ranking_options: { ranker: 'auto', score_threshold: 0.5 } },
  },
  { type: 'function', function: { name: 'f', description: 'function', parameters: SCHEMA, strict: true } },
  { type: 'browser', version: 2 },
];
const sampling = {
  temperature: 0.25,
  top_p: 0.75,
  reasoning_effort: 'low',
  response_format: {
    type: 'json_schema',
    json_schema: { name: 's', description: 'schema', schema: SCHEMA, strict: true },
  },
};
const toolResources = {
  code_interpreter: { file_ids: ['file_1'] },
  file_search: { vector_store_ids: ['vs_1'] },
};
const metadata = { team: 'support' };
const usage = { prompt_tokens: 1, completion_tokens: 2, total_tokens: 3 };

export const completeAssistant = wireAssistant('asst_1', {
  name: 'name',
  description: 'description',
  instructions: 'instructions',
  tools,
  tool_resources: toolResources,
  metadata,
  ...sampling,
});

export const completeThread = {
  id: 'thread_1',
  object: 'thread',
  created_at: TIME,
  tool_resources: toolResources,
  metadata,
};

const annotation = (type: string) => ({
  type,
  text: '[1]',
  start_index: 1,
  end_index: 4,
  [type]: { file_id: 'file_1' },
});

export const completeMessage = wireMessage('incomplete', '', {
  completed_at: TIME + 1,
  incomplete_at: TIME + 2,
  incomplete_details: { reason: 'max_tokens' },
  content: [
    {
      type: 'text',
      text: {
        value: 'a [1]',
        annotations: [annotation('file_citation'), annotation('file_path'), { type: 'url_citation', url: 'u' }],
      },
    },
    { type: 'refusal', refusal: 'No.' },
    { type: 'image_file', image_file: { file_id: 'file_1', detail: 'low' } },
    { type: 'image_url', image_url: { url: 'https://example.com/a.png', detail: 'high' } },
    { type: 'audio', audio: { id: 'audio_1' } },
  ],
  attachments: [{ file_id: 'file_1', tools: [{ type: 'file_search' }] }],
  metadata,
});

/** The `required_action` of a run that waits for an output of each of these calls. */
export const requireOutputs = (callIds: readonly string[]) => ({
  type: 'submit_tool_outputs',
  submit_tool_outputs: {
    tool_calls: callIds.map((id) => ({ id, type: 'function', function: { name: 'f', arguments: '{}' } })),
  },
});

export const completeRun = wireRun('requires_action', {
  started_at: TIME + 1,
  expires_at: TIME + 2,
  completed_at: TIME + 3,
  cancelled_at: TIME + 4,
  failed_at: TIME + 5,
  required_action: requireOutputs(['call_1']),
  last_error: { code: 'server_error', message: 'Failed.' },
  incomplete_details: { reason: 'max_completion_tokens' },
  instructions: 'instructions',
  tools,
  metadata,
  usage,
  cost: { usd: 0.001 },
  ...sampling,
  max_prompt_tokens: 1000,
  max_completion_tokens: 2000,
  parallel_tool_calls: true,
  tool_choice: { type: 'function', function: { name: 'f' } },
  truncation_strategy: { type: 'last_messages', last_messages: 5 },
});

const toolCalls = [
  { id: 'call_1', type: 'function', function: { name: 'f', arguments: '{}', output: 'sunny' } },
  {
    id: 'call_2',
    type: 'code_interpreter',
    code_interpreter: {
      input: 'print(1)',
      outputs: [
        { type: 'logs', logs: '1' },
        { type: 'image', image: { file_id: 'file_2' } },
      ],
    },
  },
  {
    id: 'call_3',
    type: 'file_search',
    file_search: {
      results: [{ file_id: 'file_1', file_name: 'a.txt', score: 0.5, content: [{ type: 'text', text: 'found' }] }],
    },
  },
  { id: 'call_4', type: 'browser', browser: { url: 'u' } },
];

const completeStep = (id: string, details: object) => ({
  ...wireStep('failed'),
  id,
  completed_at: TIME + 1,
  cancelled_at: TIME + 2,
  failed_at: TIME + 3,
  expired_at: TIME + 4,
  last_error: { code: 'server_error', message: 'Failed.' },
  usage,
  metadata,
  step_details: details,
});

/** One step of each type. */
export const completeSteps = [
  completeStep('step_1', { type: 'message_creation', message_creation: { message_id: 'msg_1' } }),
  completeStep('step_2', { type: 'tool_calls', tool_calls: toolCalls }),
  completeStep('step_3', { type: 'reasoning', reasoning: {} }),
];

export const completeModel = {
  id: 'm',
  type: 'chat-completion',
  info: { developer: 'owner', contextLength: 1000 },
};
