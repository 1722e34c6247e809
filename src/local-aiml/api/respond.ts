/** Owns how a response leaves: JSON with Express's weak ETag, and 304 for what the client already has. */
import { createHash } from 'node:crypto';
import type { FastifyReply } from 'fastify';
import type { Page } from '../store/store.ts';

/** In characters. */
const MAX_SHORT_LENGTH = 16_384;

/** Sends `json` as it is; to a read that the client's `If-None-Match` fits, 304 without it. */
export function respond(reply: FastifyReply, statusCode: number, json: string): FastifyReply {
  // A long text is encoded once: the hash and the socket would each encode it again. A short one goes out with the headers.
  const body = json.length > MAX_SHORT_LENGTH ? Buffer.from(json) : json;
  const tag = toWeakTag(body);
  void reply.header('etag', tag);
  if (statusCode === 200 && isFresh(reply.request, tag)) return reply.code(304).send();
  return reply.code(statusCode).header('content-type', 'application/json; charset=utf-8').send(body);
}

/** A list as it is sent. The texts of the objects go out as they are kept, without being parsed and written again. */
export function toListJson({ items, hasMore }: Page): string {
  const firstId = JSON.stringify(items.at(0)?.id ?? null);
  const lastId = JSON.stringify(items.at(-1)?.id ?? null);
  // Unlike join(), this copies nothing.
  const data = items.reduce((text, { json }, index) => (index === 0 ? json : `${text},${json}`), '');
  return `{"object":"list","data":[${data}],"first_id":${firstId},"last_id":${lastId},"has_more":${hasMore}}`;
}

/** As Express makes it: the length in bytes in hexadecimal, and 27 characters of the SHA-1 in base64. */
function toWeakTag(body: Buffer | string): string {
  const hash = createHash('sha1').update(body).digest('base64').slice(0, 27);
  return `W/"${Buffer.byteLength(body).toString(16)}-${hash}"`;
}

/**
 * The weak comparison of RFC 9110. Unlike Express it ignores `Cache-Control: no-cache`, which every `fetch` with
 * `If-None-Match` sends, and which is meant for caches in between.
 */
function isFresh({ method, headers }: FastifyReply['request'], tag: string): boolean {
  const known = headers['if-none-match'];
  if (known === undefined || (method !== 'GET' && method !== 'HEAD')) return false;
  return known.trim() === '*' || [...known.matchAll(/"[^"]*"/g)].some(([opaque]) => tag === `W/${opaque}`);
}
