/** The route `/schema.graphql`: the schema in SDL, for code generators and people. */
import { createHash } from 'node:crypto';
import type { FastifyInstance } from 'fastify';

export const SCHEMA_PATH = '/schema.graphql';

/** `printSchema` is called once, on the first request. */
export function registerSchemaRoute(app: FastifyInstance, printSchema: () => string): void {
  let document: { readonly body: Buffer; readonly etag: string } | null = null;

  const print = (): { readonly body: Buffer; readonly etag: string } => {
    const body = Buffer.from(printSchema());
    return { body, etag: `"${createHash('sha256').update(body).digest('base64url')}"` };
  };
  app.get(SCHEMA_PATH, (request, reply) => {
    const { body, etag } = (document ??= print());
    reply.header('cache-control', 'no-cache').header('etag', etag);
    // Proxies that compress responses make the ETag a weak one.
    const known = request.headers['if-none-match']?.split(',').map((tag) => tag.trim().replace(/^W\//, ''));
    if (known?.some((tag) => tag === etag || tag === '*')) return reply.code(304).send();
    return reply.type('text/plain; charset=utf-8').send(body);
  });
}
