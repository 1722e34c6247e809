// Nothing of a conversation is in a log entry, a metric, a trace or an error: every field of inputs and of upstream's objects
// has a marker, and everything that the service says besides data is searched for it. Ids of what was written are logged.
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import { beforeAll, describe, expect, test } from '@jest/globals';
import { CALLER_CANARY, graphqlCalls } from '../faults/graphql-calls.ts';
import { withoutWrittenIds } from '../support/leaks.ts';
import { listen } from '../support/listen.ts';
import { readMultipart, readSse, RUN_EVENTS, startRun, subscribe, toArray } from '../support/run-events.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ReceivedCall } from '../support/scripted-upstream.ts';
import { startService, type TestService } from '../support/service.ts';
import { casesOf } from '../support/slow.ts';
import { BEGINNING, beginStream, DONE, endOf, frame, textDelta, wireRun } from '../support/stream-upstream.ts';
import {
  completeMessage,
  completeRun,
  completeSteps,
  completeThread,
  requireOutputs,
} from '../support/wire-fixtures.ts';
import { until } from '../support/until.ts';

/** Of no name, and of nothing that the service says by itself. */
const MARK = 'cAnArY7319';
const KEPT = /^(?:id|object|type|status|role|detail|ranker|.*_ids?|tools)$/;

/** The value with the marker in every text, in metadata as a key as well. What kinds are told from stays. */
function mark(value: unknown, key = ''): unknown {
  if (Array.isArray(value)) return value.map((item) => mark(item, key));
  if (key === 'metadata') return { [MARK]: MARK };
  if (typeof value === 'object' && value !== null)
    return Object.fromEntries(Object.entries(value).map(([name, item]) => [name, mark(item, name)]));
  return typeof value === 'string' && !KEPT.test(key) ? `${value} ${MARK}` : value;
}

const list = (...data: readonly unknown[]) => ({ object: 'list', data, has_more: false });
const waiting = {
  ...completeRun,
  required_action: requireOutputs([`call_${CALLER_CANARY}`]),
  status: 'requires_action',
};

/** Responds like a working upstream, with marked objects that have the ids of the request. */
function work({ method, path }: ReceivedCall, response: ServerResponse): void {
  const [collection, id = 'thread_1', child, childId, action] = path.replace(/\?.*/, '').slice(1).split('/');
  const isWrite = method === 'POST';
  const send = (body: unknown) => sendJson(response, 200, mark(body));
  const own = { thread_id: id, ...(childId && { id: childId }) };
  if (method === 'DELETE') send({ id: childId ?? id, object: 'deleted', deleted: true });
  else if (collection === 'v1') send(list({ id: 'm', type: 'chat-completion', info: { developer: 'x' } }));
  else if (collection === 'assistants') send(path.includes('?') ? list(wireAssistant('asst_1')) : wireAssistant(id));
  else if (action === 'steps') send(list(...completeSteps));
  else if (child === 'messages') send(childId || isWrite ? { ...completeMessage, ...own } : list(completeMessage));
  else if (child === 'runs') send(childId || isWrite ? { ...waiting, ...own } : list(waiting));
  else send(id === 'runs' ? waiting : { ...completeThread, id });
}

const malformed = JSON.stringify({ id: MARK, object: MARK, data: [MARK], content: MARK, metadata: MARK });
type Respond = (call: ReceivedCall, response: ServerResponse) => void;
const modes: Readonly<Record<string, Respond>> = {
  'what was asked for': work,
  'objects that cannot be read': (_call, response) =>
    void response.writeHead(200, { 'content-type': 'application/json' }).end(malformed),
  'text that is no JSON': (_call, response) => void response.writeHead(200).end(`{"id":"${MARK}`),
  HTML: (_call, response) => void response.writeHead(200, { 'content-type': 'text/html' }).end(`<p>${MARK}</p>`),
  'a failure': (_call, response) => sendJson(response, 500, { message: MARK, error: { message: MARK, code: MARK } }),
  'a conflict': (_call, response) => sendJson(response, 409, { message: MARK, error: { message: MARK, param: MARK } }),
  nothing: (_call, response) => void response.socket?.resetAndDestroy(),
  'a rejection of a parameter': (_call, response) =>
    sendJson(response, 400, { error: { message: 'No.', param: MARK, code: MARK, type: MARK }, path: MARK }),
  'a 404': (_call, response) => sendJson(response, 404, { message: MARK }),
};

let traces: string[];
let collectorPort: number;
beforeAll(async () => {
  traces = [];
  const collector = createServer((request, response) => {
    request.setEncoding('utf8').on('data', (text: string) => traces.push(text));
    request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
  });
  collectorPort = await listen(collector);
});

/** Throws where the marker, or what callers gave, is in what the service says besides data. */
async function expectPrivate(service: TestService, errors: readonly unknown[]): Promise<void> {
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  await service.stop();
  expect(service.logs.length).toBeGreaterThan(1);
  expect(traces.join('')).toContain('graphql.operation');
  const said = [JSON.stringify(errors), JSON.stringify(withoutWrittenIds(service.logs)), metrics, traces.join('')];
  for (const text of said) {
    expect(text).not.toContain(MARK);
    expect(text).not.toContain(CALLER_CANARY);
  }
}

const startTraced = (environment: object) =>
  startService(
    {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${collectorPort}`,
      UPSTREAM_DEADLINE_MS: '4000',
      SHUTDOWN_TIMEOUT_MS: '1',
      ...environment,
    },
    { firstPollMs: 20, maxFailingMs: 200 },
  );

/** The user errors and errors of a response, without its data. */
async function problemsOf(service: TestService, document: string, variables?: unknown): Promise<unknown> {
  if (document.startsWith('subscription')) {
    const response = await subscribe(service, {}, { query: document });
    const { value } = await readSse(response).next();
    await response.body?.cancel().catch(() => undefined);
    return value?.errors;
  }
  const { data, errors } = await service.query(document, variables);
  const payloads = Object.values(data ?? {}) as ({ userErrors?: unknown } | null)[];
  return [errors, payloads.map((payload) => payload?.userErrors)];
}

describe('where upstream gives', () => {
  test.each(casesOf(5, Object.entries(modes)))('%s, nothing of it is said besides data', async (_name, respond) => {
    const upstream = await startScriptedUpstream(respond);
    const service = await startTraced({ AIML_API_BASE_URL: upstream.url, AIML_API_KEY: 'key' });
    const documents = graphqlCalls.map(({ document }) => document.replace('{ code field }', '{ code message }'));
    const problems = await Promise.all(documents.map((document) => problemsOf(service, document)));
    if (respond === work) expect(JSON.stringify(problems)).not.toContain('"code"');
    await expectPrivate(service, problems);
  });

  test.each<readonly [string, string]>([
    ['whole', textDelta(MARK) + frame('new.event', { [MARK]: MARK }) + endOf(MARK) + DONE],
    ['with an error', textDelta(MARK) + frame('error', { error: { message: MARK } })],
    ['with an event that is no JSON', textDelta(MARK) + frame('thread.message.delta', `{"id":"${MARK}`)],
    ['with an event of another shape', frame('thread.message.delta', { id: MARK, delta: MARK })],
    ['with text that is none of an event', `${MARK}\n\ndata: ${MARK}\n\n`],
  ])('a stream %s, nothing of it is said besides events', async (_name, rest) => {
    const upstream = await startScriptedUpstream((call, response) => {
      if (call.method === 'POST') {
        beginStream(response);
        response.end(BEGINNING + rest);
      } else if (call.path.endsWith('/run_1')) sendJson(response, 200, wireRun('in_progress', { instructions: MARK }));
      else sendJson(response, 500, { message: MARK });
    });
    const service = await startTraced({ AIML_API_BASE_URL: upstream.url, AIML_API_KEY: 'key' });
    const { data } = await service.query(
      `mutation { createRun(input: { threadId: "thread_1", assistantId: "asst_1", instructions: "${MARK}" }) { run { id } } }`,
    );
    expect(data).toMatchObject({ createRun: { run: { id: 'run_1' } } });
    const results = await Promise.all(
      (
        [
          ['text/event-stream', readSse],
          ['multipart/mixed;subscriptionSpec=1.0', readMultipart],
        ] as const
      ).map(async ([accept, read]) =>
        toArray(read(await subscribe(service, { threadId: 'thread_1', runId: 'run_1' }, { accept }))),
      ),
    );
    await until(() => service.logs.filter(({ end }) => end !== undefined).length === 2);
    await expectPrivate(service, results.flat().map(({ errors }) => errors)); // prettier-ignore
  });
});

test('an input that is wrong is not repeated', async () => {
  const upstream = await startScriptedUpstream(work);
  const service = await startTraced({ AIML_API_BASE_URL: upstream.url, AIML_API_KEY: 'key' });
  const long = MARK.repeat(30_000);
  const wrongMessages = [
    { text: MARK, content: [{ text: MARK }] },
    { text: long },
    {
      content: [{ imageUrl: { url: `ftp://${MARK}` } }],
      metadata: { [MARK.repeat(9)]: MARK, [MARK]: MARK.repeat(90) },
    },
    { text: MARK, attachments: [{ fileId: ' ', tools: [] }] },
  ];
  const settings = {
    assistantId: `not an id ${MARK}`,
    model: ' ',
    instructions: long,
    temperature: 3,
    metadata: { [MARK.repeat(9)]: MARK },
    tools: [{ function: { name: `no name ${MARK}`, description: MARK, parameters: { [MARK]: MARK } } }],
    toolChoice: { function: `no name ${MARK}` },
    responseFormat: { jsonSchema: { name: `no name ${MARK}`, schema: { [MARK]: MARK } } },
    idempotencyKey: `no key ${MARK}`,
  };
  const id = `../${MARK}`;
  const inputs: readonly (readonly [string, object])[] = [
    ['createThread', { messages: wrongMessages, idempotencyKey: `no key ${MARK}` }],
    ['updateThread', { id, metadata: { [MARK.repeat(9)]: MARK } }],
    ['deleteThread', { id }],
    ...wrongMessages.map((message) => ['createMessage', { ...message, threadId: id }] as const),
    ['updateMessage', { threadId: id, id, metadata: { [MARK.repeat(9)]: MARK } }],
    ['deleteMessage', { threadId: id, id }],
    ['createRun', { ...settings, threadId: id, additionalMessages: wrongMessages, additionalInstructions: long }],
    ['createThreadAndRun', { ...settings, thread: { messages: wrongMessages } }],
    ['updateRun', { threadId: id, id, metadata: { [MARK.repeat(9)]: MARK } }],
    ['cancelRun', { threadId: id, id }],
    ['submitToolOutputs', { threadId: id, runId: id, toolOutputs: [{ toolCallId: ' ', output: MARK }] }],
    ['submitToolOutputs', { threadId: 'thread_1', runId: 'run_1', toolOutputs: [{ toolCallId: MARK, output: MARK }] }],
  ];
  const problems: unknown[] = [];
  for (const [name, input] of inputs) {
    const document = `mutation ($input: ${name.charAt(0).toUpperCase()}${name.slice(1)}Input!) { ${name}(input: $input) { userErrors { code message field } } }`;
    const own = await problemsOf(service, document, { input });
    expect(JSON.stringify(own)).toContain('"code"');
    // Values of other types, and fields that the schema does not have.
    const typed = Object.fromEntries(Object.keys(input).map((key) => [key, { [MARK]: MARK }]));
    problems.push(own, await problemsOf(service, document, { input: typed }));
    problems.push(await problemsOf(service, document, { input: { ...input, [MARK]: MARK } }));
  }
  for (const variables of [
    { threadId: id, runId: MARK },
    { threadId: MARK, runId: MARK, after: `${MARK}.${MARK}` },
    { threadId: { [MARK]: MARK }, runId: 'run_1' },
  ])
    problems.push(await toArray(readSse(await subscribe(service, variables, { query: RUN_EVENTS }))));
  for (const document of [`{ thread(id: "${id}") { id } }`, `{ message(threadId: "a", id: "${id}") { id } }`])
    problems.push(await problemsOf(service, document));
  await expectPrivate(service, problems);
});

test('a conversation with the embedded AIML API leaves nothing of it in its log either', async () => {
  const service = await startTraced({ UPSTREAM: 'local' });
  const tools = [{ function: { name: 'weather', description: MARK, parameters: { type: 'object', properties: {} } } }];
  for (const text of [MARK, `/fail\n${MARK}`, `/tool weather {"city": "${MARK}"}`, `/tool weather {"city": "${MARK}`]) {
    const run = await startRun(service, text, { tools });
    for await (const { data } of readSse(await subscribe(service, run))) {
      const state = data?.runEvents.run as
        { status: string; hasEnded: boolean; requiredToolCalls: { id: string }[] } | undefined;
      if (state?.status !== 'REQUIRES_ACTION') continue;
      const toolOutputs = state.requiredToolCalls.map((call) => ({ toolCallId: call.id, output: MARK }));
      const { errors } = await service.query(
        'mutation ($input: SubmitToolOutputsInput!) { submitToolOutputs(input: $input) { userErrors { code } } }',
        { input: { ...run, toolOutputs } },
      );
      expect(errors).toBeUndefined();
    }
  }
  await expectPrivate(service, []);
});
