import dns from 'node:dns';
import { afterAll, beforeAll, describe, expect, jest, test } from '@jest/globals';
import { takePort } from '../support/port.ts';
import { rawRequest, sendRaw, type RawResponse } from '../support/raw-http.ts';
import { startService, type TestService } from '../support/service.ts';

const ORIGIN = 'Origin: http://localhost:5173';

/** Requests that are not GraphQL operations, with the expected status. */
const REQUESTS: readonly (readonly [string, string, number])[] = [
  ['no Host header', rawRequest('GET /readyz HTTP/1.1', { host: null }), 400],
  ['an unknown expectation', rawRequest('GET /readyz HTTP/1.1', { headers: ['Expect: 200-ok'] }), 417],
  [
    'an unknown expectation of a body',
    rawRequest('POST /graphql HTTP/1.1', { headers: ['Expect: x', 'Content-Length: 2'] }),
    417,
  ],
  ['CONNECT', rawRequest('CONNECT example.com:443 HTTP/1.1'), 405],
  ['no HTTP', 'NOT HTTP\r\n\r\n', 400],
  ['an unknown method', rawRequest('FOO /graphql HTTP/1.1'), 400],
  ['the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 400],
  ['a TLS handshake', '\x16\x03\x01\x00\xa5\x01\x00\x00\xa1\x03\x03', 400],
  ['two lengths', rawRequest('POST /graphql HTTP/1.1', { headers: ['Content-Length: 2', 'Content-Length: 3'] }), 400],
  ['headers too large', rawRequest('GET /healthz HTTP/1.1', { headers: [`A: ${'x'.repeat(200_000)}`] }), 431],
  ['a URL too large', rawRequest(`GET /${'x'.repeat(20_000)} HTTP/1.1`), 431],
  ['TRACE', rawRequest('TRACE /graphql HTTP/1.1'), 405],
  ['PROPFIND', rawRequest('PROPFIND /healthz HTTP/1.1'), 405],
  ['QUERY', rawRequest('QUERY /graphql HTTP/1.1'), 405],
  [
    'another method with text',
    rawRequest('PUT /metrics HTTP/1.1', { headers: ['Content-Type: text/plain', 'Content-Length: 0'] }),
    405,
  ],
  ['TRACE where there is nothing', rawRequest('TRACE /nothing HTTP/1.1'), 404],
  ['OPTIONS where there is nothing', rawRequest('OPTIONS /nothing HTTP/1.1'), 404],
  [
    'OPTIONS where there is nothing, of an allowed origin',
    rawRequest('OPTIONS /nothing HTTP/1.1', { headers: [ORIGIN] }),
    404,
  ],
  ['a path that cannot be decoded', rawRequest('GET /%E0%A4%A HTTP/1.1'), 404],
  ['an unknown file of the explorer', rawRequest('GET /graphiql/nothing.js HTTP/1.1'), 404],
  ['an upgrade to WebSocket', rawRequest('GET /graphql HTTP/1.1', { headers: ['Upgrade: websocket'] }), 400],
];

const expectError = ({ headers, body }: RawResponse) => {
  expect(headers.get('content-type')).toContain('application/json');
  const { errors } = JSON.parse(body) as { errors: [{ message: string; extensions: Record<string, unknown> }] };
  expect(errors[0].message).toMatch(/^[A-Z].*\.$/);
  expect(errors[0].extensions).toEqual({ code: 'BAD_REQUEST', requestId: headers.get('x-request-id') });
};

describe('every response has its request id and is JSON', () => {
  const services = new Map<string, TestService>();
  beforeAll(async () => {
    services.set('development', await startService());
    services.set('production', await startService({ NODE_ENV: 'production', EXPLORER: 'true' }));
  });
  afterAll(() => Promise.all([...services.values()].map((service) => service.stop())));

  describe.each(['development', 'production'])('in %s', (environment) => {
    test.each(REQUESTS)('%s', async (_name, request, status) => {
      const response = await sendRaw(services.get(environment)?.url ?? '', request);
      expect(response.status).toBe(status);
      expectError(response);
    });

    test.each([
      ['/graphql', 'GET, POST'],
      ['/graphql/', 'GET, POST'],
      ['/graphql?query=x', 'GET, POST'],
      ['/healthz', 'GET, HEAD'],
      ['/graphiql/some-file.js', 'GET, HEAD'],
      ['*', 'GET, HEAD, OPTIONS, POST'],
    ])('OPTIONS %s lists the allowed methods, with or without an origin', async (target, allow) => {
      for (const headers of [[], [ORIGIN], ['Origin: https://evil.example']]) {
        const request = rawRequest(`OPTIONS ${target} HTTP/1.1`, { headers });
        const response = await sendRaw(services.get(environment)?.url ?? '', request);
        expect(response.status).toBe(204);
        expect(response.headers.get('allow')).toBe(allow);
        expect(response.headers.get('x-request-id')).toBeDefined();
      }
    });

    test('405 lists the allowed methods', async () => {
      for (const [line, allow] of [
        ['TRACE /graphql', 'GET, POST'],
        ['DELETE /graphql/', 'GET, POST'],
        ['POST /healthz', 'GET, HEAD'],
      ]) {
        const response = await sendRaw(services.get(environment)?.url ?? '', rawRequest(`${line} HTTP/1.1`));
        expect([line, response.status, response.headers.get('allow')]).toEqual([line, 405, allow]);
      }
    });
  });
});

/** The lookup of localhost is staged, because this machine may have only one address for it. */
async function startOnTwoAddresses(): Promise<TestService> {
  const port = await takePort();
  const lookup = dns.lookup.bind(dns) as (...args: unknown[]) => void;
  jest.spyOn(dns, 'lookup').mockImplementation(((host: string, ...rest: [object, (...args: unknown[]) => void]) => {
    if (host === 'localhost')
      rest[1](
        null,
        ['127.0.0.1', '127.0.0.2'].map((address) => ({ address, family: 4 })),
      );
    else lookup(host, ...rest);
  }) as never);
  try {
    return await startService({ HOST: 'localhost', PORT: String(port), SHUTDOWN_TIMEOUT_MS: '5000' });
  } finally {
    jest.restoreAllMocks();
  }
}

describe('HOST=localhost with two addresses', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startOnTwoAddresses();
  });
  afterAll(() => service.stop());
  const urlsOf = ({ url }: TestService) =>
    ['127.0.0.1', '127.0.0.2'].map((host) => `http://${host}:${new URL(url).port}`);

  test.each(REQUESTS)('both addresses respond alike to %s', async (_name, request, status) => {
    for (const url of urlsOf(service)) {
      const response = await sendRaw(url, request);
      expect(response.status).toBe(status);
      expectError(response);
    }
  });

  test('both addresses close with the service, and open connections get a response that closes them', async () => {
    const keepAlive = rawRequest('GET /readyz HTTP/1.1').replace('Connection: close\r\n', '');
    const stopping = await startOnTwoAddresses();
    const urls = urlsOf(stopping);
    const responses = urls.map((url) => sendRaw(url, keepAlive));
    await Promise.all(urls.map((url) => sendRaw(url, rawRequest('GET /healthz HTTP/1.1'))));
    await stopping.stop();
    for (const response of await Promise.all(responses)) expect(response.status).toBe(200);
    for (const url of urls) await expect(sendRaw(url, keepAlive)).rejects.toThrow('ECONNREFUSED');
  });
});
