// Which credential is sent upstream, an identity provider that is unavailable, and requests from other sites.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import type { Environment } from '../../src/runtime/environment.ts';
import { leaksIn } from '../support/leaks.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startService, type TestService } from '../support/service.ts';
import {
  AUDIENCE,
  createKey,
  IdentityProvider,
  ISSUER,
  sign,
  type SigningKey,
} from '../unit/auth/identity-provider.ts';

const SERVICE_KEY = 'sk-held/by+the~service==';
const READ = '{ assistant(id: "asst_1") { id } }';
const WRITE = 'mutation { deleteAssistant(input: { id: "asst_1" }) { deletedAssistantId userErrors { code } } }';
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

let upstream: ScriptedUpstream;
let service: TestService;

beforeAll(async () => {
  upstream = await startScriptedUpstream(({ method, path }, response) => {
    const id = path.split('/').at(-1) ?? '';
    sendJson(
      response,
      200,
      method === 'DELETE' ? { id, object: 'assistant.deleted', deleted: true } : wireAssistant(id),
    );
  });
});
afterAll(() => upstream.stop());
beforeEach(() => {
  upstream.calls.length = 0;
});

async function start(environment: Environment): Promise<void> {
  service = await startService({ UPSTREAM: 'aiml', AIML_API_BASE_URL: upstream.url, ...environment });
}
const authorizations = () => upstream.calls.map(({ headers }) => headers.authorization);

/** All output of the service except its requests to upstream. */
async function outputs(
  ...responses: readonly { readonly text: string; readonly headers: Headers }[]
): Promise<(string | object)[]> {
  const metrics = await (await fetch(`${service.url}/metrics`)).text();
  return [...responses.flatMap(({ text, headers }) => [text, [...headers]]), service.logs, metrics];
}

describe('under AUTH_MODE=none', () => {
  afterEach(() => service.stop());

  test('the key of the service is sent upstream for any credential of a client, and neither is disclosed', async () => {
    await start({ AIML_API_KEY: SERVICE_KEY });
    const responses = [
      await service.query(READ),
      await service.query(WRITE),
      await service.query(READ, undefined, bearer('sk-of-the-caller')),
      await service.query(READ, undefined, { authorization: 'Basic c2stb2YtdGhlLWNhbGxlcg' }),
    ];
    expect(responses.flatMap(({ errors }) => errors ?? [])).toEqual([]);
    expect(new Set(authorizations())).toEqual(new Set([`Bearer ${SERVICE_KEY}`]));
    const seen = await outputs(...responses);
    for (const credential of [SERVICE_KEY, 'sk-of-the-caller'])
      expect(leaksIn(seen, { credential, upstream: new URL(upstream.url), texts: [] })).toEqual([]);
  });
});

describe('under AUTH_MODE=passthrough', () => {
  afterEach(() => service.stop());

  test('only the key of the client is sent upstream, even if the service has one', async () => {
    await start({ AUTH_MODE: 'passthrough', AIML_API_KEY: SERVICE_KEY });
    await service.query(READ, undefined, bearer('key-of-a'));
    await service.query(READ, undefined, { authorization: 'bearer  key-of-b ' });
    await service.query(READ);
    expect(authorizations()).toEqual(['Bearer key-of-a', 'Bearer key-of-b']);
  });
});

describe('under AUTH_MODE=jwt', () => {
  let key: SigningKey;
  let provider: IdentityProvider;

  beforeAll(async () => {
    key = await createKey('key-1');
  });
  afterEach(() => service.stop());
  beforeEach(async () => {
    provider = await IdentityProvider.start(key);
    await start({
      AUTH_MODE: 'jwt',
      AIML_API_KEY: SERVICE_KEY,
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
      JWKS_URL: provider.url.href,
    });
  });

  test('the key of the service is sent upstream and the token is not; neither is disclosed', async () => {
    const token = await sign(key, { scope: 'assistants:read assistants:write' });
    const responses = [
      await service.query(READ, undefined, bearer(token)),
      await service.query(WRITE, undefined, bearer(token)),
    ];
    expect(responses.flatMap(({ errors }) => errors ?? [])).toEqual([]);
    expect(authorizations()).toEqual([`Bearer ${SERVICE_KEY}`, `Bearer ${SERVICE_KEY}`]);
    const seen = await outputs(...responses, await service.query(READ, undefined, bearer(`${token}x`)));
    for (const credential of [SERVICE_KEY, token])
      expect(leaksIn(seen, { credential, upstream: provider.url, texts: [] })).toEqual([]);
  });

  test('without a token nothing is sent upstream, and a write is NOT_APPLIED', async () => {
    const { errors } = await service.query(WRITE);
    expect(errors?.map(({ extensions }) => extensions)).toEqual([
      { code: 'UNAUTHENTICATED', retryable: false, outcome: 'NOT_APPLIED', requestId: expect.any(String) },
    ]);
    expect(upstream.lines()).toEqual([]);
  });

  test('while the keys of the identity provider are unavailable, clients get a retryable error', async () => {
    const token = bearer(await sign(key, { scope: 'assistants:read assistants:write' }));
    await provider.goDown();
    const read = await service.query(READ, undefined, token);
    const write = await service.query(WRITE, undefined, token);
    expect(read.errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', retryable: true });
    expect(write.errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', outcome: 'NOT_APPLIED' });
    expect(upstream.lines()).toEqual([]);
    await provider.goUp();
    expect((await service.query(READ, undefined, token)).data).toEqual({ assistant: { id: 'asst_1' } });
  });
});

describe('requests that a page of another site can send without a preflight', () => {
  const json = JSON.stringify({ query: WRITE });
  beforeAll(() => start({ AIML_API_KEY: SERVICE_KEY }));
  afterAll(() => service.stop());

  test.each<[string, string, RequestInit]>([
    ['a link', `?query=${encodeURIComponent(READ)}`, {}],
    ['a link to a write', `?query=${encodeURIComponent(WRITE)}`, {}],
    [
      'a GET with the type text/plain',
      `?query=${encodeURIComponent(READ)}`,
      { headers: { 'content-type': 'text/plain' } },
    ],
    ['a form', '', { method: 'POST', body: new URLSearchParams({ query: WRITE }) }],
    ['a form in parts', '', { method: 'POST', body: asFormData({ operations: json, map: '{}' }) }],
    ['JSON with the type text/plain', '', { method: 'POST', body: json, headers: { 'content-type': 'text/plain' } }],
    [
      'JSON with the type text/plain and a parameter',
      '',
      { method: 'POST', body: json, headers: { 'content-type': 'text/plain;application/json' } },
    ],
    ['JSON without a type', '', { method: 'POST', body: new Blob([json]) }],
    ['a query beside no body', `?query=${encodeURIComponent(WRITE)}`, { method: 'POST' }],
  ])('%s is rejected and sends nothing upstream', async (_, search, init) => {
    const response = await fetch(`${service.url}/graphql${search}`, init);
    const { errors } = (await response.json()) as { errors: { extensions: unknown }[] };
    expect([400, 415]).toContain(response.status);
    expect(errors[0]?.extensions).toEqual({ code: 'BAD_REQUEST', requestId: response.headers.get('x-request-id') });
    expect(upstream.lines()).toEqual([]);
  });

  test('a mutation by GET is rejected even if CORS allows the page', async () => {
    const response = await fetch(`${service.url}/graphql?query=${encodeURIComponent(WRITE)}`, {
      headers: { 'apollo-require-preflight': 'true' },
    });
    expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST']);
    expect(upstream.lines()).toEqual([]);
  });
});

function asFormData(fields: Readonly<Record<string, string>>): FormData {
  const form = new FormData();
  for (const [name, value] of Object.entries(fields)) form.append(name, value);
  return form;
}
