// Clients without a usable credential, with and without introspection.
import { afterEach, describe, expect, test } from '@jest/globals';
import type { Environment } from '../../src/runtime/environment.ts';
import { sendJson, startScriptedUpstream, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startService, type TestService } from '../support/service.ts';
import { AUDIENCE, createKey, IdentityProvider, ISSUER, sign } from '../unit/auth/identity-provider.ts';

let upstream: ScriptedUpstream | null = null;
let service: TestService | null = null;
let provider: IdentityProvider | null = null;

afterEach(async () => {
  await service?.stop();
  await upstream?.stop();
  await provider?.goDown();
  service = upstream = provider = null;
});

async function start(environment: Environment): Promise<TestService> {
  upstream = await startScriptedUpstream((_call, response) => sendJson(response, 401, {}));
  service = await startService({ AIML_API_BASE_URL: upstream.url, INTROSPECTION: 'false', ...environment });
  return service;
}

const documents = [
  '{ assistants { nodes { id } } }',
  'mutation { deleteAssistant(input: { id: "a" }) { deletedAssistantId } }',
  '{ __typename }',
  '{ __schema { queryType { name } } }',
  '{ nothing }',
  '{ not closed',
  `{ ${'a '.repeat(5001)} }`,
  `{ assistant(id: """${'\n'.repeat(6000)}""") { id } }`,
];

async function expectRejected(running: TestService, code: string, headers: Readonly<Record<string, string>>) {
  for (const document of documents) {
    const response = await running.query(document, undefined, headers);
    expect([response.status, response.data]).toEqual([200, undefined]);
    expect(response.errors?.map(({ extensions }) => extensions)).toEqual([
      {
        code,
        retryable: code !== 'UNAUTHENTICATED',
        outcome: 'NOT_APPLIED',
        requestId: response.headers.get('x-request-id'),
      },
    ]);
    expect(response.headers.get('cache-control')).toBe('no-store');
  }
  expect(upstream?.calls).toEqual([]);
  const entries = running.logs.filter(({ msg }) => msg === 'operation');
  expect(entries.map(({ kind, outcome, errorCodes }) => [kind, outcome, errorCodes])).toEqual(
    documents.map(() => ['unknown', 'error', [code]]),
  );
  const metrics = await (await fetch(`${running.url}/metrics`)).text();
  expect(metrics).toContain('assistants_operations_in_flight 0\n');
  expect(metrics).toMatch(new RegExp(`code="${code}"[^\\n]* ${documents.length}\\n`));
}

describe('without introspection, a request without a usable credential is rejected before its document is parsed', () => {
  test('under passthrough', async () => {
    await expectRejected(await start({ AUTH_MODE: 'passthrough' }), 'UNAUTHENTICATED', {});
  });

  test('under passthrough, with an invalid key', async () => {
    const headers = { authorization: 'Bearer "quoted"' };
    await expectRejected(await start({ AUTH_MODE: 'passthrough' }), 'UNAUTHENTICATED', headers);
  });

  test('under passthrough, with GET', async () => {
    const { url } = await start({ AUTH_MODE: 'passthrough' });
    const response = await fetch(`${url}/graphql?query=%7Bnothing%7D`, {
      headers: { 'apollo-require-preflight': '1' },
    });
    const body = (await response.json()) as { errors: { extensions: object }[] };
    expect([response.status, body.errors[0]?.extensions]).toEqual([
      200,
      {
        code: 'UNAUTHENTICATED',
        retryable: false,
        outcome: 'NOT_APPLIED',
        requestId: response.headers.get('x-request-id'),
      },
    ]);
  });

  test.each(['no token', 'a token of another key', 'an expired token', 'a token that cannot be checked'])(
    'under jwt, with %s',
    async (what) => {
      const key = await createKey('key-1');
      provider = await IdentityProvider.start(key);
      const running = await start({
        AUTH_MODE: 'jwt',
        AIML_API_KEY: 'held-key',
        JWT_ISSUER: ISSUER,
        JWT_AUDIENCE: AUDIENCE,
        JWKS_URL: provider.url.href,
      });
      const tokens: Readonly<Record<string, string>> = {
        'a token of another key': await sign(await createKey('key-1')),
        'an expired token': await sign(key, { exp: 1 }),
        'a token that cannot be checked': await sign(key),
      };
      const isUnchecked = what === 'a token that cannot be checked';
      if (isUnchecked) await provider.goDown();
      const token = tokens[what];
      await expectRejected(
        running,
        isUnchecked ? 'UPSTREAM_UNAVAILABLE' : 'UNAUTHENTICATED',
        token === undefined ? {} : { authorization: `Bearer ${token}` },
      );
    },
  );
});

describe('with introspection', () => {
  test('the schema can be read without a credential, and fields cannot', async () => {
    const running = await start({ AUTH_MODE: 'passthrough', INTROSPECTION: 'true' });
    expect((await running.query('{ __schema { queryType { name } } }')).data).toEqual({
      __schema: { queryType: { name: 'Query' } },
    });
    expect((await running.query('{ assistants { nodes { id } } }')).errors?.[0]?.extensions).toMatchObject({
      code: 'UNAUTHENTICATED',
    });
    expect((await running.query('{ nothing }')).status).toBe(400);
  });
});

describe('the text of a document', () => {
  test.each([
    ['lines', `{ assistant(id: """${'\n'.repeat(5001)}""") { id } }`, 'The document has more than 5000 lines.'],
    ['lines of another kind', `${'\r'.repeat(5001)}{ not closed`, 'The document has more than 5000 lines.'],
    ['escapes', `{ assistant(id: "${'\\n'.repeat(300_001)}") { id } }`, 'The document has more than 300000 escapes.'],
  ])('is not parsed if it has too many %s', async (_, document, message) => {
    const running = await start({ AIML_API_KEY: 'held-key' });
    const { status, errors, headers } = await running.query(document);
    expect([status, errors]).toEqual([
      400,
      [{ message, extensions: { code: 'GRAPHQL_VALIDATION_FAILED', requestId: headers.get('x-request-id') } }],
    ]);
    expect(running.logs.filter(({ msg }) => msg === 'request rejected')).toHaveLength(1);
  });
});
