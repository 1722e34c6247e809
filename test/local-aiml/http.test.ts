import { beforeAll, describe, expect, test } from '@jest/globals';
import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { openConnection } from '../support/raw-connection.ts';
import { call, create, createFolder, idsOf, startHere, type CallOptions } from './support.ts';

interface LogLine {
  readonly level: 'info' | 'warn' | 'error';
  readonly args: unknown[];
}
const log: LogLine[] = [];
const logger = {
  info: (...args: unknown[]) => void log.push({ level: 'info', args }),
  warn: (...args: unknown[]) => void log.push({ level: 'warn', args }),
  error: (...args: unknown[]) => void log.push({ level: 'error', args }),
};

let url: string;
let dataDir: string;
beforeAll(async () => {
  dataDir = await createFolder();
  ({ url } = await startHere({ dataDir, logger }));
});

const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/;

describe('a key', () => {
  test.each([
    ['is missing', {}],
    ['is of another scheme', { authorization: 'Basic YTpi' }],
    ['is empty', { authorization: 'Bearer ' }],
    ['has a character that RFC 6750 does not allow', { authorization: 'Bearer a b' }],
    ['has padding in the middle', { authorization: 'Bearer a=b' }],
    ['has 513 characters', { authorization: `Bearer ${'k'.repeat(513)}` }],
  ])('that %s gets 401', async (_what, headers) => {
    for (const request of ['GET /assistants', 'POST /assistants', 'GET /assistants/x', 'DELETE /assistants/x']) {
      const reply = await call(url, request, { key: null, headers });
      expect([reply.status, reply.headers.get('www-authenticate')]).toEqual([401, 'Bearer']);
    }
  });

  test.each(['k'.repeat(512), 'aZ09-._~+/=='])('that is well-formed is an account', async (key) => {
    expect((await call(url, 'GET /assistants', { key })).status).toBe(200);
  });

  test('is the same account in any case of the scheme', async () => {
    const id = await create(url, {}, { key: 'scheme' });
    const reply = await call(url, `GET /assistants/${id}`, {
      key: null,
      headers: { authorization: 'bearer  scheme' },
    });
    expect(reply.status).toBe(200);
  });

  test('is checked before the body', async () => {
    const reply = await call(url, 'POST /assistants', { key: null, body: '{' });
    expect(reply.status).toBe(401);
  });

  test('is neither stored nor logged', async () => {
    const key = 'VERY-SECRET-KEY';
    const id = await create(url, {}, { key });
    await call(url, `GET /assistants/${id}`, { key });
    for (const file of ['aiml.db', 'aiml.db-wal'])
      expect((await readFile(join(dataDir, file))).includes(key)).toBe(false);
    expect(JSON.stringify(log)).not.toContain(key);
  });
});

describe('an error', () => {
  test('has the members of both forms, and the request id of the header', async () => {
    const { status, headers, body } = await call(url, 'GET /assistants/asst_x?a=b');
    expect(status).toBe(404);
    expect(body).toEqual({
      message: "No assistant found with id 'asst_x'.",
      path: '/assistants/asst_x',
      requestId: headers.get('x-request-id'),
      statusCode: 404,
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/),
      error: {
        message: "No assistant found with id 'asst_x'.",
        type: 'invalid_request_error',
        param: null,
        code: null,
      },
    });
    expect(body['requestId']).toMatch(UUID);
  });

  test.each([
    ['an unknown path', 'GET /', {}, 404],
    ['an unknown path without a key', 'POST /chat/completions', { key: null, body: '{' }, 404],
    ['a path below an assistant', 'GET /assistants/a/b', {}, 404],
    ['an id that cannot be one', 'GET /assistants/..%2F', {}, 404],
    ['an id of 101 characters', `GET /assistants/${'a'.repeat(101)}`, {}, 404],
    ['a path that cannot be decoded', 'GET /assistants/%ff', {}, 400],
    ['a body that is not JSON', 'POST /assistants', { body: '{"model":' }, 400],
    ['no body', 'POST /assistants', {}, 400],
    ['an empty body', 'POST /assistants', { body: '' }, 400],
    ['a body of another type', 'POST /assistants', { body: 'model=m', headers: { 'content-type': 'text/plain' } }, 415],
    [
      'a body in another charset',
      'POST /assistants',
      { body: '{"model":"m"}', headers: { 'content-type': 'application/json; charset=utf-16' } },
      415,
    ],
    ['a compressed body', 'POST /assistants', { body: '{"model":"m"}', headers: { 'content-encoding': 'gzip' } }, 415],
    ...[
      ['lists', '[]'],
      ['numbers', '1,1'],
      ['objects', '{"a":1}'],
    ].map(([what = '', item = '']): [string, string, CallOptions, number] => [
      `a body with more than 50,000 brackets, braces, commas and colons (${what})`,
      'POST /assistants',
      {
        body: `{"model":"m","tools":[{"type":"function","function":{"name":"f","parameters":{"a":[${`${item},`.repeat(30_000)}1]}}}]}`,
      },
      400,
    ]),
    [
      'a body with more than 20,000 members',
      'POST /assistants',
      {
        body: `{"model":"m","metadata":{${Array.from({ length: 20_000 }, (_, index) => `"${index}":"a"`).join(',')}}}`,
      },
      400,
    ],
    ['a body over 8 MiB', 'POST /assistants', { body: ' '.repeat(8 * 1024 * 1024 + 1) }, 413],
  ])('is the response to %s', async (_what, request, options, status) => {
    const reply = await call(url, request, options);
    expect(reply.status).toBe(status);
    expect(Object.keys(reply.body)).toEqual(['message', 'path', 'requestId', 'statusCode', 'timestamp', 'error']);
    expect(reply.body['requestId']).toBe(reply.headers.get('x-request-id'));
    expect(reply.headers.get('content-type')).toBe('application/json; charset=utf-8');
  });

  test.each([
    ['PUT /assistants', 'GET, HEAD, POST'],
    ['DELETE /assistants', 'GET, HEAD, POST'],
    ['PATCH /assistants/asst_x', 'GET, HEAD, POST, DELETE'],
    ['OPTIONS /assistants/asst_x', 'GET, HEAD, POST, DELETE'],
  ])('of 405 is the response to %s, and lists the allowed methods', async (request, allow) => {
    const reply = await call(url, request);
    expect([reply.status, reply.headers.get('allow')]).toEqual([405, allow]);
  });

  test('is the response to a body that is not UTF-8', async () => {
    const response = await fetch(`${url}/assistants`, {
      method: 'POST',
      headers: { authorization: 'Bearer k', 'content-type': 'application/json' },
      body: Buffer.from('{"model":"\xff"}', 'latin1'),
    });
    expect(response.status).toBe(400);
  });

  test.each([
    ['HTTP', 'GARBAGE\r\n\r\n', 400],
    ['within the limit of headers', `GET / HTTP/1.1\r\nHost: x\r\nX: ${'x'.repeat(20_000)}\r\n\r\n`, 431],
  ])('is the response to a request that is not %s', async (_what, request, status) => {
    const { socket, closed } = await openConnection(url);
    socket.write(request);
    const [head = '', body = ''] = (await closed).split('\r\n\r\n');
    expect(head).toContain(`HTTP/1.1 ${status} `);
    expect(JSON.parse(body)).toMatchObject({ statusCode: status, requestId: expect.stringMatching(UUID) });
  });
});

describe('an ETag', () => {
  test('is weak, has the form of Express, and changes only with the response', async () => {
    const id = await create(url);
    const first = await call(url, `GET /assistants/${id}`);
    const tag = first.headers.get('etag') ?? '';
    expect(tag).toMatch(/^W\/"[0-9a-f]+-[A-Za-z0-9+/]{27}"$/);
    expect(parseInt(tag.slice(3), 16)).toBe(Buffer.byteLength(first.text));
    expect((await call(url, `GET /assistants/${id}`)).headers.get('etag')).toBe(tag);
    const changed = await call(url, `POST /assistants/${id}`, { body: { name: 'x' } });
    expect(changed.headers.get('etag')).not.toBe(tag);
    expect((await call(url, `GET /assistants/${id}`)).headers.get('etag')).toBe(changed.headers.get('etag'));
    expect(first.headers.get('cache-control')).toBeNull();
  });

  test.each<[string, (tag: string) => string, number]>([
    ['the tag itself', (tag) => tag, 304],
    ['the tag without its weakness', (tag) => tag.slice(2), 304],
    ['a list with the tag', (tag) => `"x", ${tag} , W/"y"`, 304],
    ['any tag', () => '*', 304],
    ['another tag', () => 'W/"2-x"', 200],
    ['the tag without its quotes', (tag) => tag.slice(3, -1), 200],
  ])('in If-None-Match as %s', async (_what, known, status) => {
    const path = `/assistants/${await create(url)}`;
    const { headers, text } = await call(url, `GET ${path}`);
    const tag = headers.get('etag') ?? '';
    const reply = await call(url, `GET ${path}`, { headers: { 'if-none-match': known(tag) } });
    expect([reply.status, reply.text]).toEqual([status, status === 304 ? '' : text]);
    expect(reply.headers.get('etag')).toBe(tag);
  });

  test('is compared for lists as well, but never for a write', async () => {
    const headers = { 'if-none-match': '*' };
    expect((await call(url, 'GET /assistants', { headers })).status).toBe(304);
    const id = await create(url);
    expect((await call(url, `POST /assistants/${id}`, { headers, body: { name: 'x' } })).status).toBe(200);
  });

  test('is in the response to HEAD, which has no body', async () => {
    const { headers } = await call(url, 'GET /assistants');
    const head = await call(url, 'HEAD /assistants');
    expect([head.status, head.text, head.headers.get('etag')]).toEqual([200, '', headers.get('etag')]);
  });
});

describe('the log', () => {
  test('contains the request id of a client in the usual header', async () => {
    log.length = 0;
    await call(url, 'GET /assistants', { headers: { 'x-request-id': 'req-1' } });
    expect(log).toMatchObject([{ args: [{ clientRequestId: 'req-1' }, 'request'] }]);
  });

  test.each([
    ['contains', 'client.req:1_2-3', true],
    ['omits', 'no spaces', false],
    ['omits', 'x'.repeat(129), false],
  ])('%s a client request id of %j', async (_what, id, isKept) => {
    log.length = 0;
    const { headers } = await call(url, 'GET /assistants', { headers: { 'x-client-request-id': id } });
    expect(log).toEqual([
      {
        level: 'info',
        args: [
          {
            requestId: headers.get('x-request-id'),
            ...(isKept ? { clientRequestId: id } : {}),
            method: 'GET',
            route: '/assistants',
            statusCode: 200,
            durationMs: expect.any(Number),
          },
          'request',
        ],
      },
    ]);
    expect(headers.get('x-request-id')).not.toBe(id);
  });
});

describe('the paths', () => {
  test('with a NUL after an id are not the path of that assistant', async () => {
    const id = await create(url);
    expect((await call(url, `GET /assistants/${id}%00`)).status).toBe(404);
    expect((await call(url, `GET /assistants?after=${id}%00`)).status).toBe(400);
  });

  test('may end in a slash', async () => {
    const key = randomUUID();
    const id = await create(url, {}, { key });
    expect(idsOf(await call(url, 'GET /assistants/', { key }))).toEqual([id]);
    expect((await call(url, `GET /assistants/${id}/`, { key })).status).toBe(200);
  });
});
