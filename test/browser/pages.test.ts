// The HTML pages over HTTP, without a browser.
import { request as httpRequest } from 'node:http';
import { readFile } from 'node:fs/promises';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ApolloServer, HeaderMap } from '@apollo/server';
import { ApolloServerPluginLandingPageLocalDefault } from '@apollo/server/plugin/landingPage/default';
import { getIntrospectionQuery } from 'graphql';
import { startService, type TestService } from '../support/service.ts';

const SANDBOX = 'https://studio.apollographql.com';
const NOT_FOUND = { errors: [{ message: 'There is nothing at this path.' }] };

let service: TestService;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service.stop());

const get = (path: string, headers: Readonly<Record<string, string>> = {}) => fetch(service.url + path, { headers });
const html = (path: string) => get(path, { accept: 'text/html,application/xhtml+xml,*/*;q=0.8' });
const linksOf = (page: string) => [...page.matchAll(/(?:src|href)="(?!data:)([^"]*)"/g)].map(([, link = '']) => link);

describe('GET /', () => {
  test('returns the landing page to a browser', async () => {
    const page = await html('/');
    expect(page.status).toBe(200);
    expect(page.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(linksOf(await page.text())).toContain('graphiql');
  });

  test.each(['/graphql', '/graphql/', '/graphql?variables={}'])(
    'is where a browser that opens %s is redirected',
    async (path) => {
      const response = await fetch(service.url + path, {
        headers: { accept: 'text/html,*/*;q=0.8' },
        redirect: 'manual',
      });
      expect(response.status).toBe(302);
      expect(response.headers.get('location')).toBe('/');
      expect(response.headers.get('vary')).toContain('Accept');
    },
  );

  test('is not where a browser is redirected if it sends an operation to /graphql', async () => {
    const headers = { accept: 'text/html,*/*;q=0.8', 'apollo-require-preflight': '1' };
    const response = await fetch(`${service.url}/graphql?query={__typename}`, { headers, redirect: 'manual' });
    expect(await response.json()).toEqual({ data: { __typename: 'Query' } });
  });

  test.each([undefined, '*/*', 'application/json'])(
    'returns the paths of GraphQL and the explorer if the client accepts %s',
    async (accept) => {
      const response = await get('/', accept === undefined ? {} : { accept });
      expect(response.headers.get('content-type')).toContain('application/json');
      expect(await response.json()).toEqual({
        graphql: '/graphql',
        explorer: '/graphiql',
        schema: '/schema.graphql',
      });
      expect(response.headers.get('vary')).toContain('Accept');
    },
  );

  test('loads the same Sandbox as Apollo Server’s own landing page', async () => {
    const server = new ApolloServer({
      typeDefs: 'type Query { a: Int }',
      plugins: [ApolloServerPluginLandingPageLocalDefault({ embed: true })],
    });
    await server.start();
    const { body } = await server.executeHTTPGraphQLRequest({
      httpGraphQLRequest: { method: 'GET', headers: new HeaderMap([['accept', 'text/html']]), search: '', body: {} },
      context: () => Promise.resolve({}),
    });
    await server.stop();
    const apolloScript = /src="(https:\/\/embeddable-sandbox[^"?]*)/.exec(
      body.kind === 'complete' ? body.string : '',
    )?.[1];
    const script = linksOf(await (await html('/')).text()).find((link) => link.endsWith('.js'));
    expect(await (await get(`/${script ?? ''}`)).text()).toContain(
      apolloScript ?? 'Apollo Server has no Sandbox any more',
    );
  });
});

describe('a page', () => {
  test.each(['/', '/graphiql'])('%s cannot be framed, sends no referrer, and loads no other code', async (path) => {
    const { headers } = await html(path);
    expect(headers.get('x-content-type-options')).toBe('nosniff');
    expect(headers.get('referrer-policy')).toBe('no-referrer');
    expect(headers.get('x-frame-options')).toBe('DENY');
    const policy = headers.get('content-security-policy') ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("frame-ancestors 'none'");
    expect(policy).toContain("connect-src 'self'");
    expect(policy).not.toMatch(/\*|unsafe-eval|script-src[^;]*unsafe/);
    expect([...policy.matchAll(/https?:[^\s;]*/g)].map(([host]) => host)).toEqual(
      path === '/'
        ? ['https://embeddable-sandbox.cdn.apollographql.com', 'https://sandbox.embed.apollographql.com']
        : [],
    );
  });

  test.each(['/', '/graphiql'])('%s has no inline script, and is revalidated each time', async (path) => {
    const page = await html(path);
    expect(page.headers.get('cache-control')).toBe('no-cache');
    const etag = page.headers.get('etag') ?? '';
    expect(await page.text()).not.toMatch(/<script(?![^>]*\ssrc=)|<style|\son\w+=/);
    const again = await get(path, { accept: 'text/html', 'if-none-match': etag });
    expect(again.status).toBe(304);
    expect(again.headers.get('content-security-policy')).not.toBeNull();
  });
});

describe('the files of the pages', () => {
  test('have their content type, are immutable, and are compressed for clients that accept gzip', async () => {
    const { files } = JSON.parse(await readFile('dist/explorer/manifest.json', 'utf8')) as {
      files: Readonly<Record<string, { readonly contentType: string }>>;
    };
    const names = Object.keys(files).filter((name) => !name.endsWith('.html'));
    expect(names.length).toBeGreaterThan(10);
    for (const name of names) {
      expect(name).toMatch(/-[A-Z0-9]{8}\.(?:js|css|ttf)$/);
      const file = await get(`/graphiql/${name}`, { 'accept-encoding': 'gzip' });
      expect(file.status).toBe(200);
      expect(file.headers.get('content-type')).toMatch(/^(?:text\/javascript|text\/css|font\/ttf)/);
      expect(file.headers.get('content-encoding')).toBe('gzip');
      expect(file.headers.get('cache-control')).toBe('public, max-age=31536000, immutable');
      expect(file.headers.get('vary')).toContain('Accept-Encoding');
      await file.arrayBuffer();
    }
    const plain = await get(`/graphiql/${names[0] ?? ''}`, { 'accept-encoding': 'identity' });
    expect(plain.headers.get('content-encoding')).toBeNull();
    expect((await plain.text()).length).toBeGreaterThan(1000);
  });

  /** Sends the path unchanged; `fetch` would normalise it. */
  const getRaw = (path: string) =>
    new Promise<{ status: number | undefined; body: string }>((resolve, reject) => {
      httpRequest(service.url, { path }, (response) => {
        let body = '';
        response.setEncoding('utf8').on('data', (text: string) => (body += text));
        response.on('end', () => resolve({ status: response.statusCode, body }));
      })
        .on('error', reject)
        .end();
    });

  test.each([
    '/graphiql/../package.json',
    '/graphiql/..%2fpackage.json',
    '/graphiql/..%2f..%2fpackage.json',
    '/graphiql/%2e%2e/%2e%2e/package.json',
    '/graphiql/..%5c..%5cpackage.json',
    '/graphiql/%2fetc%2fpasswd',
    '/graphiql/manifest.json',
    '/graphiql/manifest.json%00.js',
    '/graphiql/graphiql.html',
    '/graphiql/__proto__',
    '/graphiql/constructor',
    '/graphiql/',
    '/node_modules/graphiql/package.json',
    '/dist/main.js',
    '//etc/passwd',
  ])('do not include %s', async (path) => {
    const { status, body } = await getRaw(path);
    expect(status).toBe(404);
    expect(JSON.parse(body)).toMatchObject(NOT_FOUND);
  });
});

describe('in production', () => {
  test('the pages are served only if EXPLORER is true', async () => {
    const production = await startService({ NODE_ENV: 'production' });
    for (const path of ['/', '/chat', '/graphiql', '/graphiql/app.js']) {
      const response = await fetch(production.url + path, { headers: { accept: 'text/html' } });
      expect(response.status).toBe(404);
      expect(await response.json()).toMatchObject(NOT_FOUND);
    }
    await production.stop();

    const requested = await startService({ NODE_ENV: 'production', EXPLORER: 'true' });
    for (const path of ['/', '/chat', '/graphiql']) {
      const response = await fetch(requested.url + path, { headers: { accept: 'text/html' } });
      expect(response.headers.get('content-type')).toContain('text/html');
    }
    await requested.stop();
  });

  test('the pages are not served if EXPLORER is false in any environment', async () => {
    const without = await startService({ EXPLORER: 'false' });
    for (const path of ['/', '/chat', '/graphiql']) {
      const response = await fetch(without.url + path, { headers: { accept: 'text/html' } });
      expect(response.status).toBe(404);
    }
    await without.stop();
  });
});

describe('Apollo Sandbox on its own site', () => {
  const headers = [
    'content-type',
    'authorization',
    'apollo-require-preflight',
    'apollographql-client-name',
    'apollographql-client-version',
    'x-apollo-operation-name',
  ];

  test('may send its headers', async () => {
    const preflight = await fetch(`${service.url}/graphql`, {
      method: 'OPTIONS',
      headers: {
        origin: SANDBOX,
        'access-control-request-method': 'POST',
        'access-control-request-headers': headers.join(','),
      },
    });
    expect(preflight.status).toBe(204);
    expect(preflight.headers.get('access-control-allow-origin')).toBe(SANDBOX);
    expect(preflight.headers.get('access-control-allow-methods')).toContain('POST');
    expect(preflight.headers.get('access-control-allow-headers')?.split(/,\s*/)).toEqual(headers);
  });

  test.each([
    ['the introspection query of graphql-js', {}],
    [
      'all options of the introspection query',
      {
        descriptions: true,
        specifiedByUrl: true,
        directiveIsRepeatable: true,
        schemaDescription: true,
        inputValueDeprecation: true,
        oneOf: true,
      },
    ],
  ])('gets a response to %s', async (_name, options) => {
    const response = await service.query(getIntrospectionQuery(options), undefined, {
      origin: SANDBOX,
      'x-apollo-operation-name': 'IntrospectionQuery',
    });
    expect(response.errors).toBeUndefined();
    expect(response.data?.['__schema']).toMatchObject({ queryType: { name: 'Query' } });
    expect(response.headers.get('access-control-allow-origin')).toBe(SANDBOX);
  });
});
