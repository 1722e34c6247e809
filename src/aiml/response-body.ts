/** Size limits and decompression of upstream's response bodies. */
import { errorCode } from '../runtime/error-code.ts';
import { isLargerThan } from '../runtime/json-size.ts';
import { decompress, type ContentCoding } from '../runtime/content-coding.ts';
import type { Release } from '../runtime/semaphore.ts';
import type { HttpResponse, HttpResult, NetworkFailure } from './exchange.ts';

/** The largest body that is accepted from upstream, in bytes, after decompression. */
export const MAX_BODY_BYTES = 16 * 1024 * 1024;
/** Bodies up to this size, in bytes, are read concurrently. Only a few larger ones are read at a time, to bound memory. */
export const SMALL_BODY_BYTES = 1024 * 1024;
/** The maximum heap size of the parsed JSON of a body, in bytes. */
const MAX_PARSED_BYTES = 128 * 1024 * 1024;

/**
 * Decompresses the body: up to 1 MiB immediately, a larger one with a permit. `held` is the permit that was acquired while
 * the body was received. Resolves to null if `acquire` does, because the exchange has ended.
 */
export async function decode(
  response: HttpResponse,
  coding: Exclude<ContentCoding, 'identity'>,
  held: Release | null,
  acquire: () => Promise<Release | null>,
): Promise<HttpResult | null> {
  let release = held;
  try {
    // A brotli decoder allocates 16 MiB for any body.
    if (coding === 'br' && !release) {
      release = await acquire();
      if (!release) return null;
    }
    for (;;) {
      try {
        const maxOutputLength = release ? MAX_BODY_BYTES : SMALL_BODY_BYTES;
        return { ...response, body: await decompress[coding](response.body, { maxOutputLength }) };
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

/**
 * Rejects bodies whose parsed JSON would be many times larger: 16 MiB of `{},{},…` become 400 MB. Reads the whole of a large
 * body, which is therefore given its own turn of the event loop first.
 */
export function rejectIfTooLargeToParse(result: HttpResult): HttpResult {
  if (result.status === null) return result;
  const { status, body } = result;
  if (!isLargerThan(body, MAX_PARSED_BYTES)) return result;
  return status < 300 ? TOO_LARGE : { ...result, body: Buffer.alloc(0) };
}

/** For a body that cannot be decoded. An error response still has its status; a 2xx is useless without its body. */
export function withoutBody(response: HttpResponse): HttpResult {
  return response.status < 300
    ? { status: null, failure: 'UNREADABLE', sent: true }
    : { ...response, body: Buffer.alloc(0) };
}

const isTooLarge = (error: unknown): boolean => errorCode(error) === 'ERR_BUFFER_TOO_LARGE';
