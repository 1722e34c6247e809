/** From the bytes of a request body to JSON, within the limit before and after decompression. */
import type { IncomingMessage } from 'node:http';
import { errorCode } from '../runtime/error-code.ts';
import { estimateJson } from '../runtime/json-size.ts';
import { decompress, toContentCoding, type ContentCoding } from '../runtime/content-coding.ts';
import { decodeUtf8 } from '../runtime/utf8.ts';
import type { BodyReservation } from './body-memory.ts';
import { RequestError, type HttpErrorResponse } from './error-response.ts';
import { MAX_BODY_BYTES, readBody } from './read-body.ts';

/** Bodies up to this size, in bytes, are parsed without an estimate of their memory. */
const SMALL_BODY_BYTES = 4096;
/** More than any value of the schema needs, and low enough for recursive code. */
const MAX_DEPTH = 256;

/**
 * Reads and parses a request body. Rejects with a RequestError: 400, 413, 415, or that of the reservation. In every case
 * the caller must release the reservation when the result is no longer used.
 */
export async function readJsonBody(request: IncomingMessage, reservation: BodyReservation): Promise<unknown> {
  const coding = toContentCoding(request.headers['content-encoding']);
  if (coding === null) throw new RequestError(UNKNOWN_CODING);
  const bytes = await readBody(request, reservation);
  if (coding === 'identity') return parseReserved(bytes, reservation);
  const release = await reservation.acquireDecompression();
  try {
    return await parseReserved(await decode(bytes, coding), reservation);
  } finally {
    // Released after the reservation for the parsed body, because it also bounds the decompressed bytes.
    release();
  }
}

/** Synchronous for small bodies. */
function parseReserved(body: Buffer, reservation: BodyReservation): unknown {
  const estimate = body.length > SMALL_BODY_BYTES ? estimateJson(body) : null;
  if (estimate && estimate.depth > MAX_DEPTH)
    throw new RequestError({ status: 400, code: 'BAD_REQUEST', message: 'The request body is nested too deeply.' });
  const wait = reservation.reserveParsed(estimate?.heapBytes ?? 0);
  return wait ? wait.then(() => parseJson(body)) : parseJson(body);
}

const UNKNOWN_CODING: HttpErrorResponse = {
  status: 415,
  code: 'BAD_REQUEST',
  message: 'The Content-Encoding must be one of gzip, deflate and br.',
};
const NO_UTF8: HttpErrorResponse = { status: 400, code: 'BAD_REQUEST', message: 'The request body is not UTF-8 text.' };
const NO_JSON: HttpErrorResponse = { status: 400, code: 'BAD_REQUEST', message: 'The request body is not valid JSON.' };

/** Ignores a leading byte order mark. Throws a RequestError (400). */
function parseJson(body: Buffer): unknown {
  const text = decodeUtf8(body);
  if (text === null) throw new RequestError(NO_UTF8);
  try {
    return JSON.parse(text);
  } catch {
    throw new RequestError(NO_JSON);
  }
}

async function decode(raw: Buffer, coding: Exclude<ContentCoding, 'identity'>): Promise<Buffer> {
  try {
    return await decompress[coding](raw, { maxOutputLength: MAX_BODY_BYTES });
  } catch (error) {
    const isTooLarge = errorCode(error) === 'ERR_BUFFER_TOO_LARGE';
    throw new RequestError({
      status: isTooLarge ? 413 : 400,
      code: 'BAD_REQUEST',
      message: isTooLarge
        ? 'The request body is larger than 2 MiB after decompression.'
        : 'The request body does not match its Content-Encoding.',
    });
  }
}
