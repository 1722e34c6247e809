// HTTP_PROXY, HTTPS_PROXY and NO_PROXY: which calls use the proxy.
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import { connect, type AddressInfo } from 'node:net';
import { describe, expect, test } from '@jest/globals';
import { readConfig } from '../../src/config.ts';
import { cleanUpLater } from '../support/cleanup.ts';
import { sendJson, startScriptedUpstream, wireAssistant } from '../support/scripted-upstream.ts';
import { startService, startServiceOn } from '../support/service.ts';
import { AUDIENCE, createKey, IdentityProvider, ISSUER, sign } from '../unit/auth/identity-provider.ts';

const READ = '{ assistant(id: "asst_1") { id } }';
const CREATE = 'mutation { createAssistant(input: { model: "m" }) { assistant { id } } }';

/** A proxy that tunnels every host to one local port, and records its requests. */
async function startProxy(port: string) {
  const targets: string[] = [];
  const authorizations: (string | undefined)[] = [];
  const server = createServer((_request, response) => void response.writeHead(501).end());
  server.on('connect', (request: IncomingMessage, client) => {
    targets.push(request.url ?? '');
    authorizations.push(request.headers['proxy-authorization']);
    const target = connect(Number(port), '127.0.0.1', () => {
      client.write('HTTP/1.1 200 Connection established\r\n\r\n');
      target.pipe(client).pipe(target);
    });
    for (const socket of [client, target]) socket.on('error', () => [client, target].forEach((each) => each.destroy()));
    cleanUpLater(() => [client, target].forEach((each) => each.destroy()));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  cleanUpLater(() => server.close());
  return { targets, authorizations, host: `127.0.0.1:${(server.address() as AddressInfo).port}` };
}

const startUpstream = () =>
  startScriptedUpstream(({ path }, response) => sendJson(response, 200, wireAssistant(path.split('/')[2] ?? 'new')));

describe('the AIML API', () => {
  test.each([
    ['HTTP_PROXY', (host: string) => `http://${host}`],
    ['http_proxy', (host: string) => `http://${host}`],
    ['HTTP_PROXY', (host: string) => host],
  ])('is called through %s, reads and writes', async (name, toUrl) => {
    const upstream = await startUpstream();
    const proxy = await startProxy(new URL(upstream.url).port);
    const service = await startService({
      AIML_API_KEY: 'key',
      AIML_API_BASE_URL: 'http://aiml.invalid',
      [name]: toUrl(proxy.host),
    });
    expect((await service.query(READ)).data).toEqual({ assistant: { id: 'asst_1' } });
    expect((await service.query(CREATE)).data).toEqual({ createAssistant: { assistant: { id: 'new' } } });
    expect(new Set(proxy.targets)).toEqual(new Set(['aiml.invalid:80']));
    expect(upstream.calls[0]?.headers.host).toBe('aiml.invalid');
  });

  test('is called with the user and password of the proxy, which are sent to the proxy only', async () => {
    const upstream = await startUpstream();
    const proxy = await startProxy(new URL(upstream.url).port);
    const service = await startService({
      AIML_API_KEY: 'key',
      AIML_API_BASE_URL: 'http://aiml.invalid',
      HTTP_PROXY: `http://user:p%40ssword@${proxy.host}`,
    });
    await service.query(READ);
    expect(proxy.authorizations[0]).toBe(`Basic ${Buffer.from('user:p@ssword').toString('base64')}`);
    expect(upstream.calls[0]?.headers).not.toHaveProperty('proxy-authorization');
    expect(JSON.stringify(service.logs)).not.toContain('ssword');
  });

  test.each(['*', '127.0.0.1', 'example.com, 127.0.0.1'])(
    'is called directly where NO_PROXY is %s',
    async (noProxy) => {
      const upstream = await startUpstream();
      const proxy = await startProxy(new URL(upstream.url).port);
      const environment = { HTTP_PROXY: proxy.host, HTTPS_PROXY: proxy.host, NO_PROXY: noProxy };
      const service = await startServiceOn(upstream, environment);
      expect((await service.query(READ)).data).toEqual({ assistant: { id: 'asst_1' } });
      expect(proxy.targets).toEqual([]);
    },
  );

  test('is unavailable if the proxy is, and a write is NOT_APPLIED', async () => {
    const service = await startService({
      AIML_API_KEY: 'key',
      AIML_API_BASE_URL: 'http://aiml.invalid',
      HTTP_PROXY: 'http://127.0.0.1:9',
    });
    const { data } = await service.query(
      'mutation { createAssistant(input: { model: "m" }) { userErrors { code message } } }',
    );
    expect(data).toBeNull();
    const { errors } = await service.query(CREATE);
    expect(errors?.[0]?.extensions).toMatchObject({ code: 'UPSTREAM_UNAVAILABLE', outcome: 'NOT_APPLIED' });
    expect(JSON.stringify(errors)).not.toContain('127.0.0.1');
  });

  test('embedded is never called through a proxy', async () => {
    const service = await startService({ HTTP_PROXY: 'http://127.0.0.1:9', HTTPS_PROXY: 'http://127.0.0.1:9' });
    expect((await service.query(CREATE)).errors).toBeUndefined();
  });
});

test('the keys of the identity provider are fetched through the proxy, or directly if NO_PROXY lists it', async () => {
  const key = await createKey('key-1');
  const provider = await IdentityProvider.start(key);
  cleanUpLater(() => provider.goDown());
  const upstream = await startUpstream();
  const proxy = await startProxy(provider.url.port);
  const environment = {
    AUTH_MODE: 'jwt',
    AIML_API_KEY: 'key',
    AIML_API_BASE_URL: upstream.url,
    JWT_ISSUER: ISSUER,
    JWT_AUDIENCE: AUDIENCE,
    JWKS_URL: provider.url.href,
    HTTP_PROXY: proxy.host,
  };
  const headers = { authorization: `Bearer ${await sign(key)}` };
  const through = await startService({ ...environment, NO_PROXY: new URL(upstream.url).host });
  expect((await through.query(READ, {}, headers)).data).toEqual({ assistant: { id: 'asst_1' } });
  expect(proxy.targets).toEqual([provider.url.host]);
  const directly = await startService({ ...environment, NO_PROXY: '127.0.0.1' });
  expect((await directly.query(READ, {}, headers)).data).toEqual({ assistant: { id: 'asst_1' } });
  expect(proxy.targets).toHaveLength(1);
});

test.each(['socks5://127.0.0.1:1080', 'http://', 'a b'])(
  'a proxy that cannot be used is named at the start: %s',
  (url) => {
    const environment = { AIML_API_KEY: 'key', HTTPS_PROXY: url };
    expect(() => readConfig(environment)).toThrow(/^HTTPS_PROXY must be the http or https URL of a proxy$/);
    // A service that calls no other host ignores the proxy.
    expect(readConfig({ HTTPS_PROXY: url }).proxies).toBeNull();
  },
);
