// What an operator sees of a request: its log entry, metrics and trace.
import { createServer } from 'node:http';
import { afterEach, describe, expect, test } from '@jest/globals';
import { createClient } from 'graphql-ws';
import { WebSocket } from 'ws';
import { sendJson, startScriptedUpstream, wireAssistant } from '../support/scripted-upstream.ts';
import { RUN_EVENTS, startRun, subscribe } from '../support/run-events.ts';
import { startService, type TestService } from '../support/service.ts';
import { until } from '../support/until.ts';
import { listen } from '../support/listen.ts';

let service: TestService;

afterEach(() => service.stop());

const operations = () => service.logs.filter(({ msg }) => msg === 'operation');
const metric = async (line: string): Promise<number> => {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return Number(
    text
      .split('\n')
      .find((candidate) => candidate.startsWith(`${line} `))
      ?.slice(line.length) ?? NaN,
  );
};

describe('an operation', () => {
  test('is logged once, with its name, outcome, duration, upstream calls and request id, and without variables', async () => {
    service = await startService();
    const response = await service.query(
      'query Several($a: ID!, $b: ID!) { x: assistant(id: $a) { id } y: assistant(id: $b) { id } }',
      { a: 'canary-one', b: 'canary-two' },
    );
    expect(operations()).toEqual([
      expect.objectContaining({
        requestId: response.headers.get('x-request-id'),
        operationName: 'Several',
        kind: 'query',
        outcome: 'ok',
        errorCodes: [],
        upstreamCalls: 2,
      }),
    ]);
    expect(operations()[0]?.['durationMs']).toBeGreaterThan(0);
    expect(JSON.stringify(service.logs)).not.toContain('canary');
  });

  test('is counted, with its errors by code and its attempts by call, status and outcome', async () => {
    service = await startService();
    await service.query('{ assistant(id: "asst_1") { id } }');
    await service.query('{ assistant(id: "..") { id } }');
    await service.query('{ nope }');
    expect(await metric('assistants_operations_total{kind="query",outcome="ok"}')).toBe(1);
    expect(await metric('assistants_errors_total{code="BAD_USER_INPUT"}')).toBe(1);
    expect(await metric('assistants_errors_total{code="GRAPHQL_VALIDATION_FAILED"}')).toBe(1);
    expect(
      await metric('assistants_upstream_attempts_total{call="assistants.get",status="404",outcome="REJECTED"}'),
    ).toBe(1);
    expect(await metric('assistants_operations_in_flight')).toBe(0);
    expect(await metric('assistants_upstream_breaker_open')).toBe(0);
  });

  test('that is rejected is logged and counted as well', async () => {
    service = await startService();
    const response = await fetch(`${service.url}/graphql`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: '{canary',
    });
    expect(service.logs.filter(({ msg }) => msg === 'request rejected')).toEqual([
      expect.objectContaining({
        requestId: response.headers.get('x-request-id'),
        status: 400,
        errorCodes: ['BAD_REQUEST'],
      }),
    ]);
    expect(await metric('assistants_errors_total{code="BAD_REQUEST"}')).toBe(1);
    expect(JSON.stringify(service.logs)).not.toContain('canary');
  });

  test('has the client’s request id in its log entry if it is valid, and nowhere else', async () => {
    service = await startService();
    const response = await service.query('{ __typename }', undefined, { 'x-request-id': 'caller:1.a-b_c' });
    await service.query('{ __typename }', undefined, { 'x-request-id': 'no valid id' });
    expect(operations().map(({ callerRequestId }) => callerRequestId)).toEqual(['caller:1.a-b_c', undefined]);
    expect(JSON.stringify([response.text, [...response.headers]])).not.toContain('caller:1');
    expect(JSON.stringify(service.logs)).not.toContain('no valid id');
  });
});

describe('a trace', () => {
  test('names the operation of a stream whose client disconnects, on each transport', async () => {
    const bodies: string[] = [];
    const collector = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
      request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
    });
    const port = await listen(collector);
    service = await startService({ OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}` });
    const run = await startRun(service, '/slow 20\n/words 2000');
    for (const accept of ['text/event-stream', 'multipart/mixed;subscriptionSpec=1.0']) {
      const controller = new AbortController();
      const { body } = await subscribe(service, run, { accept, signal: controller.signal });
      await body?.getReader().read();
      controller.abort();
    }
    const client = createClient({ url: `${service.url.replace('http', 'ws')}/graphql`, webSocketImpl: WebSocket });
    const results = client.iterate({ query: RUN_EVENTS, variables: { ...run } });
    await results.next();
    client.terminate();
    await until(() => operations().filter(({ end }) => end === 'disconnected').length === 3);
    await service.stop();
    const names = bodies.join('').match(/"key":"graphql.operation.name","value":\{"stringValue":"Follow"\}/g);
    expect(names).toHaveLength(3);
  });

  test('continues from the client through the operation to upstream, and contains no id and no address', async () => {
    const bodies: string[] = [];
    const collector = createServer((request, response) => {
      request.setEncoding('utf8').on('data', (text: string) => bodies.push(text));
      request.on('end', () => response.writeHead(200, { 'content-type': 'application/json' }).end('{}'));
    });
    const port = await listen(collector);
    const upstream = await startScriptedUpstream(({ path }, response) =>
      sendJson(response, 200, wireAssistant(path.split('/').at(-1) ?? '')),
    );
    service = await startService({
      AIML_API_KEY: 'key',
      AIML_API_BASE_URL: upstream.url,
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${port}`,
    });
    const traceId = '0af7651916cd43dd8448eb211c80319c';
    await service.query('query Named { assistant(id: "asst_canary") { id } }', undefined, {
      traceparent: `00-${traceId}-b7ad6b7169203331-01`,
    });
    await service.stop();
    expect(upstream.calls[0]?.headers['traceparent']).toMatch(new RegExp(`^00-${traceId}-[0-9a-f]{16}-01$`));
    expect(operations()[0]?.['traceId']).toBe(traceId);
    const sent = bodies.join('');
    expect(sent.match(new RegExp(traceId, 'g'))?.length).toBeGreaterThanOrEqual(3);
    expect(sent).not.toContain('asst_canary');
    expect(sent).not.toContain(new URL(upstream.url).port);
  });
});
