// An upstream that repeats everything it receives in every response. None of it may reach a response, a header, a log
// entry or a metric. The tests of the faults search their outputs in the same way.
import { beforeAll, describe, expect, test } from '@jest/globals';
import { leaksIn, withoutWrittenIds } from '../support/leaks.ts';
import { message } from '../support/raw-responses.ts';
import { startRawUpstream, type RawResponse } from '../support/raw-upstream.ts';
import { startService } from '../support/service.ts';

const CREDENTIAL = 'sk+secret/key~of.the-canary==';
const CALLER_CANARY = 'canary-of-caller';
const UPSTREAM_CANARY = 'canary-of-upstream';
/** All cases run before the tests. The time-out allows for a busy machine. */
const RUN_TIMEOUT_MS = 300_000;

const documents = [
  `query ($id: ID!) { assistant(id: $id) { id } node(id: $id) { id } }`,
  `{ assistants(first: 1) { nodes { id name } } }`,
  `mutation ($text: String!) { createAssistant(input: { model: $text, name: $text, metadata: { a: $text } }) { userErrors { message } } }`,
  `mutation ($id: ID!, $text: String!) { updateAssistant(input: { id: $id, instructions: $text }) { userErrors { message } } }`,
  `mutation ($id: ID!) { deleteAssistant(input: { id: $id }) { userErrors { message } } }`,
  // The errors in these documents are found before anything is sent.
  `query { assistant(id: "${CALLER_CANARY} ") { id } }`,
  `mutation { createAssistant(input: { model: "m", temperature: "${CALLER_CANARY}" }) { userErrors { message } } }`,
  `mutation ($text: String!) { deleteAssistant(input: { id: $text, ${'x'.repeat(3)}: 1 }) { userErrors { message } } }`,
];

const statuses = [400, 401, 402, 403, 404, 409, 410, 413, 418, 422, 429, 302, 408, 500, 503, 200];

/** A response that contains everything that upstream received. */
function repeatAll(status: number, url: URL): RawResponse {
  const all = [
    `${url.href}assistants?key=${encodeURIComponent(CREDENTIAL)}`,
    `Bearer ${CREDENTIAL}`,
    Buffer.from(CREDENTIAL).toString('base64'),
    url.host,
  ].join(' and ');
  const headers = [
    ['location', url.href],
    ['x-request-id', all],
    ['set-cookie', `key=${CREDENTIAL}`],
  ] as const;
  return (socket, { path, body }) => {
    // The reason of a 400 or 422 is passed on, so only it may quote the caller and upstream.
    const quoted = status === 400 || status === 422 ? '' : ` ${UPSTREAM_CANARY} ${body} ${path}`;
    const response = { message: all + quoted, path: UPSTREAM_CANARY, requestId: `id ${UPSTREAM_CANARY}`, code: all };
    socket.write(message(status, JSON.stringify(response), headers));
  };
}

/** Sends every document to a new service. Returns the secrets in all outputs. */
async function leaksAt(status: number): Promise<readonly string[]> {
  let response: RawResponse = () => undefined;
  const upstream = await startRawUpstream({ response: (socket, request) => response(socket, request) });
  const url = new URL(upstream.url);
  response = repeatAll(status, url);
  const service = await startService({ UPSTREAM: 'aiml', AIML_API_KEY: CREDENTIAL, AIML_API_BASE_URL: url.href });
  const variables = { id: `asst_${CALLER_CANARY}`, text: CALLER_CANARY };
  const responses = await Promise.all(documents.map((document) => service.query(document, variables)));
  const metrics = await fetch(`${service.url}/metrics`).then((response) => response.text());
  await service.stop();
  await upstream.stop();
  if (upstream.requests.length === 0) throw new Error('upstream got no request');
  const outputs = [
    ...responses.map(({ text }) => text),
    ...responses.map(({ headers }) => [...headers].join('\n')),
    ...withoutWrittenIds(service.logs),
    metrics,
  ];
  return leaksIn(outputs, { credential: CREDENTIAL, upstream: url, texts: [UPSTREAM_CANARY, CALLER_CANARY] });
}

describe('data that upstream repeats', () => {
  const leaks = new Map<number, readonly string[]>();

  beforeAll(async () => {
    await Promise.all(statuses.map(async (status) => leaks.set(status, await leaksAt(status))));
  }, RUN_TIMEOUT_MS);

  test.each(statuses)('in a response with status %i is never exposed', (status) => {
    expect(leaks.get(status)).toEqual([]);
  });

  test('would be found in any encoding', () => {
    const upstreamUrl = new URL('http://127.0.0.1:43210');
    const secrets = { credential: CREDENTIAL, upstream: upstreamUrl, texts: [CALLER_CANARY] };
    const outputs = [
      `at ${upstreamUrl.href}`,
      { nested: [{ port: 43210 }] },
      `key ${CREDENTIAL}`,
      encodeURIComponent(CREDENTIAL),
      Buffer.from(CREDENTIAL).toString('base64'),
      `"${CALLER_CANARY}"`,
    ];
    for (const output of outputs) expect(leaksIn([output], secrets)).not.toEqual([]);
    expect(leaksIn(['143210', 'port 4321', 'x-43210'], secrets)).toEqual([]);
  });
});
