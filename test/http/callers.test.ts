// The three modes of authentication, with the whole service on the embedded AIML API.
import { randomUUID } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { leaksIn } from '../support/leaks.ts';
import { startScriptedUpstream, sendJson } from '../support/scripted-upstream.ts';
import { startService, startServiceOn, type GraphQLHttpResponse, type TestService } from '../support/service.ts';
import {
  AUDIENCE,
  createKey,
  IdentityProvider,
  ISSUER,
  sign,
  type SigningKey,
} from '../unit/auth/identity-provider.ts';

const LIST = '{ assistants { nodes { id name } } }';
const CREATE =
  'mutation ($name: String) { createAssistant(input: { model: "gpt-4o", name: $name }) { assistant { id } userErrors { code } } }';
const READS = [
  LIST,
  '{ assistant(id: "asst_1") { id } }',
  '{ node(id: "asst_1") { id } }',
  '{ nodes(ids: ["asst_1"]) { id } }',
  '{ _entities(representations: [{ __typename: "Assistant", id: "asst_1" }]) { __typename } }',
];
const WRITES = [
  CREATE,
  'mutation { updateAssistant(input: { id: "asst_1", name: "x" }) { userErrors { code } } }',
  'mutation { deleteAssistant(input: { id: "asst_1" }) { userErrors { code } } }',
];

const codesOf = ({ errors }: GraphQLHttpResponse): unknown[] =>
  (errors ?? []).map(({ extensions }) => extensions['code']);
const namesOf = ({ data }: GraphQLHttpResponse): (string | null)[] =>
  (data as { assistants: { nodes: { name: string | null }[] } }).assistants.nodes.map(({ name }) => name);
const bearer = (token: string) => ({ authorization: `Bearer ${token}` });

describe('under AUTH_MODE=passthrough', () => {
  let service: TestService;

  beforeAll(async () => {
    service = await startService({ AUTH_MODE: 'passthrough', UPSTREAM: 'local', FEDERATION: 'true' });
  });
  afterAll(() => service.stop());

  test('each key has its own assistants, even if requests are interleaved', async () => {
    const keys = ['a', 'b', 'c'].map((tenant) => `key-of-tenant-${tenant}-${randomUUID()}`);
    await Promise.all(
      Array.from({ length: 30 }, (_, index) => {
        const key = keys[index % keys.length] ?? '';
        return service.query(CREATE, { name: key }, bearer(key));
      }),
    );
    const lists = await Promise.all(
      Array.from({ length: 30 }, async (_, index) => {
        const key = keys[index % keys.length] ?? '';
        return { key, names: namesOf(await service.query(LIST, undefined, bearer(key))) };
      }),
    );
    for (const { key, names } of lists) expect(names).toEqual(Array.from({ length: 10 }, () => key));
  });

  test.each([
    ['no header', undefined],
    ['another scheme', 'Basic a2V5'],
    ['no token', 'Bearer'],
    ['two tokens', 'Bearer one two'],
    ['an invalid token', 'Bearer "quoted"'],
    ['a token that is too long', `Bearer ${'k'.repeat(513)}`],
  ])('with %s every read and write is rejected, and a write is NOT_APPLIED', async (_name, authorization) => {
    const headers = authorization === undefined ? {} : { authorization };
    for (const document of [...READS, ...WRITES]) {
      const response = await service.query(document, undefined, headers);
      expect([response.status, ...codesOf(response)]).toEqual([200, 'UNAUTHENTICATED']);
      const outcome = WRITES.includes(document) ? 'NOT_APPLIED' : undefined;
      expect(response.errors?.[0]?.extensions['outcome']).toBe(outcome);
    }
  });

  test('fields that concern no account need no key', async () => {
    expect((await service.query('{ __typename __schema { queryType { name } } }')).errors).toBeUndefined();
  });
});

describe('under AUTH_MODE=jwt', () => {
  let service: TestService;
  let provider: IdentityProvider;
  let key: SigningKey;

  beforeAll(async () => {
    key = await createKey('key-1');
    provider = await IdentityProvider.start(key);
    service = await startService({
      AUTH_MODE: 'jwt',
      UPSTREAM: 'local',
      JWT_ISSUER: ISSUER,
      JWT_AUDIENCE: AUDIENCE,
      JWKS_URL: provider.url.href,
      FEDERATION: 'true',
    });
  });
  afterAll(async () => {
    await service.stop();
    await provider.goDown();
  });

  test('assistants:read allows reads only, and assistants:write allows writes only', async () => {
    const reader = bearer(await sign(key, { scope: 'assistants:read' }));
    const writer = bearer(await sign(key, { scp: ['assistants:write'], scope: undefined }));
    for (const document of READS) {
      expect(codesOf(await service.query(document, undefined, reader))).toEqual([]);
      expect(codesOf(await service.query(document, undefined, writer))).toEqual(['FORBIDDEN']);
    }
    for (const document of WRITES) {
      expect(codesOf(await service.query(document, undefined, writer))).toEqual([]);
      const rejected = await service.query(document, undefined, reader);
      expect(codesOf(rejected)).toEqual(['FORBIDDEN']);
      expect(rejected.errors?.[0]?.extensions['outcome']).toBe('NOT_APPLIED');
      expect(rejected.errors?.[0]?.message).toContain('assistants:write');
    }
  });

  test('a caller without the scope does not share the response of a read in flight', async () => {
    const reader = bearer(await sign(key, { scope: 'assistants:read' }));
    const writer = bearer(await sign(key, { scope: 'assistants:write' }));
    await service.query(LIST, undefined, reader);
    const responses = await Promise.all([reader, writer, reader, writer].map((h) => service.query(LIST, undefined, h)));
    expect(responses.map((response) => codesOf(response).length)).toEqual([0, 1, 0, 1]);
  });

  test('tokens of other issuers are rejected', async () => {
    const untrusted = await createKey('key-1');
    for (const token of [await sign(untrusted), await sign(key, { exp: 1 }), await sign(key, { aud: 'else' }), 'x.y.z'])
      expect(codesOf(await service.query(LIST, undefined, bearer(token)))).toEqual(['UNAUTHENTICATED']);
  });
});

describe('a credential', () => {
  test('is in no response, log entry or metric for any response of upstream', async () => {
    const credential = 'sk-credential/of+the~caller==';
    const secret = 'what-upstream-says';
    const statuses = [200, 400, 401, 403, 404, 422, 429, 500];
    const upstream = await startScriptedUpstream(({ headers }, response, index) => {
      const status = statuses[index % statuses.length] ?? 500;
      sendJson(response, status, {
        // The reason is shown to clients.
        message: status === 400 || status === 422 ? `bad ${headers.authorization ?? ''}` : secret,
        authorization: headers.authorization,
      });
    });
    const service = await startServiceOn(upstream, { AUTH_MODE: 'passthrough', FEDERATION: 'true' });
    const outputs: (string | object)[] = [];
    for (const document of [...READS, ...WRITES]) {
      const response = await service.query(document, undefined, bearer(credential));
      outputs.push(response.text, JSON.stringify([...response.headers]));
    }
    outputs.push(await (await fetch(`${service.url}/metrics`)).text(), service.logs);
    expect(leaksIn(outputs, { credential, upstream: new URL(upstream.url), texts: [secret] })).toEqual([]);
    await service.stop();
    await upstream.stop();
  });
});
