/** The bodies of upstream's responses: how large they may be, and how they are decompressed within that. */
import { errorCode } from '../runtime/error-code.ts';
import { estimateJson } from '../runtime/json-size.ts';
import { decompress, type ContentCoding } from '../runtime/content-coding.ts';
import type { Release } from '../runtime/semaphore.ts';
import type { HttpResponse, HttpResult, NetworkFailure } from './exchange.ts';

/** The largest body that is accepted from upstream, in bytes, after decompression. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** A body up to this size, in bytes, is read at once; larger ones are read a few at a time, to bound memory. */
export const SMALL_BODY_BYTES = 1024 * 1024;
/** The most that the JSON of a body may take in memory, in bytes. */
const MAX_PARSED_BYTES = 128 * 1024 * 1024;

/**
 * The answer with its body decompressed: up to 1 MiB at once, a larger one when its turn comes. `held` is what was acquired
 * while the body was read. `acquire` resolves to null where nobody waits for the answer any more; so does this.
 */
export async function decode(
  response: HttpResponse,
  coding: Exclude<ContentCoding, 'identity'>,
  held: Release | null,
  acquire: () => Promise<Release | null>,
): Promise<HttpResult | null> {
  let release = held;
  try {
    // A brotli decoder takes 16 MiB for itself, however small the body is.
    if (coding === 'br' && !release) {
      release = await acquire();
      if (!release) return null;
    }
    for (;;) {
      try {
        const maxOutputLength = release ? MAX_BODY_BYTES : SMALL_BODY_BYTES;
        return rejectIfTooLargeToParse({
          ...response,
          body: await decompress[coding](response.body, { maxOutputLength }),
        });
      } catch (error) {
        if (!isTooLarge(error)) return withoutBody(response);
        if (release) return TOO_LARGE;
      }
      release = await acquire();
      if (!release) return null;
    }
  } finally {
    release?.();
  }
}

const TOO_LARGE: NetworkFailure = { status: null, failure: 'TOO_LARGE', sent: true };

/** The answer, but for a body that would take many times its size as JSON: 16 MiB of `{},{},…` become 400 MB. */
export function rejectIfTooLargeToParse(response: HttpResponse): HttpResult {
  const { status, body } = response;
  if (body.length <= SMALL_BODY_BYTES || estimateJson(body).heapBytes <= MAX_PARSED_BYTES) return response;
  return status < 300 ? TOO_LARGE : { ...response, body: Buffer.alloc(0) };
}

/** An answer whose body cannot be decoded: a refusal is known by its status, an acceptance is nothing without its body. */
export function withoutBody(response: HttpResponse): HttpResult {
  return response.status < 300
    ? { status: null, failure: 'UNREADABLE', sent: true }
    : { ...response, body: Buffer.alloc(0) };
}

const isTooLarge = (error: unknown): boolean => errorCode(error) === 'ERR_BUFFER_TOO_LARGE';
