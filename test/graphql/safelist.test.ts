// Persisted operations: the service executes the operations of the manifest and no others.
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { getIntrospectionQuery } from 'graphql';
import {
  codeOf,
  get,
  post,
  sha256,
  writeManifest,
  type ManifestFile,
  type PersistedResponse,
} from '../support/persisted.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startServiceOn, type TestService } from '../support/service.ts';

const LISTED = 'query Listed($id: ID!) { assistant(id: $id) { id } }';
const UNLISTED = 'query Unlisted { assistant(id: "asst_canary") { id } }';

/** A service on an upstream that records its requests. */
let upstream: ScriptedUpstream;
let service: TestService;
let file: ManifestFile;
/** Responses of upstream wait for this gate. */
let opened: Promise<void> = Promise.resolve();

async function setUp(mode: string): Promise<void> {
  upstream = await startScriptedUpstream(async ({ path }, response) => {
    await opened;
    sendJson(response, 200, wireAssistant(path.split('/').at(-1) ?? ''));
  });
  file = await writeManifest([{ id: 'listed', name: 'Listed', type: 'query', body: LISTED }]);
  service = await startServiceOn(upstream, { PERSISTED_OPERATIONS: file.path, PERSISTED_OPERATIONS_MODE: mode });
}
async function tearDown(): Promise<void> {
  await service.stop();
  await upstream.stop();
  await file.remove();
}
/** Counts from the state that earlier tests left. */
let counted: number;
beforeEach(async () => {
  service.logs.length = 0;
  upstream.calls.length = 0;
  counted = 0;
  counted = await unlistedMetric();
});

const unlistedEntries = () => service.logs.filter(({ msg }) => msg === 'an operation is not in the manifest');
const unlistedMetric = async () => {
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  return Number(/^assistants_unlisted_operations_total (\d+)$/m.exec(metrics)?.[1]) - counted;
};
const ran = { status: 200, data: { assistant: { id: 'asst_1' } } };
const variables = { id: 'asst_1' };

describe('enforced', () => {
  beforeAll(() => setUp(''));
  afterAll(tearDown);

  test.each([
    ['its id', 'POST', { id: 'listed', variables }],
    ['its id', 'GET', { id: 'listed', variables }],
    ['its text', 'POST', { query: LISTED, variables }],
    ['its text', 'GET', { query: LISTED, variables }],
    ['its text and hash', 'POST', { query: LISTED, id: sha256(LISTED), variables }],
  ])('an operation is run by %s, with %s', async (_name, method, request) => {
    const send = method === 'GET' ? get : post;
    expect(await send(service.url, request)).toEqual(ran);
    expect(await send(service.url, request)).toEqual(ran);
    expect(unlistedEntries()).toEqual([]);
  });

  test.each<[string, Parameters<typeof post>[1]]>([
    ['is another one', { query: UNLISTED }],
    ['differs by a space', { query: `${LISTED} `, variables }],
    ['is empty', { query: '' }],
    ['does not parse', { query: '{ canary' }],
    ['does not fit the schema', { query: '{ canary }' }],
    ['selects the schema', { query: getIntrospectionQuery() }],
    ['selects one type only', { query: '{ __typename }' }],
    ['is to be registered', { query: UNLISTED, id: sha256(UNLISTED) }],
    ['brings the id of another one', { query: UNLISTED, id: 'listed', variables }],
  ])('a document that %s is rejected before anything is executed, by POST and by GET', async (_name, request) => {
    for (const send of [post, get]) {
      const response = await send(service.url, request);
      expect(response).toEqual({
        status: 400,
        errors: [
          {
            message: 'The operation is not one of those that may be run here.',
            extensions: { code: 'BAD_REQUEST', requestId: expect.any(String) },
          },
        ],
      });
    }
    if (request.id === sha256(UNLISTED))
      expect(codeOf(await post(service.url, { id: request.id }))).toBe('PERSISTED_QUERY_NOT_FOUND');
    expect(upstream.calls).toEqual([]);
  });

  test.each([
    ['not in the manifest', 'other'],
    ['the name of an object method', 'constructor'],
    ['empty', ''],
  ])('an id that is %s is not found', async (_name, id) => {
    for (const send of [post, get]) {
      const response = await send(service.url, { id, variables });
      expect([response.status, codeOf(response)]).toEqual([400, 'PERSISTED_QUERY_NOT_FOUND']);
    }
    expect(upstream.calls).toEqual([]);
  });

  test('reports malformed requests as without a safelist', async () => {
    for (const body of ['{}', '{"query":1}', '[]', 'null']) {
      const response = await fetch(`${service.url}/graphql`, {
        method: 'POST',
        headers: { 'content-type': 'application/json' },
        body,
      });
      const reply = (await response.json()) as PersistedResponse;
      expect([response.status, codeOf(reply)]).toEqual([400, 'BAD_REQUEST']);
      expect(reply.errors?.[0]?.message).not.toContain('may be run here');
    }
  });

  test('logs and counts rejected operations without their documents', async () => {
    const names = ['Unlisted', 'x'.repeat(65), 'not a name'];
    const responses = await Promise.all(
      names.map((operationName) => post(service.url, { query: UNLISTED, operationName })),
    );
    const requestIds = responses.map(({ errors }) => errors?.[0]?.extensions['requestId']);
    expect(
      unlistedEntries().map(({ requestId, operationName, rejected }) => [requestId, operationName, rejected]),
    ).toEqual([
      [requestIds[0], 'Unlisted', true],
      [requestIds[1], null, true],
      [requestIds[2], null, true],
    ]);
    expect(service.logs.filter(({ msg }) => msg === 'request rejected')).toHaveLength(3);
    expect(await unlistedMetric()).toBe(3);
    expect(JSON.stringify(service.logs)).not.toMatch(/asst_canary|not a name/);
  });
});

describe('logged only', () => {
  beforeAll(() => setUp('log'));
  afterAll(tearDown);

  test('everything is executed, and each unlisted operation is logged and counted', async () => {
    const requests = [
      { query: UNLISTED },
      { query: '{ __typename }' },
      { query: UNLISTED, id: sha256(UNLISTED) },
      { id: sha256(UNLISTED) },
    ];
    for (const request of requests) expect((await post(service.url, request)).errors).toBeUndefined();
    expect((await get(service.url, { query: UNLISTED })).errors).toBeUndefined();
    for (const request of [
      { id: 'listed', variables },
      { query: LISTED, variables },
    ])
      for (const send of [post, get]) expect(await send(service.url, request)).toEqual(ran);
    expect(unlistedEntries().map(({ operationName, rejected }) => [operationName, rejected])).toEqual([
      ['Unlisted', false],
      [null, false],
      ['Unlisted', false],
      ['Unlisted', false],
      ['Unlisted', false],
    ]);
    expect(await unlistedMetric()).toBe(5);
    expect(JSON.stringify(service.logs)).not.toContain('asst_canary');
  });

  test('logs an operation that shares the execution of another request', async () => {
    // From the second time on, the operation is known to be a query, and shares the execution.
    await post(service.url, { query: UNLISTED });
    let open = (): void => undefined;
    opened = new Promise((resolve) => (open = resolve));
    const responses = [1, 2, 3].map(() => post(service.url, { query: UNLISTED }));
    for (;;) {
      const text = await (await fetch(`${service.url}/metrics`)).text();
      if (text.includes('assistants_operations_in_flight 3\n')) break;
    }
    open();
    await Promise.all(responses);
    expect(upstream.calls).toHaveLength(2);
    expect(unlistedEntries()).toHaveLength(4);
    expect(await unlistedMetric()).toBe(4);
  });
});
