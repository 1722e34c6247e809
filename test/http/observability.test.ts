// Logs and metrics of writes, retries, rejected requests and faults of the service.
import { afterAll, beforeAll, beforeEach, describe, expect, jest, test } from '@jest/globals';
import { ResourceLoader } from '../../src/aiml/resource-loader.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startServiceOn, type TestService } from '../support/service.ts';

let upstream: ScriptedUpstream;
let service: TestService;

beforeAll(async () => {
  upstream = await startScriptedUpstream(({ method, path }, response, index) => {
    const id = path.split('/').at(2) ?? 'asst_new';
    if (id === 'asst_flaky' && index === 0) sendJson(response, 503, { message: 'canary of upstream' });
    else if (method === 'DELETE') sendJson(response, 200, { id, object: 'assistant.deleted', deleted: true });
    else sendJson(response, 200, wireAssistant(id));
  });
  service = await startServiceOn(upstream, { AIML_API_KEY: 'test-key' });
});
afterAll(async () => {
  await service.stop();
  await upstream.stop();
});
beforeEach(async () => {
  upstream.calls.length = 0;
  service.logs.length = 0;
  before = await readMetrics();
});

const lines = (text: string) => service.logs.filter(({ msg }) => msg === text);
type MetricValues = ReadonlyMap<string, number>;
let before: MetricValues;

async function readMetrics(): Promise<MetricValues> {
  const text = await (await fetch(`${service.url}/metrics`)).text();
  return new Map([...text.matchAll(/^(\S+) (\S+)$/gm)].map(([, name = '', value]) => [name, Number(value)]));
}

/** The increase of each of these metrics since the test began. */
async function increases(...names: readonly string[]): Promise<number[]> {
  const now = await readMetrics();
  return names.map((name) => (now.get(name) ?? 0) - (before.get(name) ?? 0));
}

describe('an operation', () => {
  test('that writes is logged once and counted, without the values that were written', async () => {
    const response = await service.query(
      'mutation Write($input: CreateAssistantInput!) { createAssistant(input: $input) { userErrors { code } } }',
      { input: { model: 'canary-model', name: 'canary-name', metadata: { 'canary-key': 'canary-value' } } },
    );
    expect(response.errors).toBeUndefined();
    expect(lines('operation')).toEqual([
      expect.objectContaining({
        requestId: response.headers.get('x-request-id'),
        operationName: 'Write',
        kind: 'mutation',
        outcome: 'ok',
        errorCodes: [],
        upstreamCalls: 1,
      }),
    ]);
    const increased = await increases(
      'assistants_operations_total{kind="mutation",outcome="ok"}',
      'assistants_operation_duration_seconds_count{kind="mutation"}',
      'assistants_upstream_attempts_total{call="assistants.create",status="200",outcome="OK"}',
    );
    expect(increased).toEqual([1, 1, 1]);
    expect(JSON.stringify(service.logs)).not.toContain('canary');
  });

  test('whose call was retried reports every attempt', async () => {
    expect((await service.query('{ assistant(id: "asst_flaky") { id } }')).errors).toBeUndefined();
    expect(lines('operation')[0]).toMatchObject({ outcome: 'ok', upstreamCalls: 2 });
    const increased = await increases(
      'assistants_upstream_attempts_total{call="assistants.get",status="503",outcome="UNKNOWN"}',
      'assistants_upstream_attempts_total{call="assistants.get",status="200",outcome="OK"}',
      'assistants_upstream_retries_total{call="assistants.get"}',
      'assistants_upstream_attempt_duration_seconds_count{call="assistants.get"}',
    );
    expect(increased).toEqual([1, 1, 1, 2]);
  });

  test('that fails in part reports each of its codes once', async () => {
    await service.query(
      'query Part { a: assistant(id: "..") { id } b: assistant(id: "/") { id } c: assistant(id: "asst_1") { id } }',
    );
    expect(lines('operation')[0]).toMatchObject({
      operationName: 'Part',
      outcome: 'partial',
      errorCodes: ['BAD_USER_INPUT'],
    });
    expect(await increases('assistants_errors_total{code="BAD_USER_INPUT"}')).toEqual([1]);
  });

  test.each([
    ['does not parse', '{', 'GRAPHQL_PARSE_FAILED'],
    ['has too many tokens', `{ ${'a '.repeat(5000)} }`, 'GRAPHQL_PARSE_FAILED'],
    ['has too many aliases', `{ ${'a: __typename '.repeat(31)} }`, 'GRAPHQL_VALIDATION_FAILED'],
    [
      'has no operation of the requested name',
      'query A { __typename } query B { __typename }',
      'OPERATION_RESOLUTION_FAILURE',
    ],
  ])('that %s is logged once and counted, although nothing was sent upstream', async (_, document, code) => {
    const response = await service.query(document);
    expect([...lines('operation'), ...lines('request rejected')]).toEqual([
      expect.objectContaining({ requestId: response.headers.get('x-request-id'), errorCodes: [code] }),
    ]);
    expect(await increases(`assistants_errors_total{code="${code}"}`)).toEqual([1]);
    expect(upstream.lines()).toEqual([]);
  });
});

describe('a request that is rejected before it becomes an operation', () => {
  const canary = encodeURIComponent('{ canary }');

  test.each<[string, string, RequestInit, number]>([
    ['it is another method', `?query=${canary}`, { method: 'DELETE' }, 405],
    ['it could come from another site', `?query=${canary}`, {}, 400],
    ['it is of another type', '', { method: 'POST', body: 'canary' }, 415],
    [
      'it is too large',
      '',
      { method: 'POST', body: `"${'canary'.repeat(400_000)}"`, headers: { 'content-type': 'application/json' } },
      413,
    ],
  ])('because %s is logged once and counted', async (_, search, init, status) => {
    const response = await fetch(`${service.url}/graphql${search}`, init);
    expect(response.status).toBe(status);
    expect([...lines('operation'), ...lines('request rejected')]).toEqual([
      expect.objectContaining({ requestId: response.headers.get('x-request-id'), status, errorCodes: ['BAD_REQUEST'] }),
    ]);
    expect(await increases('assistants_errors_total{code="BAD_REQUEST"}')).toEqual([1]);
    expect(JSON.stringify(service.logs)).not.toContain('canary');
  });
});

describe('a fault of the service', () => {
  test('is masked for the client, and logged with the request id and the tenant', async () => {
    const bug = jest.spyOn(ResourceLoader.prototype, 'load').mockRejectedValueOnce(new RangeError('canary'));
    const response = await service.query('{ assistant(id: "asst_1") { id } }');
    expect(bug).toHaveBeenCalledTimes(1);
    const requestId = response.headers.get('x-request-id');
    expect(response.errors).toEqual([
      expect.objectContaining({
        message: 'Internal server error.',
        extensions: { code: 'INTERNAL_SERVER_ERROR', requestId },
      }),
    ]);
    expect(JSON.stringify([response.text, service.logs])).not.toContain('canary');
    expect(service.logs.filter(({ level }) => level === 'error')).toEqual([
      expect.objectContaining({ requestId, err: expect.objectContaining({ type: 'RangeError' }) }),
    ]);
    const [operation] = lines('operation');
    expect(operation).toMatchObject({ requestId, errorCodes: ['INTERNAL_SERVER_ERROR'] });
    expect(lines('an internal error was masked')[0]?.['tenant']).toBe(operation?.['tenant']);
    expect(operation?.['tenant']).toMatch(/^[\w-]{8}$/);
    expect(await increases('assistants_errors_total{code="INTERNAL_SERVER_ERROR"}')).toEqual([1]);
  });
});

describe('a request id that the client sends', () => {
  test.each([
    ['of every allowed character', 'Aa0._:-', true],
    ['of 128 characters', 'x'.repeat(128), true],
    ['of 129 characters', 'x'.repeat(129), false],
    ['with a space', 'a b', false],
    ['with a quotation mark', 'a"b', false],
    ['without characters', '', false],
  ])('%s is logged only if it is valid, and never sent upstream', async (_, id, isValid) => {
    const response = await service.query('{ assistant(id: "asst_1") { id } }', undefined, { 'x-request-id': id });
    expect(lines('operation').map(({ callerRequestId }) => callerRequestId)).toEqual([isValid ? id : undefined]);
    expect(response.headers.get('x-request-id')).not.toBe(id);
    expect(upstream.calls[0]?.headers['x-client-request-id']).toBe(response.headers.get('x-request-id'));
  });
});
