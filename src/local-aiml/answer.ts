/** Owns how an answer leaves: JSON with Express's weak ETag, and 304 for what the caller already has. */
import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';

/** Sends `json` as it is; a read that the caller's `If-None-Match` fits is answered 304 without it. */
export function answer(reply: FastifyReply, statusCode: number, json: string): FastifyReply {
  const tag = toWeakTag(json);
  void reply.header('etag', tag);
  if (statusCode === 200 && isFresh(reply.request, tag)) return reply.code(304).send();
  return reply.code(statusCode).header('content-type', 'application/json; charset=utf-8').send(json);
}

/** As Express makes it: the length in bytes in hexadecimal, and 27 characters of the SHA-1 in base64. */
function toWeakTag(body: string): string {
  const hash = createHash('sha1').update(body).digest('base64').slice(0, 27);
  return `W/"${Buffer.byteLength(body).toString(16)}-${hash}"`;
}

/**
 * The weak comparison of RFC 9110. Unlike Express it does not heed `Cache-Control: no-cache`, which every `fetch` adds
 * to a request with `If-None-Match`, and which is meant for caches on the way.
 */
function isFresh({ method, headers }: FastifyReply['request'], tag: string): boolean {
  const known = headers['if-none-match'];
  if (known === undefined || (method !== 'GET' && method !== 'HEAD')) return false;
  return known.trim() === '*' || [...known.matchAll(/"[^"]*"/g)].some(([opaque]) => tag === `W/${opaque}`);
}
