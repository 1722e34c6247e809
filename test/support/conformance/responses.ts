// What each operation of the embedded API must return: the types of the official SDK, and the API's own error form.
import { eventTypeOf, problemsOf, reference } from './openai-schemas.ts';

const listOf = (type: string) => ({
  type: 'object',
  required: ['object', 'data', 'first_id', 'last_id', 'has_more'],
  properties: {
    object: { const: 'list' },
    data: { type: 'array', items: reference(type) },
    first_id: { type: ['string', 'null'] },
    last_id: { type: ['string', 'null'] },
    has_more: { type: 'boolean' },
  },
  additionalProperties: false,
});

/** A list without pages. */
const allOf = (type: string) => ({
  type: 'object',
  required: ['object', 'data'],
  properties: { object: { const: 'list' }, data: { type: 'array', items: reference(type) } },
  additionalProperties: false,
});

const operation = (request: string, type: string | object) =>
  [new RegExp(`^${request.replace(/ID/g, '[^/]+')}$`), type] as const;

/** The first match counts: `/threads/runs` is not a thread. */
const OPERATIONS = [
  operation('GET /assistants', listOf('Assistant')),
  operation('POST /assistants', 'Assistant'),
  operation('(GET|POST) /assistants/ID', 'Assistant'),
  operation('DELETE /assistants/ID', 'AssistantDeleted'),
  operation('GET /models', allOf('Model')),
  operation('GET /threads', listOf('Thread')),
  operation('POST /threads', 'Thread'),
  operation('POST /threads/runs', 'Run'),
  operation('(GET|POST) /threads/ID', 'Thread'),
  operation('DELETE /threads/ID', 'ThreadDeleted'),
  operation('GET /threads/ID/messages', listOf('Message')),
  operation('POST /threads/ID/messages', 'Message'),
  operation('(GET|POST) /threads/ID/messages/ID', 'Message'),
  operation('DELETE /threads/ID/messages/ID', 'MessageDeleted'),
  operation('GET /threads/ID/runs', listOf('Run')),
  operation('POST /threads/ID/runs', 'Run'),
  operation('(GET|POST) /threads/ID/runs/ID', 'Run'),
  operation('POST /threads/ID/runs/ID/(cancel|submit_tool_outputs)', 'Run'),
  operation('GET /threads/ID/runs/ID/steps', listOf('RunStep')),
  operation('GET /threads/ID/runs/ID/steps/ID', 'RunStep'),
];

/** The AIML API's form together with OpenAI's. */
const errorOf = (statusCode: number) => ({
  type: 'object',
  required: ['message', 'path', 'requestId', 'statusCode', 'timestamp', 'error'],
  properties: {
    message: { type: 'string', minLength: 1 },
    param: { type: 'string' },
    path: { type: 'string' },
    requestId: { type: 'string' },
    statusCode: { const: statusCode },
    timestamp: { type: 'string' },
    error: reference('ErrorObject'),
  },
  additionalProperties: false,
});

export interface SentResponse {
  readonly method: string;
  /** As it was requested, with the query. */
  readonly url: string;
  readonly status: number;
  readonly body: string;
}

/** The problems of a response that is not a stream; undefined if it is valid. */
export function problemsOfResponse({ method, url, status, body }: SentResponse): string | undefined {
  if (body === '') return method === 'HEAD' || status === 304 ? undefined : 'no body';
  const parsed: unknown = JSON.parse(body);
  if (status >= 400) return problemsOf(parsed, errorOf(status));
  const path = (url.split('?', 1)[0] ?? '').replace(/^(?:\/openai)?(?:\/v1)?(?=\/)/, '').replace(/\/$/, '');
  const [, type] = OPERATIONS.find(([pattern]) => pattern.test(`${method} ${path}`)) ?? [];
  return type === undefined ? 'no such operation' : problemsOf(parsed, type as string);
}

const FAILURE = {
  type: 'object',
  required: ['error'],
  properties: { error: reference('ErrorObject') },
  additionalProperties: false,
};

/** The problems of one event of a stream, the text between two empty lines; undefined if it is valid. */
export function problemsOfEvent(frame: string): string | undefined {
  if (frame.startsWith(':')) return undefined;
  const lines = frame.split('\n').map((line) => line.split(/: (.*)/s, 2) as [string, string | undefined]);
  const fields = new Map(lines);
  if (fields.size !== lines.length) return 'a field twice';
  const event = fields.get('event') ?? '';
  const data = fields.get('data') ?? '';
  if (event === 'done') return data === '[DONE]' ? undefined : 'done without [DONE]';
  const parsed: unknown = JSON.parse(data);
  // The SDK throws an error with the message only if the error is a member of the data.
  if (event === 'error') return problemsOf(parsed, FAILURE);
  const type = eventTypeOf(event);
  if (type === undefined) return 'no such event';
  return fields.get('id') ? problemsOf({ event, data: parsed }, type) : 'an event without an id';
}
