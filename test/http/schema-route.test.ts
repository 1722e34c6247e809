// The route /schema.graphql.
import { readFile } from 'node:fs/promises';
import { describe, expect, test } from '@jest/globals';
import { buildSchema } from 'graphql';
import { startService } from '../support/service.ts';

describe('/schema.graphql', () => {
  test('is the schema with its descriptions, revalidated by ETag', async () => {
    const { url } = await startService();
    const response = await fetch(`${url}/schema.graphql`);
    expect([response.status, response.headers.get('content-type')]).toEqual([200, 'text/plain; charset=utf-8']);
    const text = await response.text();
    expect(text).toBe(await readFile('schema/schema.graphql', 'utf8'));

    const etag = response.headers.get('etag') ?? '';
    for (const known of [etag, `W/${etag}`, `"other", ${etag}`, '*']) {
      const same = await fetch(`${url}/schema.graphql`, { headers: { 'if-none-match': known } });
      expect([same.status, same.headers.get('etag'), await same.text()]).toEqual([304, etag, '']);
    }
    const other = await fetch(`${url}/schema.graphql`, { headers: { 'if-none-match': '"other"' } });
    expect([other.status, await other.text()]).toEqual([200, text]);

    const head = await fetch(`${url}/schema.graphql`, { method: 'HEAD' });
    expect([head.status, head.headers.get('etag'), head.headers.get('content-length')]).toEqual([
      200,
      etag,
      String(Buffer.byteLength(text)),
    ]);
  });

  test('is that of the subgraph in a federation, and needs no credential', async () => {
    const { url } = await startService({ FEDERATION: 'true', AUTH_MODE: 'passthrough', UPSTREAM: 'local' });
    const text = await (await fetch(`${url}/schema.graphql`)).text();
    expect(buildSchema(text).getQueryType()?.getFields()).toHaveProperty('_service');
  });

  test.each([{ INTROSPECTION: 'false' }, { NODE_ENV: 'production' }])('is 404 with %j', async (environment) => {
    const { url } = await startService(environment);
    for (const path of ['/schema.graphql', '/schema.graphql?a=b']) {
      const response = await fetch(url + path);
      expect(response.status).toBe(404);
      expect(await response.json()).toEqual({
        errors: [
          {
            message: 'There is nothing at this path.',
            extensions: { code: 'BAD_REQUEST', requestId: response.headers.get('x-request-id') },
          },
        ],
      });
    }
    const page = await fetch(url, { headers: { accept: 'application/json' } });
    expect(await page.text()).not.toContain('schema.graphql');
  });
});
