// Text is passed on unchanged or rejected; invalid text is never replaced.
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { sendJson, startScriptedUpstream, wireAssistant, type ScriptedUpstream } from '../support/scripted-upstream.ts';
import { startService, startServiceOn, type TestService } from '../support/service.ts';

const CREATE = `mutation Create($input: CreateAssistantInput!) {
  createAssistant(input: $input) { assistant { id name } userErrors { message } }
}`;
const toCreate = (name: string): string =>
  JSON.stringify({ query: CREATE, variables: { input: { model: 'gpt-4o', name } } });

const asItIs = (bytes: Buffer): Buffer => bytes;

interface Body {
  readonly data?: { readonly createAssistant: { readonly assistant: { readonly name: string } } };
  readonly errors?: readonly [{ readonly message: string; readonly extensions: Readonly<Record<string, unknown>> }];
}

describe('a request', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService();
  });
  afterAll(() => service.stop());

  const post = async (
    body: Uint8Array<ArrayBuffer>,
    headers: Readonly<Record<string, string>> = {},
    path = '/graphql',
  ) => {
    const init = { method: 'POST', headers: { 'content-type': 'application/json', ...headers }, body };
    const response = await fetch(service.url + path, init);
    return { status: response.status, body: (await response.json()) as Body };
  };
  const toBytes = (text: string, encoding: BufferEncoding = 'utf8') => new Uint8Array(Buffer.from(text, encoding));
  const namesStored = async () => {
    const { data } = await service.query('{ assistants(first: 100) { nodes { name } } }');
    return JSON.stringify(data);
  };

  test.each([
    ['Latin-1', Buffer.from(toCreate('Zoë'), 'latin1')],
    ['Windows-1252', Buffer.from(toCreate('costs 5 \u0080'), 'latin1')],
    [
      'GBK',
      Buffer.concat([Buffer.from('{"query":"{ __typename }","x":"'), Buffer.from([0xc4, 0xe3]), Buffer.from('"}')]),
    ],
    ['modified UTF-8', Buffer.from(toCreate('[]').replace('[]', '\u00ed\u00a0\u00b4\u00ed\u00b4\u009e'), 'latin1')],
    ['a character cut in half', Buffer.from(toCreate('[]').replace('[]', '\u00e4\u00bd'), 'latin1')],
    ['UTF-16', Buffer.from(`\ufeff${toCreate('x')}`, 'utf16le')],
    ['Latin-1 in a large body', Buffer.from(toCreate('Zoë').padEnd(50_000), 'latin1')],
  ])('with a body in %s is rejected, and nothing is stored', async (_name, bytes) => {
    const before = await namesStored();
    for (const [coding, compress] of [
      ['identity', (body: Buffer) => body],
      ['gzip', gzipSync],
    ] as const) {
      const { status, body } = await post(new Uint8Array(compress(bytes)), { 'content-encoding': coding });
      expect([status, body.errors?.[0].message]).toEqual([400, 'The request body is not UTF-8 text.']);
      expect(body.errors?.[0].extensions['code']).toBe('BAD_REQUEST');
    }
    expect(await namesStored()).toBe(before);
  });

  test.each(['iso-8859-1', 'ISO-8859-1', '"windows-1252"', 'utf-16', 'gbk', 'constructor'])(
    'with the charset %s is rejected even if its bytes are UTF-8',
    async (charset) => {
      const { status, body } = await post(toBytes(toCreate('x')), {
        'content-type': `application/json; charset=${charset}`,
      });
      expect([status, body.errors?.[0].message]).toEqual([415, 'The charset of the Content-Type must be utf-8.']);
    },
  );

  test.each(['utf-8', 'UTF-8', '"utf-8"', 'utf8', 'us-ascii'])('may have the charset %s', async (charset) => {
    const { body } = await post(toBytes(toCreate('Zoë 𝄞')), { 'content-type': `application/json; charset=${charset}` });
    expect(body.data?.createAssistant.assistant.name).toBe('Zoë 𝄞');
  });

  test('may begin with a byte order mark, which is ignored', async () => {
    const { body } = await post(toBytes(`\ufeff${toCreate('\ufeffa')}`));
    expect(body.data?.createAssistant.assistant.name).toBe('\ufeffa');
  });

  test.each([
    ['gzip', gzipSync],
    ['GZIP', gzipSync],
    ['x-gzip', gzipSync],
    ['X-Gzip', gzipSync],
    ['gzip, identity', gzipSync],
    ['Deflate', deflateSync],
    ['BR', brotliCompressSync],
    ['identity', asItIs],
    ['Identity', asItIs],
    ['', asItIs],
  ])('may have the Content-Encoding %j', async (coding, compress: (bytes: Buffer) => Buffer) => {
    const bytes = new Uint8Array(compress(Buffer.from(toCreate('compressed'))));
    expect((await post(bytes, { 'content-encoding': coding })).body.data?.createAssistant.assistant.name).toBe(
      'compressed',
    );
  });

  test.each(['constructor', '__proto__', 'toString', 'zstd', 'gzip, gzip', 'gzip, br'])(
    'with the Content-Encoding %j is rejected',
    async (coding) => {
      expect((await post(toBytes(toCreate('x')), { 'content-encoding': coding })).status).toBe(415);
    },
  );

  test('may be sent to /graphql/', async () => {
    expect((await post(toBytes('{"query":"{ __typename }"}'), {}, '/graphql/')).body.data).toEqual({
      __typename: 'Query',
    });
  });

  const getStatus = async (parameters: string) => {
    const headers = ['apollo-require-preflight: 1'];
    return (await sendRaw(service.url, rawRequest(`GET /graphql?${parameters} HTTP/1.1`, { headers }))).status;
  };

  test.each([
    'operationName=',
    'variables=',
    'extensions=',
    'operationName=&variables=&extensions=',
    'operationName=A&variables={}&extensions={}',
    'operationName&variables&extensions',
    'variables=null&extensions=null',
  ])('may be a GET with %s', async (parameters) => {
    expect(await getStatus(`query=query%20A%7B__typename%7D&${parameters}`)).toBe(200);
    expect(await getStatus(`${parameters}&query=query%20A%7B__typename%7D`)).toBe(200);
  });

  test.each(['variables=x', 'variables=[]', 'operationName=B', 'variables={}&variables=', 'query=', 'x=%EB', 'x=%C3'])(
    'may not be a GET with %s',
    async (parameters) => {
      expect(await getStatus(`query=query%20A%7B__typename%7D&${parameters}`)).toBe(400);
    },
  );

  test('may accept a media type with parameters', async () => {
    for (const accept of ['application/json;charset="UTF-8"', '', 'application/graphql-response+json; charset=utf-8']) {
      const response = await service.query('{ __typename }', undefined, { accept });
      expect([accept, response.status]).toEqual([accept, 200]);
    }
  });
});

describe('a response of upstream', () => {
  let upstream: ScriptedUpstream;
  let service: TestService;
  let reply: { status: number; headers: Record<string, string>; body: Buffer };
  beforeAll(async () => {
    upstream = await startScriptedUpstream(({ method, path }, response) => {
      if (method === 'GET' && path.endsWith('/known')) sendJson(response, 200, wireAssistant('known'));
      else response.writeHead(reply.status, { 'content-type': 'application/json', ...reply.headers }).end(reply.body);
    });
    service = await startServiceOn(upstream);
  });
  afterAll(async () => {
    await service.stop();
    await upstream.stop();
  });
  beforeEach(() => {
    reply = { status: 200, headers: {}, body: Buffer.from(JSON.stringify(wireAssistant('a', { name: 'Zoë' }))) };
  });

  const read = () => service.query('{ assistant(id: "a") { name } }');

  test.each([
    ['as it is', asItIs],
    ['compressed', gzipSync],
  ])('is never repaired if it is not UTF-8, %s', async (_name, compress: (bytes: Buffer) => Buffer) => {
    reply.body = compress(Buffer.from(JSON.stringify(wireAssistant('a', { name: 'Zoë' })), 'latin1'));
    if (_name === 'compressed') reply.headers['content-encoding'] = 'gzip';
    const { data, errors, text } = await read();
    expect(data).toEqual({ assistant: null });
    expect(errors?.[0]?.extensions['code']).toBe('UPSTREAM_BAD_RESPONSE');
    expect(text).not.toContain('\ufffd');
  });

  test('to a write makes its outcome UNKNOWN if it is not UTF-8', async () => {
    reply.body = Buffer.from(JSON.stringify(wireAssistant('a', { name: 'Zoë' })), 'latin1');
    const { errors } = await service.query(CREATE, { input: { model: 'gpt-4o' } });
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'OUTCOME_UNKNOWN', outcome: 'UNKNOWN' });
  });

  test('with an error gives no reason if it is not UTF-8', async () => {
    reply = { status: 400, headers: {}, body: Buffer.from('{"error":{"message":"no Zoë"}}', 'latin1') };
    const { errors, text } = await read();
    expect(errors?.[0]?.extensions['code']).toBe('BAD_USER_INPUT');
    expect(text).not.toMatch(/\ufffd|no Zo/);
  });

  test('may begin with a byte order mark', async () => {
    reply.body = Buffer.concat([Buffer.from('\ufeff'), reply.body]);
    expect((await read()).data).toEqual({ assistant: { name: 'Zoë' } });
  });

  test.each([
    ['gzip', gzipSync],
    ['X-GZIP', gzipSync],
    ['gzip, identity', gzipSync],
    ['Br', brotliCompressSync],
    ['Identity', asItIs],
    ['', asItIs],
  ])('may have the Content-Encoding %j', async (coding, compress: (bytes: Buffer) => Buffer) => {
    reply.headers['content-encoding'] = coding;
    reply.body = compress(reply.body);
    expect((await read()).data).toEqual({ assistant: { name: 'Zoë' } });
  });

  test.each(['constructor', '__proto__', 'zstd', 'gzip, gzip'])(
    'is unreadable with the Content-Encoding %j',
    async (coding) => {
      reply.headers['content-encoding'] = coding;
      expect((await read()).errors?.[0]?.extensions['code']).toBe('UPSTREAM_BAD_RESPONSE');
    },
  );
});
