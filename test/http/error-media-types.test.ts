// Error responses on /graphql, whichever part of the service rejects the request, have a media type that the client accepts.
import { gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { writeManifest } from '../support/persisted.ts';
import { rawRequest, sendRaw, type RawResponse } from '../support/raw-http.ts';
import { startScriptedUpstream } from '../support/scripted-upstream.ts';
import { startService, startServiceOn, type TestService } from '../support/service.ts';
import { slowTest } from '../support/slow.ts';
import { until } from '../support/until.ts';

const JSON_TYPE = 'application/json; charset=utf-8';
const GRAPHQL_TYPE = 'application/graphql-response+json; charset=utf-8';

/** What clients send as Accept, and the media type of an error response to them. */
const ACCEPTS: readonly (readonly [string | null, string])[] = [
  [null, JSON_TYPE],
  ['*/*', JSON_TYPE],
  ['application/json', JSON_TYPE],
  ['application/graphql-response+json', GRAPHQL_TYPE],
  ['application/graphql-response+json;charset=utf-8, application/json;q=0.9', GRAPHQL_TYPE],
  ['application/json;q=0.5, application/graphql-response+json;q=0.1', JSON_TYPE],
];
/** An error of HTTP that has nothing to do with an operation is never a stream: clients of streams look at the status. */
const STREAM_ACCEPTS: readonly (readonly [string, string])[] = [
  ['text/event-stream', JSON_TYPE],
  ['multipart/mixed;subscriptionSpec=1.0', JSON_TYPE],
  ['text/event-stream, application/graphql-response+json', GRAPHQL_TYPE],
];
/** The client accepts no response of the service. */
const NO_ACCEPTS: readonly (readonly [string, string])[] = [['text/html', JSON_TYPE]];

const post = (body: string | Buffer, ...headers: string[]): Request => ({
  line: 'POST /graphql HTTP/1.1',
  headers: [
    ...(headers.some((header) => /^content-type:/i.test(header)) ? [] : ['Content-Type: application/json']),
    ...(headers.some((header) => /^content-length:/i.test(header)) ? [] : [`Content-Length: ${body.length}`]),
    ...headers,
  ],
  body,
});
const get = (line: string, ...headers: string[]): Request => ({ line: `${line} HTTP/1.1`, headers, body: '' });
const WEBSOCKET = [
  'Connection: Upgrade',
  'Upgrade: websocket',
  'Sec-WebSocket-Version: 13',
  'Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==',
  'Sec-WebSocket-Protocol: graphql-transport-ws',
];
const READ = JSON.stringify({ query: '{ assistant(id: "asst_1") { id } }' });
const FOLLOW = JSON.stringify({ query: 'subscription { runEvents(threadId: "thread_1", runId: "run_1") { cursor } }' });

interface Request {
  readonly line: string;
  readonly headers: readonly string[];
  readonly body: string | Buffer;
  readonly host?: string;
}

/** JSON bodies that hold no operation. Clients that prefer a stream get the error as the only result of one. */
const BODY_ERRORS: readonly (readonly [string, Request, number])[] = [
  ['a body that is too large', post('', `Content-Length: ${3 * 1024 * 1024}`), 413],
  ['a body that is too large once decompressed', post(gzipSync('x'.repeat(3e6)), 'Content-Encoding: gzip'), 413],
  ['a body that is not JSON', post('{'), 400],
  ['a body that is not UTF-8', post(Buffer.from([0x22, 0xff, 0x22])), 400],
  ['a body nested too deeply', post('['.repeat(5000) + ']'.repeat(5000)), 400],
  ['a body that is not gzip', post('{}', 'Content-Encoding: gzip'), 400],
];

/** Rejected by HTTP before an operation is known. */
const HTTP_ERRORS: readonly (readonly [string, Request, number])[] = [
  ['an unknown content coding', post('{}', 'Content-Encoding: zstd'), 415],
  ['another media type', post('{}', 'Content-Type: text/plain'), 415],
  ['another charset', post('{}', 'Content-Type: application/json; charset=utf-16'), 415],
  ['another method', get('DELETE /graphql'), 405],
  ['another method of /graphql/', get('PUT /graphql/?a=b'), 405],
  ['another host', { ...post('{}'), host: 'evil.example' }, 421],
  ['an unknown expectation', post('{}', 'Expect: x'), 417],
  ['a preflight of another origin', preflight('/graphql'), 403],
  ['a WebSocket of another origin', get('GET /graphql', ...WEBSOCKET, 'Origin: https://evil.example'), 403],
];

function preflight(path: string): Request {
  return get(`OPTIONS ${path}`, 'Origin: https://evil.example', 'Access-Control-Request-Method: POST');
}

/** Rejected by GraphQL. The same holds for these. */
const GRAPHQL_ERRORS: readonly (readonly [string, Request, number])[] = [
  ['no query', post('{}'), 400],
  ['an empty query', post('{"query":""}'), 400],
  ['a batch', post('[{"query":"{ __typename }"}]'), 400],
  ['null', post('null'), 400],
  ['variables that are not an object', post('{"query":"{ __typename }","variables":[]}'), 400],
  ['a document that is not GraphQL', post('{"query":"{"}'), 400],
  ['a document that is not valid', post('{"query":"{ nothing }"}'), 400],
  ['no such operation', post('{"query":"query A { __typename }","operationName":"B"}'), 400],
  ['a document over a limit', post(JSON.stringify({ query: `{${'\n'.repeat(6000)}__typename}` })), 400],
  [
    'a persisted query that is not registered',
    post(JSON.stringify({ extensions: { persistedQuery: { version: 1, sha256Hash: 'a'.repeat(64) } } })),
    400,
  ],
  ['a query string that is not UTF-8', get('GET /graphql?query=%FF'), 400],
  ['a request that another site can send', get('GET /graphql?query={__typename}'), 400],
  ['a mutation by GET', get('GET /graphql?query=mutation{__typename}', 'Apollo-Require-Preflight: 1'), 405],
];

const send = (url: string, { line, headers, body, host }: Request, accept: string | null): Promise<RawResponse> =>
  sendRaw(
    url,
    Buffer.concat([
      Buffer.from(
        rawRequest(line, {
          headers: [...headers, ...(accept === null ? [] : [`Accept: ${accept}`])],
          ...(host !== undefined && { host }),
        }),
      ),
      Buffer.from(body),
    ]),
  );

interface ErrorBody {
  readonly errors: readonly [{ readonly message: string; readonly extensions: Readonly<Record<string, unknown>> }];
}

function expectError({ status, headers, body }: RawResponse, expected: { status: number; type: string }): ErrorBody {
  const { errors } = JSON.parse(body) as ErrorBody;
  expect({ status, type: headers.get('content-type') }).toEqual(expected);
  expect(errors[0].message).not.toBe('');
  expect(errors[0].extensions['requestId']).toBe(headers.get('x-request-id'));
  return { errors };
}

/** Clients of streams get the error as a result, and then the end of the stream. */
async function expectOneResult(service: TestService, request: Request): Promise<void> {
  for (const [accept, type, end] of [
    ['text/event-stream', 'text/event-stream; charset=utf-8', 'event: complete\ndata: \n\n'],
    [
      'multipart/mixed;subscriptionSpec=1.0',
      'multipart/mixed; boundary="graphql"; subscriptionSpec=1.0',
      '--graphql--\r\n',
    ],
  ] as const) {
    const { status, headers, body } = await send(service.url, request, accept);
    expect([status, headers.get('content-type')]).toEqual([200, type]);
    expect(body).toContain(`"requestId":"${headers.get('x-request-id') ?? ''}"`);
    expect(body).toContain(end);
  }
}

describe('the media type of an error response', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service.stop());

  test.each(HTTP_ERRORS)('for %s is the one that the client accepts', async (_name, request, status) => {
    for (const [accept, type] of [...ACCEPTS, ...STREAM_ACCEPTS, ...NO_ACCEPTS])
      expectError(await send(service.url, request, accept), { status, type });
  });

  test.each(BODY_ERRORS)('for %s is the one that the client accepts', async (_name, request, status) => {
    for (const [accept, type] of [...ACCEPTS, ...NO_ACCEPTS])
      expectError(await send(service.url, request, accept), { status, type });
    await expectOneResult(service, request);
    const mixed = 'application/graphql-response+json, text/event-stream';
    expectError(await send(service.url, request, mixed), { status, type: GRAPHQL_TYPE });
  });

  test.each(GRAPHQL_ERRORS)('for %s is the one that the client accepts', async (_name, request, status) => {
    for (const [accept, type] of ACCEPTS) expectError(await send(service.url, request, accept), { status, type });
    if (request.line.startsWith('POST')) await expectOneResult(service, request);
    const [accept, type] = NO_ACCEPTS[0] ?? [];
    expectError(await send(service.url, request, accept ?? null), { status: 406, type: type ?? '' });
  });

  test('is JSON on other paths', async () => {
    for (const [request, status] of [
      [get('GET /nothing'), 404],
      [get('POST /healthz'), 405],
    ] as const)
      expectError(await send(service.url, request, 'application/graphql-response+json'), { status, type: JSON_TYPE });
  });

  test('is the one that the client accepts where an operation is not in the manifest', async () => {
    const manifest = await writeManifest([{ id: 'a', name: 'A', type: 'query', body: 'query A { __typename }' }]);
    const safe = await startService({ PERSISTED_OPERATIONS: manifest.path });
    for (const [accept, type] of ACCEPTS) expectError(await send(safe.url, post(READ), accept), { status: 400, type });
  });
});

/** What every OVERLOADED has, so that clients know that they can send the request again, and when. */
function expectOverloaded(response: RawResponse, type: string): void {
  const { errors } = expectError(response, { status: 503, type });
  expect(errors[0].extensions).toMatchObject({ code: 'OVERLOADED', retryable: true, outcome: 'NOT_APPLIED' });
  expect(response.headers.get('retry-after')).toMatch(/^[1-9]\d*$/);
}

describe('OVERLOADED', () => {
  test('of an operation beyond MAX_IN_FLIGHT or MAX_STREAMS says when it can be sent again', async () => {
    let hasArrived = false;
    const upstream = await startScriptedUpstream(() => void (hasArrived = true));
    const service = await startServiceOn(upstream, { MAX_IN_FLIGHT: '1' });
    const held = service.query('{ assistant(id: "asst_1") { id } }').catch(() => null);
    await until(() => hasArrived);
    for (const [accept, type] of [...ACCEPTS, ...STREAM_ACCEPTS])
      expectOverloaded(await send(service.url, post(READ), accept), type);
    await service.stop();
    await held;
  });

  slowTest('of a stream or a WebSocket while the service stops says when it can be opened again', async () => {
    const service = await startService({ SHUTDOWN_GRACE_MS: '8000' });
    void service.stop();
    for (const [accept, type] of STREAM_ACCEPTS) expectOverloaded(await send(service.url, post(FOLLOW), accept), type);
    expectOverloaded(await send(service.url, get('GET /graphql', ...WEBSOCKET), null), JSON_TYPE);
  });
});

describe('an origin that is not allowed', () => {
  test.each([
    ['with CORS', {}],
    ['without CORS', { CORS_ORIGINS: '', NODE_ENV: 'production' }],
  ])('gets one sentence and one sampled log entry that name CORS_ORIGINS, %s', async (_name, environment) => {
    const service = await startService(environment);
    const requests = [preflight('/graphql'), get('GET /graphql', ...WEBSOCKET, 'Origin: https://evil.example')];
    const ids: unknown[] = [];
    for (const request of requests) {
      const response = await send(service.url, request, null);
      const { errors } = expectError(response, { status: 403, type: JSON_TYPE });
      expect(errors[0]).toMatchObject({ extensions: { code: 'FORBIDDEN' } });
      expect(errors[0].message.match(/CORS_ORIGINS|\./g)).toEqual(['CORS_ORIGINS', '.']);
      expect([...response.headers.keys()].filter((name) => name.startsWith('access-control-'))).toEqual([]);
      ids.push(response.headers.get('x-request-id'));
    }
    const entries = () => service.logs.filter(({ setting }) => setting === 'CORS_ORIGINS');
    expect(entries()).toEqual(ids.map((requestId) => expect.objectContaining({ level: 'warn', requestId }) as unknown));
    for (let sent = 0; sent < 20; sent += 1) await send(service.url, preflight('/graphql'), null);
    expect(entries().length).toBeLessThan(22);
    expect(JSON.stringify(service.logs)).not.toContain('evil');
  });

  test('has no effect on requests without a preflight, which only other programs than browsers send', async () => {
    const service = await startService();
    for (const origin of ['https://evil.example', 'null']) {
      const { status, headers } = await service.query('{ __typename }', {}, { origin });
      expect([status, headers.get('access-control-allow-origin')]).toEqual([200, null]);
    }
    expect(service.logs.filter(({ setting }) => setting === 'CORS_ORIGINS')).toEqual([]);
  });
});
