import { afterEach, describe, expect, test } from '@jest/globals';
import { AimlClient, type AimlClientOptions } from '../../../src/aiml/client.ts';
import { createAssistantResource, createContext } from '../../support/source.ts';
import { PublicError } from '../../../src/runtime/errors.ts';
import { ResourceLoader } from '../../../src/aiml/resource-loader.ts';
import { Semaphore } from '../../../src/runtime/semaphore.ts';
import { ReadThroughCache } from '../../../src/aiml/cache/read-through.ts';
import {
  sendJson,
  startScriptedUpstream,
  wireAssistant,
  type Script,
  type ScriptedUpstream,
} from '../../support/scripted-upstream.ts';
import { until } from '../../support/until.ts';

let upstream: ScriptedUpstream;
let client: AimlClient;

afterEach(async () => {
  await client.close();
  await upstream.stop();
});

async function setUp(script: Script, { path = '', ...options }: Partial<AimlClientOptions> & { path?: string } = {}) {
  upstream = await startScriptedUpstream(script, { seesProbe: true });
  client = new AimlClient({
    baseUrl: new URL(upstream.url + path),
    connections: 4,
    attemptTimeoutMs: 60_000,
    ...options,
  });
  const source = createAssistantResource({
    client,
    reads: new ReadThroughCache(client, { cacheTtlMs: 0 }),
    context: createContext(),
  });
  return { source, loader: new ResourceLoader(source, new Semaphore(10)) };
}

const idOf = (path: string) => path.split('/').at(-1) ?? '';
const errorOf = async (promise: Promise<unknown>): Promise<PublicError> => {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  if (!(error instanceof PublicError)) throw new Error('expected a PublicError');
  return error;
};

describe('a request', () => {
  test('has the key, the beta header and the request id', async () => {
    const { source } = await setUp(({ path }, response) => sendJson(response, 200, wireAssistant(idOf(path))));
    await source.get('asst_1');
    expect(upstream.calls[0]).toMatchObject({
      method: 'GET',
      path: '/assistants/asst_1',
      headers: {
        authorization: 'Bearer the-key',
        'openai-beta': 'assistants=v2',
        'x-client-request-id': 'request-1',
      },
      body: null,
    });
  });

  test.each(['/proxy', '/proxy/', '/a/b//'])('has the path of the base URL %s as a prefix', async (path) => {
    const { source } = await setUp((_call, response) => sendJson(response, 200, []), { path });
    await source.list({ limit: 21, order: 'desc', after: null });
    expect(upstream.lines()).toEqual([`GET ${path.replace(/\/+$/, '')}/assistants?limit=21&order=desc`]);
  });

  test('has exactly the given fields: omitted ones are omitted, null is null', async () => {
    const { source } = await setUp((_call, response) => sendJson(response, 201, wireAssistant('asst_1')));
    await source.modify('asst_1', { name: null, temperature: 0, tools: [] });
    await source.create({ model: 'gpt-4o' });
    expect(upstream.calls.map(({ body }) => body)).toEqual([
      { name: null, temperature: 0, tools: [] },
      { model: 'gpt-4o' },
    ]);
  });

  test('never contains an invalid id in its path', async () => {
    const { source } = await setUp((_call, response) => sendJson(response, 200, {}));
    for (const id of ['', '..', 'a/b', 'a?b', 'ä', 'x'.repeat(65)]) {
      expect(() => source.get(id)).toThrow(PublicError);
      await expect(source.list({ limit: 1, order: 'asc', after: id })).rejects.toThrow(PublicError);
    }
    expect(upstream.calls).toEqual([]);
  });
});

describe('a response', () => {
  test('must have the requested id', async () => {
    const { source } = await setUp((_call, response) => sendJson(response, 200, wireAssistant('another')));
    expect((await errorOf(source.get('asst_1'))).code).toBe('UPSTREAM_BAD_RESPONSE');
  });

  test.each([404, 410, 400])('reports an unknown cursor where upstream responds with %i', async (status) => {
    const { source } = await setUp(({ path }, response) =>
      path.includes('after=') ? sendJson(response, status, { message: 'no' }) : sendJson(response, 200, []),
    );
    const error = await errorOf(source.list({ limit: 5, order: 'asc', after: 'asst_deleted' }));
    expect(error.details).toMatchObject({ code: 'BAD_USER_INPUT', param: 'after', upstream: { status } });
  });

  test('distinguishes an unknown cursor of an existing list from a missing endpoint', async () => {
    let isDeleted = false;
    const { source } = await setUp(({ path }, response) =>
      isDeleted || path.includes('after=') ? sendJson(response, 404, { message: 'no' }) : sendJson(response, 200, []),
    );
    const query = { limit: 5, order: 'asc', after: 'asst_gone' } as const;
    expect((await errorOf(source.list(query))).details).toMatchObject({ code: 'BAD_USER_INPUT', param: 'after' });
    isDeleted = true;
    const error = await errorOf(source.list(query));
    expect(error.details).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: false });
    expect(error.message).toContain('UPSTREAM=local');
  });

  test('accepts 204 as a deletion, and rejects a response that reports none', async () => {
    const { source } = await setUp(({ path }, response) => {
      if (idOf(path) === 'empty') response.writeHead(204).end();
      else sendJson(response, 200, { id: idOf(path), deleted: false });
    });
    await expect(source.delete('empty')).resolves.toBeUndefined();
    expect((await errorOf(source.delete('kept'))).details).toMatchObject({
      code: 'UPSTREAM_BAD_RESPONSE',
      outcome: 'NOT_APPLIED',
    });
    expect(upstream.calls).toHaveLength(2);
  });
});

describe('a modify of unknown outcome', () => {
  const loseResponse: Script = ({ method, path }, response) => {
    if (method === 'POST') sendJson(response, 500, {});
    else
      sendJson(
        response,
        200,
        wireAssistant(idOf(path), {
          name: 'asked',
          metadata: { a: '1' },
          tools: [{ type: 'function', function: { name: 'f', strict: false, parameters: { default: null } } }],
        }),
      );
  };

  test.each([
    [{ name: 'asked' }, true],
    [{ name: 'asked', metadata: { a: '1' } }, true],
    [{ tools: [{ type: 'function', function: { name: 'f', parameters: { default: null } } }] }, true],
    [{ description: null }, true],
    [{ name: 'other' }, false],
    [{ name: null }, false],
    [{ metadata: {} }, false],
    [{ metadata: null }, false],
    [{ tools: [] }, false],
    [{ tools: [{ type: 'function', function: { name: 'f', parameters: { default: 1 } } }] }, false],
    [{ tools: [{ type: 'function', function: { name: 'f', parameters: {} } }] }, false],
  ] as const)('to %j is read back once; whether it was applied: %s', async (body, isAsRequested) => {
    const { source } = await setUp(loseResponse);
    const result = source.modify('asst_1', body);
    if (isAsRequested) await expect(result).resolves.toMatchObject({ name: 'asked' });
    else expect((await errorOf(result)).details).toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'UNKNOWN' });
    expect(upstream.lines()).toEqual(['POST /assistants/asst_1', 'GET /assistants/asst_1']);
  });
});

describe('the loader of a request', () => {
  const reply: Script = ({ method, path }, response) => {
    if (path.startsWith('/assistants?'))
      sendJson(
        response,
        200,
        ['a', 'b'].map((id) => wireAssistant(id)),
      );
    else if (method === 'DELETE') sendJson(response, 200, { id: idOf(path), deleted: true });
    else if (idOf(path) === 'none') sendJson(response, 404, {});
    else sendJson(response, 200, wireAssistant(idOf(path), { name: method }));
  };

  test('sends one request for each of five ids, even if each is loaded several times', async () => {
    const { loader } = await setUp(reply);
    const ids = Array.from({ length: 20 }, (_, index) => `asst_${index % 5}`);
    const assistants = await Promise.all(ids.map((id) => loader.load(id)));
    expect(assistants.map((assistant) => assistant?.id)).toEqual(ids);
    expect(upstream.calls).toHaveLength(5);
  });

  test('uses the assistants of a list in flight, and requests only the others', async () => {
    const { loader } = await setUp(reply);
    const [, onList, offList, none] = await Promise.all([
      loader.list({ limit: 2, order: 'asc', after: null }),
      loader.load('b'),
      loader.load('c'),
      loader.load('none'),
    ]);
    expect([onList?.id, offList?.id, none]).toEqual(['b', 'c', null]);
    expect(upstream.lines()).toEqual([
      'GET /assistants?limit=2&order=asc',
      'GET /assistants/c',
      'GET /assistants/none',
    ]);
  });

  test('returns the result of a write', async () => {
    const { loader } = await setUp(reply);
    await loader.load('a');
    await loader.modify('a', { name: 'POST' });
    expect((await loader.load('a'))?.name).toBe('POST');
    await loader.delete('a');
    expect(await loader.load('a')).toBeNull();
    expect(upstream.lines()).toEqual(['GET /assistants/a', 'POST /assistants/a', 'DELETE /assistants/a']);
  });

  test('has at most ten calls in flight', async () => {
    let inFlight = 0;
    let most = 0;
    const { loader } = await setUp(
      async (call, response, index) => {
        most = Math.max(most, (inFlight += 1));
        await until(() => upstream.calls.length >= 10);
        // Longer than an eleventh call takes to arrive.
        await new Promise((resolve) => setTimeout(resolve, 20));
        inFlight -= 1;
        return reply(call, response, index);
      },
      { connections: 64 },
    );
    await Promise.all(Array.from({ length: 60 }, (_, index) => loader.load(`asst_${index}`)));
    expect(most).toBe(10);
    expect(upstream.calls).toHaveLength(60);
  });
});
