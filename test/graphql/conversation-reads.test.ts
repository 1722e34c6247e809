// Reads of conversations: how often upstream is asked, and what arrives of kinds that this client does not know.
import { expect, test } from '@jest/globals';
import type { Environment } from '../../src/runtime/environment.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type Script } from '../support/scripted-upstream.ts';
import { startServiceOn } from '../support/service.ts';
import { wireMessage, wireRun, wireStep } from '../support/stream-upstream.ts';

const CREATED_AT = 1_700_000_000;
const wireThread = { id: 'thread_1', object: 'thread', created_at: CREATED_AT, metadata: {} };
const list = (data: readonly unknown[]) => ({ object: 'list', data, has_more: false });

async function start(script: Script, environment: Environment = {}) {
  const upstream = await startScriptedUpstream(script);
  const service = await startServiceOn(upstream, environment);
  return { upstream, service };
}

/** A thread of 100 messages that two assistants wrote in two runs. */
const longThread: Script = ({ path }, response) => {
  const messages = Array.from({ length: 100 }, (_, index) => {
    const writer = (index % 2) + 1;
    return wireMessage('completed', `m${index}`, {
      id: `msg_${index}`,
      assistant_id: `asst_${writer}`,
      run_id: `run_${writer}`,
    });
  });
  const [url, id = ''] = [path.replace(/\?.*/, ''), path.split('/').at(-1)];
  if (url === '/threads/thread_1') sendJson(response, 200, wireThread);
  else if (url === '/threads/thread_1/messages') sendJson(response, 200, list(messages));
  else if (url.startsWith('/threads/thread_1/runs/'))
    sendJson(response, 200, wireRun('completed', { id, assistant_id: id.replace('run', 'asst') }));
  else if (url.startsWith('/assistants/')) sendJson(response, 200, wireAssistant(id));
  else sendJson(response, 404, {});
};

const PAGE = 'messages(first: 100) { nodes { id assistant { id name } } pageInfo { hasNextPage } }';

test.each([
  ['of a thread', `{ thread(id: "thread_1") { ${PAGE} } }`],
  ['of a thread with its id and aliases', `{ thread(id: "thread_1") { __typename key: id page: ${PAGE} } }`],
  [
    'in fragments',
    `{ thread(id: "thread_1") { ...A ... { id } } } fragment A on Thread { ...B } fragment B on Node { ... on Thread { ${PAGE} } }`,
  ],
  [
    'of a thread whose other fields are skipped',
    `query ($not: Boolean = false) { thread(id: "thread_1") { createdAt @include(if: $not) ...A @skip(if: true) ${PAGE} } } fragment A on Thread { metadata }`,
  ],
  ['of a node', `{ node(id: "thread_1") { id ... on Thread { ${PAGE} } ... on Assistant { name } } }`],
  [
    'that is selected twice',
    `{ a: thread(id: "thread_1") { ${PAGE} again: ${PAGE} } b: node(id: "thread_1") { ... on Thread { ${PAGE} } } }`,
  ],
])('a page of 100 messages of two assistants is three calls: %s', async (_name, document) => {
  const { upstream, service } = await start(longThread);
  const { data, errors } = await service.query(document);
  expect(errors).toBeUndefined();
  const writers = JSON.stringify(data)
    .match(/asst_\d/g)
    ?.slice(0, 100);
  expect(writers).toEqual(Array.from({ length: 100 }, (_, index) => `asst_${(index % 2) + 1}`));
  expect(upstream.lines().toSorted()).toEqual([
    'GET /assistants/asst_1',
    'GET /assistants/asst_2',
    'GET /threads/thread_1/messages?limit=100&order=asc',
  ]);
});

/** Nodes are in the lists of thread_1 alone, and runs of thread_3 cannot be read. */
const threadLists: Script = ({ path }, response) => {
  if (path === '/threads/thread_1') sendJson(response, 200, wireThread);
  else if (path === '/threads/thread_4') sendJson(response, 403, {});
  else if (/^\/threads\/thread_[134]\/messages/.test(path))
    sendJson(response, 200, list([wireMessage('completed', 'Hi')]));
  else if (path.startsWith('/threads/thread_1/runs')) sendJson(response, 200, list([wireRun('completed')]));
  else if (/^\/threads\/thread_[34]\/runs/.test(path)) sendJson(response, 403, {});
  else sendJson(response, 404, {});
};

test.each<[name: string, selection: string, expected: { thread: unknown; calls: string[]; errors?: object[] }]>([
  [
    'its lists alone',
    'thread(id: "thread_1") { messages { nodes { id } } runs { nodes { id } } }',
    {
      thread: { messages: { nodes: [{ id: 'msg_1' }] }, runs: { nodes: [{ id: 'run_1' }] } },
      calls: ['thread_1/messages?limit=21&order=asc', 'thread_1/runs?limit=21&order=desc'],
    },
  ],
  [
    'fields and lists',
    'thread(id: "thread_1") { createdAt messages(last: 2) { nodes { id } } }',
    {
      thread: { createdAt: '2023-11-14T22:13:20.000Z', messages: { nodes: [{ id: 'msg_1' }] } },
      calls: ['thread_1', 'thread_1/messages?limit=3&order=desc'],
    },
  ],
  ['its id alone', 'thread(id: "thread_2") { id }', { thread: null, calls: ['thread_2'] }],
  [
    'lists of a thread that does not exist',
    'thread(id: "thread_2") { id messages { nodes { id } } }',
    {
      thread: null,
      calls: ['thread_2/messages?limit=21&order=asc'],
    },
  ],
  [
    'lists after a cursor of a thread that does not exist',
    'thread(id: "thread_2") { runs(first: 1, after: "run_1") { nodes { id } } }',
    {
      thread: null,
      calls: ['thread_2/runs?limit=2&order=desc&after=run_1', 'thread_2/runs?limit=1'],
    },
  ],
  [
    'fields and lists of a thread that does not exist',
    'thread(id: "thread_2") { createdAt messages { nodes { id } } }',
    {
      thread: null,
      calls: ['thread_2', 'thread_2/messages?limit=21&order=asc'],
    },
  ],
  [
    'a list with a wrong size',
    'thread(id: "thread_1") { id messages(first: 0) { nodes { id } } }',
    {
      thread: null,
      calls: ['thread_1'],
      errors: [{ path: ['thread', 'messages'], extensions: { code: 'BAD_USER_INPUT' } }],
    },
  ],
  [
    'a list with a wrong size, of a thread that does not exist',
    'thread(id: "thread_2") { messages(first: 0) { nodes { id } } }',
    {
      thread: null,
      calls: ['thread_2'],
    },
  ],
  [
    'the messages of a run',
    'thread(id: "thread_1") { messages(runId: "run_1") { nodes { id } } }',
    {
      thread: { messages: { nodes: [{ id: 'msg_1' }] } },
      calls: ['thread_1', 'thread_1/messages?limit=21&order=asc&run_id=run_1'],
    },
  ],
  [
    'a list that cannot be read',
    'thread(id: "thread_3") { messages { nodes { id } } runs { nodes { id } } }',
    {
      thread: null,
      calls: ['thread_3/messages?limit=21&order=asc', 'thread_3/runs?limit=21&order=desc'],
      errors: [{ path: ['thread', 'runs'], extensions: { code: 'FORBIDDEN' } }],
    },
  ],
  [
    'a thread that cannot be read',
    'thread(id: "thread_4") { createdAt messages { nodes { id } } }',
    {
      thread: null,
      calls: ['thread_4', 'thread_4/messages?limit=21&order=asc'],
      errors: [{ path: ['thread'], extensions: { code: 'FORBIDDEN' } }],
    },
  ],
])(
  'a thread is read only for fields of its own, and its lists at the same time: %s',
  async (_name, selection, expected) => {
    const { upstream, service } = await start(threadLists);
    for (const field of [
      selection,
      selection.replace('thread(', 'node(').replace(/\{(.*)\}/s, '{ ... on Thread {$1} }'),
    ]) {
      upstream.calls.length = 0;
      const { data, errors } = await service.query(`{ thread: ${field} }`);
      expect(data).toEqual({ thread: expected.thread });
      expect(errors ?? []).toMatchObject(expected.errors ?? []);
      expect(errors ?? []).toHaveLength(expected.errors?.length ?? 0);
      expect(upstream.lines().toSorted()).toEqual(expected.calls.map((call) => `GET /threads/${call}`).toSorted());
    }
  },
);

test('what messages, runs and steps refer to is read once, however often it is asked for', async () => {
  const { upstream, service } = await start(longThread);
  const run = 'run { id assistant { id } thread { id metadata } }';
  const { errors } = await service.query(
    `{ thread(id: "thread_1") { messages(first: 100) { nodes { assistant { id } ${run} } } again: messages(first: 100) { nodes { ${run} } } } }`,
  );
  expect(errors).toBeUndefined();
  const lines = upstream.lines().map((line) => line.replace(/\?.*/, ''));
  const isList = (line: string) => line === 'GET /threads/thread_1/messages';
  expect(lines.filter(isList).length).toBeLessThanOrEqual(2);
  expect(lines.filter((line) => !isList(line)).sort()).toEqual([
    'GET /assistants/asst_1',
    'GET /assistants/asst_2',
    'GET /threads/thread_1',
    'GET /threads/thread_1/runs/run_1',
    'GET /threads/thread_1/runs/run_2',
  ]);
});

test('the messages of a listed run that a step refers to are not read again', async () => {
  const { upstream, service } = await start(({ path }, response) => {
    const url = path.replace(/\?.*/, '');
    if (url.endsWith('/steps')) sendJson(response, 200, list([wireStep('completed')]));
    else if (url.endsWith('/messages')) sendJson(response, 200, list([wireMessage('completed', 'Hi')]));
    else sendJson(response, 200, wireRun('completed'));
  });
  const { data } = await service.query(`{ run(threadId: "thread_1", id: "run_1") {
    messages { nodes { id } } steps { nodes { ... on MessageCreationStep { message { text } } } }
  } }`);
  expect(data).toMatchObject({ run: { steps: { nodes: [{ message: { text: 'Hi' } }] } } });
  expect(upstream.lines()).toHaveLength(3);
});

test('threads are UNSUPPORTED_BY_UPSTREAM at the AIML API, and nothing is sent', async () => {
  const { upstream, service } = await start((_call, response) => sendJson(response, 404, {}));
  const { errors } = await service.query('{ threads(first: 1) { nodes { id } } }');
  expect(errors).toMatchObject([{ extensions: { code: 'UNSUPPORTED_BY_UPSTREAM', retryable: false } }]);
  expect(upstream.lines()).toEqual([]);
});

test('models are read once in five minutes for each caller, and where they cannot be read the field alone fails', async () => {
  let isBroken = true;
  const { upstream, service } = await start(
    ({ path }, response) => {
      if (path.startsWith('/assistants/')) sendJson(response, 200, wireAssistant('asst_1'));
      else if (isBroken) sendJson(response, 200, { object: 'nothing' });
      else
        sendJson(response, 200, {
          object: 'list',
          data: [
            { id: 'm1', type: 'chat-completion', info: { contextLength: 8000, developer: 'Someone' } },
            { id: 'm2' },
          ],
        });
    },
    { AUTH_MODE: 'passthrough', AIML_API_KEY: '' },
  );
  const query = (key: string) =>
    service.query('{ models { id type contextLength } assistant(id: "asst_1") { id } }', undefined, {
      authorization: `Bearer ${key}`,
    });
  const broken = await query('one');
  expect(broken.data).toEqual({ models: null, assistant: { id: 'asst_1' } });
  expect(broken.errors).toMatchObject([{ path: ['models'], extensions: { code: 'UPSTREAM_BAD_RESPONSE' } }]);
  isBroken = false;
  const models = [
    { id: 'm1', type: 'chat-completion', contextLength: 8000 },
    { id: 'm2', type: null, contextLength: null },
  ];
  for (const key of ['one', 'one', 'two', 'two']) expect((await query(key)).data).toMatchObject({ models });
  expect(upstream.lines().filter((line) => line.startsWith('GET /v1/models'))).toHaveLength(3);
});

test('kinds of content, tools, steps and states that are not known arrive as values', async () => {
  const { service } = await start(({ path }, response) => {
    const url = path.replace(/\?.*/, '');
    const content = [
      { type: 'hologram', hologram: { depth: 3 } },
      { type: 'text', text: { value: 'Hi', annotations: [{ type: 'url_citation', url: 'x' }] } },
      { type: 'refusal', refusal: 'No' },
    ];
    if (url.endsWith('/messages')) sendJson(response, 200, list([wireMessage('completed', '', { content })]));
    else if (url.endsWith('/steps'))
      sendJson(
        response,
        200,
        list([
          { ...wireStep('paused'), step_details: { type: 'thinking', thinking: { tokens: 5 } }, type: 'thinking' },
          {
            ...wireStep('completed'),
            id: 'step_2',
            type: 'tool_calls',
            step_details: {
              type: 'tool_calls',
              tool_calls: [{ id: 'call_1', type: 'browser', browser: { url: 'x' } }],
            },
          },
        ]),
      );
    else
      sendJson(
        response,
        200,
        wireRun('paused', {
          tools: [{ type: 'browser', browser: {} }],
          tool_choice: 'perhaps',
          truncation_strategy: { type: 'clever' },
          response_format: { type: 'yaml' },
        }),
      );
  });
  const { data, errors } = await service.query(`{ run(threadId: "thread_1", id: "run_1") {
    status hasEnded toolChoice { mode } truncation { strategy } tools { __typename type }
    messages { nodes { text content { __typename type ... on UnknownContent { raw } ... on TextContent { annotations { __typename type } } } } }
    steps { nodes { __typename status ... on UnknownStep { raw } ... on ToolCallsStep { toolCalls { __typename type ... on UnknownToolCall { raw } } } } }
  } }`);
  expect(errors).toBeUndefined();
  expect(data).toMatchObject({
    run: {
      status: 'UNKNOWN',
      hasEnded: false,
      toolChoice: { mode: 'UNKNOWN' },
      truncation: { strategy: 'UNKNOWN' },
      tools: [{ __typename: 'UnknownTool', type: 'browser' }],
      messages: {
        nodes: [
          {
            text: 'Hi',
            content: [
              { __typename: 'UnknownContent', type: 'hologram', raw: { type: 'hologram', hologram: { depth: 3 } } },
              { __typename: 'TextContent', annotations: [{ __typename: 'UnknownAnnotation', type: 'url_citation' }] },
              { __typename: 'RefusalContent', type: 'refusal' },
            ],
          },
        ],
      },
      steps: {
        nodes: [
          { __typename: 'UnknownStep', status: 'UNKNOWN' },
          { __typename: 'ToolCallsStep', toolCalls: [{ __typename: 'UnknownToolCall', type: 'browser' }] },
        ],
      },
    },
  });
});
