/** Owns how bodies are read: JSON in UTF-8, with a digest of what came. */
import { createHash } from 'node:crypto';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { allowHeapGrowthFor } from '../../runtime/heap-growth.ts';
import { estimateJson, requestLimits, violatedRequestLimit } from '../../runtime/json-size.ts';
import { decodeUtf8 } from '../../runtime/utf8.ts';
import { parseJson, type JsonValue } from '../wire/json.ts';
import { ApiError } from './api-error.ts';

export const MAX_BODY_BYTES = 8 * 1024 * 1024;

interface ParsedBody {
  readonly value: JsonValue;
  readonly digest: string;
}

/**
 * From here on bodies are read with {@link bodyOf}. `isScanned`: their cost is estimated before they are parsed. The service has
 * done that with the bodies that it makes its own of.
 */
export function readBodies(app: FastifyInstance, isScanned: boolean): void {
  app.removeAllContentTypeParsers();
  // Not Fastify's own: that one rejects or drops a `__proto__` member, which is data here.
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, bytes, done) => {
    try {
      done(null, parseBody(request, bytes as Buffer, isScanned));
    } catch (error) {
      done(error as ApiError);
    }
  });
}

/** The body of a request: null, with an empty digest, if there is none. */
export function bodyOf({ body }: { readonly body: unknown }): ParsedBody {
  return (body as ParsedBody | undefined) ?? { value: null, digest: '' };
}

function parseBody({ headers }: FastifyRequest, bytes: Buffer, isScanned: boolean): ParsedBody | undefined {
  const charset = /;\s*charset\s*=\s*"?([^";\s]*)/i.exec(headers['content-type'] ?? '')?.[1] ?? 'utf-8';
  if (!/^utf-?8$/i.test(charset) || !/^(identity)?$/i.test(headers['content-encoding'] ?? ''))
    throw unsupportedMediaType();
  if (bytes.length === 0) return undefined;
  allowHeapGrowthFor(bytes);
  // Before it is parsed: a body of 8 MiB can have millions of values, which would block all other requests for seconds.
  const violated =
    isScanned && bytes.length > requestLimits.structures
      ? violatedRequestLimit(estimateJson(bytes, requestLimits))
      : null;
  if (violated !== null) throw new ApiError(400, `Invalid body: it ${violated}.`);
  const text = decodeUtf8(bytes);
  const value = text === null ? undefined : parseJson(text);
  if (value === undefined) throw new ApiError(400, 'Invalid body: expected JSON in UTF-8.');
  return { value, digest: createHash('sha256').update(bytes).digest('base64') };
}

export const unsupportedMediaType = () =>
  new ApiError(415, 'The body has to be application/json in UTF-8, not compressed.');
