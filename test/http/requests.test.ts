import { connect } from 'node:net';
import { brotliCompressSync, deflateSync, gzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { openConnection } from '../support/raw-connection.ts';
import { startService, type TestService } from '../support/service.ts';
import { until } from '../support/until.ts';

let service: TestService;

beforeAll(async () => {
  service = await startService({ MAX_IN_FLIGHT: '3' });
});
afterAll(() => service.stop());

interface Rejected {
  readonly status: number;
  readonly headers: Headers;
  readonly error: {
    readonly message: string;
    readonly extensions: { readonly code: string; readonly requestId: string };
  };
}

async function errorResponse(path: string, init: RequestInit): Promise<Rejected> {
  const response = await fetch(service.url + path, init);
  const { errors } = (await response.json()) as { errors: [Rejected['error']] };
  return { status: response.status, headers: response.headers, error: errors[0] };
}

const post = (body: NonNullable<RequestInit['body']>, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body,
});

const padded = (bytes: number) => {
  const head = '{"query":"{ __typename }","padding":"';
  return `${head}${'x'.repeat(bytes - head.length - 2)}"}`;
};

describe('requests that are rejected before any operation runs', () => {
  test.each<[string, string, RequestInit, number]>([
    ['a body that is not JSON', '/graphql', post('{'), 400],
    ['a body that is JSON but not an object', '/graphql', post('"x"'), 400],
    ['a batch', '/graphql', post('[{"query":"{ __typename }"}]'), 400],
    ['no query', '/graphql', post('{"variables":{}}'), 400],
    [
      'another content type',
      '/graphql',
      { method: 'POST', headers: { 'content-type': 'text/plain' }, body: '{}' },
      415,
    ],
    ['a form', '/graphql', { method: 'POST', body: new URLSearchParams({ query: '{ __typename }' }) }, 415],
    ['a GET that a form could send', '/graphql?query={__typename}', {}, 400],
    ['a body of more than 2 MiB', '/graphql', post(padded(2 * 1024 * 1024 + 1)), 413],
    [
      'a body of more than 2 MiB after decompression',
      '/graphql',
      post(gzipSync(padded(2 * 1024 * 1024 + 1)), { 'content-encoding': 'gzip' }),
      413,
    ],
    ['a gzip bomb', '/graphql', post(gzipSync(Buffer.alloc(200 * 1024 * 1024)), { 'content-encoding': 'gzip' }), 413],
    ['a body that is not in its Content-Encoding', '/graphql', post('{}', { 'content-encoding': 'gzip' }), 400],
    ['an unknown encoding', '/graphql', post('{}', { 'content-encoding': 'zstd' }), 415],
    ['another method', '/graphql', { method: 'PUT' }, 405],
    ['another path', '/other', {}, 404],
    ['an invalid path', '/%zz', {}, 404],
  ])('%s gets a JSON response with the request id', async (_name, path, init, status) => {
    const response = await errorResponse(path, init);
    expect(response.status).toBe(status);
    expect(response.error.extensions).toEqual({ code: 'BAD_REQUEST', requestId: response.headers.get('x-request-id') });
    expect(response.headers.get('content-type')).toContain('json');
  });

  test('405 lists the methods of /graphql', async () => {
    expect((await errorResponse('/graphql', { method: 'DELETE' })).headers.get('allow')).toBe('GET, POST');
  });
});

describe('a request body', () => {
  test.each([
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
  ])('may be compressed with %s', async (encoding, compress) => {
    const response = await fetch(
      `${service.url}/graphql`,
      post(compress('{"query":"{ __typename }"}'), { 'content-encoding': encoding }),
    );
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });

  test('may be as large as 2 MiB', async () => {
    const response = await fetch(`${service.url}/graphql`, post(padded(2 * 1024 * 1024)));
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });

  test.each([
    [4000, 200],
    [6000, 400],
    [20_000, 400],
  ])('in %d chunks gets the status %d', async (chunks, status) => {
    const chunked =
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\nconnection: keep-alive\r\n' +
      `transfer-encoding: chunked\r\n\r\n17\r\n{"query":"{__typename}"\r\n${'1\r\n \r\n'.repeat(chunks)}1\r\n}\r\n0\r\n\r\n`;
    const response = await new Promise<string>((resolve) => {
      let received = '';
      const socket = connect(Number(new URL(service.url).port), '127.0.0.1', () => socket.write(chunked));
      socket.on('error', () => undefined).on('close', () => resolve(received));
      socket.setEncoding('utf8').on('data', (part: string) => {
        received += part;
        if (status === 200) socket.end();
      });
    });
    expect(response).toContain(`HTTP/1.1 ${status} `);
    if (status === 400) expect(response).toContain('The request body arrived in more than 5000 chunks.');
  });
});

describe('clients that disconnect while their requests are read', () => {
  test('release their slots in flight', async () => {
    const body = gzipSync(padded(300));
    const head =
      'POST /graphql HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n' +
      `content-encoding: gzip\r\ncontent-length: ${body.length}\r\n\r\n`;
    const leave = () =>
      new Promise<void>((resolve, reject) => {
        const socket = connect(Number(new URL(service.url).port), '127.0.0.1', () => {
          // The service sees the end while the body is decompressed.
          socket.write(head, () => setTimeout(() => socket.write(body, () => socket.destroy()), 5));
        });
        socket.once('close', () => resolve()).once('error', reject);
      });
    await Promise.all(Array.from({ length: 10 }, leave));
    const metric = async () =>
      /assistants_operations_in_flight (\d+)/.exec(await (await fetch(`${service.url}/metrics`)).text())?.[1];
    await until(async () => (await metric()) === '0');
    expect((await service.query('{ __typename }')).data).toEqual({ __typename: 'Query' });
  });
});

describe('the request id', () => {
  test('is generated by the service for every request, and never the client’s', async () => {
    const ids = await Promise.all(
      [1, 2, 3].map(async () => {
        const response = await service.query('{ nope }', undefined, { 'x-request-id': 'from-the-caller' });
        expect(response.errors?.[0]?.extensions['requestId']).toBe(response.headers.get('x-request-id'));
        expect(response.text).not.toContain('from-the-caller');
        return response.headers.get('x-request-id');
      }),
    );
    expect(new Set(ids).size).toBe(3);
    expect(ids).not.toContain('from-the-caller');
  });
});

describe('CORS', () => {
  const origins = ['https://studio.apollographql.com', 'http://localhost:5173', 'http://127.0.0.1:3000'];

  test.each(origins)('allows pages of %s, with the headers that they need', async (origin) => {
    const preflight = await fetch(`${service.url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin,
        'access-control-request-method': 'POST',
        'access-control-request-headers': 'content-type,authorization,apollo-require-preflight',
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(origin);
    expect(preflight.headers.get('access-control-allow-headers')).toContain('authorization');
    const response = await service.query('{ __typename }', undefined, { origin });
    expect(response.headers.get('access-control-allow-origin')).toBe(origin);
    expect(response.headers.get('access-control-expose-headers')).toBe('x-request-id, retry-after');
  });

  test.each([
    'https://evil.example',
    'http://localhost.evil.example',
    'https://studio.apollographql.com.evil.example',
    'null',
  ])('does not allow pages of %s', async (origin) => {
    const response = await service.query('{ __typename }', undefined, { origin });
    expect(response.headers.get('access-control-allow-origin')).toBeNull();
  });

  test('allows no other site in production unless it is named', async () => {
    const production = await startService({ NODE_ENV: 'production', CORS_ORIGINS: 'https://app.example' });
    const allowed = async (origin: string) =>
      (await production.query('{ __typename }', undefined, { origin })).headers.get('access-control-allow-origin');
    expect(await allowed('https://app.example')).toBe('https://app.example');
    expect(await allowed('http://localhost:5173')).toBeNull();
    expect(await allowed('https://studio.apollographql.com')).toBeNull();
    await production.stop();
  });
});

describe('invalid HTTP', () => {
  test.each([
    ['garbage', 'hello\r\n\r\n', 'HTTP/1.1 400 '],
    [
      'headers that are too large',
      `GET /healthz HTTP/1.1\r\nhost: localhost\r\nx: ${'y'.repeat(100_000)}\r\n\r\n`,
      'HTTP/1.1 431 ',
    ],
  ])('%s gets a JSON response as well', async (_name, bytes, line) => {
    const response = await (await openConnection(service.url, bytes)).closed;
    expect(response.startsWith(line)).toBe(true);
    const [head = '', body = ''] = response.split('\r\n\r\n');
    const requestId = /x-request-id: (\S+)/i.exec(head)?.[1];
    expect(JSON.parse(body)).toMatchObject({ errors: [{ extensions: { code: 'BAD_REQUEST', requestId } }] });
  });
});
