import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { rawRequest, sendRaw } from '../support/raw-http.ts';
import { startService, type TestService } from '../support/service.ts';

const PATHS = ['/graphql', '/graphql/', '/', '/graphiql', '/healthz', '/readyz', '/metrics', '/nothing', '/%zz'];

describe('without authentication on loopback', () => {
  let service: TestService;
  beforeAll(async () => {
    service = await startService({ ALLOWED_HOSTS: 'Tunnel.Example, gate.example:8443 ,192.0.2.7,2001:db8::1' });
  });
  afterAll(() => service.stop());

  const statusOf = async (host: string, line = 'GET /healthz HTTP/1.1') =>
    (await sendRaw(service.url, rawRequest(line, { host }))).status;

  test.each([
    'localhost',
    'LOCALHOST',
    'localhost.',
    'localhost:1',
    'localhost:',
    '127.0.0.1',
    '127.0.0.1:65535',
    '[::1]',
    '[::1]:4000',
    '[0:0:0:0:0:0:0:1]',
    'tunnel.example',
    'TUNNEL.EXAMPLE.:8080',
    'gate.example:8443',
    '192.0.2.7:80',
    '[2001:DB8:0::1]',
  ])('the host %s is served', async (host) => {
    expect(await statusOf(host)).toBe(200);
  });

  test.each([
    'evil.example',
    'evil.example:4000',
    'localhost.evil.example',
    'evil.example.localhost',
    '127.0.0.1.evil.example',
    '127.0.0.1@evil.example',
    'localhost@evil.example',
    'evil.example#localhost',
    'evil.example/localhost',
    'localhost, evil.example',
    'localhost..',
    'localhost:80:80',
    'localhost:port',
    '127.0.0.2',
    '0.0.0.0',
    '192.168.0.10',
    '[::]',
    '[::2]',
    '[::ffff:192.168.0.10]',
    '[::1%25lo]',
    '[::1%lo]',
    '::1',
    '[::1',
    'gate.example',
    'gate.example:8444',
    'sub.tunnel.example',
    'constructor',
    '__proto__',
    'x'.repeat(1000),
    '',
  ])('the host %j is rejected', async (host) => {
    const { status, headers, body } = await sendRaw(service.url, rawRequest('GET /healthz HTTP/1.1', { host }));
    expect(status).toBe(421);
    const { errors } = JSON.parse(body) as { errors: [{ message: string; extensions: unknown }] };
    expect(errors[0].message).toContain('ALLOWED_HOSTS');
    expect(errors[0].extensions).toEqual({ code: 'BAD_REQUEST', requestId: headers.get('x-request-id') });
    if (host !== '') expect(body).not.toContain(host);
  });

  test.each(PATHS)('every method on %s is rejected under another host', async (path) => {
    for (const method of ['GET', 'POST', 'HEAD', 'OPTIONS', 'TRACE', 'DELETE'])
      expect([method, await statusOf('evil.example', `${method} ${path} HTTP/1.1`)]).toEqual([method, 421]);
  });

  test('a preflight from an allowed origin is rejected under another host', async () => {
    const headers = ['Origin: http://localhost:1', 'Access-Control-Request-Method: POST'];
    const request = rawRequest('OPTIONS /graphql HTTP/1.1', { host: 'evil.example', headers });
    expect((await sendRaw(service.url, request)).status).toBe(421);
  });

  test('an upgrade is rejected under another host', async () => {
    const headers = ['Upgrade: websocket', 'Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==', 'Sec-WebSocket-Version: 13'];
    const request = rawRequest('GET /graphql HTTP/1.1', { host: 'evil.example', headers });
    expect((await sendRaw(service.url, request)).status).toBe(421);
  });

  test.each([
    ['http://evil.example/healthz', 'localhost', 421],
    ['http://localhost/healthz', 'evil.example', 421],
    ['http://localhost@evil.example/healthz', 'localhost', 421],
    ['http://evil.example?x=/healthz', 'localhost', 421],
    ['HTTPS://evil.example/healthz', 'localhost', 421],
    ['http://localhost:4000/healthz', 'localhost', 200],
    ['http://LOCALHOST/healthz', '127.0.0.1', 200],
  ])('the absolute target %s with the host %s gets %i', async (target, host, status) => {
    expect(await statusOf(host, `GET ${target} HTTP/1.1`)).toBe(status);
  });

  test.each([
    [['Host: localhost', 'host: evil.example']],
    [['Host: evil.example', 'HOST: localhost']],
    [['Host: localhost', 'Host: localhost']],
  ])('several Host headers are rejected: %j', async (headers) => {
    const { status } = await sendRaw(service.url, rawRequest('GET /healthz HTTP/1.1', { host: null, headers }));
    expect(status).toBe(400);
  });

  test.each([
    ['GET /healthz HTTP/1.0', 200],
    ['GET /readyz HTTP/1.0', 200],
    ['GET /graphql HTTP/1.0', 421],
    ['GET /metrics HTTP/1.0', 421],
    ['GET /readyz HTTP/1.1', 400],
  ])('%s without a Host header gets %i', async (line, status) => {
    const response = await sendRaw(service.url, rawRequest(line, { host: null }));
    expect(response.status).toBe(status);
    expect(response.headers.get('x-request-id')).toBeDefined();
  });
});

describe('with authentication, or beyond loopback', () => {
  let service: TestService | null = null;
  const statusOf = async (host: string | null, line = 'GET /nothing HTTP/1.1') =>
    (await sendRaw(service?.url ?? '', rawRequest(line, { host }))).status;
  afterAll(() => service?.stop());

  test('any host is served', async () => {
    service = await startService({ AUTH_MODE: 'passthrough', UPSTREAM: 'local' });
    expect(await statusOf('anything.example:1')).toBe(404);
    expect(await statusOf(null, 'GET /nothing HTTP/1.0')).toBe(404);
    await service.stop();
  });

  test('only ALLOWED_HOSTS are served, and health checks may use an address', async () => {
    service = await startService({ AUTH_MODE: 'passthrough', UPSTREAM: 'local', ALLOWED_HOSTS: 'api.example' });
    expect(await statusOf('api.example:443')).toBe(404);
    for (const host of ['other.example', 'localhost', '127.0.0.1', '10.1.2.3:4000', '[fd00::1]'])
      expect([host, await statusOf(host)]).toEqual([host, 421]);
    for (const host of ['localhost', '127.0.0.1:4000', '10.1.2.3:4000', '[fd00::1]:4000'])
      expect([host, await statusOf(host, 'GET /readyz HTTP/1.1')]).toEqual([host, 200]);
    expect(await statusOf('other.example', 'GET /readyz HTTP/1.1')).toBe(421);
    expect(await statusOf(null, 'GET /readyz HTTP/1.0')).toBe(200);
  });
});

test('the address that HOST names is served', async () => {
  const service = await startService({ HOST: '127.0.0.2' });
  try {
    expect((await service.query('{ __typename }')).status).toBe(200);
  } finally {
    await service.stop();
  }
});
