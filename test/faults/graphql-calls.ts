// Every GraphQL field that calls upstream: its operation, the call upstream that a fault meets, and the row of the retry
// table that the call follows. A field that is added to the schema is added here.
import type { RawRequest } from '../support/raw-upstream.ts';
import { wireAssistant } from '../support/scripted-upstream.ts';
import { wireMessage, wireRun, wireStep } from '../support/stream-upstream.ts';
import type { Operation } from './expectations.ts';

/** In every id and text of the operations. It must not be in an error or in a log entry, apart from ids that were written. */
export const CALLER_CANARY = 'canary-of-caller';

const ASSISTANT = `asst_${CALLER_CANARY}`;
const THREAD = `thread_${CALLER_CANARY}`;
const MESSAGE = `msg_${CALLER_CANARY}`;
const RUN = `run_${CALLER_CANARY}`;
const STEP = `step_${CALLER_CANARY}`;
const TOOL_CALL = `call_${CALLER_CANARY}`;

/** How a 404 of the call is reported; absent where the table of errors has it for a collection. */
type NotFound =
  | { readonly as: 'null' }
  | { readonly as: 'userError'; readonly field: string }
  | { readonly as: 'error'; readonly hasUpstream: boolean };

export interface GraphQLCall {
  /** The path of the field, which is also the path of its errors. */
  readonly name: string;
  readonly document: string;
  readonly kind: 'query' | 'mutation' | 'subscription';
  readonly rule: Operation;
  /** Method and path of the call that meets the fault. */
  readonly target: string;
  /** Method and path of the read that decides after an attempt of unknown outcome. */
  readonly readBack: string | null;
  readonly notFound: NotFound | null;
  /** Whether requests before the first of `target` have to work. */
  readonly hasParent: boolean;
}

type Extra = Partial<Pick<GraphQLCall, 'readBack' | 'notFound' | 'hasParent'>>;
const NULL: NotFound = { as: 'null' };
const defaults = { readBack: null, notFound: null, hasParent: false };

const read = (
  name: string,
  rule: 'get' | 'list',
  target: string,
  document: string,
  extra: Extra = {},
): GraphQLCall => ({
  ...defaults,
  ...(rule === 'get' && { notFound: NULL }),
  ...extra,
  name,
  document,
  kind: 'query',
  rule,
  target: `GET ${target}`,
});

/** A field of an object that was read before. */
const nested = (name: string, rule: 'get' | 'list', target: string, document: string): GraphQLCall =>
  read(name, rule, target, document, {
    hasParent: true,
    notFound: rule === 'get' ? NULL : { as: 'error', hasUpstream: true },
  });

/** `input` as it is written in the document. */
const write = (name: string, rule: Operation, target: string, input: string, extra: Extra = {}): GraphQLCall => ({
  ...defaults,
  ...extra,
  name,
  document: `mutation { ${name}(input: ${input}) { userErrors { code field } } }`,
  kind: 'mutation',
  rule,
  target,
});

const at = (field: string): Extra => ({ notFound: { as: 'userError', field } });
const text = `text: "${CALLER_CANARY}"`;
const metadata = `metadata: { ${CALLER_CANARY.replaceAll('-', '_')}: "${CALLER_CANARY}" }`;
const thread = `thread(id: "${THREAD}")`;
const run = `run(threadId: "${THREAD}", id: "${RUN}")`;
const message = `message(threadId: "${THREAD}", id: "${MESSAGE}")`;
const inThread = `threadId: "${THREAD}", id:`;

export const graphqlCalls: readonly GraphQLCall[] = [
  read('assistant', 'get', `/assistants/${ASSISTANT}`, `{ assistant(id: "${ASSISTANT}") { id } }`),
  read('node', 'get', `/threads/${THREAD}`, `{ node(id: "${THREAD}") { id } }`),
  read('assistants', 'list', '/assistants', '{ assistants(first: 1) { nodes { id } } }'),
  read('thread', 'get', `/threads/${THREAD}`, `{ ${thread} { id } }`),
  read('message', 'get', `/threads/${THREAD}/messages/${MESSAGE}`, `{ ${message} { id } }`),
  read('run', 'get', `/threads/${THREAD}/runs/${RUN}`, `{ ${run} { id } }`),
  read('models', 'list', '/v1/models', '{ models { id } }'),
  nested(
    'thread.messages',
    'list',
    `/threads/${THREAD}/messages`,
    `{ ${thread} { createdAt messages { nodes { id } } } }`,
  ),
  nested('thread.runs', 'list', `/threads/${THREAD}/runs`, `{ ${thread} { createdAt runs { nodes { id } } } }`),
  nested('message.assistant', 'get', `/assistants/${ASSISTANT}`, `{ ${message} { assistant { id } } }`),
  nested('message.run', 'get', `/threads/${THREAD}/runs/${RUN}`, `{ ${message} { run { id } } }`),
  nested('run.assistant', 'get', `/assistants/${ASSISTANT}`, `{ ${run} { assistant { id } } }`),
  nested('run.thread', 'get', `/threads/${THREAD}`, `{ ${run} { thread { id } } }`),
  nested('run.messages', 'list', `/threads/${THREAD}/messages`, `{ ${run} { messages { nodes { id } } } }`),
  nested('run.steps', 'list', `/threads/${THREAD}/runs/${RUN}/steps`, `{ ${run} { steps { nodes { id } } } }`),
  nested(
    'run.steps.nodes.0.message',
    'get',
    `/threads/${THREAD}/messages/${MESSAGE}`,
    `{ ${run} { steps { nodes { ... on MessageCreationStep { message { id } } } } } }`,
  ),
  {
    ...read('runEvents', 'get', `/threads/${THREAD}/runs/${RUN}`, ''),
    document: `subscription { runEvents(threadId: "${THREAD}", runId: "${RUN}") { event } }`,
    kind: 'subscription',
    notFound: { as: 'error', hasUpstream: false },
  },

  write('createAssistant', 'create', 'POST /assistants', `{ model: "m", name: "${CALLER_CANARY}" }`),
  write(
    'updateAssistant',
    'modify',
    `POST /assistants/${ASSISTANT}`,
    `{ id: "${ASSISTANT}", name: "${CALLER_CANARY}" }`,
    {
      ...at('id'),
      readBack: `GET /assistants/${ASSISTANT}`,
    },
  ),
  write('deleteAssistant', 'delete', `DELETE /assistants/${ASSISTANT}`, `{ id: "${ASSISTANT}" }`, at('id')),
  write('createThread', 'create', 'POST /threads', `{ messages: [{ ${text} }], ${metadata} }`),
  write('updateThread', 'modify', `POST /threads/${THREAD}`, `{ id: "${THREAD}", ${metadata} }`, {
    ...at('id'),
    readBack: `GET /threads/${THREAD}`,
  }),
  write('deleteThread', 'delete', `DELETE /threads/${THREAD}`, `{ id: "${THREAD}" }`, at('id')),
  write(
    'createMessage',
    'create',
    `POST /threads/${THREAD}/messages`,
    `{ threadId: "${THREAD}", ${text} }`,
    at('threadId'),
  ),
  write(
    'updateMessage',
    'modify',
    `POST /threads/${THREAD}/messages/${MESSAGE}`,
    `{ ${inThread} "${MESSAGE}", ${metadata} }`,
    {
      ...at('threadId'),
      readBack: `GET /threads/${THREAD}/messages/${MESSAGE}`,
    },
  ),
  write(
    'deleteMessage',
    'delete',
    `DELETE /threads/${THREAD}/messages/${MESSAGE}`,
    `{ ${inThread} "${MESSAGE}" }`,
    at('threadId'),
  ),
  write(
    'createRun',
    'create',
    `POST /threads/${THREAD}/runs`,
    `{ threadId: "${THREAD}", assistantId: "${ASSISTANT}", instructions: "${CALLER_CANARY}", additionalMessages: [{ ${text} }] }`,
    at('threadId'),
  ),
  write(
    'createThreadAndRun',
    'create',
    'POST /threads/runs',
    `{ assistantId: "${ASSISTANT}", thread: { messages: [{ ${text} }] } }`,
    at('assistantId'),
  ),
  write('updateRun', 'modify', `POST /threads/${THREAD}/runs/${RUN}`, `{ ${inThread} "${RUN}", ${metadata} }`, {
    ...at('threadId'),
    readBack: `GET /threads/${THREAD}/runs/${RUN}`,
  }),
  write('cancelRun', 'modify', `POST /threads/${THREAD}/runs/${RUN}/cancel`, `{ ${inThread} "${RUN}" }`, {
    ...at('threadId'),
    readBack: `GET /threads/${THREAD}/runs/${RUN}`,
  }),
  write(
    'submitToolOutputs',
    'modify',
    `POST /threads/${THREAD}/runs/${RUN}/submit_tool_outputs`,
    `{ threadId: "${THREAD}", runId: "${RUN}", toolOutputs: [{ toolCallId: "${TOOL_CALL}", output: "${CALLER_CANARY}" }] }`,
    { ...at('threadId'), readBack: `GET /threads/${THREAD}/runs/${RUN}`, hasParent: true },
  ),
];

const wholeRun = wireRun('requires_action', {
  id: RUN,
  thread_id: THREAD,
  assistant_id: ASSISTANT,
  required_action: {
    type: 'submit_tool_outputs',
    submit_tool_outputs: {
      tool_calls: [{ id: TOOL_CALL, type: 'function', function: { name: 'f', arguments: '{}' } }],
    },
  },
});
const wholeMessage = wireMessage('completed', 'Hi', {
  id: MESSAGE,
  thread_id: THREAD,
  run_id: RUN,
  assistant_id: ASSISTANT,
});
const wholeStep = {
  ...wireStep('completed'),
  id: STEP,
  thread_id: THREAD,
  run_id: RUN,
  step_details: { type: 'message_creation', message_creation: { message_id: MESSAGE } },
};
const wholeList = (...data: readonly unknown[]) => ({ object: 'list', data, has_more: false });
const bodies: Readonly<Record<string, unknown>> = {
  [`/assistants/${ASSISTANT}`]: wireAssistant(ASSISTANT),
  [`/threads/${THREAD}`]: { id: THREAD, object: 'thread', created_at: 1_700_000_000, metadata: {} },
  [`/threads/${THREAD}/messages`]: wholeList(wholeMessage),
  [`/threads/${THREAD}/messages/${MESSAGE}`]: wholeMessage,
  [`/threads/${THREAD}/runs/${RUN}`]: wholeRun,
  [`/threads/${THREAD}/runs/${RUN}/steps`]: wholeList(wholeStep),
};

/** What a working upstream responds to a read, as JSON. */
export const workingRead = ({ path }: RawRequest): unknown => bodies[path];
